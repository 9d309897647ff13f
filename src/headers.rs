//! Headers that do not depend on what was asked: who asks, and how a browser must treat the
//! answer.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use crate::problem::Problem;
use crate::route::{Head, Response};
use crate::settings::Settings;

/// Scripts, styles and connections of our own only; nothing inline, nothing evaluated.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    ),
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the security headers on `response`, whatever it is.
pub fn secure(settings: &Settings, head: &Head, response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if settings.is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(&head.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    // Only what says so itself, such as an asset with its hash in its name, may be kept.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.append(header::VARY, HeaderValue::from_static("HX-Request, Cookie"));
    }
}

/// Whether these are the headers of an event stream.
pub fn is_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|text| text.starts_with(b"text/event-stream"))
}

/// Refuses what two servers could understand in two ways.
pub fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let twice = |name| headers.get_all(name).iter().nth(1).is_some();
    let both =
        headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING);
    if both || twice(header::HOST) || twice(header::CONTENT_LENGTH) || twice(header::AUTHORIZATION) {
        return Err(Problem::malformed());
    }
    Ok(())
}

/// Who asks: the right-most address of `X-Forwarded-For` that is no proxy of ours, and only when
/// the connection itself comes from one.
pub fn remote(settings: &Settings, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !settings.trusts(peer) {
        return peer.to_canonical();
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut nearest = peer;
    for part in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Ok(address) = part.trim().parse::<IpAddr>() else { break };
        nearest = address;
        if !settings.trusts(address) {
            break;
        }
    }
    nearest.to_canonical()
}

/// The id that a trusted proxy gave the request, or a new one.
pub fn request_id(trusted: bool, headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| {
        trusted
            && (8..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    match given {
        Some(id) => id.into(),
        None => Uuid::now_v7().to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Source, names};

    fn forwarded(proxies: &str, peer: &str, chain: &[&str]) -> String {
        let pairs = [(names::TRUSTED_PROXIES, proxies.to_owned())];
        let settings = Settings::read(&Source::of_pairs(pairs)).unwrap();
        let mut headers = HeaderMap::new();
        for line in chain {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        remote(&settings, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_they_are() {
        assert_eq!(forwarded("", "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(forwarded("10.0.0.1", "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
    }

    #[test]
    fn behind_our_proxies_the_nearest_stranger_counts() {
        let proxies = "10.0.0.0/8";
        assert_eq!(forwarded(proxies, "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(forwarded(proxies, "10.0.0.1", &["203.0.113.5, 198.51.100.1, 10.2.2.2"]), "198.51.100.1");
        assert_eq!(forwarded(proxies, "10.0.0.1", &["203.0.113.5", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(forwarded(proxies, "10.0.0.1", &["evil, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(forwarded(proxies, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_request_id_is_taken_from_a_trusted_proxy_only() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("abc-12345"));
        assert_eq!(&*request_id(true, &headers), "abc-12345");
        assert_ne!(&*request_id(false, &headers), "abc-12345");

        headers.insert(REQUEST_ID, HeaderValue::from_static("bad id\"{}"));
        assert_ne!(&*request_id(true, &headers), "bad id\"{}");
    }
}
