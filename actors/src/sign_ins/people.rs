//! The people with whom the server is shared: importing them, and looking whether they still are.

use std::time::Duration;

use domain::plex::{Membership, PlexAccount, PlexId};
use domain::user::User;
use domain::{Timestamp, UserId};
use integrations::plex_tv::Error;
use store::Actor;

use super::{Denied, Parts, recognise};

/// A membership is looked at again after this long.
const CHECKED_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How many memberships are looked at in one round.
const ROUND: u32 = 20;

/// Somebody with whom the owner shares the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    pub account: PlexAccount,
    /// Who they are here, when they are.
    pub user: Option<User>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub new: Vec<User>,
    /// Wanted, but the server is not shared with them (any more).
    pub not_shared: usize,
}

impl Parts {
    /// Everybody with whom the owner shares the server.
    pub(super) async fn guests(&self) -> Result<Vec<Guest>, Denied> {
        let Some(machine) = self.machine().await.map_err(|trouble| Denied::Away(trouble.0))? else {
            return Err(Denied::NotSetUp);
        };
        let Some((token, _)) = self.owner_account_token().await? else { return Err(Denied::NoOwnerToken) };
        let client_id = &self.client_ids().await?.owner;
        let accounts = self.tv.guests(client_id, &token, &machine).await.map_err(|error| match error {
            Error::TokenRefused | Error::TokenExpired => Denied::OwnerTokenRefused,
            error => Denied::Away(recognise::plex_is_away(&error).0),
        })?;
        let mut guests = Vec::with_capacity(accounts.len());
        for account in accounts {
            let user = self.reader.user_by_plex_id(account.id).await?;
            guests.push(Guest { account, user });
        }
        Ok(guests)
    }

    /// Makes accounts for those of `wanted` whom plex.tv still names: a form says who, never what
    /// they are called.
    pub(super) async fn import(&self, by: Actor, wanted: &[PlexId]) -> Result<Imported, Denied> {
        let guests = self.guests().await?;
        let chosen: Vec<PlexAccount> = guests
            .into_iter()
            .map(|guest| guest.account)
            .filter(|account| wanted.contains(&account.id))
            .collect();
        let not_shared = wanted.len().saturating_sub(chosen.len());
        let new = self.writer.acting(by).import_plex_accounts(&chosen).await?;
        Ok(Imported { new, not_shared })
    }

    /// Asks plex.tv about one person; who is no member any more feels it at once.
    pub(super) async fn recheck(&self, user: UserId) -> Result<Membership, Denied> {
        let Some(token) = self.reader.plex_token(user).await? else { return Err(Denied::NoToken) };
        let (membership, opens) =
            recognise::membership(self, &token).await.map_err(|trouble| Denied::Away(trouble.0))?;
        let sessions = self.reader.sessions_of(user).await?;
        let before = self.writer.record_membership(user, membership, opens.as_ref()).await?;
        if membership != before {
            tracing::info!(user = %user, membership = membership.as_str(), "a membership of the Plex server changed");
        }
        if membership != Membership::Member {
            sessions.iter().for_each(|session| self.sessions.recheck(session.id));
        }
        Ok(membership)
    }

    /// Looks at those whose turn it is. plex.tv being away ends the round: the next one is soon.
    pub(super) async fn recheck_due(&self) -> Result<usize, Denied> {
        let due = self.reader.plex_memberships_before(Timestamp::now() - CHECKED_EVERY, ROUND).await?;
        for user in &due {
            match self.recheck(*user).await {
                Ok(_) | Err(Denied::NoToken) => {}
                Err(denied) => return Err(denied),
            }
        }
        Ok(due.len())
    }
}
