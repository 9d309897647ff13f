//! What every actor stands on: one trait, one mailbox wrapper, one shell.
//!
//! ```text
//!   Handle<M> --Envelope<M>--> [ shell around an Actor ] --numbers--> Slot
//!      |                                                               ^
//!      +-- stable: finds whichever incarnation its slot holds now -----+
//!                                                                      |
//!   inspector, readiness, `medianest tree --live`  <--- snapshots -----+
//! ```
//!
//! An [`Actor`] is plain Rust: messages in, state changed, an error or a panic means
//! "let it crash". One generic shell runs each of them on ractor, so that mailbox depth,
//! time in mailbox, timings per message, the last error and what the actor is busy with
//! are counted in one place, under every actor, and are read without asking the actor.
//!
//! A [`Handle`] names a place in the tree, not one life of the actor in it: it stays
//! valid across restarts and says [`Undelivered::NotRunning`] in between. Restarts
//! themselves are the business of [`crate::supervisor`].

mod actor;
mod caught;
mod envelope;
mod event;
mod factory;
mod handle;
mod myself;
mod shell;
mod slot;
mod snapshot;
mod solo;
mod stats;
mod system;

pub use actor::{Actor, ChildEnded, Crash, Exit, Message, NothingToDo};
pub use caught::Panicked;
pub use envelope::{Correlation, Envelope, correlated, correlation};
pub use event::{Occurrence, SupervisionEvent};
pub use factory::Factory;
pub use handle::{AskError, Handle, Reply, Undelivered};
pub use myself::{Myself, Timer};
pub use snapshot::{ActorSnapshot, ActorState, MessageStats};
pub use solo::Solo;
pub use system::{STUCK_AFTER, System};

pub(crate) use caught::caught;
pub(crate) use slot::{Phase, Placing, Slot};
