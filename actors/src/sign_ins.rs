//! Signing in with Plex, and the people whom Plex knows.
//!
//! ```text
//!    pages, API
//!        |  begin, guests, …                |  progress, finish
//!        v                                  v
//!    sign-ins/reception ── row, child ──> plex_pins <── sign-ins/pins/<id>
//!        |                                                  |
//!        +────────> plex.tv, through sign-ins/plex-tv <─────+
//! ```
//!
//! The rows are the truth; what a restart loses is asked again. plex.tv is no service of the
//! household, so its breaker hangs here and not under `services`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::breaker::Rules;
use domain::plex::{Membership, PinPurpose, PinRefusal, PlexId};
use domain::{PlexPinId, Secret, Timestamp, UserId};
use integrations::breaker::Gate;
use integrations::http::Transport;
use integrations::plex_tv::{Addresses, PlexTv};
use store::{NodeId, PlexPinRow, PlexPinState, Reader, Writer};
use tokio::sync::OnceCell;

use crate::circuit_breaker::CircuitBreaker;
use crate::runtime::{Crash, Handle, System};
use crate::services::Services;
use crate::sessions::Sessions;
use crate::sign_in::{self, SignIn};
use crate::supervisor::{Child, DynamicError, Restart};

mod home;
mod owner;
mod people;
mod pin;
mod reception;
mod recognise;

pub use owner::{OwnerToken, TokenHealth};
pub use people::{Guest, Imported};
pub use reception::{Begin, Begun, Denied, Reception};

/// The breaker of plex.tv.
pub const BREAKER: &str = "sign-ins/plex-tv";
/// The dynamic supervisor of the PINs.
pub const PINS: &str = "sign-ins/pins";
/// Whoever is asked.
pub const RECEPTION: &str = "sign-ins/reception";

/// Another node takes a PIN over when its own was silent for this long.
const SILENT: Duration = Duration::from_secs(20);

const DEADLINE: Duration = Duration::from_secs(2);

/// The identifier of this installation at plex.tv, for people. A token belongs to an account and
/// an identifier, and every approval replaces the one before.
const CLIENT_ID: &str = "plex_client_id";
/// Another one for the owner's token: an admin who signs in must not end what the portal itself
/// uses.
const OWNER_CLIENT_ID: &str = "plex_owner_client_id";

/// The door to everything that concerns plex.tv. Cheap to clone.
#[derive(Clone)]
pub struct SignIns(Arc<Parts>);

/// What [`SignIns`] is made of.
pub struct Around {
    pub system: System,
    pub reader: Reader,
    pub writer: Writer,
    pub services: Services,
    pub sessions: Sessions,
    pub transport: Transport,
    pub addresses: Addresses,
    pub node: NodeId,
}

/// What the actors share.
struct Parts {
    system: System,
    reader: Reader,
    writer: Writer,
    services: Services,
    sessions: Sessions,
    transport: Transport,
    tv: PlexTv,
    gate: Gate,
    node: NodeId,
    client_ids: OnceCell<ClientIds>,
    owner: Mutex<OwnerToken>,
}

struct ClientIds {
    people: String,
    owner: String,
}

/// How far a sign-in is, for the browser that began it.
#[derive(Debug, Clone)]
pub struct Status {
    pub id: PlexPinId,
    pub purpose: PinPurpose,
    pub step: Step,
    /// Where they wanted to go.
    pub next: String,
    pub expires_at: Timestamp,
    /// The short code, for a person who types it.
    pub code: Option<Secret>,
    /// Where it is approved.
    pub address: String,
}

/// One of them at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nobody approved it yet, or we are finding out who did.
    Waiting {
        is_approved: bool,
        trouble: Option<String>,
    },
    /// [`SignIns::finish`] gives the person.
    Approved,
    Refused(PinRefusal),
    /// It was used already, or given up.
    Over,
}

