//! Every signed-in session: finds its actor, or starts one for a row that is alive.

use domain::SessionId;
use store::ephemeral::Ephemeral;
use store::{Reader, Writer};

use crate::runtime::{Handle, System};
use crate::session::{self, Connection, Identified, Refused, Session};
use crate::supervisor::{Child, DynamicError, Restart};

/// The path of the dynamic supervisor.
const PATH: &str = "sessions";

/// The door to the session actors. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    system: System,
    reader: Reader,
    writer: Writer,
    ephemeral: Ephemeral,
}

impl Sessions {
    pub fn new(system: System, reader: Reader, writer: Writer, ephemeral: Ephemeral) -> Self {
        Self { system, reader, writer, ephemeral }
    }

    /// Who `sid` is, at most one second old.
    pub async fn identify(&self, sid: SessionId) -> Result<Identified, Refused> {
        let session = self.running(sid).await?;
        session::identify(&session).await.unwrap_or(Err(Refused::Unavailable))
    }

    /// Ties a stream to its session: [`Connection::closed`] returns when it must end.
    pub async fn connect(&self, sid: SessionId) -> Result<Connection, Refused> {
        let session = self.running(sid).await?;
        session::connect(&session).await.unwrap_or(Err(Refused::Unavailable))
    }

    /// The row of `sid` changed: look at once, not within the second.
    pub fn recheck(&self, sid: SessionId) {
        // Nothing runs, so nothing is remembered.
        let _ = self.handle(sid).tell(session::Message::Recheck);
    }

    /// How many session actors run.
    pub fn count(&self) -> usize {
        self.system.dynamic(PATH).names().len()
    }

    /// The session's actor. A flood of forged tokens starts none: the row is looked up first.
    async fn running(&self, sid: SessionId) -> Result<Handle<session::Message>, Refused> {
        let handle = self.handle(sid);
        if handle.is_running() {
            return Ok(handle);
        }
        let row = self.reader.session(sid).await.map_err(|_| Refused::Unavailable)?;
        if !row.is_some_and(|row| row.is_alive(domain::Timestamp::now())) {
            return Err(Refused::Over);
        }
        let this = self.clone();
        let child = Child::actor(sid.to_string(), move || Session {
            id: sid,
            reader: this.reader.clone(),
            writer: this.writer.clone(),
            ephemeral: this.ephemeral.clone(),
        })
        .restart(Restart::Transient);
        match self.system.dynamic(PATH).start(child).await {
            Ok(()) => Ok(handle),
            // Two requests came at once: the other one started it, or is about to have.
            Err(DynamicError::AlreadyRunning) => Ok(handle),
            Err(error) => {
                tracing::warn!(%error, "could not start a session actor");
                Err(Refused::Unavailable)
            }
        }
    }

    fn handle(&self, sid: SessionId) -> Handle<session::Message> {
        self.system.handle(&format!("{PATH}/{sid}"))
    }
}

#[cfg(test)]
mod tests;
