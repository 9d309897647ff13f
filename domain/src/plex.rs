//! People as plex.tv knows them, and how they come in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::user::{Invalid, Username};
use crate::{Timestamp, UserId};

/// The number of an account at plex.tv. It never changes; names and addresses do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlexId(pub i64);

impl fmt::Display for PlexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PlexId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// An account at plex.tv. Managed people have neither a name to sign in with nor an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlexAccount {
    pub id: PlexId,
    /// What to call them; never empty.
    pub name: String,
    pub email: Option<String>,
}

impl PlexAccount {
    /// `names` in the order in which they are preferred; the first that says anything counts.
    pub fn new(id: PlexId, names: &[Option<&str>], email: Option<&str>) -> Self {
        let says = |text: &&str| !text.trim().is_empty();
        let name = names.iter().flatten().copied().find(says).map(clean).filter(|name| !name.is_empty());
        Self {
            id,
            name: name.unwrap_or_else(|| format!("Plex user {id}")),
            email: email.filter(says).map(clean),
        }
    }

    /// Names for a new account, the best first: the own one, then ones that say where it is from.
    pub fn usernames(&self) -> impl Iterator<Item = Username> + '_ {
        let room = Username::MAX_CHARS - " (Plex 99)".len();
        let short: String = self.name.chars().take(room).collect();
        let plain = self.name.parse();
        let marked = (1..100).map(move |n| match n {
            1 => format!("{short} (Plex)"),
            n => format!("{short} (Plex {n})"),
        });
        std::iter::once(plain).chain(marked.map(|name| name.parse())).filter_map(Result::ok)
    }
}

/// Plex lets people have names that a user name may not have.
fn clean(text: &str) -> String {
    let visible = text.chars().filter(|c| !crate::user::is_invisible(*c));
    visible.take(200).collect::<String>().trim().to_owned()
}

/// The Plex side of a person with an account here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlexProfile {
    pub id: PlexId,
    pub name: String,
    pub membership: Membership,
    /// When the membership was last known for certain.
    pub checked_at: Option<Timestamp>,
}

/// Whether plex.tv says that somebody may use the house's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Membership {
    /// Nobody asked yet, or the person never signed in with Plex.
    Unknown,
    /// The server is theirs, or shared with them.
    Member,
    /// The server is not shared with them (any more).
    NotShared,
    /// Their token is not accepted any more: they must sign in again.
    SignInAgain,
}

impl Membership {
    pub fn as_str(self) -> &'static str {
        match self {
            Membership::Unknown => "unknown",
            Membership::Member => "member",
            Membership::NotShared => "not-shared",
            Membership::SignInAgain => "sign-in-again",
        }
    }
}

impl FromStr for Membership {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Membership::Unknown, Membership::Member, Membership::NotShared, Membership::SignInAgain]
            .into_iter()
            .find(|membership| membership.as_str() == text)
            .ok_or(Invalid("there is no such membership"))
    }
}

/// What somebody begins a PIN for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinPurpose {
    /// To come in.
    SignIn,
    /// To tie their Plex account to the account that they are signed in with.
    Link(UserId),
    /// To give the portal the server owner's token. By an admin.
    Server(UserId),
}

impl PinPurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            PinPurpose::SignIn => "sign-in",
            PinPurpose::Link(_) => "link",
            PinPurpose::Server(_) => "server",
        }
    }

    /// Who must be signed in to finish it.
    pub fn person(self) -> Option<UserId> {
        match self {
            PinPurpose::SignIn => None,
            PinPurpose::Link(user) | PinPurpose::Server(user) => Some(user),
        }
    }
}

/// Why a PIN that was approved at Plex opens nothing here. An answer for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinRefusal {
    /// No server at all is shared with them.
    NoShare,
    /// Servers are shared with them, and none is this one.
    WrongServer,
    /// The portal does not know its Plex server yet.
    NotSetUp,
    /// An admin disabled their account here.
    Disabled,
    /// The Plex account belongs to somebody else here.
    Taken,
    /// They have another Plex account here already.
    AlreadyLinked,
    /// The owner's token was wanted and they do not own the server.
    NotOwner,
    /// plex.tv took its own token back.
    TokenRefused,
    /// The PIN ran out before somebody approved it.
    Expired,
}

impl PinRefusal {
    const ALL: [Self; 9] = [
        Self::NoShare,
        Self::WrongServer,
        Self::NotSetUp,
        Self::Disabled,
        Self::Taken,
        Self::AlreadyLinked,
        Self::NotOwner,
        Self::TokenRefused,
        Self::Expired,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoShare => "no-share",
            Self::WrongServer => "wrong-server",
            Self::NotSetUp => "not-set-up",
            Self::Disabled => "disabled",
            Self::Taken => "taken",
            Self::AlreadyLinked => "already-linked",
            Self::NotOwner => "not-owner",
            Self::TokenRefused => "token-refused",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for PinRefusal {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|refusal| refusal.as_str() == text);
        found.ok_or(Invalid("there is no such refusal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_managed_person_without_any_name_still_gets_one() {
        for (names, name) in [
            (&[Some("alex"), Some("Alex B.")][..], "alex"),
            (&[Some(""), None, Some(" Kid ")], "Kid"),
            (&[Some("\u{200b}")], "Plex user 7"),
            (&[], "Plex user 7"),
        ] {
            let account = PlexAccount::new(PlexId(7), names, Some(""));
            assert_eq!((account.name.as_str(), account.email), (name, None));
        }
    }

    #[test]
    fn a_taken_name_is_followed_by_others_that_fit() {
        let long = "x".repeat(80);
        for name in ["alex", "a", &long] {
            let account = PlexAccount::new(PlexId(7), &[Some(name)], None);
            let names: Vec<_> = account.usernames().map(|name| name.as_str().to_owned()).collect();
            assert!(names.len() >= 99, "{name}: {names:?}");
            assert!(names.contains(&format!("{} (Plex)", &name[..name.len().min(54)])), "{names:?}");
        }
    }

    #[test]
    fn words_in_rows_are_read_back() {
        assert!(PinRefusal::ALL.iter().all(|refusal| refusal.as_str().parse() == Ok(*refusal)));
        assert_eq!("member".parse(), Ok(Membership::Member));
        assert!("friend".parse::<Membership>().is_err());
    }
}
