//! A household with a download tree, a store in a temporary folder and two members.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::download_board::DownloadBoard;
use actors::download_queue::{self, Denied, DownloadQueue};
use actors::downloads::context::{Context, Settings, Timing, Tools};
use actors::downloads::disk::{DiskGuard, Space};
use actors::downloads::folders::Folders;
use actors::downloads::launch::Launch;
use actors::downloads::retry::RetryPolicy;
use actors::egress::Egress;
use actors::runtime::{Handle, System};
use actors::supervisor::{self, Blueprint, Root, Tree};
use actors::{download_job, egress};
use domain::DownloadId;
use domain::address::HostPolicy;
use domain::download::{Choice, Download, DownloadStatus, Phase, Preset};
use domain::event::Event;
use domain::user::{CurrentUser, Role, Username};
use integrations::egress::{Proxy, SystemResolver};
use store::{Keyring, NewUser, NodeId, Store, StoreSettings};
use tokio::time::Instant;

use crate::script::{Act, Script};

const TREE: &str = r#"
name = "medianest"
strategy = "one_for_one"

[[children]]
name = "downloads"
strategy = "one_for_one"

  [[children.children]]
  name = "egress"

  [[children.children]]
  name = "jobs"
  strategy = "dynamic"
  on_meltdown = "give_up"
  intensity = 20
  backoff = { initial = "10ms", max = "50ms" }

  [[children.children]]
  name = "queue"
"#;

pub const LINK: &str = "https://videos.example/watch?v=1";

pub struct Plan {
    pub slots: u32,
    pub per_hour: u32,
    pub timing: Timing,
    pub retry: RetryPolicy,
}

impl Default for Plan {
    fn default() -> Self {
        let soon = Duration::from_millis(50);
        let timing = Timing {
            lease: Duration::from_secs(10),
            renew: Duration::from_millis(100),
            fence: Duration::from_secs(7),
            scan: soon,
            progress: soon,
            save: soon,
            probe: Duration::from_secs(5),
        };
        Self { slots: 2, per_hour: 0, timing, retry: RetryPolicy { waits: vec![soon, soon] } }
    }
}

