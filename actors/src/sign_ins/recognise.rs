//! Who approved a PIN, and may they come in?
//!
//! The person's own token says which servers are shared with them. (The owner's list of friends is
//! only as good as the owner's token, and has kept out many who were welcome.)

use domain::plex::{Membership, PinPurpose, PinRefusal};
use domain::{Secret, UserId};
use integrations::plex_tv::{Error, SharedServer, Who};
use store::{Conflict, PlexSignIn};

use super::Parts;
use crate::sign_in::Trouble;

/// What plex.tv says of whoever has a token.
struct Seen {
    who: Who,
    /// The house's server, when it is theirs or shared with them.
    server: Option<SharedServer>,
    has_other_servers: bool,
}

/// Who comes in with `token`, or why nobody does.
///
/// # Errors
/// It could not be found out now.
pub(super) async fn recognise(
    parts: &Parts,
    purpose: PinPurpose,
    token: &Secret,
) -> Result<Result<UserId, PinRefusal>, Trouble> {
    let Some(machine) = parts.machine().await? else { return Ok(Err(PinRefusal::NotSetUp)) };
    let seen = match look(parts, purpose, token, &machine).await {
        Ok(seen) => seen,
        Err(LookFailed::TokenRefused) => return Ok(Err(PinRefusal::TokenRefused)),
        Err(LookFailed::Later(trouble)) => return Err(trouble),
    };
    let Some((server, server_token)) =
        seen.server.as_ref().and_then(|server| Some((server, server.token.as_ref()?)))
    else {
        let other = seen.has_other_servers && seen.server.is_none();
        return Ok(Err(if other { PinRefusal::WrongServer } else { PinRefusal::NoShare }));
    };
    let new = PlexSignIn { account: &seen.who.account, token, server_token, owns_server: server.is_owned };
    match purpose {
        PinPurpose::SignIn => {
            let user = parts.writer.sign_in_with_plex(&new).await.map_err(|error| store_is_away(&error))?;
            Ok(if user.enabled { Ok(user.id) } else { Err(PinRefusal::Disabled) })
        }
        PinPurpose::Link(user) => match parts.writer.link_plex(user, &new).await {
            Ok(()) => Ok(Ok(user)),
            Err(store::Error::Conflict(Conflict::PlexAccountTaken)) => Ok(Err(PinRefusal::Taken)),
            Err(store::Error::Conflict(Conflict::HasPlexAccount)) => Ok(Err(PinRefusal::AlreadyLinked)),
            Err(error) => Err(store_is_away(&error)),
        },
        PinPurpose::Server(_) if !server.is_owned => Ok(Err(PinRefusal::NotOwner)),
        PinPurpose::Server(admin) => {
            parts.keep_owner_token(admin, token, server_token).await?;
            Ok(Ok(admin))
        }
    }
}

/// Somebody approved a PIN that its browser gave up: if we know them, the token that we keep may
/// be dead by now. A stranger leaves no trace.
pub(super) async fn keep_token(parts: &Parts, purpose: PinPurpose, token: &Secret) -> Result<(), Trouble> {
    let Some(machine) = parts.machine().await? else { return Ok(()) };
    let seen = match look(parts, purpose, token, &machine).await {
        Ok(seen) => seen,
        Err(LookFailed::TokenRefused) => return Ok(()),
        Err(LookFailed::Later(trouble)) => return Err(trouble),
    };
    let Some((server, server_token)) =
        seen.server.as_ref().and_then(|server| Some((server, server.token.as_ref()?)))
    else {
        return Ok(());
    };
    let new = PlexSignIn { account: &seen.who.account, token, server_token, owns_server: server.is_owned };
    match purpose {
        PinPurpose::Server(admin) if server.is_owned && parts.has_owner_token().await => {
            parts.keep_owner_token(admin, token, server_token).await
        }
        PinPurpose::Server(_) => Ok(()),
        PinPurpose::SignIn | PinPurpose::Link(_) => {
            let renewed = parts.writer.renew_plex_tokens(&new).await;
            renewed.map(drop).map_err(|error| store_is_away(&error))
        }
    }
}

/// Whether somebody who was here before may still use the server, and what opens it now.
pub(super) async fn membership(
    parts: &Parts,
    token: &Secret,
) -> Result<(Membership, Option<Secret>), Trouble> {
    let Some(machine) = parts.machine().await? else {
        return Err(Trouble("No Plex server is set up.".to_owned()));
    };
    let client_id = &parts.client_ids().await.map_err(|error| store_is_away(&error))?.people;
    match parts.tv.patient().servers(client_id, token).await {
        Ok(servers) => {
            let ours = servers.into_iter().find(|server| server.machine == machine);
            let opens = ours.and_then(|server| server.token);
            let membership = if opens.is_some() { Membership::Member } else { Membership::NotShared };
            Ok((membership, opens))
        }
        Err(Error::TokenRefused) => Ok((Membership::SignInAgain, None)),
        Err(error) => Err(plex_is_away(&error)),
    }
}

enum LookFailed {
    TokenRefused,
    Later(Trouble),
}

async fn look(parts: &Parts, purpose: PinPurpose, token: &Secret, machine: &str) -> Result<Seen, LookFailed> {
    let client_id =
        parts.client_id(purpose).await.map_err(|error| LookFailed::Later(store_is_away(&error)))?;
    let failed = |error: Error| match error {
        Error::TokenRefused => LookFailed::TokenRefused,
        error => LookFailed::Later(plex_is_away(&error)),
    };
    let who = parts.tv.user(client_id, token).await.map_err(failed)?;
    let servers = parts.tv.servers(client_id, token).await.map_err(failed)?;
    let has_other_servers = servers.iter().any(|server| server.machine != machine);
    let server = servers.into_iter().find(|server| server.machine == machine);
    Ok(Seen { who, server, has_other_servers })
}

/// In words for a person; the log has the reason.
pub(super) fn plex_is_away(error: &Error) -> Trouble {
    tracing::info!(%error, "plex.tv did not say who somebody is");
    Trouble("Plex does not answer right now. We keep asking.".to_owned())
}

pub(super) fn store_is_away(error: &store::Error) -> Trouble {
    tracing::warn!(%error, "could not keep what plex.tv said");
    Trouble("The portal cannot save right now. We keep trying.".to_owned())
}
