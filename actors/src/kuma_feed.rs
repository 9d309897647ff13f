//! Hears from Uptime Kuma how its monitors are.
//!
//! ```text
//!    our timer   webhook door        [monitor board] --> pages, API
//!       |  Look      |  Webhook           ^
//!       v            v                    |  Report
//!      [feed] --- ledger ----------------+---- MonitorsChanged --> event hub
//!       |    ^                            |
//!   ask |    | Looked                     v
//!       v    |                     store: how they are, turns, sums; words for admins
//!      a task that asks /metrics and the status page
//! ```
//!
//! A webhook is taken at its word and shown at once; what it missed is found by asking. It never
//! waits for the store or for Uptime Kuma. A restart goes on from what the store has of the
//! monitors; what was seen since the last minute is lost.

mod alerts;
mod beats;
mod ledger;
mod source;

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::event::Event;
use domain::service::{Service, ServiceName, ServiceStatus};
use integrations::Error;
use integrations::uptime_kuma::webhook::Webhook;
use serde_json::{Value, json};
use store::ephemeral::Ephemeral;
use store::{MonitorNews, Reader, Writer};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::event_hub;
use crate::monitor_board::{DAY_BARS, MonitorBoard, Report};
use crate::runtime::{Actor, Crash, Handle, Myself, Timer, caught};
use alerts::{Alerts, Word};
use ledger::{Ledger, Memory, Truth, Turn};
pub(crate) use source::{Live, Looked, Source};

/// The name of the actor within its service.
pub(crate) const NAME: &str = "feed";

/// How often `/metrics` is asked unless the service's settings say otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often the store is told, and asked for bars and uptimes.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// How long turns are gathered, so that many together are one word.
const GATHER: Duration = Duration::from_millis(700);
/// How long other instances may need to hear the same.
const ONE_VOICE: Duration = Duration::from_secs(20);
/// How long a statement may take.
const STORE_PATIENCE: Duration = Duration::from_secs(10);
/// Refusals of the key in a row before we believe them: a limit of the rate looks the same.
const REFUSALS: u32 = 3;
/// Turns that a report lists.
const CHANGES: usize = 20;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

pub(crate) enum Message {
    /// Time to ask; sent by our own timer, and by whoever does not want to wait for it.
    Look,
    /// The look is over; sent by the task that `Look` started. With when it began.
    Looked(Box<Looked>, Instant),
    /// Uptime Kuma sent something; sent by the webhook door.
    Webhook(Webhook),
    /// Turns have been gathered long enough; sent by our own timer.
    Tell,
    /// Time to tell the store; sent by our own timer.
    Keep,
    /// The store was told, or was away; sent by the task that `Keep` started.
    Kept(Box<Result<Memory, MonitorNews>>),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Look => "Look",
            Message::Looked(..) => "Looked",
            Message::Webhook(_) => "Webhook",
            Message::Tell => "Tell",
            Message::Keep => "Keep",
            Message::Kept(_) => "Kept",
        }
    }
}

/// What an admin may set for Uptime Kuma, in the settings of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// `poll_seconds`, from 15 to 300.
    pub every: Duration,
    /// `slug` of its public status page; without one there are no groups, incidents and plans.
    pub slug: Option<String>,
}

impl FeedSettings {
    pub fn of(service: &Service) -> Self {
        let every = service.config["poll_seconds"].as_u64();
        let slug = service.config["slug"].as_str().map(str::trim).filter(|slug| !slug.is_empty());
        Self {
            every: every.map_or(LOOK_EVERY, |seconds| Duration::from_secs(seconds.clamp(15, 300))),
            slug: slug.map(str::to_owned),
        }
    }
}

/// See the module.
pub(crate) struct KumaFeed {
    pub service: ServiceName,
    pub settings: FeedSettings,
    pub source: Arc<dyn Source>,
    pub board: Arc<MonitorBoard>,
    pub reader: Reader,
    pub writer: Writer,
    /// Of several instances that hear the same, one tells the admins.
    pub ephemeral: Ephemeral,
}

pub(crate) struct State {
    ledger: Ledger,
    alerts: Alerts,
    looking: JoinSet<()>,
    next: Option<Timer>,
    keeping: JoinSet<()>,
    telling: JoinSet<()>,
    is_gathering: bool,
    /// When Uptime Kuma last told us all it has.
    heard_at: Option<Timestamp>,
    refusals: u32,
    problem: Option<String>,
    webhooks: u64,
    hub: Handle<event_hub::Message>,
}

