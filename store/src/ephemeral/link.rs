//! One connection to Redis, with a bound on what it may cost.
//!
//! The connection manager of the driver waits and retries on its own; here a call either gets
//! its answer within the budget or fails, and a connection that failed is dropped so that the
//! next call makes a new one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult,
    ServerErrorKind,
};
use tokio::time::Instant;

/// What one call may cost.
pub(super) const BUDGET: Duration = Duration::from_millis(300);
/// While Redis is away, one call in this time tries it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Redis is away, hung or refuses everything.
    Away(String),
    /// Redis refused this: what is under the key is not ours.
    Garbage(String),
}

/// Whether Redis is there, as far as all connections to it have seen.
#[derive(Clone)]
pub(super) struct Health(Arc<Mutex<State>>);

struct State {
    is_well: bool,
    look_at: Instant,
}

impl Health {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { is_well: true, look_at: Instant::now() })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn is_well(&self) -> bool {
        self.with(|state| state.is_well)
    }

    /// Whether this call may go out; while Redis is away, one in a while.
    fn admits(&self) -> bool {
        self.with(|state| {
            let now = Instant::now();
            let admits = state.is_well || now >= state.look_at;
            if admits && !state.is_well {
                state.look_at = now + LOOK_EVERY;
            }
            admits
        })
    }

    fn answered(&self) {
        if self.with(|state| !std::mem::replace(&mut state.is_well, true)) {
            tracing::info!("redis is back");
        }
    }

    fn failed(&self, reason: &str) {
        let was_well = self.with(|state| {
            state.look_at = Instant::now() + LOOK_EVERY;
            std::mem::replace(&mut state.is_well, false)
        });
        if was_well {
            tracing::warn!(reason, "redis is away; this instance goes on by itself");
        }
    }
}

/// A command or several that are sent together.
pub(super) enum Request<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline),
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(&self, connection: &mut MultiplexedConnection) -> RedisResult<T> {
        match self {
            Request::One(command) => command.query_async(connection).await,
            Request::Many(pipeline) => pipeline.query_async(connection).await,
        }
    }
}

/// A connection that is made when it is needed.
#[derive(Clone)]
pub(super) struct Link {
    client: Client,
    connection: Arc<tokio::sync::Mutex<Option<MultiplexedConnection>>>,
    health: Health,
}

impl Link {
    pub(super) fn new(client: Client, health: Health) -> Self {
        Self { client, connection: Arc::default(), health }
    }

    /// Sends a request unless Redis is known to be away.
    pub(super) async fn ask<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T, Trouble> {
        if !self.health.admits() {
            return Err(Trouble::Away("it did not answer lately".to_owned()));
        }
        self.ask_within(BUDGET, request).await
    }

    /// Sends a request whatever is known of Redis.
    pub(super) async fn ask_within<T: FromRedisValue>(
        &self,
        budget: Duration,
        request: Request<'_>,
    ) -> Result<T, Trouble> {
        let answer = tokio::time::timeout(budget, self.try_twice(&request)).await;
        let trouble = match answer {
            Ok(Ok(value)) => {
                self.health.answered();
                return Ok(value);
            }
            Ok(Err(error)) => trouble_of(&error),
            Err(_) => Trouble::Away(format!("no answer within {} ms", budget.as_millis())),
        };
        match &trouble {
            Trouble::Away(reason) => {
                self.health.failed(reason);
                // Nobody waits for a connection that is stuck in the middle of an answer.
                if let Ok(mut connection) = self.connection.try_lock() {
                    *connection = None;
                }
            }
            Trouble::Garbage(_) => self.health.answered(),
        }
        Err(trouble)
    }

    /// A connection that the server closed while nobody looked fails its first request only.
    async fn try_twice<T: FromRedisValue>(&self, request: &Request<'_>) -> RedisResult<T> {
        let mut connection = self.connection(None).await?;
        match request.send(&mut connection).await {
            Err(error) if error.is_unrecoverable_error() => {
                let mut connection = self.connection(Some(())).await?;
                request.send(&mut connection).await
            }
            answer => answer,
        }
    }

    async fn connection(&self, replace: Option<()>) -> RedisResult<MultiplexedConnection> {
        let mut slot = self.connection.lock().await;
        if let (Some(connection), None) = (&*slot, replace) {
            return Ok(connection.clone());
        }
        *slot = None;
        // The driver's own time limit of 500 ms would end a blocking read; ours is outside.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(BUDGET)).set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(slot.insert(connection).clone())
    }
}

fn trouble_of(error: &RedisError) -> Trouble {
    let is_about_the_value = match error.kind() {
        ErrorKind::UnexpectedReturnType => true,
        ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort) => true,
        _ => error.code() == Some("WRONGTYPE"),
    };
    let reason = error.to_string();
    if is_about_the_value { Trouble::Garbage(reason) } else { Trouble::Away(reason) }
}
