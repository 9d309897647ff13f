//! Why a connection failed, dug out of the layers of errors of the HTTP client.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

/// Why no answer came, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection: refused, no such name, no route.
    Unreachable(String),
    /// The other side cannot be trusted.
    Certificate(String),
    TimedOut,
    /// The connection ended before the answer did.
    BrokenOff,
    /// We could not even try: no sockets left, a request that cannot be built.
    OwnFault(String),
}

impl Cause {
    /// Reads the chain of sources; the innermost layers know best.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_builder() || error.is_redirect() {
            return Cause::OwnFault("the request could not be made".to_owned());
        }
        let mut layer: Option<&(dyn StdError + 'static)> = Some(error);
        let mut found = None;
        while let Some(error) = layer {
            if let Some(cause) = of_layer(error) {
                found = Some(cause);
            }
            layer = source(error);
        }
        found.unwrap_or_else(|| {
            if error.is_timeout() {
                Cause::TimedOut
            } else if error.is_connect() {
                Cause::Unreachable(of_connect(error))
            } else {
                Cause::BrokenOff
            }
        })
    }
}

/// The error below `error`. An `io::Error` hides the one that it wraps from `source`.
fn source<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(error) = error.downcast_ref::<io::Error>()
        && let Some(inner) = error.get_ref()
    {
        return Some(inner);
    }
    error.source()
}

fn of_layer(error: &(dyn StdError + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(Cause::Certificate(of_tls(error)));
    }
    let error = error.downcast_ref::<io::Error>()?;
    let unreachable = |reason: &str| Some(Cause::Unreachable(reason.to_owned()));
    match error.kind() {
        io::ErrorKind::ConnectionRefused => unreachable("connection refused"),
        io::ErrorKind::HostUnreachable => unreachable("no route to its address"),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => unreachable("the network is down"),
        io::ErrorKind::TimedOut => Some(Cause::TimedOut),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Cause::BrokenOff),
        io::ErrorKind::AddrNotAvailable => Some(Cause::OwnFault("no local address is free".to_owned())),
        _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => {
                Some(Cause::OwnFault("too many open files".to_owned()))
            }
            _ => None,
        },
    }
}

/// The resolver's errors have no type of their own that could be asked for.
fn of_connect(error: &(dyn StdError + 'static)) -> String {
    let mut layer = Some(error);
    while let Some(error) = layer {
        let text = error.to_string();
        if text.contains("dns error") || text.contains("failed to lookup") {
            return "its name was not found".to_owned();
        }
        if text.contains("no address that a service may have") {
            return "its name leads to an address that is not allowed".to_owned();
        }
        layer = source(error);
    }
    "no connection".to_owned()
}

fn of_tls(error: &rustls::Error) -> String {
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::Revoked => "its certificate was revoked",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::UnknownIssuer => "its certificate is signed by nobody we know",
            _ => "its certificate is not valid",
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        _ => "no encrypted connection was possible",
    };
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_good_says_why() {
        for (reason, words) in [
            (CertificateError::Expired, "its certificate has expired"),
            (CertificateError::UnknownIssuer, "its certificate is signed by nobody we know"),
            (CertificateError::NotValidForName, "its certificate is for another name"),
            (CertificateError::BadEncoding, "its certificate is not valid"),
        ] {
            // As it arrives: TLS inside of the input and output of the connection.
            let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(reason));
            let inner = source(&error).and_then(of_layer);
            assert_eq!(inner, Some(Cause::Certificate(words.to_owned())));
        }
    }
}
