//! What is counted by looking rather than as it happens: the process, the tree, the services,
//! the downloads. Labels are kinds and slugs, never people and never addresses.

use std::collections::BTreeMap;
use std::fs;

use actors::runtime::ActorState;
use domain::service::ServiceStatus;
use metrics::gauge;

use crate::app::App;

/// Looks at everything, for a scrape that is about to be answered.
pub async fn refresh(app: &App) {
    gauge!("medianest_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    process();
    tree(app);
    services(app);
    downloads(app).await;
    gauge!("medianest_sessions_active").set(app.sessions.count() as f64);
    let redis_up = f64::from(u8::from(app.ephemeral.is_well()));
    if app.ephemeral.is_shared() {
        gauge!("medianest_redis_up").set(redis_up);
    }
    gauge!("medianest_ready").set(f64::from(u8::from(app.readiness.is_ready(app).await)));
}

fn process() {
    let page = rustix::param::page_size() as f64;
    if let Ok(text) = fs::read_to_string("/proc/self/statm")
        && let Some(pages) = text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok())
    {
        gauge!("process_resident_memory_bytes").set(pages * page);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(files.count() as f64);
    }
    if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        gauge!("process_max_fds").set(most as f64);
    }
    // Fields 14 and 15, counted after the name, which may hold blanks: clock ticks of our own.
    if let Ok(text) = fs::read_to_string("/proc/self/stat")
        && let Some((_, rest)) = text.rsplit_once(") ")
    {
        let ticks: f64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        gauge!("process_cpu_seconds_total").set(ticks / rustix::param::clock_ticks_per_second() as f64);
    }
}

#[derive(Default)]
struct Kind {
    alive: u32,
    stuck: u32,
    failed: u32,
    restarts: u32,
    waiting: usize,
    longest: usize,
    refused: u32,
}

fn tree(app: &App) {
    let mut kinds: BTreeMap<&'static str, Kind> = BTreeMap::new();
    for actor in app.system.snapshots() {
        let kind = kinds.entry(actor.kind).or_default();
        let is_gone = matches!(actor.state, ActorState::Stopped | ActorState::Ghost | ActorState::Failed);
        kind.alive += u32::from(!is_gone);
        kind.stuck += u32::from(actor.state == ActorState::Stuck);
        kind.failed += u32::from(actor.state == ActorState::Failed);
        kind.restarts += actor.restarts;
        kind.refused += actor.refused;
        kind.waiting += actor.mailbox;
        kind.longest = kind.longest.max(actor.mailbox);
    }
    for (name, kind) in kinds {
        gauge!("medianest_actors", "kind" => name).set(kind.alive);
        gauge!("medianest_actors_stuck", "kind" => name).set(kind.stuck);
        gauge!("medianest_actors_failed", "kind" => name).set(kind.failed);
        gauge!("medianest_actor_restarts_total", "kind" => name).set(kind.restarts);
        gauge!("medianest_actor_messages_dropped_total", "kind" => name).set(kind.refused);
        gauge!("medianest_actor_mailbox_depth", "kind" => name).set(kind.waiting as f64);
        gauge!("medianest_actor_mailbox_longest", "kind" => name).set(kind.longest as f64);
    }
}

fn services(app: &App) {
    for tile in app.services.board().tiles() {
        let name = tile.service.name.to_string();
        let up = tile.service.status == ServiceStatus::Up && !tile.is_stale();
        gauge!("medianest_service_up", "service" => name.clone()).set(f64::from(u8::from(up)));
        if let Some(beat) = tile.latest() {
            let age = beat.at.age().as_secs_f64();
            gauge!("medianest_monitor_last_beat_age_seconds", "service" => name.clone()).set(age);
        }
        for (window, share) in [("24h", tile.uptime_day), ("30d", tile.uptime_month)] {
            if let Some(share) = share {
                gauge!(
                    "medianest_service_availability_ratio", "service" => name.clone(), "window" => window
                )
                .set(share);
            }
        }
    }
}

async fn downloads(app: &App) {
    let slots = app.downloads.board.slots();
    gauge!("medianest_download_slots_used").set(slots.used);
    gauge!("medianest_download_slots").set(slots.total);
    if let Some(room) = app.downloads.board.room() {
        gauge!("medianest_disk_free_bytes", "volume" => "downloads").set(room.space.free as f64);
        gauge!("medianest_disk_reserved_bytes", "volume" => "downloads").set(room.reserve as f64);
    }
    // A store that does not answer shows as not ready; the other numbers are still worth having.
    if let Ok(active) = app.reader.active_downloads(None).await {
        let mut states: BTreeMap<&'static str, u32> = BTreeMap::from([("queued", 0), ("running", 0)]);
        for download in active {
            *states.entry(download.status.as_str()).or_default() += 1;
        }
        for (state, count) in states {
            gauge!("medianest_jobs", "queue" => "downloads", "state" => state).set(count);
        }
    }
    if let Ok(pending) = app.reader.outbox_pending(1000).await {
        gauge!("medianest_outbox_pending").set(pending.len() as f64);
    }
}
