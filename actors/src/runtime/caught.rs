//! Panics as errors.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;

use super::Crash;

/// A panic, with its message.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
pub struct Panicked(String);

impl Panicked {
    fn from_payload(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&'static str>().copied())
            .unwrap_or("with something that is not text");
        Self(text.to_owned())
    }
}

/// Runs `future`; a panic in it becomes an error.
pub(crate) async fn caught<T>(future: impl Future<Output = Result<T, Crash>>) -> Result<T, Crash> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(result) => result,
        Err(payload) => Err(Panicked::from_payload(&*payload).into()),
    }
}

/// Runs `action` at once; a panic in it becomes an error.
pub(crate) fn caught_now<T>(action: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(action)).map_err(|payload| Panicked::from_payload(&*payload))
}