impl SignIns {
    pub fn new(around: Around) -> Self {
        let Around { system, reader, writer, services, sessions, transport, addresses, node } = around;
        let gate = Gate::new();
        let tv = PlexTv::new(addresses, transport.clone(), gate.clone());
        Self(Arc::new(Parts {
            system,
            reader,
            writer,
            services,
            sessions,
            transport,
            tv,
            gate,
            node,
            client_ids: OnceCell::new(),
            owner: Mutex::default(),
        }))
    }

    /// What runs at [`BREAKER`].
    pub fn breaker(&self) -> CircuitBreaker {
        let service = "plex-tv".parse().expect("a name of a service");
        CircuitBreaker { service, gate: self.0.gate.clone(), rules: Rules::default() }
    }

    /// What runs at [`RECEPTION`].
    pub fn reception(&self) -> Reception {
        Reception { door: self.clone() }
    }

    /// What should run under [`PINS`]: a poller for each open PIN of this node.
    ///
    /// # Errors
    /// The store is away; the supervisor tries again.
    pub async fn rehydrate(&self) -> Result<Vec<Child>, Crash> {
        let rows = self.0.writer.adopt_plex_pins(&self.0.node, Timestamp::now() - SILENT).await?;
        Ok(rows.into_iter().map(|row| self.child(&row)).collect())
    }

    /// Whether the house has a Plex server, so that signing in with Plex makes sense.
    pub fn is_offered(&self) -> bool {
        self.0.plex_service().is_some()
    }

    /// Begins a sign-in at plex.tv.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn begin(&self, begin: Begin) -> Result<Begun, Denied> {
        self.ask(|reply| reception::Message::Begin(begin, reply)).await
    }

    /// How far the sign-in of the browser with this secret is; nothing when it began none.
    /// `forward` is where Plex sends the person afterwards.
    ///
    /// # Errors
    /// The store is away.
    pub async fn status(
        &self,
        binding: &[u8; 32],
        forward: impl FnOnce(PlexPinId) -> String,
    ) -> Result<Option<Status>, store::Error> {
        let Some(row) = self.0.reader.plex_pin_of(binding).await? else { return Ok(None) };
        let step = match row.state {
            PlexPinState::Finished | PlexPinState::Abandoned => Step::Over,
            PlexPinState::Refused(refusal) => Step::Refused(refusal),
            _ if row.expires_at <= Timestamp::now() => Step::Refused(PinRefusal::Expired),
            PlexPinState::Approved(_) => Step::Approved,
            PlexPinState::Waiting => {
                // Without an actor here another node asks, or the reception starts one soon.
                let progress = self.pin(row.id).ask(DEADLINE, sign_in::Message::Progress).await;
                let sign_in::Progress { is_approved, trouble } = progress.unwrap_or_default();
                Step::Waiting { is_approved, trouble }
            }
        };
        let address = self.0.address_of(&row, &forward(row.id)).await?;
        Ok(Some(Status {
            id: row.id,
            purpose: row.purpose,
            step,
            next: row.next,
            expires_at: row.expires_at,
            code: row.is_code.then_some(row.code),
            address,
        }))
    }

    /// Who comes in. Once: the second of two that ask gets nobody.
    ///
    /// # Errors
    /// The store is away.
    pub async fn finish(&self, binding: &[u8; 32]) -> Result<Option<UserId>, store::Error> {
        self.0.writer.finish_plex_pin(binding, Timestamp::now()).await
    }

    /// The browser does not want it any more.
    ///
    /// # Errors
    /// The store is away.
    pub async fn abandon(&self, binding: &[u8; 32]) -> Result<(), store::Error> {
        let Some(row) = self.0.reader.plex_pin_of(binding).await? else { return Ok(()) };
        if self.0.writer.abandon_plex_pin(binding).await? {
            let row = PlexPinRow { state: PlexPinState::Abandoned, ..row };
            if let Err(error) = self.0.system.dynamic(PINS).replace(self.child(&row)).await {
                tracing::info!(%error, "a sign-in that was given up is not looked after");
            }
        }
        Ok(())
    }

    /// With whom the owner shares the server, and who of them is here already.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn guests(&self) -> Result<Vec<Guest>, Denied> {
        self.ask(reception::Message::Guests).await
    }

    /// Makes accounts for those of `wanted` with whom the server is shared. `by` goes into the
    /// audit log.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn import(&self, by: store::Actor, wanted: Vec<PlexId>) -> Result<Imported, Denied> {
        self.ask(|reply| reception::Message::Import(by, wanted, reply)).await
    }

    /// Asks plex.tv whether somebody may still use the server.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn recheck(&self, user: UserId) -> Result<Membership, Denied> {
        self.ask(|reply| reception::Message::Recheck(user, reply)).await
    }

    /// Where a person types a short code, as one says it: `plex.tv/link`.
    pub fn link_words(&self) -> String {
        self.0.tv.link_words()
    }

    /// What is known of the owner's token.
    pub fn owner_token(&self) -> OwnerToken {
        self.0.owner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The owner's token may have changed: look at it now.
    pub fn check_owner_token(&self) {
        // Otherwise it is looked at when the reception is back.
        let _ = self.0.reception().tell(reception::Message::CheckOwner);
    }

    async fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(crate::runtime::Reply<Result<T, Denied>>) -> reception::Message,
    ) -> Result<T, Denied> {
        let answer = self.0.reception().ask(DEADLINE + Duration::from_millis(200), message).await;
        answer.unwrap_or_else(|error| Err(Denied::Unavailable(error.to_string())))
    }

    /// Starts the poller of a PIN.
    async fn watch(&self, row: &PlexPinRow) -> Result<(), DynamicError> {
        match self.0.system.dynamic(PINS).start(self.child(row)).await {
            Err(DynamicError::AlreadyRunning) => Ok(()),
            other => other,
        }
    }

    fn child(&self, row: &PlexPinRow) -> Child {
        let parts = self.0.clone();
        let is_abandoned = row.state == PlexPinState::Abandoned;
        let (id, purpose, number, expires_at) = (row.id, row.purpose, row.number, row.expires_at);
        let outside = Arc::new(pin::PinOutside { parts, id, purpose, number, is_abandoned });
        Child::actor(id.to_string(), move || SignIn { outside: outside.clone(), expires_at, is_abandoned })
            .restart(Restart::Transient)
    }

    fn pin(&self, id: PlexPinId) -> Handle<sign_in::Message> {
        self.0.system.handle(&format!("{PINS}/{id}"))
    }
}

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIns")
    }
}

