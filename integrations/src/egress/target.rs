//! Where a request wants to go, whether it may, and the connection to there.

use std::net::{IpAddr, SocketAddr};

use domain::address::{HostPort, Refusal};
use http::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{CONNECT_TIMEOUT, Inner, RESOLVE_TIMEOUT};

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoConnection {
    /// The policy says no.
    Refused(Refusal),
    /// The name is unknown or nobody answers there; not a matter of policy.
    Unreachable(&'static str),
    /// Nobody answered in time.
    TimedOut,
}

/// The host and port of an absolute address or of a CONNECT request.
pub(super) fn of(uri: &Uri, default_port: Option<u16>) -> Option<HostPort> {
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().or(default_port)?;
    HostPort::new(authority.host(), port).ok()
}

/// Resolves `target` once, judges every address, and connects to one of them.
pub(super) async fn connect(inner: &Inner, target: &HostPort) -> Result<TcpStream, NoConnection> {
    let addresses = match target.ip() {
        Some(ip) => vec![ip],
        None => resolve(inner, target.host()).await?,
    };
    match inner.policy.judge(target, &addresses) {
        Ok(()) => {}
        Err(Refusal::Unresolvable(_)) => return Err(NoConnection::Unreachable("host not found")),
        Err(refusal) => return Err(NoConnection::Refused(refusal)),
    }
    let mut failure = NoConnection::Unreachable("connection failed");
    for ip in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(SocketAddr::new(ip, target.port()))).await {
            Ok(Ok(stream)) => {
                // Only a matter of latency.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(_)) => {}
            Err(_) => failure = NoConnection::TimedOut,
        }
    }
    Err(failure)
}

async fn resolve(inner: &Inner, host: &str) -> Result<Vec<IpAddr>, NoConnection> {
    match timeout(RESOLVE_TIMEOUT, inner.resolver.resolve(host)).await {
        Ok(Ok(mut addresses)) => {
            addresses.truncate(16);
            Ok(addresses)
        }
        Ok(Err(_)) => Err(NoConnection::Unreachable("host not found")),
        Err(_) => Err(NoConnection::TimedOut),
    }
}