impl Actor for KumaFeed {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "feed";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let known = self.reader.monitors(&self.service).await?;
        let is_down = |monitor: &&domain::monitor::KnownMonitor| monitor.status == ServiceStatus::Down;
        let down: Vec<String> = known.iter().filter(is_down).map(|monitor| monitor.key.clone()).collect();
        let mut ledger = Ledger::remembering(known);
        ledger.memory = self.recall().await?;
        me.tell(Message::Look);
        me.every(KEEP_EVERY, || Message::Keep);
        let state = State {
            ledger,
            alerts: Alerts::remembering(down),
            looking: JoinSet::new(),
            next: None,
            keeping: JoinSet::new(),
            telling: JoinSet::new(),
            is_gathering: false,
            heard_at: None,
            refusals: 0,
            problem: None,
            webhooks: 0,
            hub: me.system().handle(event_hub::PATH),
        };
        self.show(&state);
        Ok(state)
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Look => self.look(me, state),
            Message::Looked(looked, asked) => self.settle(me, *looked, asked, state),
            Message::Webhook(webhook) => self.take_webhook(me, &webhook, state),
            Message::Tell => self.tell(state),
            Message::Keep => self.keep(me, state),
            Message::Kept(kept) => self.kept(*kept, state),
        }
        Ok(())
    }

    async fn stop(&self, _me: &Myself<Message>, state: &mut State) {
        state.keeping.shutdown().await;
        let news = state.ledger.take_news();
        if !news.is_empty() {
            let _ = timeout(Duration::from_secs(2), self.writer.record_monitors(&self.service, &news)).await;
        }
    }

    fn inspect(&self, state: &State) -> Value {
        json!({
            "service": self.service,
            "monitors": state.ledger.len(),
            "heard_at": state.heard_at,
            "problem": state.problem,
            "webhooks": state.webhooks,
            "every_seconds": self.settings.every.as_secs(),
            "status_page": self.settings.slug,
        })
    }
}

