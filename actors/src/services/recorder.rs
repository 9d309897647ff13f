//! Writes what the monitors saw.
//!
//! ```text
//!    monitors --> [ record ]  statuses, probes
//!                     |
//!                     v
//!    [recorder] -- a flip at once, probes once a second --> store --> outbox --> browsers
//!        |
//!        +-- each minute: bars and uptimes --> status board
//! ```
//!
//! Monitors never wait for the store: while it is away they go on, and what they saw is
//! written when it is back. The record outlives this actor, so a restart loses nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::service::{Heartbeat, ServiceName};
use serde_json::{Value, json};
use store::ephemeral::{CachedStatus, Ephemeral};
use store::{Reader, Writer};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::record::{Change, Record};
use crate::runtime::{Actor, Crash, Myself, caught};
use crate::status_board::StatusBoard;

/// How often probes are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How often bars and uptimes are read again.
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// How long one statement may take before the store counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

pub enum Message {
    /// The store went away, with the reason, or came back; sent by our task.
    StoreChanged(Option<String>),
    /// Time to bring the inspector's card up to date; sent by our own timer.
    Look,
    /// Our task ended, which it never should; sent by itself.
    Ended(String),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::StoreChanged(_) => "StoreChanged",
            Message::Look => "Look",
            Message::Ended(_) => "Ended",
        }
    }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) record: Arc<Record>,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) ephemeral: Ephemeral,
}

pub struct State {
    store_is_away: Option<String>,
    /// The task that writes; it ends with the actor.
    _tasks: JoinSet<()>,
}

impl Actor for Recorder {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "recorder";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let (recorder, me_too) = (self.clone(), me.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let report = |away| me_too.tell(Message::StoreChanged(away));
            let writing = async {
                recorder.write_forever(&report).await;
                Ok(())
            };
            let reason = caught(writing).await.err().map_or("it ended".to_owned(), |error| error.to_string());
            me_too.tell(Message::Ended(reason));
        });
        me.every(Duration::from_secs(10), || Message::Look);
        Ok(State { store_is_away: None, _tasks: tasks })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::StoreChanged(away) => state.store_is_away = away,
            Message::Look => {}
            Message::Ended(reason) => return Err(reason.into()),
        }
        Ok(())
    }

    async fn stop(&self, _me: &Myself<Message>, state: &mut State) {
        state._tasks.shutdown().await;
        // What does not make it is told again by the first probes after the next start.
        let _ = timeout(Duration::from_secs(2), self.write_all()).await;
    }

    fn inspect(&self, state: &State) -> Value {
        let (statuses, probes, dropped) = self.record.counts();
        json!({
            "statuses_waiting": statuses, "probes_waiting": probes, "probes_dropped": dropped,
            "store_is_away": state.store_is_away,
        })
    }
}

impl Recorder {
    async fn write_forever(&self, report: &impl Fn(Option<String>)) {
        let mut was_away = false;
        let mut flush_at = Instant::now();
        let mut refresh_at = Instant::now();
        loop {
            let mut result = self.write_statuses().await;
            if result.is_ok() && Instant::now() >= flush_at {
                flush_at = Instant::now() + FLUSH_EVERY;
                result = self.write_beats().await;
            }
            if result.is_ok() && Instant::now() >= refresh_at {
                refresh_at = Instant::now() + REFRESH_EVERY;
                result = self.refresh().await;
            }
            let is_away = result.is_err();
            if is_away != was_away {
                was_away = is_away;
                match &result {
                    Ok(()) => tracing::info!("what the monitors see is written again"),
                    Err(error) => tracing::warn!(%error, "what the monitors see has to wait for the store"),
                }
                report(result.err());
            }
            if is_away {
                // A flip does not help a store that is away.
                tokio::time::sleep(FLUSH_EVERY).await;
                continue;
            }
            tokio::select! {
                () = self.record.changed() => {}
                () = tokio::time::sleep_until(flush_at) => {}
            }
        }
    }

    async fn write_all(&self) -> Result<(), String> {
        self.write_statuses().await?;
        while self.write_beats_once().await? {}
        Ok(())
    }

    /// Writes every status that waits. Each is tried, also when one before it failed.
    async fn write_statuses(&self) -> Result<(), String> {
        let _no_edit = self.record.writing.lock().await;
        let mut result = Ok(());
        for (name, change) in self.record.changes() {
            let Change { status, at, message } = &change;
            match in_time(self.writer.record_status(&name, *status, *at, message.as_deref())).await {
                Ok(Ok(version)) => {
                    self.board.confirm(&name, version);
                    self.record.written(&name, &change);
                }
                // It was deleted in between.
                Ok(Err(store::Error::NotFound(_))) => self.record.written(&name, &change),
                Ok(Err(error)) => result = Err(error.to_string()),
                Err(late) => result = Err(late),
            }
        }
        result
    }

    async fn write_beats(&self) -> Result<(), String> {
        // One batch at a time, so that a flip waits for no more than that.
        self.write_beats_once().await.map(|_| ())
    }

    /// Returns whether there was anything to write.
    async fn write_beats_once(&self) -> Result<bool, String> {
        let batch = self.record.next_beats();
        if batch.is_empty() {
            return Ok(false);
        }
        in_time(self.writer.record_heartbeats(&batch)).await?.map_err(|error| error.to_string())?;
        self.record.beats_written(&batch);
        self.share(&batch).await;
        Ok(true)
    }

    /// Tells other instances, and ourselves after a restart, what is known now.
    async fn share(&self, batch: &[(ServiceName, Heartbeat)]) {
        if !self.ephemeral.is_shared() {
            return;
        }
        let names: BTreeSet<&ServiceName> = batch.iter().map(|(name, _)| name).collect();
        for name in names {
            let Some(tile) = self.board.tile(name) else { continue };
            let Some(beat) = tile.latest() else { continue };
            let status = CachedStatus {
                status: tile.service.status,
                since: tile.service.since,
                checked_at: beat.at,
                latency_ms: beat.latency_ms,
                message: beat.message.clone(),
            };
            self.ephemeral.status_put(name, &status).await;
        }
    }

    async fn refresh(&self) -> Result<(), String> {
        if self.board.tiles().is_empty() {
            return Ok(());
        }
        in_time(self.board.refresh(&self.reader)).await?.map_err(|error| error.to_string())
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, String> {
    timeout(PATIENCE, work).await.map_err(|_| format!("the store did not answer within {PATIENCE:?}"))
}
