//! Fault switches for every stand-in: what goes wrong, for which paths, and how often.
//!
//!      test, or POST /_fake/faults          a request
//!                 |  add                        |
//!                 v                             v
//!             [Faults]  --- take(path) --->  [guard]  --- no fault --->  the stand-in's own answer
//!
//! | fault | what a client meets |
//! |---|---|
//! | `{"fault": "status", "status": 503}` | that status, with a body of plain text |
//! | `{"fault": "too-many", "retry_after": 3}` | 429 with `Retry-After` |
//! | `{"fault": "delay", "ms": 500}` | the right answer, late |
//! | `{"fault": "hang"}` | the request is taken and never answered |
//! | `{"fault": "truncate", "after": 20}` | the right headers, so many bytes of the body, and a cut |
//! | `{"fault": "html"}` | 200 and a web page, as a proxy in between would say it |
//! | `{"fault": "garbage"}` | the right status and type, and a body that is no document |
//! | `{"fault": "charset"}` | the right body with `charset=utf-16` in its type and bytes that are not UTF-8 in front |
//! | `{"fault": "drip", "ms": 50}` | the right answer, one byte every so many milliseconds |
//! | `{"fault": "huge", "bytes": 100000000}` | 200, the right type, and far too much |
//! | `{"fault": "reset"}` | the connection is reset before a byte is answered |
//!
//! Beside `fault` there may be `path` (a pattern, `*` stands for any characters; everything when it
//! is missing), `method`, and `times` (until it is cleared when it is missing). `DELETE /_fake/faults`
//! clears all, `GET` lists them. Doors under `/_fake/` themselves never fail.

mod apply;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::lock;
use crate::server::{self, Handler, Request, Response};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Kind {
    /// This status and some words.
    Status { status: u16 },
    /// 429 with `Retry-After` in seconds.
    TooMany { retry_after: u64 },
    /// The right answer after this many milliseconds.
    Delay { ms: u64 },
    /// No answer, ever.
    Hang,
    /// The right answer, cut after this many bytes of its body.
    Truncate { after: usize },
    /// 200 and a web page.
    Html,
    /// The right status and type, and a body that nobody can read.
    Garbage,
    /// The right body, called UTF-16, with three bytes in front that are not UTF-8.
    Charset,
    /// The right answer, one byte at a time with this many milliseconds between them.
    Drip { ms: u64 },
    /// The right type and this many bytes of blanks.
    Huge { bytes: u64 },
    /// The connection is reset.
    Reset,
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which paths, without the query; `*` stands for any characters.
    #[serde(default = "everything")]
    path: String,
    /// Which method; any when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(flatten)]
    kind: Kind,
    /// How often; until it is cleared when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

fn everything() -> String {
    "*".to_owned()
}

impl Fault {
    /// Every request fails like this until it is cleared.
    pub fn new(kind: Kind) -> Self {
        Self { path: everything(), method: None, kind, times: None }
    }

    /// Only paths like this; `*` stands for any characters.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(self, method: impl Into<String>) -> Self {
        Self { method: Some(method.into()), ..self }
    }

    /// Only so often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    fn meets(&self, method: &Method, path: &str) -> bool {
        let right_method =
            self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()));
        right_method && fits(&self.path, path)
    }
}

/// Whether `path` fits the `pattern`, in which `*` stands for any characters.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|&at| rest.is_char_boundary(at)).any(|at| fits(after, &rest[at..]))
        }),
    }
}

/// The switches of one stand-in; clones are the same switches.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// One more fault; where several fit, the oldest counts.
    pub fn add(&self, fault: Fault) {
        lock(&self.0).push(fault);
    }

    /// Everything fails like this until it is cleared.
    pub fn all(&self, kind: Kind) {
        self.add(Fault::new(kind));
    }

    /// Everything works again.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// What goes wrong with this request; used up where it counts.
    fn take(&self, method: &Method, path: &str) -> Option<Kind> {
        let mut faults = lock(&self.0);
        let at = faults.iter().position(|fault| fault.meets(method, path))?;
        let kind = faults[at].kind.clone();
        if let Some(times) = &mut faults[at].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                faults.remove(at);
            }
        }
        Some(kind)
    }

    /// The door `/_fake/faults`.
    fn door(&self, request: &Request) -> Response {
        match request.method {
            Method::POST => match serde_json::from_slice::<Fault>(&request.body) {
                Ok(fault) if fault.times == Some(0) => {
                    server::text(StatusCode::BAD_REQUEST, "a fault that happens 0 times\n")
                }
                Ok(fault) => {
                    self.add(fault);
                    server::text(StatusCode::NO_CONTENT, "")
                }
                Err(error) => server::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
            },
            Method::DELETE => {
                self.clear();
                server::text(StatusCode::NO_CONTENT, "")
            }
            _ => server::json(&json!(*lock(&self.0))),
        }
    }

    /// Puts the switches in front of a stand-in.
    pub(crate) fn guard(&self, handler: Handler) -> Handler {
        let faults = self.clone();
        Arc::new(move |request: Request| {
            let faults = faults.clone();
            let handler = handler.clone();
            Box::pin(async move {
                if request.path == "/_fake/faults" {
                    return faults.door(&request);
                }
                let own_door = request.path.starts_with("/_fake/");
                match faults.take(&request.method, &request.path).filter(|_| !own_door) {
                    None => handler(request).await,
                    Some(kind) => apply::apply(kind, request, &handler).await,
                }
            })
        })
    }
}

/// How long a hanging request is held: longer than any deadline, and the server ends it before.
pub(crate) const FOREVER: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, path, expected) in [
            ("*", "/", true),
            ("/metrics", "/metrics", true),
            ("/metrics", "/metrics/", false),
            ("/api/*", "/api/v1/request", true),
            ("/api/*/approve", "/api/v1/request/7/approve", true),
            ("/api/*/approve", "/api/v1/request/7/decline", false),
            ("*art*", "/library/metadata/1/art/2", true),
            ("*ä*", "/ö/ä", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} and {path}");
        }
    }

    #[test]
    fn a_counted_fault_is_used_up_and_the_next_one_counts() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Hang).at("/a").times(2));
        faults.add(Fault::new(Kind::Reset).method("post"));

        let take = |method, path| faults.take(&method, path);
        assert_eq!(take(Method::GET, "/b"), None);
        assert_eq!(take(Method::POST, "/a"), Some(Kind::Hang));
        assert_eq!(take(Method::GET, "/a"), Some(Kind::Hang));
        assert_eq!(take(Method::GET, "/a"), None);
        assert_eq!(take(Method::POST, "/a"), Some(Kind::Reset));
    }
}
