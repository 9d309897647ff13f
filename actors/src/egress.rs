//! The proxy that holds yt-dlp to the address policy.
//!
//! ```text
//!   download job, probe          yt-dlp, ffmpeg
//!      |  Admit, Dismiss            |  http, CONNECT with the credential
//!      v                            v
//!   [egress] -- owns the tasks of --> proxy --> addresses that the policy allows
//! ```
//!
//! The listening socket is opened once, at wiring, and survives the actor: its port does not
//! change when the actor is restarted, and the credentials of running jobs stay good. While the
//! actor is down nobody accepts, so jobs wait; nothing goes round it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Refusal;
use domain::{DownloadId, Secret};
use integrations::egress::Proxy;
use serde_json::json;
use tokio::task::JoinSet;

use crate::runtime::{Actor, AskError, Crash, Handle, Myself, Reply};

/// Where it is in the tree.
pub const PATH: &str = "downloads/egress";

const DEADLINE: Duration = Duration::from_secs(2);

pub enum Message {
    /// A job or a probe is about to connect: give it a credential.
    Admit(DownloadId, Reply<Secret>),
    /// It is over; its credential is worth nothing from now on. The answer is what was refused
    /// to it last.
    Dismiss(DownloadId, Reply<Option<Refusal>>),
    /// The proxy ended, which it never should; sent by its task.
    Ended(String),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Admit(..) => "Admit",
            Message::Dismiss(..) => "Dismiss",
            Message::Ended(_) => "Ended",
        }
    }
}

/// See the module. `proxy` is shared by all lives of the actor.
pub struct Egress {
    pub proxy: Proxy,
    pub listener: Arc<TcpListener>,
}

pub struct State {
    /// The proxy's tasks; they end with the actor.
    _tasks: JoinSet<()>,
}

impl Actor for Egress {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "egress";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (proxy, me) = (self.proxy.clone(), me.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let reason = match proxy.serve(listener).await {
                Ok(()) => "the proxy stopped accepting".to_owned(),
                Err(error) => error.to_string(),
            };
            me.tell(Message::Ended(reason));
        });
        Ok(State { _tasks: tasks })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, _state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Admit(job, reply) => reply.send(self.proxy.admit(&job.to_string())),
            Message::Dismiss(job, reply) => {
                let job = job.to_string();
                reply.send(self.proxy.last_refusal(&job));
                self.proxy.dismiss(&job);
            }
            Message::Ended(reason) => return Err(reason.into()),
        }
        Ok(())
    }

    fn inspect(&self, _state: &State) -> serde_json::Value {
        json!({ "counts": self.proxy.counts(), "listens_on": self.listener.local_addr().ok().map(|address| address.to_string()) })
    }
}

/// The proxy's address with a credential for `job`, to be given to yt-dlp in its environment.
///
/// # Errors
/// The proxy does not run at the moment: wait, and never go without it.
pub async fn admit(egress: &Handle<Message>, job: DownloadId) -> Result<Secret, AskError> {
    egress.ask(DEADLINE, |reply| Message::Admit(job, reply)).await
}

/// Takes the credential of `job` back and says what was refused to it last. A proxy that is
/// down answers nothing; the credential then lives until the job is admitted again.
pub async fn dismiss(egress: &Handle<Message>, job: DownloadId) -> Option<Refusal> {
    egress.ask(DEADLINE, |reply| Message::Dismiss(job, reply)).await.ok().flatten()
}
