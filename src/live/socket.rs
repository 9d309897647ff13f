//! The WebSocket for programs.
//!
//!     -> {"type":"subscribe:status"}     also subscribe:downloads, and unsubscribe:…
//!     <- {"event":"subscribed","data":{"topic":"status"}}
//!     <- {"event":"service:status","id":"17-4","data":{…}}
//!
//! Words to the person and to admins (`user:notification`, `system:alert`) come without asking.

use std::time::Duration;

use actors::event_hub::{Delivery, Published, Subscription};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, Interval, interval_at, timeout};
use warp::Reply;
use warp::ws::{Message, WebSocket};

use super::json::data;
use super::tie::Tie;
use crate::app::App;
use crate::csrf;
use crate::problem::Problem;
use crate::route::{Response, Visit};

/// The longest message that we read, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Messages that we read in a second.
const MAX_PER_SECOND: u32 = 20;

/// How often we ask whether the other end is there; twice unanswered is gone.
const PING: Duration = Duration::from_secs(15);

/// How long one message may take to leave.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// Close codes: RFC 6455 section 7.4.1, and 4401 for a session that is over.
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;
const RESTARTING: u16 = 1012;
const SIGNED_OUT: u16 = 4401;

/// `GET /ws`.
pub(super) async fn open(app: App, mut visit: Visit) -> Result<Response, Problem> {
    if !csrf::is_same_origin(&app.settings, &visit) {
        return Err(Problem::foreign_request());
    }
    let upgrade =
        visit.upgrade().ok_or_else(|| Problem::invalid("Upgrade", "this address speaks WebSocket only"))?;
    let for_admin = visit.member()?.is_admin();
    let (subscription, tie) = super::open(&app, &visit).await?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    let answer = upgrade.on_upgrade(move |socket| async move {
        let socket = Socket {
            app,
            for_admin,
            socket,
            topics: Topics::default(),
            budget: MAX_PER_SECOND,
            silent_pings: 0,
        };
        socket.serve(subscription, tie).await;
    });
    Ok(answer.into_response())
}

/// What a program asked for.
#[derive(Default)]
struct Topics {
    status: bool,
    downloads: bool,
}

/// What a program may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "type")]
    what: String,
}

struct Socket {
    app: App,
    for_admin: bool,
    socket: WebSocket,
    topics: Topics,
    /// Messages that may still be read within this second.
    budget: u32,
    silent_pings: u32,
}

/// Why the conversation is over.
enum End {
    /// The other end left, or can't be reached.
    Gone,
    Close(u16, &'static str),
}

impl Socket {
    async fn serve(mut self, subscription: Subscription, tie: Tie) {
        if let End::Close(code, why) = self.talk(subscription, tie).await {
            let _ = timeout(SEND_DEADLINE, self.socket.send(Message::close_with(code, why))).await;
        }
    }

    async fn talk(&mut self, mut subscription: Subscription, mut tie: Tie) -> End {
        let mut second = ticks(Duration::from_secs(1));
        let mut ping = ticks(PING);
        let closing = self.app.closing.clone();
        loop {
            let result = tokio::select! {
                biased;
                () = closing.cancelled() => Err(End::Close(RESTARTING, "connect again")),
                () = tie.cut() => Err(End::Close(SIGNED_OUT, "the session is over")),
                said = self.socket.next() => match said {
                    Some(Ok(message)) => self.hear(&message).await,
                    // The library has answered a message that was too long.
                    Some(Err(_)) | None => Err(End::Gone),
                },
                delivery = subscription.next() => match delivery {
                    Some(Delivery::Event(published)) => self.tell(&published).await,
                    Some(Delivery::Resync) => self.send(&json!({"event": "resync", "data": {}})).await,
                    None => Err(End::Close(RESTARTING, "connect again")),
                },
                _ = second.tick() => {
                    self.budget = MAX_PER_SECOND;
                    Ok(())
                }
                _ = ping.tick() => self.ping().await,
            };
            if let Err(end) = result {
                return end;
            }
        }
    }

    async fn hear(&mut self, message: &Message) -> Result<(), End> {
        self.silent_pings = 0;
        if message.is_close() {
            return Err(End::Gone);
        }
        self.budget = self.budget.checked_sub(1).ok_or(End::Close(POLICY, "too many messages"))?;
        if message.is_ping() || message.is_pong() {
            return Ok(());
        }
        let text = message.to_str().map_err(|()| End::Close(UNSUPPORTED, "text only"))?;
        let said = serde_json::from_str::<Said>(text).map(|said| said.what);
        let known = said.as_deref().ok().and_then(|what| what.split_once(':'));
        let topic = match known {
            Some((verb @ ("subscribe" | "unsubscribe"), "status")) => {
                self.topics.status = verb == "subscribe";
                "status"
            }
            Some((verb @ ("subscribe" | "unsubscribe"), "downloads")) => {
                self.topics.downloads = verb == "subscribe";
                "downloads"
            }
            _ => {
                let detail = "say {\"type\":\"subscribe:status\"} or {\"type\":\"subscribe:downloads\"}";
                return self.send(&json!({"event": "error", "data": {"detail": detail}})).await;
            }
        };
        let verb = known.map_or("subscribed", |(verb, _)| match verb {
            "subscribe" => "subscribed",
            _ => "unsubscribed",
        });
        self.send(&json!({"event": verb, "data": {"topic": topic}})).await
    }

    async fn tell(&mut self, published: &Published) -> Result<(), End> {
        let name = published.event.name();
        let wanted = match name {
            "service:status" => self.topics.status,
            "download:progress" => self.topics.downloads,
            _ => true,
        };
        if !wanted {
            return Ok(());
        }
        let data = data(&self.app, self.for_admin, &published.event).await;
        let id = published.id.map(|id| id.to_string());
        self.send(&json!({"event": name, "id": id, "data": data})).await
    }

    async fn ping(&mut self) -> Result<(), End> {
        self.silent_pings += 1;
        if self.silent_pings > 2 {
            return Err(End::Gone);
        }
        self.push(Message::ping(Vec::new())).await
    }

    async fn send(&mut self, value: &serde_json::Value) -> Result<(), End> {
        self.push(Message::text(value.to_string())).await
    }

    async fn push(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_DEADLINE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Gone),
        }
    }
}

fn ticks(period: Duration) -> Interval {
    interval_at(Instant::now() + period, period)
}
