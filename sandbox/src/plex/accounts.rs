//! The accounts' side of plex.tv: tokens, PINs, and who shares the server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use domain::Timestamp;
use tokio::time::Instant;

use super::Options;
use crate::world::{Member, World, scramble};

const SHORT: Duration = Duration::from_secs(900);
const STRONG: Duration = Duration::from_secs(1800);
/// So many polls come free before the rate counts.
const FREE_POLLS: f64 = 6.0;

/// A code that waits for somebody to claim it.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    pub id: u64,
    pub code: String,
    /// A strong one cannot be typed at /link.
    pub strong: bool,
    pub client: String,
    pub product: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub ends: Instant,
    pub token: Option<String>,
}

/// Whose a token is, and for which client it was made.
#[derive(Debug, Clone)]
struct Grant {
    member: &'static str,
    client: Option<String>,
}

/// Why a PIN is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPin {
    /// Unknown, expired, or another client's.
    Gone,
    TooFast,
}

pub(super) struct Accounts {
    tokens: BTreeMap<String, Grant>,
    pins: Vec<Pin>,
    /// What is left of each client's polls, and when that was.
    polls: BTreeMap<String, (f64, Instant)>,
    polls_per_second: f64,
    pin_lifetime: Option<Duration>,
    /// Members who lost their share.
    unshared: BTreeSet<&'static str>,
    made: u64,
}

impl Accounts {
    pub fn new(world: &World, options: &Options) -> Self {
        let grant =
            |member: &Member| (member.account_token.to_owned(), Grant { member: member.slug, client: None });
        Self {
            tokens: world.members.iter().map(grant).collect(),
            pins: Vec::new(),
            polls: BTreeMap::new(),
            polls_per_second: options.polls_per_second,
            pin_lifetime: options.pin_lifetime,
            unshared: BTreeSet::new(),
            made: 0,
        }
    }

    /// Whose account token this is.
    pub fn account<'w>(&self, world: &'w World, token: &str) -> Option<&'w Member> {
        world.member(self.tokens.get(token)?.member)
    }

    /// Whose token this is at the media server. An owner's account tokens open it too; a friend's do
    /// not, theirs are handed out with the resources.
    pub fn at_server<'w>(&self, world: &'w World, token: &str) -> Option<&'w Member> {
        let owner = self.account(world, token).filter(|member| member.is_owner());
        owner.or_else(|| {
            let has_it = |member: &&Member| !member.is_owner() && member.server_token == Some(token);
            world.members.iter().filter(|member| self.shares(member)).find(has_it)
        })
    }

    /// Whether this member may use the server at all.
    pub fn shares(&self, member: &Member) -> bool {
        member.server_token.is_some() && !self.unshared.contains(member.slug)
    }

    pub fn unshare(&mut self, member: &Member) {
        self.unshared.insert(member.slug);
    }

    pub fn share_again(&mut self, member: &Member) {
        self.unshared.remove(member.slug);
    }

    /// "Sign out all devices".
    pub fn revoke_all(&mut self, member: &Member) {
        self.tokens.retain(|_, grant| grant.member != member.slug);
    }

    pub fn sign_out(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    pub fn new_pin(&mut self, client: &str, product: &str, strong: bool) -> Pin {
        let lifetime = self.pin_lifetime.unwrap_or(if strong { STRONG } else { SHORT });
        let created = Timestamp::now();
        let chance = self.chance();
        let code =
            if strong { letters(chance, b"abcdefghijkmnpqrstuvwxyz23456789", 25) } else { self.short_code() };
        let pin = Pin {
            id: 5_300_000_000 + chance % 90_000_000,
            code,
            strong,
            client: client.to_owned(),
            product: product.to_owned(),
            created,
            expires: created + lifetime,
            ends: Instant::now() + lifetime,
            token: None,
        };
        self.forget_expired();
        self.pins.push(pin.clone());
        pin
    }

    fn short_code(&mut self) -> String {
        loop {
            let code = letters(self.chance(), b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 4);
            if !self.pins.iter().any(|pin| pin.code == code) {
                return code;
            }
        }
    }

    /// A PIN as its own client sees it; to any other it does not exist.
    pub fn poll(&mut self, id: &str, client: &str) -> Result<Pin, NoPin> {
        if !self.may_poll(client) {
            return Err(NoPin::TooFast);
        }
        self.forget_expired();
        let is_it = |pin: &&Pin| pin.id.to_string() == id && pin.client == client;
        self.pins.iter().find(is_it).cloned().ok_or(NoPin::Gone)
    }

    fn may_poll(&mut self, client: &str) -> bool {
        let now = Instant::now();
        let (left, at) = self.polls.get(client).copied().unwrap_or((FREE_POLLS, now));
        let left = (left + (now - at).as_secs_f64() * self.polls_per_second).min(FREE_POLLS);
        let may = left >= 1.0;
        self.polls.insert(client.to_owned(), (if may { left - 1.0 } else { left }, now));
        may
    }

    pub fn pin_by_code(&mut self, code: &str) -> Option<&Pin> {
        self.forget_expired();
        self.pins.iter().find(|pin| pin.code.eq_ignore_ascii_case(code))
    }

    /// The PIN that waits, when there is just one or for the youngest of them.
    pub fn youngest_waiting(&mut self) -> Option<&Pin> {
        self.forget_expired();
        self.pins.iter().rev().find(|pin| pin.token.is_none())
    }

    /// Somebody says yes. The new token replaces the one that the same account had from the same client.
    pub fn claim(&mut self, code: &str, member: &Member) -> bool {
        self.forget_expired();
        let token = format!(
            "tv{}",
            letters(self.chance(), b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", 18)
        );
        let Some(pin) = self.pins.iter_mut().find(|pin| pin.code.eq_ignore_ascii_case(code)) else {
            return false;
        };
        let client = Some(pin.client.clone());
        pin.token = Some(token.clone());
        self.tokens.retain(|_, grant| !(grant.member == member.slug && grant.client == client));
        self.tokens.insert(token, Grant { member: member.slug, client });
        true
    }

    pub fn expire_pins(&mut self) {
        self.pins.clear();
    }

    fn forget_expired(&mut self) {
        let now = Instant::now();
        self.pins.retain(|pin| pin.ends > now);
    }

    fn chance(&mut self) -> u64 {
        self.made += 1;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        scramble(u64::from(since.subsec_nanos()) ^ since.as_secs().rotate_left(32) ^ scramble(self.made))
    }
}

fn letters(seed: u64, alphabet: &[u8], length: u64) -> String {
    let nth = |n: u64| {
        let at =
            usize::try_from(scramble(seed ^ n.rotate_left(40)) % alphabet.len() as u64).unwrap_or_default();
        char::from(alphabet[at])
    };
    (0..length).map(nth).collect()
}
