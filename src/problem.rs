//! The only table from errors to status codes and to the words that a person reads.
//!
//! A handler answers `Result<_, Problem>`. The API shows a problem as RFC 9457 problem details;
//! a page shows the same words in its own frame. Nothing of ours leaks through it: no path, no
//! SQL, no address of a service.

use std::borrow::Cow;
use std::time::Duration;

use domain::user::Invalid;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::route::{self as answer, Response};

pub(crate) mod from;

pub(crate) use from::sentence;

/// Why a request was not answered as asked.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    /// A stable word for programs; the end of the `type` address.
    pub kind: &'static str,
    pub title: &'static str,
    /// A sentence for a person.
    pub detail: Cow<'static, str>,
    pub errors: Vec<FieldError>,
    /// When it makes sense to try again.
    pub retry_after: Option<Duration>,
    /// The methods that the address knows, for 405.
    pub allow: Box<[Method]>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name as it was sent; `body` when it is the whole.
    pub field: Cow<'static, str>,
    pub message: Cow<'static, str>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $kind:literal, $title:literal, $detail:literal;)*) => {
        impl Problem {
            $($(#[$doc])* pub fn $name() -> Self { Self::new(StatusCode::$status, $kind, $title, $detail) })*
        }
    };
}

problems! {
    malformed = BAD_REQUEST, "malformed", "Malformed request", "The request could not be understood.";
    /// Nobody is signed in.
    signed_out = UNAUTHORIZED, "signed-out", "Sign in first",
        "You are not signed in, or your session has ended.";
    wrong_password = UNAUTHORIZED, "wrong-password", "Could not sign in",
        "The user name or the password is wrong.";
    /// Somebody is signed in, and it is not theirs to do.
    forbidden = FORBIDDEN, "forbidden", "Not allowed", "Only an admin may do this.";
    /// The CSRF check failed.
    foreign_request = FORBIDDEN, "csrf", "Could not verify the request",
        "The request did not come from a page of this portal, or the page is too old. Reload it and try again.";
    not_found = NOT_FOUND, "not-found", "Not found", "There is nothing at this address.";
    not_allowed = METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed",
        "This address does not know that method.";
    too_slow = REQUEST_TIMEOUT, "too-slow", "Too slow", "The request took too long to arrive.";
    too_large = PAYLOAD_TOO_LARGE, "too-large", "Too large", "The request is too large.";
    unsupported = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type",
        "The body has a type that is not accepted here.";
    unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available right now",
        "This part of the portal is not available right now. It is being restarted; try again in a moment.";
    internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong",
        "The portal made a mistake. It has been logged with the request id.";
}

impl Problem {
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: Box::default(),
        }
    }

    /// One field is wrong.
    pub fn invalid(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid_fields(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Several fields are wrong.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match &errors[..] {
            [only] => format!("{}: {}", only.field, only.message),
            _ => "Some fields are not right.".to_owned(),
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { errors, ..Self::new(status, "invalid", "Not valid", detail) }
    }

    /// It clashes with what is there.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Conflict", detail)
    }

    /// Too often; `retry_after` says when again.
    pub fn too_often(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { retry_after: Some(retry_after), ..Self::new(status, "too-often", "Too many requests", detail) }
    }

    pub fn method_not_allowed(allow: Vec<Method>) -> Self {
        Self { allow: allow.into(), ..Self::not_allowed() }
    }

    pub fn with_detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Says in `errors` which field it is about.
    pub fn about(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        let message = self.detail.clone();
        self.errors.push(FieldError { field: field.into(), message });
        self
    }

    /// What is wrong with `field`, for a form that shows it beside the field.
    pub fn error_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| &*error.message)
    }

    /// As `application/problem+json`.
    pub fn to_json(&self, request_id: &str, instance: &str) -> Response {
        let details = Details {
            r#type: format!("urn:medianest:problem:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            request_id,
            errors: &self.errors,
        };
        let mut response = answer::json(self.status, &details);
        let json_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json_type);
        self.mark(&mut response);
        response
    }

    /// Sets the status, `Retry-After`, `Allow` and `WWW-Authenticate` on a response that shows
    /// this problem.
    pub fn mark(&self, response: &mut Response) {
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if !self.allow.is_empty() {
            let methods: Vec<&str> = self.allow.iter().map(Method::as_str).collect();
            if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
                headers.insert(header::ALLOW, value);
            }
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"medianest\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
    }
}

/// The members of `application/problem+json`.
#[derive(Serialize)]
struct Details<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// Names the field that a domain rule refused.
pub trait OfField<T> {
    fn of_field(self, field: &'static str) -> Result<T, Problem>;
}

impl<T> OfField<T> for Result<T, Invalid> {
    fn of_field(self, field: &'static str) -> Result<T, Problem> {
        self.map_err(|Invalid(message)| Problem::invalid(field, message))
    }
}
