//! With whom the owner shares the server.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::stage::Stage;
use super::super::tree;
use super::account::avatar;
use super::{ok, signed_in, unauthorised};
use crate::server::{Request, Response};
use crate::world::{Member, Relation};

/// Who shares the server, but its owner.
fn shared_with<'s>(stage: &'s Stage, member: &Member) -> Vec<&'s Member> {
    if !member.is_owner() {
        return Vec::new();
    }
    let state = stage.state();
    stage.world.members.iter().filter(|other| !other.is_owner() && state.accounts.shares(other)).collect()
}

/// `/api/users`: the old list, in XML for everybody.
pub(super) fn users(stage: &Stage, request: &Request) -> Response {
    let Some((member, _)) = signed_in(stage, request) else { return unauthorised(request) };
    let users: Vec<Value> = shared_with(stage, member)
        .into_iter()
        .map(|friend| {
            json!({
                "id": friend.plex_id, "title": friend.title, "username": friend.username, "email": friend.email,
                "recommendationsPlaylistId": "", "thumb": avatar(stage, friend), "protected": false,
                "home": friend.relation == Relation::Managed, "allowTuners": 0, "allowSync": 0,
                "allowCameraUpload": 0, "allowChannels": 0, "allowSubtitleAdmin": 0, "filterAll": "",
                "filterMovies": "", "filterMusic": "", "filterPhotos": "", "filterTelevision": "",
                "restricted": friend.relation == Relation::Managed,
                "Server": [{
                    "id": friend.plex_id + 7_000_000, "serverId": 55, "machineIdentifier": stage.world.machine_id,
                    "name": stage.world.server_name, "lastSeenAt": stage.world.now,
                    "numLibraries": friend.libraries.len(), "allLibraries": friend.libraries.len() == 3,
                    "owned": true, "pending": false,
                }],
            })
        })
        .collect();
    let value = json!({
        "friendlyName": "myPlex", "identifier": "com.plexapp.plugins.myplex", "machineIdentifier": "myplex",
        "totalSize": users.len(), "size": users.len(), "User": users,
    });
    tree::xml_document(StatusCode::OK, "MediaContainer", &value)
}

/// `/api/v2/shared_servers/owned/accepted`: the new list.
pub(super) fn owned(stage: &Stage, request: &Request) -> Response {
    let Some((member, _)) = signed_in(stage, request) else { return unauthorised(request) };
    let settings = json!({
        "allowChannels": true, "filterMovies": "", "filterMusic": "", "filterPhotos": null, "filterTelevision": "",
        "filterAll": null, "allowSync": true, "allowCameraUpload": false, "allowSubtitleAdmin": true, "allowTuners": 0,
    });
    let shares: Vec<Value> = shared_with(stage, member)
        .into_iter()
        .map(|friend| {
            json!({
                "id": friend.plex_id + 7_000_000,
                "name": stage.world.server_name,
                "ownerId": member.plex_id,
                "invitedId": friend.plex_id,
                "invitedEmail": null,
                "serverId": 55,
                "accepted": true,
                "acceptedAt": "2025-01-11T01:11:31Z",
                "deletedAt": null,
                "leftAt": null,
                "owned": true,
                "inviteToken": null,
                "machineIdentifier": stage.world.machine_id,
                "lastSeenAt": "2026-11-21T19:00:00Z",
                "numLibraries": friend.libraries.len(),
                "invited": {
                    "id": friend.plex_id, "uuid": friend.uuid, "title": friend.title, "username": friend.username,
                    "restricted": friend.relation == Relation::Managed, "friendlyName": null,
                    "thumb": avatar(stage, friend), "email": friend.email,
                    "home": friend.relation == Relation::Managed, "status": "accepted", "sharingSettings": settings,
                },
                "sharingSettings": settings,
                "libraries": libraries(stage, friend),
                "allLibraries": friend.libraries.len() == 3,
            })
        })
        .collect();
    ok(request, "sharedServers", &json!(shares))
}

/// plex.tv has ids of its own for libraries; `key` is the media server's.
fn libraries(stage: &Stage, friend: &Member) -> Vec<Value> {
    let state = stage.state();
    let seen = state.library.sections.iter().filter(|section| friend.may_see(&section.key));
    seen.map(|section| {
        let key: i64 = section.key.parse().unwrap_or_default();
        json!({ "id": 108_700_000 + key, "key": key, "title": section.title, "type": section.kind.name() })
    })
    .collect()
}
