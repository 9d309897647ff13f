//! What the media server does after it has answered: scans and open sockets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use tokio::sync::broadcast::Receiver;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::library::{File, Item, Kind, Section};
use super::stage::Stage;
use super::{clip, live};
use crate::art::{Kind as Art, Picture};
use crate::world::scramble;

const ENDINGS: [&str; 7] = ["mp4", "mkv", "webm", "mov", "m4v", "avi", "ts"];
/// Folders within folders, so deep.
const DEEPEST: usize = 8;

pub(super) enum Errand {
    Scan { section: String, path: Option<String> },
    Socket { upgrade: OnUpgrade, frames: Receiver<String>, filters: Option<Vec<String>> },
}

pub(super) async fn run(stage: Arc<Stage>, mut inbox: mpsc::UnboundedReceiver<Errand>) {
    // What is there when the server starts has always been there.
    find(&stage, "3", None);
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            errand = inbox.recv() => match errand {
                Some(Errand::Scan { section, path }) => {
                    running.spawn(scan(stage.clone(), section, path));
                }
                Some(Errand::Socket { upgrade, frames, filters }) => {
                    running.spawn(live::serve(upgrade, frames, filters));
                }
                None => return,
            },
            Some(_) = running.join_next() => {}
        }
    }
}

async fn scan(stage: Arc<Stage>, key: String, path: Option<String>) {
    let half = stage.options.scan / 2;
    let Some(section) = refreshing(&stage, &key, true) else { return };
    live::scanning(&stage, &section, "started", 0);
    tokio::time::sleep(half).await;
    live::scanning(&stage, &section, "updated", 50);
    let (new, gone) = find(&stage, &key, path.as_deref());
    for item in &gone {
        let entry = live::Entry { section: &key, key: item.key, kind: item.kind, title: &item.title };
        live::timeline(&stage, &entry, 9, "deleted");
    }
    // A real server says a lot about each new item; the last word is the state that counts.
    for (progress, item) in (51..).zip(&new) {
        let entry = live::Entry { section: &key, key: item.key, kind: item.kind, title: &item.title };
        for (state, word) in [(0, "created"), (1, "queued"), (3, "loading"), (4, "loading")] {
            live::timeline(&stage, &entry, state, word);
            live::scanning(&stage, &section, "updated", std::cmp::min(progress, 99));
        }
    }
    tokio::time::sleep(half).await;
    for item in &new {
        let entry = live::Entry { section: &key, key: item.key, kind: item.kind, title: &item.title };
        live::timeline(&stage, &entry, stage.options.last_state, "created");
    }
    refreshing(&stage, &key, false);
    live::scanning(&stage, &section, "ended", 100);
    live::scanned(&stage);
}

fn refreshing(stage: &Stage, key: &str, yes: bool) -> Option<Section> {
    let mut state = stage.state();
    let section = state.library.sections.iter_mut().find(|section| section.key == key)?;
    section.refreshing = yes;
    Some(section.clone())
}

/// Compares a folder with the library: what is new in it, and what has gone.
fn find(stage: &Stage, key: &str, path: Option<&str>) -> (Vec<Item>, Vec<Item>) {
    let nothing = (Vec::new(), Vec::new());
    let Some(section) = stage.state().library.section(key).cloned() else { return nothing };
    let Some(folder) = section.folder.clone().filter(|_| section.is_videos()) else { return nothing };
    let below = match path {
        None => folder.clone(),
        // Not below this library, or no folder: the scan finds nothing, and says nothing.
        Some(path) => match real_path(&section, &folder, path).filter(|path| path.is_dir()) {
            Some(below) => below,
            None => return nothing,
        },
    };
    let mut files = BTreeMap::new();
    collect(&below, DEEPEST, &mut files);
    let now = domain::Timestamp::now().as_millis() / 1000;
    let mut state = stage.state();
    let known: Vec<(u64, PathBuf)> = state
        .library
        .items
        .values()
        .filter(|item| item.section == key)
        .filter_map(|item| Some((item.key, item.file.as_ref()?.real.clone()?)))
        .filter(|(_, real)| real.starts_with(&below))
        .collect();
    let mut gone = Vec::new();
    for (item, real) in known {
        if files.remove(&real).is_none() {
            gone.extend(state.library.forget(item));
        }
    }
    let mut new = Vec::new();
    for (real, size) in files {
        let item = video(state.library.new_key(), &section, &folder, real, size, now);
        state.library.put(item.clone());
        new.push(item);
    }
    if !(new.is_empty() && gone.is_empty()) {
        state.library.touch(key, now);
    }
    (new, gone)
}

/// From the media server's path to the real one.
fn real_path(section: &Section, folder: &Path, shown: &str) -> Option<PathBuf> {
    let rest = shown.strip_prefix(section.location.trim_end_matches('/'))?;
    let inside = rest.is_empty() || rest.starts_with('/');
    (inside && !rest.split('/').any(|part| part == "..")).then(|| folder.join(rest.trim_start_matches('/')))
}

fn collect(folder: &Path, depth: usize, files: &mut BTreeMap<PathBuf, u64>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        // Hidden files are somebody's unfinished business.
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let Ok(about) = entry.metadata() else { continue };
        if is_hidden {
        } else if about.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if about.is_file() && is_video(&path) {
            files.insert(path, about.len());
        }
    }
}

fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Without an agent there is only what the file says: its name is the title.
fn video(key: u64, section: &Section, folder: &Path, real: PathBuf, size: u64, now: i64) -> Item {
    let inside = real.strip_prefix(folder).unwrap_or(&real).display().to_string();
    let shown = format!("{}/{inside}", section.location.trim_end_matches('/'));
    let title = real.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // What is no film, as in most tests, gets a length all the same.
    let duration = clip::duration(&real).unwrap_or(212_000);
    let seed = shown.bytes().fold(17, |seed, byte| scramble(seed ^ u64::from(byte)));
    Item {
        key,
        section: section.key.clone(),
        kind: Kind::Movie,
        sort_title: crate::world::sort_title(&title).to_owned(),
        title,
        summary: String::new(),
        tagline: "",
        guid: format!(
            "com.plexapp.agents.none://{:016x}{:016x}{:08x}?lang=xn",
            seed,
            scramble(seed),
            scramble(seed ^ 9) >> 32
        ),
        guids: Vec::new(),
        year: None,
        released: String::new(),
        duration,
        rating: None,
        certificate: "",
        studio: "",
        genres: &[],
        cast: Vec::new(),
        director: None,
        added: now,
        updated: now,
        parent: None,
        index: 0,
        thumb: Picture { kind: Art::Still, seed, title: None },
        art: Picture { kind: Art::Backdrop, seed, title: None },
        file: Some(File { shown, real: Some(real), size, uhd: false }),
        locked: Vec::new(),
    }
}
