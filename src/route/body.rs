//! Request bodies: read as streams with a cap and a deadline, then typed.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, header};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::visit::{Head, Rest, Visit};
use crate::problem::Problem;

/// The longest JSON body, in bytes.
pub const JSON_LIMIT: usize = 256 * 1024;
/// The longest form, in bytes.
pub const FORM_LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(30);

/// A body that nobody has read yet.
pub(super) type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// The fields of a form, in order.
pub(super) type Fields = Vec<(String, String)>;

/// The hidden field that carries the CSRF token.
pub(crate) const CSRF_FIELD: &str = "_csrf";

pub(super) fn boxed<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> BodyStream {
    Box::pin(body.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))))
}

pub(super) async fn read_json<T: DeserializeOwned>(visit: &mut Visit) -> Result<T, Problem> {
    if !is_type(&visit.headers, "application/json") {
        return Err(Problem::unsupported().with_detail("Send the body as application/json."));
    }
    let head = visit.head();
    let bytes = read(&head.headers, &mut visit.rest, JSON_LIMIT).await?;
    // Looked through once as it is, so that what follows is about fields and not about commas.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&bytes) {
        let detail = format!("The body is not JSON: {error}.");
        return Err(Problem::malformed().with_detail(detail).about("body"));
    }
    // serde would read the fields from an array too, by their order.
    if !is_object {
        return Err(Problem::invalid("body", "is not an object with the fields of this request"));
    }
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, &without_position(&error.into_inner().to_string()))
    })?;
    Ok(value)
}

/// Whether no body was announced.
pub(super) fn is_missing(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).map(|length| length.as_bytes());
    length.is_none_or(|length| length == b"0") && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// A body of any type, as it is.
pub(super) async fn read_raw(visit: &mut Visit, limit: usize) -> Result<Bytes, Problem> {
    let head = visit.head();
    read(&head.headers, &mut visit.rest, limit).await
}

pub(super) async fn read_form<T: DeserializeOwned>(visit: &mut Visit) -> Result<T, Problem> {
    if !is_form(&visit.headers) {
        return Err(Problem::unsupported().with_detail("Send the body as application/x-www-form-urlencoded."));
    }
    let head = visit.head();
    let fields = take_form(&head.headers, &mut visit.rest).await?;
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields.iter().filter(|(name, _)| name != CSRF_FIELD));
    let text = text.finish();
    let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, &error.into_inner().to_string())
    })
}

/// Reads the form, if it was not read yet.
pub(super) async fn take_form<'a>(headers: &HeaderMap, rest: &'a mut Rest) -> Result<&'a Fields, Problem> {
    if rest.form.is_none() {
        let bytes = read(headers, rest, FORM_LIMIT).await?;
        rest.form = Some(url::form_urlencoded::parse(&bytes).into_owned().collect());
    }
    Ok(rest.form.get_or_insert_default())
}

pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_type(headers, "application/x-www-form-urlencoded")
}

/// The first value of a field of the form.
pub(crate) async fn form_field(head: &Head, rest: &mut Rest, name: &str) -> Result<Option<String>, Problem> {
    let fields = take_form(&head.headers, rest).await?;
    Ok(fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(wanted)
}

async fn read(headers: &HeaderMap, rest: &mut Rest, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let most = limit / 1024;
        Problem::too_large().with_detail(format!("The body may have at most {most} KiB.")).about("body")
    };
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported().with_detail("Send the body without a content encoding."));
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let Some(mut body) = rest.body.take() else { return Ok(Bytes::new()) };

    let reading = async {
        let mut all = Vec::with_capacity(announced.unwrap_or(0) as usize);
        while let Some(chunk) = body.next().await {
            let chunk =
                chunk.map_err(|_| Problem::malformed().with_detail("The body broke off.").about("body"))?;
            if all.len() + chunk.len() > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&chunk);
        }
        Ok(Bytes::from(all))
    };
    tokio::time::timeout(DEADLINE, reading).await.map_err(|_| Problem::too_slow())?
}

/// serde's complaint in our words, with the name of the field.
fn refused(path: &str, message: &str) -> Problem {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    if message.starts_with("unknown field") {
        let name = quoted(message).unwrap_or_else(|| "body".to_owned());
        return Problem::invalid(name, "is not a field of this request");
    }
    if message.starts_with("missing field") {
        let name = quoted(message).unwrap_or_else(|| "body".to_owned());
        return Problem::invalid(name, "is missing");
    }
    if message.starts_with("duplicate field") {
        let name = quoted(message).unwrap_or_else(|| "body".to_owned());
        return Problem::invalid(name, "is there twice");
    }
    let message = if message == "expected value" { "has the wrong type" } else { message };
    let field = if path.is_empty() || path == "." { "body" } else { path };
    let message: String = message.chars().filter(|c| !c.is_control()).take(200).collect();
    Problem::invalid(field.to_owned(), message)
}

fn without_position(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message.to_owned(),
    }
}
