//! Cases that need to reach below the public interface.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    runtime::{ActorState, Crash, Myself, System},
    supervisor::{Blueprint, Tree, start},
};

/// An actor that takes itself out of its supervisor's sight.
struct Stray {
    supervisor: Arc<std::sync::OnceLock<ActorCell>>,
}

struct Go;

impl crate::runtime::Message for Go {
    fn kind(&self) -> &'static str {
        "Go"
    }
}

impl Actor for Stray {
    type Message = Go;
    type State = ();
    const KIND: &'static str = "stray";

    async fn start(&self, _: &Myself<Go>) -> Result<(), Crash> {
        Ok(())
    }

    async fn handle(&self, me: &Myself<Go>, Go: Go, (): &mut ()) -> Result<(), Crash> {
        let cell = &me.life().cell;
        if let Some(supervisor) = cell.try_get_supervisor() {
            cell.unlink(supervisor.clone());
            let _ = self.supervisor.set(supervisor);
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_does_not_wait_for_ever_for_a_child_that_has_unlinked_itself() {
    for how in ["shutdown", "stop_child", "dead already"] {
        let system = System::new();
        let text = "name = \"top\"\nstrategy = \"one_for_one\"\n[[children]]\nname = \"a\"\n";
        let tree = Tree::parse("test.toml", text).unwrap();
        let supervisor = Arc::new(std::sync::OnceLock::new());
        let of_stray = Arc::clone(&supervisor);
        let blueprint =
            Blueprint::new(&system).actor("a", move || Stray { supervisor: Arc::clone(&of_stray) });
        let root = start(tree, blueprint, &system).await.unwrap();
        let handle = system.handle::<Go>("a");
        handle.tell(Go).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(supervisor.get().is_some(), "it is still linked");

        match how {
            "stop_child" => {
                system.stop_child("a").await.unwrap();
                assert_eq!(system.snapshot("a").unwrap().state, ActorState::Stopped);
                system.restart("a").await.unwrap();
                assert!(handle.is_running());
            }
            "dead already" => {
                system.kill("a");
                tokio::time::sleep(Duration::from_millis(1)).await;
                system.restart("a").await.unwrap();
                assert!(handle.is_running());
            }
            _ => {}
        }
        let done = tokio::time::timeout(Duration::from_secs(1), root.shutdown("the test is over")).await;

        assert!(done.is_ok(), "{how}: the shutdown hangs");
        assert!(!handle.is_running());
    }
}
