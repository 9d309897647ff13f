//! When there are too many restarts, and what then.

use std::time::Duration;

use actors::{
    runtime::{ActorState, Occurrence},
    supervisor::RETRY_FAILED_AFTER,
};
use tokio::time::Instant;

use crate::stage::{Pull, Stage, Start, Strings, flat};

#[tokio::test(start_paused = true)]
async fn one_restart_more_than_the_intensity_is_a_meltdown_and_not_one_less() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"\nintensity = 3", &["a", "b"])).await;

    for strikes in 1..=3 {
        stage.pull("a", Pull::Panic).await;
        assert_eq!(stage.state("a"), ActorState::Running, "after {strikes} of 3");
        assert_eq!(stage.look("a").restarts, strikes);
        if strikes == 2 {
            assert_eq!(stage.look("a").restarts_used, 2);
            assert_eq!(stage.look("a").restarts_allowed, 3);
            // Whose strikes they are is all the same.
            tokio::time::sleep(Duration::from_secs(70)).await;
            assert_eq!(stage.look("a").restarts_used, 0);
        }
    }
    stage.tell("a", Pull::Panic);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.state("a"), ActorState::Running, "only two strikes are within the period");
    stage.tell("b", Pull::Panic);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.state("b"), ActorState::Running, "three strikes are within the period");

    stage.tell("b", Pull::Panic);

    assert!(stage.root.ended().await.starts_with("b failed more than 3 times within 1m"));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_at_once_melts_down_with_the_default_backoff() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.strings.always("a", Start::ThenPanics);
    let began = Instant::now();

    stage.tell("a", Pull::Panic);

    assert!(stage.root.ended().await.contains("panicked: told to panic"));
    assert_eq!(stage.look("a").restarts, 5);
    assert!(began.elapsed() < Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn no_backoff_is_long_enough_to_hide_a_crash_loop() {
    let settings = "strategy = \"one_for_one\"\nintensity = 5\nperiod = \"10s\"";
    let stage = Stage::up(&flat(settings, &["a backoff = { initial = \"1m\", max = \"1h\" }"])).await;
    stage.strings.always("a", Start::Fails);

    stage.tell("a", Pull::Panic);

    assert_eq!(stage.root.ended().await, "a failed more than 5 times within 10s: no luck");
    assert_eq!(stage.look("a").restarts, 5);
}

#[tokio::test(start_paused = true)]
async fn a_meltdown_below_is_one_restart_above() {
    let text = r#"
        name = "top"
        strategy = "one_for_one"
        intensity = 2
        [[children]]
        name = "sub"
        strategy = "one_for_one"
        intensity = 1
        [[children.children]]
        name = "x"
        [[children.children]]
        name = "y"
        [[children]]
        name = "z"
    "#;
    let stage = Stage::up(text).await;
    stage.trace();

    stage.pull("sub/x", Pull::Panic).await;
    assert_eq!(stage.trace(), ["start sub/x"]);
    stage.pull("sub/x", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop sub/y", "start sub/x", "start sub/y"]);
    assert_eq!(stage.look("sub").restarts, 1);
    assert_eq!(stage.look("sub").generation, 2);
    assert!(stage.look("sub").last_error.unwrap().starts_with("sub/x failed more than 1 times"));
    assert_eq!(stage.count("sub", Occurrence::Escalated), 1);
    assert_eq!(stage.life("z").await, 1);

    stage.strings.always("sub/y", Start::Fails);
    stage.tell("sub/y", Pull::Panic);

    assert!(
        stage.root.ended().await.starts_with("sub failed more than 2 times within 1m: sub/y failed more")
    );
    assert_eq!(stage.state("z"), ActorState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_transient_supervisor_that_melts_down_stays_down_as_in_otp() {
    let text = r#"
        name = "top"
        strategy = "one_for_one"
        [[children]]
        name = "sub"
        strategy = "one_for_one"
        restart = "transient"
        intensity = 1
        [[children.children]]
        name = "x"
    "#;
    let stage = Stage::up(text).await;

    stage.pull("sub/x", Pull::Panic).await;
    stage.pull("sub/x", Pull::Panic).await;

    assert_eq!(stage.state("sub"), ActorState::Stopped);
    assert_eq!(stage.look("sub").restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn giving_up_leaves_one_child_failed_and_the_others_alone() {
    let text = flat("strategy = \"one_for_one\"\nintensity = 2", &["a on_meltdown = \"give_up\"", "b"]);
    let stage = Stage::up(&text).await;
    stage.strings.always("a", Start::Fails);

    stage.pull("a", Pull::Panic).await;

    let failed = stage.look("a");
    assert_eq!((failed.state, failed.restarts), (ActorState::Failed, 2));
    assert_eq!(failed.last_error.as_deref(), Some("no luck"));
    assert_eq!(stage.count("a", Occurrence::GaveUp), 1);
    assert_eq!(stage.life("b").await, 1);
    // Its restarts are its own: b still has all of its own.
    for _ in 0..2 {
        stage.pull("b", Pull::Panic).await;
    }
    assert_eq!(stage.life("b").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_given_up_is_tried_again_every_five_minutes() {
    let strings = Strings::default();
    strings.always("a", Start::Fails);
    let text = flat("strategy = \"one_for_one\"\nintensity = 2\non_meltdown = \"give_up\"", &["a", "b"]);
    let stage = Stage::with(strings, &text).await.unwrap();
    assert_eq!(stage.state("a"), ActorState::Failed);
    assert_eq!(stage.trace(), ["try a", "try a", "try a", "start b"], "what follows starts all the same");

    tokio::time::sleep(RETRY_FAILED_AFTER + Duration::from_secs(5)).await;
    assert_eq!(stage.trace(), ["try a", "try a", "try a"]);
    assert_eq!(stage.state("a"), ActorState::Failed);

    stage.strings.always("a", Start::Well);
    tokio::time::sleep(RETRY_FAILED_AFTER).await;
    assert_eq!(stage.trace(), ["start a"]);
    assert_eq!(stage.state("a"), ActorState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_given_up_is_tried_again_on_a_click() {
    let strings = Strings::default();
    strings.always("a", Start::Fails);
    let text = flat("strategy = \"one_for_one\"\nintensity = 1\non_meltdown = \"give_up\"", &["a"]);
    let stage = Stage::with(strings, &text).await.unwrap();

    let refused = stage.system.restart("a").await;
    assert_eq!(refused, Err(actors::supervisor::AdminError::Failed("no luck".to_owned())));
    assert_eq!(stage.state("a"), ActorState::Failed);

    stage.strings.always("a", Start::Well);
    stage.system.restart("a").await.unwrap();
    assert_eq!(stage.state("a"), ActorState::Running);
    stage.trace();
    tokio::time::sleep(RETRY_FAILED_AFTER * 2).await;
    assert_eq!(stage.trace(), [""; 0], "the retry that was due has become needless");
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_down_with_the_child_that_is_given_up_and_comes_back_with_it() {
    let text =
        flat("strategy = \"rest_for_one\"\nintensity = 1\non_meltdown = \"give_up\"", &["a", "b", "c", "d"]);
    let stage = Stage::up(&text).await;
    stage.strings.starts("b", &[Start::Fails]);
    stage.trace();

    stage.pull("b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop d", "stop c", "try b"]);
    let states = ["a", "b", "c", "d"].map(|path| stage.state(path));
    use ActorState::{Failed, Running, Stopped};
    assert_eq!(states, [Running, Failed, Stopped, Stopped]);

    tokio::time::sleep(RETRY_FAILED_AFTER).await;
    assert_eq!(stage.trace(), ["start b", "start c", "start d"]);
}
