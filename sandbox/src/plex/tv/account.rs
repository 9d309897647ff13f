//! The account of a token, and the servers it may use.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::stage::Stage;
use super::super::tree;
use super::{ok, parameter, signed_in, unauthorised};
use crate::server::{self, Request, Response};
use crate::world::{Member, Relation};

/// What the media server says it is.
pub(in super::super) const VERSION: &str = "1.43.2.10612-4b7f2e1c9";

/// Keeps a token alive. Whoever sends a dead one is told so; without one there is nothing to refuse.
pub(super) fn ping(stage: &Stage, request: &Request) -> Response {
    let has_token = parameter(request, "X-Plex-Token").is_some();
    if has_token && signed_in(stage, request).is_none() {
        return unauthorised(request);
    }
    if tree::wants_json(request) {
        return server::json(&json!({ "pong": true }));
    }
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pong>true</pong>\n";
    server::reply(StatusCode::OK, "application/xml; charset=utf-8", body)
}

pub(super) fn user(stage: &Stage, request: &Request) -> Response {
    let Some((member, token)) = signed_in(stage, request) else { return unauthorised(request) };
    let is_managed = member.relation == Relation::Managed;
    let value = json!({
        "id": member.plex_id,
        "uuid": member.uuid,
        "username": member.username,
        "title": member.title,
        "email": member.email,
        "friendlyName": if is_managed { "" } else { member.title },
        "locale": null,
        "confirmed": !is_managed,
        "joinedAt": stage.world.now - 90_000_000,
        "emailOnlyAuth": false,
        "hasPassword": !is_managed,
        "protected": false,
        "thumb": avatar(stage, member),
        "authToken": token,
        "mailingListStatus": null,
        "mailingListActive": false,
        "scrobbleTypes": "",
        "country": "ZZ",
        "pin": "",
        "restricted": is_managed,
        "anonymous": null,
        "home": is_managed || member.is_owner(),
        "guest": false,
        "homeSize": if is_managed || member.is_owner() { 2 } else { 1 },
        "homeAdmin": member.is_owner(),
        "maxHomeSize": 15,
        "rememberExpiresAt": stage.world.now + 10_000_000,
        "twoFactorEnabled": false,
        "backupCodesCreated": false,
        "subscriptionDescription": null,
        "subscription": {
            "active": false, "subscribedAt": null, "status": "Inactive", "paymentService": null, "plan": null,
            "features": ["collections", "webhooks"],
        },
        "profile": {
            "autoSelectAudio": true, "defaultAudioLanguage": "en", "defaultSubtitleLanguage": "en",
            "autoSelectSubtitle": 0, "defaultSubtitleAccessibility": 0, "defaultSubtitleForced": 0,
        },
        "entitlements": [], "roles": [], "services": [],
    });
    ok(request, "user", &value)
}

pub(in super::super) fn avatar(stage: &Stage, member: &Member) -> String {
    format!("{}/users/{}/avatar?c={}", stage.addresses().tv_url(), member.uuid, stage.world.now)
}

/// The servers that the token's account may use, each with the token that opens it.
pub(super) fn resources(stage: &Stage, request: &Request) -> Response {
    let Some((member, token)) = signed_in(stage, request) else { return unauthorised(request) };
    let shares = stage.state().accounts.shares(member);
    let mut list: Vec<Value> = shares.then(|| server(stage, member, &token)).into_iter().collect();
    // Everybody has players, and a client must not take them for servers.
    list.push(json!({
        "name": format!("{}'s phone", member.title), "product": "Plex for Android", "productVersion": "10.4.1",
        "platform": "Android", "platformVersion": "15", "device": "Phone",
        "clientIdentifier": format!("{}-phone", member.uuid), "createdAt": "2025-03-02T10:00:00Z",
        "lastSeenAt": "2026-10-30T19:30:00Z", "provides": "client,player", "ownerId": null, "sourceTitle": null,
        "publicAddress": "203.0.113.9", "accessToken": null, "owned": true, "home": false, "synced": false,
        "relay": false, "presence": false, "httpsRequired": false, "publicAddressMatches": true,
        "dnsRebindingProtection": false, "natLoopbackSupported": false, "connections": [],
    }));
    ok(request, "resources", &json!(list))
}

fn server(stage: &Stage, member: &Member, token: &str) -> Value {
    let owner = stage.world.owner();
    let owned = member.is_owner();
    let addr = stage.addresses().pms;
    json!({
        "name": stage.world.server_name,
        "product": "Plex Media Server",
        "productVersion": VERSION,
        "platform": "Linux",
        "platformVersion": "6.12",
        "device": "Docker Container",
        "clientIdentifier": stage.world.machine_id,
        "createdAt": "2024-07-29T21:50:32Z",
        "lastSeenAt": "2026-11-22T15:37:12Z",
        "provides": "server",
        "ownerId": (!owned).then_some(owner.plex_id),
        "sourceTitle": (!owned).then_some(owner.username),
        "publicAddress": "203.0.113.7",
        "accessToken": if owned { Some(token) } else { member.server_token },
        "owned": owned,
        "home": member.relation == Relation::Managed,
        "synced": false,
        "relay": true,
        "presence": true,
        "httpsRequired": false,
        "publicAddressMatches": true,
        "dnsRebindingProtection": false,
        "natLoopbackSupported": false,
        // Others than the owner are not told which address is the local one.
        "connections": [{
            "protocol": "http", "address": addr.ip().to_string(), "port": addr.port(),
            "uri": format!("http://{addr}"), "local": owned, "relay": false, "IPv6": false,
        }],
    })
}

pub(super) fn sign_out(stage: &Stage, request: &Request) -> Response {
    let Some((_, token)) = signed_in(stage, request) else { return unauthorised(request) };
    stage.state().accounts.sign_out(&token);
    server::text(StatusCode::NO_CONTENT, "")
}
