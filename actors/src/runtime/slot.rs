//! A place in the tree: what the handles point at and what the inspector reads.

use std::{
    any::TypeId,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use domain::Timestamp;
use ractor::{ActorCell, MessagingErr};
use serde_json::Value;
use tokio::{sync::Notify, time::Instant};

use super::{ActorSnapshot, ActorState, Envelope, Message, STUCK_AFTER, Undelivered, stats::Stats};

/// How long an actor that is not declared stays visible after its end.
const GRAVE: Duration = Duration::from_secs(30);

/// One life of an actor: its mailbox, and how full it is.
pub(crate) struct Life {
    pub(crate) cell: ActorCell,
    pub(crate) generation: u64,
    depth: AtomicUsize,
    capacity: usize,
}

impl Life {
    pub(crate) fn new(cell: ActorCell, generation: u64, capacity: usize) -> Self {
        Self { cell, generation, depth: AtomicUsize::new(0), capacity }
    }

    /// Puts `message` into the mailbox. What an actor tells itself is not bounded: a
    /// result that it waits for must not get lost because others are talkative.
    pub(crate) fn send<M: Message>(&self, message: M, bounded: bool) -> Result<(), Undelivered> {
        let waiting = self.depth.fetch_add(1, Ordering::Relaxed);
        if bounded && waiting >= self.capacity {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            return Err(Undelivered::Full);
        }

        self.cell.send_message(Envelope::new(message)).map_err(|error| {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            if matches!(error, MessagingErr::InvalidActorType) {
                tracing::error!("a message of the wrong type was sent to an actor");
            }
            Undelivered::NotRunning
        })
    }

    pub(crate) fn taken_out(&self) {
        self.depth.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }
}

/// Where an actor is between its first start and its end, as the supervisor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Somebody holds a handle, but nothing has been started here yet.
    Unborn,
    Starting,
    Running,
    Restarting,
    Draining,
    Stopped,
    Failed,
    Ghost,
}

/// What the tree says about a place, set before its actor starts.
#[derive(Debug, Clone)]
pub(crate) struct Placing {
    pub(crate) kind: &'static str,
    pub(crate) parent: Option<Arc<str>>,
    pub(crate) strategy: Option<&'static str>,
    pub(crate) restarts_allowed: u32,
    /// Declared in the file: stays visible when it is not running.
    pub(crate) declared: bool,
}

struct Ledger {
    phase: Phase,
    since: Timestamp,
    ended_at: Option<Instant>,
    placing: Placing,
    /// The newest life, kept until it is known to be over.
    cell: Option<ActorCell>,
    generation: u64,
    restarts: u32,
    /// How many restarts count towards a meltdown, and until when at the latest.
    restarts_used: (u32, Option<Instant>),
    last_error: Option<String>,
    busy_with: Option<&'static str>,
    reported_stuck: bool,
    stats: Stats,
    card: Value,
}

