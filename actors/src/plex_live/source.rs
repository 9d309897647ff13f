//! Where news of the library come from.

use std::time::Duration;

use futures_util::future::BoxFuture;
use integrations::Error;
use integrations::plex::{Notice, Server};

use super::{Marks, Message};
use crate::runtime::{Handle, Undelivered};
use crate::upstream::Direct;

/// How long the socket's task waits for room in the mailbox; meanwhile the server waits too.
const NO_ROOM: Duration = Duration::from_millis(20);

/// The server, as the actor needs it. Tests have their own.
pub(crate) trait Source: Send + Sync {
    /// Opens the socket and sends what is heard to `live`; gives the reason for its end.
    fn listen(&self, live: Handle<Message>) -> BoxFuture<'static, Error>;

    /// What each section says of its contents.
    fn marks(&self) -> BoxFuture<'static, Result<Marks, Error>>;
}

/// The server itself.
pub(crate) struct Live(pub Direct<Server>);

impl Source for Live {
    fn listen(&self, live: Handle<Message>) -> BoxFuture<'static, Error> {
        let direct = self.0.clone();
        Box::pin(async move {
            match hear(&direct, &live).await {
                Ok(never) => match never {},
                Err(error) => error,
            }
        })
    }

    fn marks(&self) -> BoxFuture<'static, Result<Marks, Error>> {
        let direct = self.0.clone();
        Box::pin(async move {
            let sections = direct.connect().await?.patient().sections().await?;
            Ok(sections.into_iter().map(|section| (section.id, section.content_changed_at)).collect())
        })
    }
}

async fn hear(direct: &Direct<Server>, live: &Handle<Message>) -> Result<std::convert::Infallible, Error> {
    let mut notifications = direct.connect().await?.notifications().await?;
    deliver(live, || Message::Opened).await;
    loop {
        let notices: Vec<Notice> = notifications.next().await?;
        deliver(live, || Message::Heard(notices.clone())).await;
    }
}

/// Nothing is lost: while there is no room, nothing more is read of the socket.
async fn deliver(live: &Handle<Message>, message: impl Fn() -> Message) {
    while live.tell(message()) == Err(Undelivered::Full) {
        tokio::time::sleep(NO_ROOM).await;
    }
}