pub struct House {
    folder: tempfile::TempDir,
    pub script: Arc<Script>,
    pub cx: Context,
    pub ana: CurrentUser,
    pub ben: CurrentUser,
    pub free: Arc<AtomicU64>,
    pub events: Arc<Mutex<Vec<Event>>>,
    root: Option<Root>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Plan::default()).await
    }

    pub async fn with(plan: Plan) -> Self {
        let mut house = Self::asleep(plan).await;
        house.wake().await;
        house
    }

    /// A house in which nothing runs yet.
    pub async fn asleep(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings =
            StoreSettings { url: None, data_dir: folder.path().to_owned(), keys: Keyring::new([7; 32]) };
        let store = Store::open(&settings).await.unwrap();
        let ana = member(&store, "Ana", Role::User).await;
        let ben = member(&store, "Ben", Role::User).await;
        let free = Arc::new(AtomicU64::new(1 << 40));
        let events = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Script::default());
        let (meter, seen) = (Arc::clone(&free), Arc::clone(&events));
        let cx = Context::new(Tools {
            system: System::new(),
            reader: store.reader(),
            writer: store.writer(),
            node: NodeId::new("node-a"),
            launch: Arc::clone(&script) as Arc<dyn Launch>,
            folders: Folders::open(&folder.path().join("downloads")).unwrap(),
            disk: DiskGuard::with_meter(
                Arc::new(move || Ok(Space { free: meter.load(Ordering::Relaxed), total: 1 << 40 })),
                Some(1000),
            ),
            board: Arc::new(DownloadBoard::default()),
            announce: Arc::new(move |event| seen.lock().unwrap().push(event)),
            to_plex: Arc::new(|| false),
            settings: Settings {
                slots: plan.slots,
                per_hour: plan.per_hour,
                policy: HostPolicy::default(),
                retry: plan.retry,
                timing: plan.timing,
            },
        });
        Self { folder, script, cx, ana, ben, free, events, root: None }
    }

    pub async fn wake(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::new(HostPolicy::default(), SystemResolver, listener.local_addr().unwrap());
        let listener = Arc::new(listener);
        let (jobs, queue) = (self.cx.clone(), self.cx.clone());
        let blueprint = Blueprint::new(&self.cx.system)
            .actor(egress::PATH, move || Egress { proxy: proxy.clone(), listener: Arc::clone(&listener) })
            .dynamic("downloads/jobs", move || download_job::rehydrate(jobs.clone()))
            .actor(download_queue::PATH, move || DownloadQueue { cx: queue.clone() });
        let tree = Tree::parse("supervisor.toml", TREE).unwrap();
        self.root = Some(supervisor::start(tree, blueprint, &self.cx.system).await.unwrap());
    }

    /// An orderly stop.
    pub async fn stop(&mut self) {
        if let Some(root) = self.root.take() {
            root.shutdown("the test stops it").await;
        }
    }

    /// What kill -9 leaves: nobody tidies up. The tree is not used again.
    pub async fn crash(&mut self) {
        let before = self.cx.system.clone();
        drop(self.root.take());
        eventually("everything is dead", || async {
            !before.handle::<download_queue::Message>(download_queue::PATH).is_running()
        })
        .await;
        let tools = Tools {
            system: System::new(),
            reader: self.cx.reader.clone(),
            writer: self.cx.writer.clone(),
            node: self.cx.node.clone(),
            launch: Arc::clone(&self.cx.launch),
            folders: self.cx.folders.clone(),
            disk: self.cx.disk.clone(),
            board: Arc::new(DownloadBoard::default()),
            announce: Arc::clone(&self.cx.announce),
            to_plex: Arc::clone(&self.cx.to_plex),
            settings: self.cx.settings.clone(),
        };
        self.cx = Context::new(tools);
    }

    pub fn queue(&self) -> Handle<download_queue::Message> {
        self.cx.system.handle(download_queue::PATH)
    }

    pub async fn try_submit(&self, user: &CurrentUser, url: &str) -> Result<Download, Denied> {
        download_queue::submit(&self.queue(), user, url, Choice::Preset(Preset::Best)).await
    }

    /// Ana asks for `url`, of which the script is known.
    pub async fn submit(&self, url: &str, plays: Vec<Vec<Act>>) -> DownloadId {
        self.script.on(url, plays);
        self.try_submit(&self.ana, url).await.unwrap().id
    }

    /// A waiting row of Ana's, as if it had been submitted before.
    pub async fn submit_row(&self, url: &str) -> DownloadId {
        let choice = Choice::Preset(Preset::Best);
        let new = store::NewDownload { user: self.ana.id, url, choice: &choice, title: None };
        match self.cx.writer.submit_download(&new, None).await.unwrap() {
            store::Submitted::Accepted(job) => job.id,
            other => panic!("{other:?}"),
        }
    }

    pub async fn job(&self, id: DownloadId) -> Download {
        self.cx.reader.download(id).await.unwrap().unwrap()
    }

    pub async fn until(&self, id: DownloadId, status: DownloadStatus) -> Download {
        eventually(&format!("{id} is {status}"), || async { self.job(id).await.status == status }).await;
        self.job(id).await
    }

    pub async fn until_phase(&self, id: DownloadId, phase: Phase) -> Download {
        eventually(&format!("{id} is {}", phase.as_str()), || async { self.job(id).await.phase == phase })
            .await;
        self.job(id).await
    }

    pub async fn until_alive(&self, count: usize) -> Vec<u32> {
        eventually(&format!("{count} yt-dlps run"), || async { self.script.alive().len() == count }).await;
        self.script.alive()
    }

    /// All files in the library, sorted.
    pub fn library(&self) -> Vec<String> {
        files(&self.folder.path().join("downloads/library"))
    }

    /// All files in `incoming/`.
    pub fn incoming(&self) -> Vec<String> {
        files(&self.folder.path().join("downloads/incoming"))
    }

    pub fn library_path(&self, name: &str) -> PathBuf {
        self.folder.path().join("downloads/library").join(name)
    }
}

async fn member(store: &Store, name: &str, role: Role) -> CurrentUser {
    let username: Username = name.parse().unwrap();
    let new = NewUser { username: &username, email: None, role, password_hash: None };
    let user = store.writer().create_user(&new).await.unwrap();
    CurrentUser { id: user.id, username: user.username, role, session: None }
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Waits until `is_so`, for ten seconds at most.
pub async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never came about that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
