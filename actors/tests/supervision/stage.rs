//! A tree of puppets, and a way to pull their strings.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actors::{
    runtime::{
        Actor, ActorSnapshot, ActorState, AskError, Crash, Factory, Handle, Myself, NothingToDo, Occurrence,
        Reply, System,
    },
    supervisor::{self, Blueprint, Body, Child, Node, Root, StartError, Tree},
};

/// Long enough for anything on a paused clock.
pub const SOON: Duration = Duration::from_secs(3600);

/// What a puppet can be told.
pub enum Pull {
    /// Which of its lives is this?
    Ping(Reply<u64>),
    /// Stop in an orderly way, for this reason.
    Leave(&'static str),
    /// Return an error.
    Fail,
    Panic,
    /// Stay in the handler for this long.
    Work(Duration),
    /// What request is this about?
    Correlation(Reply<Option<String>>),
    /// Tell another puppet to answer that.
    Forward(Handle<Pull>, Reply<Option<String>>),
    /// Ask another puppet which of its lives it is in, and wait for the answer.
    Ask(Handle<Pull>, Reply<Result<u64, AskError>>),
    /// Start a timer that ticks.
    Tick(Duration),
    Ticked,
    /// How often did it tick?
    Ticks(Reply<u64>),
    /// Block the thread until the gate of the strings opens.
    Block,
}

impl actors::runtime::Message for Pull {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ping(_) => "Ping",
            Self::Leave(_) => "Leave",
            Self::Fail => "Fail",
            Self::Panic => "Panic",
            Self::Work(_) => "Work",
            Self::Correlation(_) => "Correlation",
            Self::Forward(..) => "Forward",
            Self::Ask(..) => "Ask",
            Self::Tick(_) => "Tick",
            Self::Ticked => "Ticked",
            Self::Ticks(_) => "Ticks",
            Self::Block => "Block",
        }
    }
}

/// How one start goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Well,
    Fails,
    Panics,
    /// Never returns.
    Hangs,
    Takes(Duration),
    HasNothingToDo,
    /// Well, but its first message kills it.
    ThenPanics,
    /// Blocks its thread until it is released.
    Blocks,
}

/// How a stop goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    AtOnce,
    Takes(Duration),
    /// Never returns.
    Hangs,
    Panics,
}

/// What happens to whom, in order, and how the puppets behave.
#[derive(Clone, Default)]
pub struct Strings(Arc<Mutex<Threads>>);

#[derive(Default)]
struct Threads {
    trace: Vec<String>,
    starts: HashMap<String, VecDeque<Start>>,
    always: HashMap<String, Start>,
    stops: HashMap<String, Stop>,
    panics_on_drop: HashMap<String, bool>,
    /// Who has a state right now: never twice at one path.
    alive: HashSet<String>,
    /// What blocked puppets wait for.
    gate: Option<Arc<Mutex<std::sync::mpsc::Receiver<()>>>>,
}

impl Strings {
    fn note(&self, line: String) {
        self.0.lock().unwrap().trace.push(line);
    }

    /// The next starts at `path`; well after that.
    pub fn starts(&self, path: &str, starts: &[Start]) {
        self.0.lock().unwrap().starts.insert(path.to_owned(), starts.iter().copied().collect());
    }

    /// All starts at `path` from now on.
    pub fn always(&self, path: &str, start: Start) {
        self.0.lock().unwrap().always.insert(path.to_owned(), start);
    }

    pub fn stops(&self, path: &str, stop: Stop) {
        self.0.lock().unwrap().stops.insert(path.to_owned(), stop);
    }

    pub fn panics_on_drop(&self, path: &str) {
        self.0.lock().unwrap().panics_on_drop.insert(path.to_owned(), true);
    }

