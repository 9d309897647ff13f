//! Launchers of both kinds, jobs, and waiting.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::DownloadId;
use domain::address::UserUrl;
use domain::download::{Choice, Preset};
use integrations::ytdlp::{Exit, FinishedItem, JobEvent, JobSpec, Launcher, Limits, Running, Ytdlp};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

/// How jobs are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Cold,
    Warm,
}

/// Writes each scenario once and runs it both ways.
#[macro_export]
macro_rules! both_ways {
    ($($(#[$attribute:meta])* $scenario:ident)*) => {
        mod cold {
            $($(#[$attribute])* #[tokio::test] async fn $scenario() { super::$scenario($crate::support::Way::Cold).await; })*
        }
        mod warm {
            $($(#[$attribute])* #[tokio::test] async fn $scenario() { super::$scenario($crate::support::Way::Warm).await; })*
        }
    };
}

/// A place for one test: a scratch folder and a launcher.
pub struct Bench {
    pub folder: TempDir,
    pub launcher: Launcher,
}

impl Bench {
    pub async fn new(program: &Path, way: Way) -> Self {
        let ytdlp = Ytdlp::locate(Some(program)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let exe = PathBuf::from(env!("CARGO_BIN_EXE_job-runner"));
        assert!(
            way == Way::Cold || ytdlp.python.is_some(),
            "the interpreter cannot import {}",
            program.display()
        );
        let launcher = Launcher::new(ytdlp, exe, folder.path().to_owned());
        let launcher = if way == Way::Cold { launcher.cold() } else { launcher };
        Self { folder, launcher }
    }

    /// A job in the folder `name`, which is made if it is not there.
    pub fn job(&self, name: &str, url: &str) -> JobSpec {
        let incoming = self.folder.path().join(name);
        std::fs::create_dir_all(&incoming).unwrap();
        JobSpec {
            id: DownloadId::generate(),
            url: UserUrl::parse(url).unwrap(),
            choice: Choice::Preset(Preset::Best),
            incoming,
            proxy: None,
            skip: vec![],
            limits: Limits::default(),
        }
    }

    pub async fn run(&self, spec: JobSpec) -> Story {
        Story::of(self.launcher.start(spec).await.unwrap()).await
    }
}

/// All that a job told.
#[derive(Debug)]
pub struct Story {
    pub events: Vec<JobEvent>,
    pub exit: Exit,
}

impl Story {
    /// Listens to the end; nothing of the job may be left then.
    pub async fn of(mut running: Running) -> Self {
        let group = running.group;
        let mut events = Vec::new();
        let listening = async {
            while let Some(event) = running.next().await {
                events.push(event);
            }
        };
        timeout(Duration::from_secs(90), listening).await.expect("the job did not end");
        assert!(group.members().is_empty(), "somebody of the job lives");
        let Some(JobEvent::Ended(exit)) = events.pop() else { panic!("no end: {events:?}") };
        Self { events, exit }
    }

    pub fn code(&self) -> Option<&str> {
        self.exit.failure.as_ref().map(|failure| failure.code.as_str())
    }

    pub fn done(&self) -> Vec<&FinishedItem> {
        let done = self.events.iter().filter_map(|event| match event {
            JobEvent::ItemDone(item) => Some(item),
            _ => None,
        });
        done.collect()
    }

    pub fn the_file(&self) -> &Path {
        match self.done().as_slice() {
            [item] => &item.file,
            other => panic!("{} files: {self:?}", other.len()),
        }
    }

    pub fn percents(&self) -> Vec<f32> {
        let percent =
            |event: &JobEvent| if let JobEvent::Progress(progress) = event { progress.percent } else { None };
        self.events.iter().filter_map(percent).collect()
    }
}

/// Listens until `wanted`, which must come.
pub async fn until(running: &mut Running, wanted: impl Fn(&JobEvent) -> bool) -> JobEvent {
    let listening = async {
        while let Some(event) = running.next().await {
            assert!(!matches!(event, JobEvent::Ended(_)), "ended early: {event:?}");
            if wanted(&event) {
                return event;
            }
        }
        panic!("it ended without a word")
    };
    timeout(Duration::from_secs(60), listening).await.expect("it did not come")
}

pub async fn eventually(what: &str, deadline: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + deadline;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {deadline:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn sha256(file: &Path) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(std::fs::read(file).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names of the files in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
