//! What a crash may hit, and what it must not.

use std::time::Duration;

use actors::runtime::{ActorState, AskError, Occurrence};

use crate::stage::{Pull, Stage, Start, Stop, flat};

#[test]
fn this_build_unwinds_or_else_nothing_here_would_hold() {
    const { assert!(cfg!(panic = "unwind")) }
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_panic_in_a_handler_are_told_with_their_words() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;

    stage.pull("a", Pull::Fail).await;
    assert_eq!(stage.look("a").last_error.as_deref(), Some("told to fail"));
    stage.pull("a", Pull::Panic).await;

    let a = stage.look("a");
    assert_eq!(a.last_error.as_deref(), Some("panicked: told to panic"));
    assert_eq!(a.state, ActorState::Running);
    let errors: Vec<(&str, u64)> = a.messages.iter().map(|stats| (stats.kind, stats.errors)).collect();
    assert_eq!(errors, [("Fail", 1), ("Panic", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_first_message_after_the_start_counts_like_any_other() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.strings.starts("a", &[Start::ThenPanics, Start::ThenPanics]);

    stage.pull("a", Pull::Panic).await;

    assert_eq!(stage.look("a").restarts, 3);
    assert_eq!(stage.state("a"), ActorState::Running);
    assert_eq!(stage.life("b").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_stopping_is_told_and_the_stop_goes_on() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.strings.stops("b", Stop::Panics);
    stage.trace();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop a"]);
    assert_eq!(stage.look("b").last_error.as_deref(), Some("panicked: at the stop"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_stopping_by_itself_is_an_abnormal_end() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a restart = \"transient\""])).await;
    stage.strings.stops("a", Stop::Panics);

    stage.pull("a", Pull::Leave("done")).await;

    assert_eq!(stage.count("a", Occurrence::Crashed), 1);
    assert_eq!(stage.life("a").await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_hurts_nobody_else() {
    for end in ["panic", "leave", "kill"] {
        let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
        stage.strings.panics_on_drop("a");

        match end {
            "panic" => stage.tell("a", Pull::Panic),
            "leave" => stage.tell("a", Pull::Leave("done")),
            _ => assert!(stage.system.kill("a")),
        }
        stage.settle().await;

        assert_eq!(stage.life("a").await, 2, "{end}");
        assert_eq!(stage.life("b").await, 1, "{end}");
        assert_eq!(stage.look("top").generation, 1, "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_interrupts_a_handler_that_awaits() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(1_000_000)));
    tokio::task::yield_now().await;

    stage.system.kill("a");
    stage.settle().await;

    assert_eq!(stage.life("a").await, 2);
    assert_eq!(stage.look("a").last_error.as_deref(), Some("killed"));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_answer_hears_of_the_crash_at_once() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    let handle = stage.handle("a");
    stage.tell("a", Pull::Work(Duration::from_secs(1)));
    stage.tell("a", Pull::Panic);

    let answer = handle.ask(Duration::from_secs(60), Pull::Ping).await;

    assert_eq!(answer, Err(AskError::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_blocked_thread_is_left_behind_and_the_tree_goes_on() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a shutdown = \"100ms\"", "b"])).await;
    let gate = stage.strings.gate();
    stage.tell("a", Pull::Block);
    let eventually = |what: &'static str, is_so: fn(&Stage) -> bool| {
        let stage = &stage;
        async move {
            let patience = std::time::Duration::from_secs(20);
            let looking = async {
                while !is_so(stage) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            assert!(tokio::time::timeout(patience, looking).await.is_ok(), "it never came true that {what}");
        }
    };
    eventually("a is busy", |stage| stage.state("a") == ActorState::Busy).await;

    stage.tell("b", Pull::Panic);
    eventually("b lives again", |stage| stage.look("b").generation == 2).await;
    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.count("a", Occurrence::Killed), 1);
    drop(gate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_start_that_blocks_its_thread_times_out_all_the_same() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a start_timeout = \"100ms\"", "b"])).await;
    let gate = stage.strings.gate();
    stage.strings.starts("a", &[Start::Blocks]);
    stage.tell("a", Pull::Panic);

    let timed_out = async {
        while stage.look("a").last_error.as_deref() != Some("did not start within 100ms") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), timed_out).await.is_ok());
    assert_eq!(stage.life("b").await, 1);
    drop(gate);

    let handle = stage.handle("a");
    let back = tokio::time::timeout(Duration::from_secs(20), handle.running()).await;
    assert!(back.is_ok(), "a does not come back");
}