/// A place in the tree, shared by all who know its path.
pub(crate) struct Slot {
    path: Arc<str>,
    /// What instants are counted from.
    epoch: Instant,
    message_type: OnceLock<(TypeId, &'static str)>,
    life: ArcSwapOption<Life>,
    started: Notify,
    /// Microseconds after the epoch, plus one; 0 while idle.
    busy_since: AtomicU64,
    refused: AtomicU32,
    ledger: Mutex<Ledger>,
}

impl Slot {
    pub(crate) fn new(path: &str, epoch: Instant) -> Self {
        let placing =
            Placing { kind: "actor", parent: None, strategy: None, restarts_allowed: 0, declared: false };
        Self {
            path: path.into(),
            epoch,
            message_type: OnceLock::new(),
            life: ArcSwapOption::empty(),
            started: Notify::new(),
            busy_since: AtomicU64::new(0),
            refused: AtomicU32::new(0),
            ledger: Mutex::new(Ledger {
                phase: Phase::Unborn,
                since: Timestamp::now(),
                ended_at: None,
                placing,
                cell: None,
                generation: 0,
                restarts: 0,
                restarts_used: (0, None),
                last_error: None,
                busy_with: None,
                reported_stuck: false,
                stats: Stats::default(),
                card: Value::Null,
            }),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// Fixes what may be sent here.
    ///
    /// # Panics
    ///
    /// When it was fixed to something else before: two places of the code disagree
    /// about what lives at this path.
    pub(crate) fn claim_for<M: Message>(&self) {
        let wanted = (TypeId::of::<M>(), std::any::type_name::<M>());
        let known = self.message_type.get_or_init(|| wanted);
        assert!(known.0 == wanted.0, "{} takes {}, not {}", self.path, known.1, wanted.1);
    }

    pub(crate) fn place(&self, placing: Placing) {
        self.ledger().placing = placing;
    }

    // --- the life in it -------------------------------------------------------------

    pub(crate) fn life(&self) -> arc_swap::Guard<Option<Arc<Life>>> {
        self.life.load()
    }

    /// Waits until something runs here.
    pub(crate) async fn running(&self) -> Arc<Life> {
        loop {
            let started = self.started.notified();
            if let Some(life) = self.life.load_full() {
                return life;
            }
            started.await;
        }
    }

    /// A life begins in `cell`: answers its generation.
    pub(crate) fn begin_life(&self, cell: ActorCell) -> u64 {
        let mut ledger = self.ledger();
        ledger.cell = Some(cell);
        ledger.generation += 1;
        ledger.card = Value::Null;
        ledger.set_phase(Phase::Starting);
        ledger.generation
    }

    /// `life` has made its state: from now on handles reach it.
    pub(crate) fn bind(&self, life: Arc<Life>) {
        let mut ledger = self.ledger();
        if ledger.generation != life.generation {
            return;
        }
        ledger.set_phase(Phase::Running);
        self.life.store(Some(life));
        drop(ledger);
        self.started.notify_waiters();
    }

    /// The life `generation` is over; a later one is left alone.
    pub(crate) fn end_life(&self, generation: u64) {
        let mut ledger = self.ledger();
        if ledger.generation != generation {
            return;
        }
        self.life.store(None);
        self.busy_since.store(0, Ordering::Relaxed);
        ledger.busy_with = None;
        ledger.reported_stuck = false;
        if matches!(ledger.phase, Phase::Starting | Phase::Running | Phase::Draining) {
            ledger.set_phase(Phase::Stopped);
        }
    }

    /// Ends whatever may still live here, and waits for it no longer than `patience`.
    pub(crate) async fn vacate(&self, patience: Duration) {
        let Some(cell) = self.ledger().cell.take() else { return };
        if cell.get_status() == ractor::ActorStatus::Stopped {
            return;
        }
        if cell.kill_and_wait(Some(patience)).await.is_err() {
            tracing::error!(actor = %self.path, "{} could not be ended and is left behind", self.path);
        }
    }

    pub(crate) fn newest_cell(&self) -> Option<ActorCell> {
        self.ledger().cell.clone()
    }

    // --- what the shell reports -----------------------------------------------------

    pub(crate) fn begin_handling(&self, kind: &'static str, now: Instant) {
        let micros = now.saturating_duration_since(self.epoch).as_micros() as u64;
        self.busy_since.store(micros + 1, Ordering::Relaxed);
        self.ledger().busy_with = Some(kind);
    }

    /// Answers whether this ended a handler that was reported as stuck.
    pub(crate) fn end_handling(
        &self,
        kind: &'static str,
        waited: Duration,
        took: Duration,
        failed: bool,
    ) -> bool {
        self.busy_since.store(0, Ordering::Relaxed);
        let mut ledger = self.ledger();
        ledger.busy_with = None;
        ledger.stats.record(kind, waited, took, failed);
        std::mem::take(&mut ledger.reported_stuck)
    }

    pub(crate) fn set_card(&self, card: Value) {
        self.ledger().card = card;
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    // --- what the supervisor reports ------------------------------------------------

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.ledger().set_phase(phase);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.ledger().phase
    }

    pub(crate) fn generation(&self) -> u64 {
        self.ledger().generation
    }

    pub(crate) fn set_last_error(&self, error: &str) {
        self.ledger().last_error = Some(error.to_owned());
    }

    pub(crate) fn count_restart(&self) {
        self.ledger().restarts += 1;
    }

    pub(crate) fn set_restarts_used(&self, used: u32, until: Instant) {
        self.ledger().restarts_used = (used, Some(until));
    }

    // --- what others read -----------------------------------------------------------

    fn busy_for(&self, now: Instant) -> Option<Duration> {
        let since = self.busy_since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(now.saturating_duration_since(self.epoch + Duration::from_micros(since)))
    }

    /// Whether its actor has been in one handler for too long and nobody was told yet.
    pub(crate) fn newly_stuck(&self, now: Instant) -> Option<(Duration, &'static str)> {
        let busy_for = self.busy_for(now).filter(|busy_for| *busy_for > STUCK_AFTER)?;
        let mut ledger = self.ledger();
        if std::mem::replace(&mut ledger.reported_stuck, true) {
            return None;
        }
        Some((busy_for, ledger.busy_with.unwrap_or("a message")))
    }

    /// Whether the inspector still shows it.
    pub(crate) fn is_visible(&self, now: Instant) -> bool {
        let ledger = self.ledger();
        match ledger.phase {
            Phase::Unborn => false,
            Phase::Stopped if !ledger.placing.declared => {
                ledger.ended_at.is_some_and(|ended_at| now.saturating_duration_since(ended_at) < GRAVE)
            }
            _ => true,
        }
    }

    pub(crate) fn parent(&self) -> Option<Arc<str>> {
        self.ledger().placing.parent.clone()
    }

    pub(crate) fn snapshot(&self, now: Instant) -> ActorSnapshot {
        let mailbox = self.life.load().as_ref().map_or(0, |life| life.depth());
        let busy_for = self.busy_for(now);
        let ledger = self.ledger();
        ActorSnapshot {
            path: self.path.to_string(),
            kind: ledger.placing.kind,
            state: ledger.phase.shown(busy_for),
            mailbox,
            refused: self.refused.load(Ordering::Relaxed),
            restarts: ledger.restarts,
            restarts_used: ledger.restarts_used(now),
            restarts_allowed: ledger.placing.restarts_allowed,
            last_error: ledger.last_error.clone(),
            since: ledger.since,
            parent: ledger.placing.parent.as_deref().map(str::to_owned),
            strategy: ledger.placing.strategy,
            busy_for,
            busy_with: ledger.busy_with,
            generation: ledger.generation,
            messages: ledger.stats.table(),
            card: ledger.card.clone(),
        }
    }
}

impl Ledger {
    fn restarts_used(&self, now: Instant) -> u32 {
        let (used, until) = self.restarts_used;
        if until.is_some_and(|until| now <= until) { used } else { 0 }
    }

    fn set_phase(&mut self, phase: Phase) {
        if self.phase == phase {
            return;
        }
        self.phase = phase;
        self.since = Timestamp::now();
        self.ended_at = (phase == Phase::Stopped).then(Instant::now);
    }
}

impl Phase {
    fn shown(self, busy_for: Option<Duration>) -> ActorState {
        match self {
            Self::Starting => ActorState::Starting,
            Self::Running if busy_for.is_some_and(|busy_for| busy_for > STUCK_AFTER) => ActorState::Stuck,
            Self::Running if busy_for.is_some() => ActorState::Busy,
            Self::Running => ActorState::Running,
            Self::Restarting => ActorState::Restarting,
            Self::Draining => ActorState::Draining,
            Self::Unborn | Self::Stopped => ActorState::Stopped,
            Self::Failed => ActorState::Failed,
            Self::Ghost => ActorState::Ghost,
        }
    }
}
