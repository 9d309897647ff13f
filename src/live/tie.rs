//! What holds a stream open: the right of whoever opened it, which may end at any moment.

use std::time::Duration;

use actors::session::Connection;
use domain::user::CurrentUser;
use http::{HeaderValue, header};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::App;
use crate::auth;
use crate::problem::Problem;
use crate::route::Head;

/// How often a token's right is looked at; a session's own actor does the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Ends a stream when its session or token does.
pub(super) enum Tie {
    Session(Connection),
    Token(Box<TokenTie>),
}

/// A stream that a program opened with an API token.
pub(super) struct TokenTie {
    app: App,
    authorization: HeaderValue,
    user: CurrentUser,
    looks: Interval,
}

impl Tie {
    /// Ties a stream to whoever asks for it.
    pub async fn of(app: &App, head: &Head) -> Result<Self, Problem> {
        let user = head.member()?;
        if let Some(sid) = user.session {
            return Ok(Tie::Session(app.sessions.connect(sid).await.map_err(Problem::from)?));
        }
        let authorization = head.headers.get(header::AUTHORIZATION).ok_or_else(Problem::signed_out)?.clone();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Tie::Token(Box::new(TokenTie { app: app.clone(), authorization, user: user.clone(), looks })))
    }

    /// Returns when the stream must end. May be dropped and called again.
    pub async fn cut(&mut self) {
        match self {
            Tie::Session(connection) => connection.closed().await,
            Tie::Token(tie) => tie.cut().await,
        }
    }
}

impl TokenTie {
    async fn cut(&mut self) {
        loop {
            self.looks.tick().await;
            // A store that does not answer takes nobody's right away.
            let answer = auth::api_tokens::identify(&self.app, &self.authorization).await;
            if answer.is_ok_and(|user| user.as_ref() != Some(&self.user)) {
                return;
            }
        }
    }
}
