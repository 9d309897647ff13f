//! The token of the server's owner, with which the portal itself asks: kept, and looked after.
//!
//! A token dies quietly (a new password, too many devices), and then shares are not seen any more
//! while films still play. So it is looked at, and an admin sees what came of it.

use std::sync::PoisonError;

use domain::{Secret, Timestamp, UserId};
use integrations::plex_tv::Error;
use serde::{Deserialize, Serialize};
use store::ServicePatch;

use super::{Denied, Parts, recognise};
use crate::sign_in::Trouble;

/// The account token, encrypted. The server's own key is with the service.
const TOKEN: &str = "plex_owner_token";
/// What was last seen of it, as JSON.
const HEALTH: &str = "plex_owner_health";

/// What is known of the owner's token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerToken {
    /// Whose it is, once plex.tv has said so.
    pub account: Option<String>,
    pub has_plex_pass: bool,
    /// It came by a PIN, so that it is for plex.tv too. A key that was typed may be for the server only.
    pub is_connected: bool,
    pub health: TokenHealth,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum TokenHealth {
    /// There is none, or nobody looked yet.
    #[default]
    None,
    Valid {
        at: Timestamp,
    },
    /// plex.tv does not accept it.
    Refused {
        since: Timestamp,
    },
    /// plex.tv does not say.
    Unknown {
        since: Timestamp,
        last_valid: Option<Timestamp>,
    },
}

impl TokenHealth {
    fn last_valid(&self) -> Option<Timestamp> {
        match self {
            TokenHealth::Valid { at } => Some(*at),
            TokenHealth::Unknown { last_valid, .. } => *last_valid,
            TokenHealth::None | TokenHealth::Refused { .. } => None,
        }
    }
}

impl Parts {
    /// The owner approved it: keeps the account token, and gives the server's key to the service.
    pub(super) async fn keep_owner_token(
        &self,
        admin: UserId,
        token: &Secret,
        server_token: &Secret,
    ) -> Result<(), Trouble> {
        let failed = |error: store::Error| recognise::store_is_away(&error);
        self.writer.set_secret_setting(TOKEN, Some(token)).await.map_err(failed)?;
        let Some(service) = self.plex_service() else { return Ok(()) };
        let by = store::Actor { user: Some(admin), ..store::Actor::default() };
        let patch = ServicePatch { api_key: Some(Some(server_token.clone())), ..ServicePatch::default() };
        self.services.update(by, &service.name, patch).await.map_err(|denied| {
            tracing::warn!(%denied, "could not give the Plex service its key");
            Trouble("The portal cannot save right now. We keep trying.".to_owned())
        })?;
        let _ = self.reception().tell(super::reception::Message::CheckOwner);
        Ok(())
    }

    pub(super) async fn has_owner_token(&self) -> bool {
        matches!(self.reader.setting(TOKEN).await, Ok(Some(_)))
    }

    /// The token with which plex.tv is asked for the owner, and whether it came by a PIN.
    pub(super) async fn owner_account_token(&self) -> Result<Option<(Secret, bool)>, store::Error> {
        match self.reader.secret_setting(TOKEN).await {
            Ok(Some(token)) => return Ok(Some((token, true))),
            Ok(None) => {}
            // As good as none: it was encrypted with another key.
            Err(store::Error::Unreadable(_)) => tracing::warn!("the owner's token for Plex is unreadable"),
            Err(error) => return Err(error),
        }
        let Some(service) = self.plex_service() else { return Ok(None) };
        Ok(self.reader.service_secret(&service.name).await?.map(|token| (token, false)))
    }

    /// What was known before the portal was started.
    pub(super) async fn recall_owner(&self) {
        let known = self.reader.setting(HEALTH).await.ok().flatten();
        if let Some(known) = known.and_then(|json| serde_json::from_str(&json).ok()) {
            *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
    }

    /// Asks plex.tv about the owner's token, and remembers what it says.
    pub(super) async fn check_owner(&self) -> Result<(), Denied> {
        let before = self.owner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = Timestamp::now();
        let after = match self.owner_account_token().await? {
            None => OwnerToken::default(),
            Some((token, is_connected)) => {
                let client_id = &self.client_ids().await?.owner;
                match self.tv.patient().user(client_id, &token).await {
                    Ok(who) => OwnerToken {
                        account: Some(who.account.name),
                        has_plex_pass: who.has_plex_pass,
                        is_connected,
                        health: TokenHealth::Valid { at: now },
                    },
                    Err(Error::TokenRefused | Error::TokenExpired) => {
                        let since = match before.health {
                            TokenHealth::Refused { since } => since,
                            _ => now,
                        };
                        OwnerToken { is_connected, health: TokenHealth::Refused { since }, ..before.clone() }
                    }
                    Err(error) => {
                        tracing::info!(%error, "plex.tv does not say whether the owner's token is good");
                        let since = match before.health {
                            TokenHealth::Unknown { since, .. } => since,
                            // What was refused stays refused until plex.tv says otherwise.
                            TokenHealth::Refused { .. } => return Ok(()),
                            _ => now,
                        };
                        let last_valid = before.health.last_valid();
                        let health = TokenHealth::Unknown { since, last_valid };
                        OwnerToken { is_connected, health, ..before.clone() }
                    }
                }
            }
        };
        if matches!(after.health, TokenHealth::Refused { .. }) && before.health != after.health {
            tracing::warn!("Plex does not accept the owner's token any more; connect Plex again");
        }
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = after.clone();
        let json = serde_json::to_string(&after).expect("plain data serialises");
        self.writer.set_setting(HEALTH, &json).await?;
        Ok(())
    }
}
