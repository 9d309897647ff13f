//! Logs: for a person on a terminal, one JSON object a line for everybody else.

use std::io::{IsTerminal, stdout};

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT: &str = "info,sqlx=warn,hyper=warn,ractor=warn";

/// Starts logging to standard output. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter);
    // An error means that somebody else, such as a test, has started it already.
    let _ = if stdout().is_terminal() {
        subscriber.with_target(false).try_init()
    } else {
        subscriber.json().flatten_event(true).try_init()
    };
}
