//! A yt-dlp that follows a script.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::downloads::launch::{Launch, Run};
use domain::Secret;
use domain::address::UserUrl;
use domain::download::{Failure, Progress};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use integrations::process::ProcessGroup;
use integrations::ytdlp::{Exit, FinishedItem, JobEvent, JobSpec, Probe, ProbeKind};

/// One thing that the scripted yt-dlp does.
#[derive(Debug, Clone)]
pub enum Act {
    Playlist(&'static str, u32),
    /// Writes so many bytes into the partial file and tells of them.
    Bytes(u64),
    /// An item is complete: its position, its title, and what is in its file.
    Done(u32, &'static str, &'static str),
    ItemFailed(u32, Failure),
    Fail(Failure),
    /// Says and does nothing until somebody ends it.
    Hang,
    /// Says it is over, however it went.
    End,
}

pub fn failure(code: &str, retryable: bool) -> Failure {
    Failure { code: code.to_owned(), message: format!("It failed: {code}."), retryable, detail: None }
}

/// All yt-dlps of a test.
#[derive(Default)]
pub struct Script {
    /// What the runs of a link do, one list for each run; the last is repeated.
    plays: Mutex<HashMap<String, VecDeque<Vec<Act>>>>,
    started: Mutex<Vec<Started>>,
    alive: Arc<Mutex<HashSet<u32>>>,
    pids: AtomicU32,
    pub unavailable: Mutex<Option<String>>,
    ended: Mutex<Vec<u32>>,
}

/// A run that was started.
#[derive(Debug, Clone)]
pub struct Started {
    pub spec: JobSpec,
    pub pid: u32,
    /// Bytes of a partial file that it found.
    pub found: u64,
}

impl Script {
    pub fn on(&self, url: &str, plays: Vec<Vec<Act>>) {
        self.plays.lock().unwrap().insert(url.to_owned(), plays.into());
    }

    pub fn started(&self) -> Vec<Started> {
        self.started.lock().unwrap().clone()
    }

    /// The pids of runs that nobody has ended, in order.
    pub fn alive(&self) -> Vec<u32> {
        let mut pids: Vec<_> = self.alive.lock().unwrap().iter().copied().collect();
        pids.sort_unstable();
        pids
    }

    /// Recorded groups that were ended at a takeover.
    pub fn ended(&self) -> Vec<u32> {
        self.ended.lock().unwrap().clone()
    }

    fn play(&self, spec: JobSpec) -> Result<Box<dyn Run>, Failure> {
        let acts = {
            let mut plays = self.plays.lock().unwrap();
            let plays = plays.get_mut(spec.url.as_str()).expect("the test wrote a script for this link");
            if plays.len() > 1 { plays.pop_front() } else { plays.front().cloned() }
        };
        let pid = 1_000_000 + self.pids.fetch_add(1, Ordering::Relaxed);
        let found = std::fs::metadata(spec.incoming.join("video.part")).map_or(0, |part| part.len());
        self.started.lock().unwrap().push(Started { spec: spec.clone(), pid, found });
        self.alive.lock().unwrap().insert(pid);
        let acts = acts.unwrap_or_default().into();
        Ok(Box::new(Playing { spec, acts, pid, bytes: found, done: 0, alive: Arc::clone(&self.alive) }))
    }
}

impl Launch for Script {
    fn unavailable(&self) -> Option<String> {
        self.unavailable.lock().unwrap().clone()
    }

    fn start(&self, spec: JobSpec) -> BoxFuture<'_, Result<Box<dyn Run>, Failure>> {
        async move { self.play(spec) }.boxed()
    }

    fn probe<'a>(
        &'a self,
        url: &'a UserUrl,
        _proxy: &'a Secret,
        _deadline: Duration,
    ) -> BoxFuture<'a, Result<Probe, Failure>> {
        async move {
            if url.as_str().contains("missing") {
                return Err(failure("not_found", false));
            }
            Ok(Probe {
                title: Some("Found".to_owned()),
                kind: ProbeKind::Video,
                entries: 1,
                formats: Vec::new(),
                thumbnail: None,
                duration_s: None,
                is_live: false,
            })
        }
        .boxed()
    }

    fn end(&self, group: ProcessGroup) -> BoxFuture<'_, ()> {
        self.ended.lock().unwrap().push(group.pid);
        self.alive.lock().unwrap().remove(&group.pid);
        async {}.boxed()
    }
}

struct Playing {
    spec: JobSpec,
    acts: VecDeque<Act>,
    pid: u32,
    bytes: u64,
    done: u32,
    alive: Arc<Mutex<HashSet<u32>>>,
}

impl Playing {
    fn act(&mut self, act: Act) -> Option<JobEvent> {
        let part = self.spec.incoming.join("video.part");
        match act {
            Act::Playlist(title, items) => {
                Some(JobEvent::Playlist { title: Some(title.to_owned()), items, all: items })
            }
            Act::Bytes(bytes) => {
                self.bytes += bytes;
                std::fs::write(&part, vec![b'x'; self.bytes as usize]).unwrap();
                let progress = Progress { bytes: self.bytes, percent: Some(10.0), ..Progress::default() };
                Some(JobEvent::Progress(progress))
            }
            Act::Done(position, ..) if self.spec.skip.contains(&position) => None,
            Act::Done(position, title, content) => {
                self.done += 1;
                let _ = std::fs::remove_file(part);
                let file = self.spec.incoming.join(format!("{position:05}-id{position}.mp4"));
                std::fs::write(&file, content).unwrap();
                Some(JobEvent::ItemDone(FinishedItem {
                    position,
                    id: format!("id{position}"),
                    title: Some(title.to_owned()),
                    file,
                    bytes: content.len() as u64,
                    sidecars: self.sidecar(position),
                    duration_s: None,
                    description: None,
                }))
            }
            Act::ItemFailed(position, failure) => Some(JobEvent::ItemFailed { position, failure }),
            Act::Fail(failure) => Some(self.end(Some(failure))),
            Act::End => Some(self.end(None)),
            Act::Hang => unreachable!("handled by next"),
        }
    }

    fn sidecar(&self, position: u32) -> Vec<(PathBuf, String)> {
        let picture = self.spec.incoming.join(format!("{position:05}-id{position}.jpg"));
        std::fs::write(&picture, "picture").unwrap();
        vec![(picture, "jpg".to_owned())]
    }

    fn end(&mut self, failure: Option<Failure>) -> JobEvent {
        self.alive.lock().unwrap().remove(&self.pid);
        JobEvent::Ended(Exit { code: Some(1), signal: None, stopped: false, done: self.done, failure })
    }
}

impl Run for Playing {
    fn group(&self) -> ProcessGroup {
        ProcessGroup { pid: self.pid, started: 7 }
    }

    fn next(&mut self) -> BoxFuture<'_, Option<JobEvent>> {
        async move {
            loop {
                match self.acts.front() {
                    None => return None,
                    Some(Act::Hang) => std::future::pending().await,
                    Some(_) => {}
                }
                let act = self.acts.pop_front()?;
                if let Some(event) = self.act(act) {
                    return Some(event);
                }
            }
        }
        .boxed()
    }

    fn cancel(&mut self) -> BoxFuture<'_, ()> {
        self.kill()
    }

    fn kill(&mut self) -> BoxFuture<'_, ()> {
        self.alive.lock().unwrap().remove(&self.pid);
        async {}.boxed()
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.alive.lock().unwrap().remove(&self.pid);
    }
}
