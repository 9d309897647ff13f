//! What the server tells of its own accord: its notification socket.
//!
//! ```text
//!    Server::notifications() ──> Notifications::next() ──> [Notice, Notice]
//! ```
//!
//! There is no schema; ids come as text or as numbers, and one new film is some 150 messages.
//! Most of them say nothing that matters here and are dropped.

mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use super::model::{RatingKey, SectionId};
use super::{Server, server};
use crate::Error;

/// The server is silent for minutes when nothing happens, so we ask whether it is still there.
const PING_AFTER: Duration = Duration::from_secs(30);

/// No answer to that for this long: the connection is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// Messages are a few hundred bytes long.
const LARGEST: usize = 256 * 1024;

/// Something that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something is in a library, changes in it, or left it.
    Item {
        /// Absent when the server does not say.
        section: Option<SectionId>,
        item: Option<RatingKey>,
        change: Change,
    },
    /// A scan came to its end, in one library or in any.
    Scanned { section: Option<SectionId> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Being looked at. A library without an agent goes no further than this.
    Underway,
    /// All is known of it.
    Settled,
    Deleted,
}

impl Server {
    /// Opens the socket. It tells of everything, so it wants the owner's token.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn notifications(&self) -> Result<Notifications, Error> {
        let path = ":/websockets/notifications?filters=timeline,activity,status";
        let token = self.token().map(|token| (server::TOKEN, token));
        let socket = self.http().web_socket(path, token, LARGEST).await?;
        Ok(Notifications { service: self.service(), socket })
    }
}

/// An open socket.
#[derive(Debug)]
pub struct Notifications<S = reqwest::Upgraded> {
    service: Arc<str>,
    socket: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Notifications<S> {
    /// Waits for something that matters. May be dropped while it waits.
    ///
    /// # Errors
    /// The socket is over: [`Error::BrokenOff`], or [`Error::TimedOut`] when nobody is there.
    pub async fn next(&mut self) -> Result<Vec<Notice>, Error> {
        loop {
            let message = match timeout(PING_AFTER, self.socket.next()).await {
                Ok(message) => message,
                Err(_) => self.ask_whether_it_is_there().await?,
            };
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(self.over()),
                Some(Ok(_)) => continue,
            };
            let notices = wire::notices(text.as_str());
            if !notices.is_empty() {
                return Ok(notices);
            }
        }
    }

    async fn ask_whether_it_is_there(&mut self) -> Result<Option<Heard>, Error> {
        let ask = async {
            self.socket.send(Message::Ping(Vec::new().into())).await?;
            Ok::<_, tungstenite::Error>(self.socket.next().await)
        };
        match timeout(DEAD_AFTER, ask).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(_)) => Err(self.over()),
            Err(_) => Err(Error::TimedOut { service: self.service.clone(), after: DEAD_AFTER }),
        }
    }

    fn over(&self) -> Error {
        Error::BrokenOff { service: self.service.clone() }
    }
}

type Heard = Result<Message, tungstenite::Error>;

#[cfg(test)]
mod tests;
