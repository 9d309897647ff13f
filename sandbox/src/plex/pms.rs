//! The media server.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;

use super::errands::Errand;
use super::stage::{Stage, State};
use super::tree::container;
use super::tv::VERSION;
use crate::server::{self, Handler, Request, Response};
use crate::world::Member;

mod collections;
mod edit;
mod hubs;
mod items;
mod media;
mod query;
mod search;
mod sections;
mod tags;

pub(super) fn handler(stage: &Arc<Stage>) -> Handler {
    let stage = stage.clone();
    Arc::new(move |request| {
        let answer = answer(&stage, request);
        Box::pin(async move { answer })
    })
}

/// A request of somebody whose token is good, with all that is needed to answer it.
struct Visit<'a> {
    stage: &'a Stage,
    state: &'a mut State,
    member: &'a Member,
    request: &'a Request,
}

/// `Err` is a refusal, whose page only depends on its status.
type Answer = Result<Response, StatusCode>;

fn answer(stage: &Arc<Stage>, request: Request) -> Response {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    // The one door that is open to everybody, so it proves nothing about a token.
    if path == ["identity"] {
        return container(
            &request,
            json!({ "size": 0, "claimed": true, "machineIdentifier": stage.world.machine_id, "version": VERSION }),
        );
    }
    let token = match request.header("x-plex-token") {
        "" => request.query.get("X-Plex-Token").cloned().unwrap_or_default(),
        token => token.to_owned(),
    };
    let mut state = stage.state();
    let Some(member) = state.accounts.at_server(&stage.world, &token) else {
        return refusal(StatusCode::UNAUTHORIZED);
    };
    if let [":", "websockets" | "websocket", "notifications"] | [":", "eventsource", "notifications"] =
        path[..]
    {
        drop(state);
        return live(stage, member, request, path[1] == "eventsource");
    }
    let mut visit = Visit { stage, state: &mut state, member, request: &request };
    route(&mut visit, &path).unwrap_or_else(refusal)
}