impl Parts {
    fn reception(&self) -> Handle<reception::Message> {
        self.system.handle(RECEPTION)
    }

    /// The identifiers of this installation: made once, for ever.
    async fn client_ids(&self) -> Result<&ClientIds, store::Error> {
        self.client_ids
            .get_or_try_init(|| async {
                Ok(ClientIds {
                    people: self.stable(CLIENT_ID).await?,
                    owner: self.stable(OWNER_CLIENT_ID).await?,
                })
            })
            .await
    }

    async fn stable(&self, key: &str) -> Result<String, store::Error> {
        if let Some(known) = self.reader.setting(key).await? {
            return Ok(known);
        }
        self.writer.add_setting(key, &uuid::Uuid::new_v4().to_string()).await?;
        self.reader.setting(key).await?.ok_or(store::Error::NotFound("setting"))
    }

    async fn client_id(&self, purpose: PinPurpose) -> Result<&str, store::Error> {
        let ids = self.client_ids().await?;
        Ok(if matches!(purpose, PinPurpose::Server(_)) { &ids.owner } else { &ids.people })
    }

    /// Where `row` is approved; Plex then sends the person on to `forward`.
    async fn address_of(&self, row: &PlexPinRow, forward: &str) -> Result<String, store::Error> {
        if row.is_code {
            return Ok(self.tv.link_page(&row.code));
        }
        let client_id = self.client_id(row.purpose).await?;
        Ok(self.tv.approval_page(client_id, &row.code, forward))
    }
}
