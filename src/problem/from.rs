//! What each crate's errors mean to whoever asked.

use store::Error;

use super::Problem;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Problem::not_found(),
            Error::Conflict(conflict) => Problem::conflict(sentence(&conflict.to_string())),
            Error::BadCursor => Problem::invalid("after", "is not the `next` of a list"),
            error if error.is_outage() => {
                tracing::warn!(%error, "the store did not answer");
                Problem::unavailable()
                    .with_detail("The database does not answer right now. Try again in a moment.")
            }
            error => {
                tracing::error!(%error, "the store refused");
                Problem::internal()
            }
        }
    }
}

/// `that user name is taken` as a person reads it: `That user name is taken.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
