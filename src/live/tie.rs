//! What holds a stream open: the right of whoever opened it, which may end at any moment.

use std::pin::Pin;
use std::time::Duration;

use actors::session::{Connection, STREAMS};
use domain::user::CurrentUser;
use http::{HeaderValue, header};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::places::Place;
use crate::app::App;
use crate::auth;
use crate::problem::Problem;
use crate::route::Head;

/// How often a token's right is looked at; a session's own actor does the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When a program that has too many streams open may come back.
const COME_BACK: Duration = Duration::from_secs(30);

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
    /// The look under way. It is kept here and not in [`Tie::cut`], which is dropped whenever
    /// the stream has something else to do: on a busy stream no look would ever come to its end.
    look: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    _place: Place,
}

impl Tie {
    /// Ties a stream to whoever asks for it.
    pub async fn of(app: &App, head: &Head) -> Result<Self, Problem> {
        let user = head.member()?;
        if let Some(sid) = user.session {
            return Ok(Tie::Session(app.sessions.connect(sid).await.map_err(Problem::from)?));
        }
        let authorization = head.headers.get(header::AUTHORIZATION).ok_or_else(Problem::signed_out)?.clone();
        let place = app.places.take(user.id).ok_or_else(|| {
            let detail = format!("At most {STREAMS} streams at a time can be open with your tokens.");
            Problem::too_often(detail, COME_BACK)
        })?;
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (app, user) = (app.clone(), user.clone());
        Ok(Tie::Token(Box::new(TokenTie { app, authorization, user, looks, look: None, _place: place })))
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
            let look = match &mut self.look {
                Some(look) => look,
                None => {
                    self.looks.tick().await;
                    let look = is_over(self.app.clone(), self.authorization.clone(), self.user.clone());
                    self.look.insert(Box::pin(look))
                }
            };
            let over = look.await;
            self.look = None;
            if over {
                return;
            }
        }
    }
}

/// Whether the token is nobody's any more, or its owner became somebody else.
async fn is_over(app: App, authorization: HeaderValue, user: CurrentUser) -> bool {
    let answer = auth::api_tokens::identify(&app, &authorization).await;
    // A store that does not answer takes nobody's right away.
    answer.is_ok_and(|now| now.as_ref() != Some(&user))
}
