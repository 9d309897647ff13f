//! Calls to the HTTP interface of an outside service.
//!
//! ```text
//!    Call ──> retry loop ──> breaker ──> one attempt: connect, send, read ≤ 8 MiB, decode
//!             deadline,      Gate        redirects within the origin only
//!             budget                     own deadline
//! ```
//!
//! The retry loop is outside and the breaker inside: every attempt is one outcome, and an open
//! breaker ends the loop. A [`Transport`] is shared by all clients and by the probes: it holds
//! the connections and the certificates.

mod attempt;
mod call;
mod cause;
mod transport;
mod upgrade;

#[cfg(test)]
mod tests;

pub use call::{Answer, Call, Client};
pub(crate) use cause::Cause;
pub use transport::Transport;
pub use upgrade::Socket;

/// The most that is read of an answer, in bytes.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