impl KumaFeed {
    fn look(&self, me: &Myself<Message>, state: &mut State) {
        while state.looking.try_join_next().is_some() {}
        if let Some(timer) = state.next.take() {
            timer.cancel();
        }
        state.next = Some(me.after(self.settings.every, Message::Look));
        if !state.looking.is_empty() {
            return;
        }
        let (look, asked, me_too) = (self.source.look(), Instant::now(), me.clone());
        state.looking.spawn(async move {
            let looked = match timeout(PATIENCE, caught(async { Ok(look.await) })).await {
                Ok(Ok(looked)) => looked,
                Ok(Err(crash)) => Looked::failed(crash.to_string()),
                Err(_) => Looked::failed(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            me_too.tell(Message::Looked(Box::new(looked), asked));
        });
    }

    fn settle(&self, me: &Myself<Message>, looked: Looked, asked: Instant, state: &mut State) {
        let mut turns = Vec::new();
        let mut trouble = looked.trouble;
        let mut was_heard = false;
        let mut has_metrics = false;
        match looked.metrics {
            Some(Ok(metrics)) => {
                turns.extend(state.ledger.take_metrics(&metrics, asked));
                (state.refusals, was_heard, has_metrics) = (0, true, true);
            }
            Some(Err(error)) => trouble = self.weigh(&error, state).or(trouble),
            None => {}
        }
        match looked.page {
            Some(Ok(Some((page, beats)))) => {
                let truth = match () {
                    () if has_metrics => Truth::Metrics,
                    () if !looked.has_key || state.refusals >= REFUSALS => Truth::Page,
                    () => Truth::Neither,
                };
                turns.extend(state.ledger.take_page(page, beats, truth));
                was_heard |= truth == Truth::Page;
            }
            Some(Ok(None)) => trouble = trouble.or(Some("there is no status page of that name".to_owned())),
            Some(Err(error)) => trouble = trouble.or(Some(error.to_string())),
            None => {}
        }
        if was_heard {
            state.heard_at = Some(Timestamp::now());
        }
        if trouble != state.problem {
            match &trouble {
                Some(problem) => {
                    tracing::warn!(service = %self.service, %problem, "could not hear how the monitors are")
                }
                None => tracing::info!(service = %self.service, "the monitors are heard of again"),
            }
            state.problem = trouble;
        }
        self.gather(me, turns, state);
        self.announce(state);
    }

    /// The problem that it amounts to; nothing while it may be a limit of the rate.
    fn weigh(&self, error: &Error, state: &mut State) -> Option<String> {
        if !matches!(error, Error::AccessDenied { .. }) {
            return Some(error.to_string());
        }
        state.refusals = state.refusals.saturating_add(1);
        (state.refusals >= REFUSALS).then(|| "it does not accept our API key".to_owned())
    }

    fn take_webhook(&self, me: &Myself<Message>, webhook: &Webhook, state: &mut State) {
        state.webhooks += 1;
        match &webhook.beat {
            Some(beat) => {
                let turn = state.ledger.take_alert(beat);
                self.gather(me, turn, state);
                self.announce(state);
            }
            None => {
                let word = state.alerts.message(&webhook.message);
                self.say(word, state);
            }
        }
    }

    fn gather(&self, me: &Myself<Message>, turns: impl IntoIterator<Item = Turn>, state: &mut State) {
        for turn in turns {
            tracing::info!(
                service = %self.service, monitor = turn.change.name, from = %turn.from,
                "a monitor is {}", turn.change.status
            );
            if state.alerts.add(turn) && !state.is_gathering {
                state.is_gathering = true;
                me.after(GATHER, Message::Tell);
            }
        }
    }

    fn tell(&self, state: &mut State) {
        state.is_gathering = false;
        let words = state.alerts.words();
        self.say(words, state);
    }

    fn say(&self, words: impl IntoIterator<Item = Word>, state: &mut State) {
        while state.telling.try_join_next().is_some() {}
        for Word { tone, title, body } in words {
            let (writer, ephemeral) = (self.writer.clone(), self.ephemeral.clone());
            state.telling.spawn(async move {
                if !ephemeral.rate(&format!("monitors:{title}"), 1, ONE_VOICE).await.allowed {
                    return;
                }
                match timeout(STORE_PATIENCE, writer.tell_admins(tone, &title, &body)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "could not tell the admins of a monitor"),
                    Err(_) => tracing::warn!("could not tell the admins of a monitor in time"),
                }
            });
        }
    }

    /// Tells the store what is new, and asks it for bars and uptimes; one at a time.
    fn keep(&self, me: &Myself<Message>, state: &mut State) {
        while state.keeping.try_join_next().is_some() {}
        if !state.keeping.is_empty() {
            return;
        }
        let (news, me_too) = (state.ledger.take_news(), me.clone());
        let (writer, service) = (self.writer.clone(), self.service.clone());
        let recall = self.recall();
        state.keeping.spawn(async move {
            let write = async {
                match news.is_empty() {
                    true => Ok(()),
                    false => writer.record_monitors(&service, &news).await,
                }
            };
            let kept = match timeout(STORE_PATIENCE, write).await {
                // It was deleted in between.
                Ok(Ok(()) | Err(store::Error::NotFound(_))) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the store did not answer in time".to_owned()),
            };
            if let Err(reason) = kept {
                tracing::warn!(%service, reason, "what the monitors did has to wait for the store");
                me_too.tell(Message::Kept(Box::new(Err(news))));
                return;
            }
            match timeout(STORE_PATIENCE, recall).await {
                Ok(Ok(memory)) => me_too.tell(Message::Kept(Box::new(Ok(memory)))),
                Ok(Err(error)) => tracing::warn!(%service, %error, "could not read what the monitors did"),
                Err(_) => tracing::warn!(%service, "could not read what the monitors did in time"),
            }
        });
    }

    fn kept(&self, kept: Result<Memory, MonitorNews>, state: &mut State) {
        match kept {
            Ok(memory) => {
                state.ledger.memory = memory;
                self.show(state);
            }
            Err(news) => state.ledger.give_back(news),
        }
    }

    fn recall(&self) -> impl Future<Output = Result<Memory, store::Error>> + Send + 'static {
        let (reader, service) = (self.reader.clone(), self.service.clone());
        async move {
            let now = Timestamp::now();
            Ok(Memory {
                bars: reader.monitor_bars(&service, now - DAY, now, DAY_BARS).await?,
                uptime_day: reader.monitor_uptimes(&service, now - DAY).await?,
                uptime_month: reader.monitor_uptimes(&service, now - MONTH).await?,
                changes: reader.monitor_changes(&service, CHANGES as u32).await?,
            })
        }
    }

    fn announce(&self, state: &State) {
        // The board first: whoever hears of it finds it there.
        self.show(state);
        let changed = Event::MonitorsChanged { service: self.service.to_string() };
        let _ = event_hub::publish(&state.hub, changed, None);
    }

    fn show(&self, state: &State) {
        let (groups, unlisted) = state.ledger.groups();
        let page = state.ledger.page();
        self.board.put(Report {
            service: self.service.clone(),
            title: page.and_then(|page| page.title.clone()),
            at: state.heard_at,
            problem: state.problem.clone(),
            interval: self.settings.every,
            groups,
            unlisted,
            incidents: page.map(|page| page.incidents.clone()).unwrap_or_default(),
            maintenance: page.map(|page| page.maintenance.clone()).unwrap_or_default(),
            changes: state.ledger.memory.changes.clone(),
        });
    }
}

#[cfg(test)]
mod tests;
