//! Who the demo's people are at the stand-in plex.tv.

use domain::Secret;
use domain::plex::{PlexAccount, PlexId};
use domain::user::User;
use sandbox::world::Member;
use store::PlexSignIn;

use crate::app::App;

/// Makes `user` this member of the household, as if they had signed in with Plex once: the library
/// is theirs to see, and what they asked for in Seerr is theirs here.
pub(super) async fn link(app: &App, user: &User, member: &Member) {
    let Some(server_token) = member.server_token.filter(|_| user.plex.is_none()) else { return };
    let account = PlexAccount::new(PlexId(member.plex_id), &[Some(member.username)], Some(member.email));
    let (token, server_token) = (Secret::new(member.account_token), Secret::new(server_token));
    let sign_in = PlexSignIn {
        account: &account,
        token: &token,
        server_token: &server_token,
        owns_server: member.is_owner(),
    };
    if let Err(error) = app.writer.link_plex(user.id, &sign_in).await {
        tracing::warn!(%error, "{} has no Plex account in this demo", user.username);
    }
}
