//! The door, as an actor: the last to start and the first to stop.
//!
//! ```text
//!   supervisor --start--> [web] -- owns the task of --> server::serve -- warp --> handlers
//!              --stop--->   |  not ready; streams end; requests in flight have five seconds
//! ```
//!
//! The listening socket is opened once, at wiring, and survives the actor: while it is being
//! restarted connections wait instead of being refused. A restart loses the open connections.

use std::sync::Arc;

use actors::runtime::{Actor, Crash, Myself};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use warp::filters::BoxedFilter;

use crate::app::App;
use crate::route::Response;
use crate::server;

/// Its place in the tree.
pub const PATH: &str = "web";

pub enum Message {
    /// The loop that accepts connections is over; sent by its task.
    Ended,
}

impl actors::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Ended => "Ended",
        }
    }
}

/// The actor.
pub struct Web {
    pub app: App,
    pub listener: Arc<TcpListener>,
    pub filter: BoxedFilter<(Response,)>,
}

pub struct State {
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
}

impl Actor for Web {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "web";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let (stop, stopped) = oneshot::channel();
        let serve = server::serve(self.listener.clone(), self.filter.clone(), async {
            // An error means that this life is over, which stops the loop too.
            let _ = stopped.await;
        });
        let me = me.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            serve.await;
            me.tell(Message::Ended);
        });
        Ok(State { stop: Some(stop), serving })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, _state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Ended => Err("nobody accepts connections any more".into()),
        }
    }

    async fn stop(&self, _me: &Myself<Message>, state: &mut State) {
        self.app.drain();
        if let Some(stop) = state.stop.take() {
            let _ = stop.send(());
        }
        while state.serving.join_next().await.is_some() {}
    }

    fn inspect(&self, _state: &State) -> serde_json::Value {
        let address = self.listener.local_addr().map(|address| address.to_string());
        serde_json::json!({ "listens_on": address.ok(), "draining": self.app.is_draining() })
    }
}