fn route(visit: &mut Visit<'_>, path: &[&str]) -> Answer {
    let get = visit.request.method == Method::GET;
    match (visit.request.method.as_str(), path) {
        ("GET", []) => Ok(about(visit)),
        ("GET", ["activities"]) => Ok(activities(visit)),
        ("GET", ["status", "sessions"]) => sessions(visit),
        ("GET", ["media", "providers"]) => Ok(sections::providers(visit)),

        ("GET", ["library"]) => visit.owner_only().map(|()| sections::root(visit)),
        ("GET", ["library", "sections"] | ["library", "sections", "all"]) => Ok(sections::list(visit)),
        ("GET", ["library", "onDeck"]) => hubs::on_deck(visit, None),
        ("GET", ["library", "recentlyAdded"]) => hubs::recently_added(visit, None),
        (_, ["library", "sections", id, rest @ ..]) => section(visit, id, rest),

        ("GET", ["library", "metadata", keys]) => items::show(visit, keys),
        ("PUT", ["library", "metadata", keys]) => edit::item(visit, keys),
        ("GET", ["library", "metadata", key, "children"]) => items::children(visit, key),
        ("GET", ["library", "metadata", key, "allLeaves"]) => items::all_leaves(visit, key),
        ("GET", ["library", "metadata", key, "related"]) => hubs::related(visit, key),
        ("GET", ["library", "metadata", key, "similar"]) => items::similar(visit, key),
        ("GET", ["library", "metadata", key, "thumb" | "art", _]) => media::picture(visit, key, path[3]),
        ("GET", ["library", "parts", key, _, _]) => media::part(visit, key),

        ("POST", ["library", "collections"]) => collections::create(visit),
        (_, ["library", "collections", key, rest @ ..]) => collections::one(visit, key, rest),

        ("GET", ["hubs"] | ["hubs", "promoted"]) => hubs::home(visit),
        ("GET", ["hubs", "continueWatching"]) => hubs::continue_watching(visit),
        ("GET", ["hubs", "search"]) => search::hubs(visit),
        ("GET", ["hubs", "sections", id]) => hubs::of_section(visit, id),

        ("GET", ["photo", ":", "transcode"]) => media::transcode(visit),
        ("GET" | "PUT", [":", "scrobble"]) => edit::watched(visit, true),
        ("GET" | "PUT", [":", "unscrobble"]) => edit::watched(visit, false),
        _ if get => Err(StatusCode::NOT_FOUND),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

fn section(visit: &mut Visit<'_>, id: &str, rest: &[&str]) -> Answer {
    visit.section(id)?;
    match (visit.request.method.as_str(), rest) {
        ("GET", []) => sections::one(visit, id),
        ("GET", ["all"]) => sections::all(visit, id),
        ("PUT", ["all"]) => edit::in_section(visit, id),
        ("GET" | "POST", ["refresh"]) => {
            visit.owner_only()?;
            let path = visit.request.query.get("path").cloned();
            visit.stage.later(Errand::Scan { section: id.to_owned(), path });
            Ok(done())
        }
        ("DELETE", ["refresh"]) => visit.owner_only().map(|()| done()),
        ("GET", ["recentlyAdded"]) => hubs::recently_added(visit, Some(id)),
        ("GET", ["onDeck"]) => hubs::on_deck(visit, Some(id)),
        ("GET", ["collections"]) => sections::collections(visit, id),
        ("GET", ["firstCharacter" | "firstCharacters"]) => tags::letters(visit, id),
        ("GET", ["firstCharacter", letter]) => sections::by_letter(visit, id, letter),
        ("DELETE", ["collection", key]) => collections::one(visit, key, &[]),
        ("GET", [tag]) => tags::list(visit, id, tag),
        _ => Err(StatusCode::NOT_FOUND),
    }
}

impl Visit<'_> {
    fn owner_only(&self) -> Result<(), StatusCode> {
        if self.member.is_owner() { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }

    /// A library that the visitor may see.
    fn section(&self, id: &str) -> Result<super::library::Section, StatusCode> {
        let found = self.state.library.section(id).filter(|section| self.member.may_see(&section.key));
        found.cloned().ok_or(StatusCode::NOT_FOUND)
    }

    fn item(&self, key: &str) -> Result<super::library::Item, StatusCode> {
        let found = key.parse().ok().and_then(|key| self.state.library.item_for(self.member, key));
        found.cloned().ok_or(StatusCode::NOT_FOUND)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.request.query.get(name).map(String::as_str)
    }

    fn says_yes(&self, name: &str) -> bool {
        matches!(self.query(name), Some("1" | "true"))
    }
}

/// The media server's errors are web pages; only the status counts.
fn refusal(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let page =
        format!("<html><head><title>{reason}</title></head><body><h1>{code} {reason}</h1></body></html>");
    server::reply(status, "text/html; charset=utf-8", page)
}

/// 200, and nothing to say.
fn done() -> Response {
    server::reply(StatusCode::OK, "text/html; charset=utf-8", "")
}

/// The owner's socket or event stream; whether shares get frames is unknown, so they get none.
fn live(stage: &Arc<Stage>, member: &Member, request: Request, is_stream: bool) -> Response {
    if !member.is_owner() {
        return refusal(StatusCode::FORBIDDEN);
    }
    if is_stream { super::live::event_source(stage, &request) } else { super::live::socket(stage, request) }
}

const CAN: [&str; 20] = [
    "allowChannelAccess",
    "allowMediaDeletion",
    "allowSharing",
    "allowSync",
    "backgroundProcessing",
    "certificate",
    "companionProxy",
    "eventStream",
    "hubSearch",
    "itemClusters",
    "mediaProviders",
    "multiuser",
    "sync",
    "transcoderAudio",
    "transcoderLyrics",
    "transcoderPhoto",
    "transcoderSubtitles",
    "transcoderVideo",
    "updater",
    "voiceSearch",
];
const CANNOT: [&str; 5] =
    ["allowCameraUpload", "allowTuners", "pluginHost", "pushNotifications", "readOnlyLibraries"];

fn about(visit: &Visit<'_>) -> Response {
    let world = &visit.stage.world;
    let parts =
        ["activities", "butler", "hubs", "identity", "library", "media", "photo", "playlists", "status"];
    let directory: Vec<_> =
        parts.iter().map(|name| json!({ "count": 1, "key": name, "title": name })).collect();
    let mut value = json!({
        "size": directory.len(), "friendlyName": world.server_name, "machineIdentifier": world.machine_id,
        "version": VERSION, "platform": "Linux", "platformVersion": "6.12", "myPlex": true,
        "myPlexMappingState": "mapped", "myPlexSigninState": "ok", "myPlexSubscription": false,
        "updatedAt": world.now, "countryCode": "zzz", "livetv": 7, "musicAnalysis": 2, "offlineTranscode": 1,
        "diagnostics": "logs,databases,streaminglogs", "streamingBrainABRVersion": 3,
        "streamingBrainVersion": 2, "transcoderActiveVideoSessions": 0,
        "transcoderVideoBitrates": "64,96,208,320,720,1500,2000,3000,4000,8000,10000,12000,20000",
        "transcoderVideoQualities": "0,1,2,3,4,5,6,7,8,9,10,11,12",
        "transcoderVideoResolutions": "128,128,160,240,320,480,768,720,720,1080,1080,1080,1080",
        "Directory": directory,
    });
    for able in CAN {
        value[able] = json!(true);
    }
    for unable in CANNOT {
        value[unable] = json!(false);
    }
    if visit.member.is_owner() {
        value["myPlexUsername"] = json!(visit.member.email);
        value["ownerFeatures"] = json!("collections,webhooks");
    }
    container(visit.request, value)
}

fn activities(visit: &Visit<'_>) -> Response {
    let running: Vec<_> = visit
        .state
        .library
        .sections
        .iter()
        .filter(|section| section.refreshing && visit.member.is_owner())
        .map(|section| super::live::activity(section, 50))
        .collect();
    container(visit.request, json!({ "size": running.len(), "Activity": running }))
}

fn sessions(visit: &Visit<'_>) -> Answer {
    visit.owner_only()?;
    let library = &visit.state.library;
    let playing: Vec<_> = library
        .playing
        .iter()
        .enumerate()
        .filter_map(|(nth, (slug, key))| {
            let member = visit.stage.world.member(slug)?;
            let mut item = items::brief(visit, library.items.get(key)?);
            item["sessionKey"] = json!((nth + 1).to_string());
            item["viewOffset"] = json!(item["duration"].as_i64().unwrap_or_default() / 3);
            item["User"] = json!({
                "id": member.plex_id.to_string(), "title": member.title,
                "thumb": super::tv::avatar(visit.stage, member),
            });
            item["Player"] = json!({
                "address": "192.168.7.31", "machineIdentifier": format!("{}-tv", member.uuid), "platform": "webOS",
                "product": "Plex for LG", "state": "playing", "title": "Living room", "version": "5.101.1",
                "local": true, "relayed": false, "secure": true, "userID": member.plex_id,
            });
            item["Session"] = json!({ "id": format!("s{key}"), "bandwidth": 5212, "location": "lan" });
            Some(item)
        })
        .collect();
    Ok(container(visit.request, json!({ "size": playing.len(), "Metadata": playing })))
}