    /// What happened since this was asked last, as "start a", "stop b".
    pub fn trace(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().trace)
    }

    /// From now on blocked puppets wait until what this answers is dropped.
    pub fn gate(&self) -> std::sync::mpsc::Sender<()> {
        let (open, closed) = std::sync::mpsc::channel();
        self.0.lock().unwrap().gate = Some(Arc::new(Mutex::new(closed)));
        open
    }

    fn block(&self) {
        let gate = self.0.lock().unwrap().gate.clone();
        if let Some(gate) = gate {
            let _ = gate.lock().unwrap().recv();
        }
    }

    fn next_start(&self, path: &str) -> Start {
        let mut threads = self.0.lock().unwrap();
        let scripted = threads.starts.get_mut(path).and_then(VecDeque::pop_front);
        scripted.or_else(|| threads.always.get(path).copied()).unwrap_or(Start::Well)
    }

    fn stop_of(&self, path: &str) -> Stop {
        self.0.lock().unwrap().stops.get(path).copied().unwrap_or(Stop::AtOnce)
    }

    fn next_drop_panics(&self, path: &str) -> bool {
        self.0.lock().unwrap().panics_on_drop.remove(path).unwrap_or(false)
    }
}

pub struct Puppet {
    strings: Strings,
    lives: Arc<AtomicU64>,
}

pub struct PuppetState {
    path: String,
    life: u64,
    ticks: u64,
    strings: Strings,
}

impl Drop for PuppetState {
    fn drop(&mut self) {
        self.strings.0.lock().unwrap().alive.remove(&self.path);
        if self.strings.next_drop_panics(&self.path) {
            panic!("in a destructor");
        }
    }
}

impl Actor for Puppet {
    type Message = Pull;
    type State = PuppetState;
    const KIND: &'static str = "puppet";
    const MAILBOX: usize = 16;

    async fn start(&self, me: &Myself<Pull>) -> Result<PuppetState, Crash> {
        let path = me.path().to_owned();
        match self.strings.next_start(&path) {
            Start::Well => {}
            Start::Takes(time) => tokio::time::sleep(time).await,
            Start::ThenPanics => me.tell(Pull::Panic),
            other => {
                self.strings.note(format!("try {path}"));
                match other {
                    Start::Fails => return Err("no luck".into()),
                    Start::Panics => panic!("at the start"),
                    Start::HasNothingToDo => return Err(NothingToDo.into()),
                    Start::Blocks => self.strings.block(),
                    _ => std::future::pending().await,
                }
            }
        }
        self.strings.note(format!("start {path}"));
        if !self.strings.0.lock().unwrap().alive.insert(path.clone()) {
            self.strings.note(format!("{path} lives twice"));
        }
        let life = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(PuppetState { path, life, ticks: 0, strings: self.strings.clone() })
    }

    async fn handle(&self, me: &Myself<Pull>, message: Pull, state: &mut PuppetState) -> Result<(), Crash> {
        match message {
            Pull::Ping(reply) => reply.send(state.life),
            Pull::Leave(reason) => me.stop(reason),
            Pull::Fail => return Err("told to fail".into()),
            Pull::Panic => panic!("told to panic"),
            Pull::Work(time) => tokio::time::sleep(time).await,
            Pull::Correlation(reply) => reply.send(actors::runtime::correlation().map(|id| id.to_string())),
            Pull::Forward(other, reply) => other.tell(Pull::Correlation(reply))?,
            Pull::Ask(other, reply) => reply.send(other.ask(Duration::from_secs(2), Pull::Ping).await),
            Pull::Tick(period) => drop(me.every(period, || Pull::Ticked)),
            Pull::Ticked => state.ticks += 1,
            Pull::Ticks(reply) => reply.send(state.ticks),
            Pull::Block => self.strings.block(),
        }
        Ok(())
    }

    async fn stop(&self, _: &Myself<Pull>, state: &mut PuppetState) {
        match self.strings.stop_of(&state.path) {
            Stop::AtOnce => {}
            Stop::Takes(time) => tokio::time::sleep(time).await,
            Stop::Hangs => std::future::pending().await,
            Stop::Panics => panic!("at the stop"),
        }
        self.strings.note(format!("stop {}", state.path));
    }

    fn inspect(&self, state: &PuppetState) -> serde_json::Value {
        serde_json::json!({ "ticks": state.ticks })
    }
}

/// A puppet for a dynamic supervisor.
pub fn puppet(name: &str, strings: &Strings) -> Child {
    let (strings, lives) = (strings.clone(), Arc::default());
    Child::actor(name, move || Puppet { strings: strings.clone(), lives: Arc::clone(&lives) })
}

/// A puppet for a test without a tree.
pub fn lone_puppet(strings: &Strings) -> Puppet {
    Puppet { strings: strings.clone(), lives: Arc::default() }
}

/// What makes a puppet.
pub fn puppet_factory(strings: &Strings) -> Factory {
    let (strings, lives) = (strings.clone(), Arc::default());
    Factory::new(move || Puppet { strings: strings.clone(), lives: Arc::clone(&lives) })
}

/// A running tree with a puppet at every declared path.
pub struct Stage {
    pub system: System,
    pub strings: Strings,
    pub root: Root,
}

/// A tree under `top` with these actors, to be given to [`Stage::up`].
pub fn flat(settings: &str, actors: &[&str]) -> String {
    let mut text = format!("name = \"top\"\n{settings}\n");
    for actor in actors {
        let (name, more) = actor.split_once(' ').unwrap_or((actor, ""));
        text.push_str(&format!("[[children]]\nname = \"{name}\"\n{more}\n"));
    }
    text
}

impl Stage {
    pub async fn up(text: &str) -> Self {
        Self::with(Strings::default(), text).await.unwrap()
    }

    pub async fn with(strings: Strings, text: &str) -> Result<Self, StartError> {
        Self::with_dynamic(strings, text, Vec::new).await
    }

    /// `children` says what runs under every dynamic supervisor.
    pub async fn with_dynamic(
        strings: Strings,
        text: &str,
        children: impl Fn() -> Vec<Child> + Clone + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let tree = Tree::parse("test.toml", text).unwrap();
        let system = System::new();
        let mut blueprint = Blueprint::new(&system);
        for (path, is_dynamic) in paths(&tree.root, "") {
            blueprint = if is_dynamic {
                let children = children.clone();
                blueprint.dynamic(&path, move || {
                    let children = children.clone();
                    async move { Ok(children()) }
                })
            } else {
                blueprint.factory(&path, puppet_factory(&strings))
            };
        }
        let root = supervisor::start(tree, blueprint, &system).await?;
        Ok(Self { system, strings, root })
    }

    pub fn handle(&self, path: &str) -> Handle<Pull> {
        self.system.handle(path)
    }

    pub fn tell(&self, path: &str, pull: Pull) {
        self.handle(path).tell(pull).unwrap();
    }

    /// Which life the puppet at `path` is in; waits for it.
    pub async fn life(&self, path: &str) -> u64 {
        let handle = self.handle(path);
        tokio::time::timeout(SOON, handle.running()).await.expect("it never runs");
        handle.ask(SOON, Pull::Ping).await.unwrap()
    }

    pub fn look(&self, path: &str) -> ActorSnapshot {
        self.system.snapshot(path).unwrap_or_else(|| panic!("nothing is visible at {path}"))
    }

    pub fn state(&self, path: &str) -> ActorState {
        self.look(path).state
    }

    /// Waits until `is_so`; fails after an hour of the paused clock.
    pub async fn eventually(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..360_000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came true that {what}");
    }

    /// Waits until the tree has nothing left to do by itself for a while.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    pub fn trace(&self) -> Vec<String> {
        self.strings.trace()
    }

    /// How often this happened to `path`.
    pub fn count(&self, path: &str, what: Occurrence) -> usize {
        let events = self.system.supervision_events();
        events.iter().filter(|event| event.path == path && event.what == what).count()
    }

    /// Pulls one string and waits until the tree has dealt with it.
    pub async fn pull(&self, path: &str, pull: Pull) {
        self.tell(path, pull);
        self.settle().await;
    }
}

fn paths(node: &Node, path: &str) -> Vec<(String, bool)> {
    let Body::Supervisor(supervision) = &node.body else { return vec![(path.to_owned(), false)] };
    if node.is_dynamic() {
        return vec![(path.to_owned(), true)];
    }
    let below = |child: &Node| {
        let prefix = if path.is_empty() { child.name.clone() } else { format!("{path}/{}", child.name) };
        paths(child, &prefix)
    };
    supervision.children.iter().flat_map(below).collect()
}
