//! Which ends are followed by a restart.

use std::time::Duration;

use actors::runtime::{ActorState, Occurrence};

use crate::stage::{Pull, Stage, flat};

/// How a puppet can be made to end.
#[derive(Debug, Clone, Copy)]
enum End {
    Normal,
    Shutdown,
    Abnormal,
    Panicked,
    Killed,
}

async fn end(stage: &Stage, path: &str, end: End) {
    match end {
        End::Normal => stage.tell(path, Pull::Leave("normal")),
        End::Shutdown => stage.tell(path, Pull::Leave("shutdown")),
        End::Abnormal => stage.tell(path, Pull::Fail),
        End::Panicked => stage.tell(path, Pull::Panic),
        End::Killed => assert!(stage.system.kill(path)),
    }
    stage.settle().await;
}

#[tokio::test(start_paused = true)]
async fn the_restart_type_decides_which_ends_are_followed_by_a_restart() {
    let table = [
        ("permanent", End::Normal, true),
        ("permanent", End::Shutdown, true),
        ("permanent", End::Abnormal, true),
        ("permanent", End::Panicked, true),
        ("permanent", End::Killed, true),
        ("transient", End::Normal, false),
        ("transient", End::Shutdown, false),
        ("transient", End::Abnormal, true),
        ("transient", End::Panicked, true),
        ("transient", End::Killed, true),
        ("temporary", End::Normal, false),
        ("temporary", End::Shutdown, false),
        ("temporary", End::Abnormal, false),
        ("temporary", End::Panicked, false),
        ("temporary", End::Killed, false),
    ];

    for (restart, how, is_restarted) in table {
        for strategy in ["one_for_one", "one_for_all", "rest_for_one"] {
            let a = format!("a restart = \"{restart}\"");
            let stage = Stage::up(&flat(&format!("strategy = \"{strategy}\""), &[&a, "b"])).await;

            end(&stage, "a", how).await;

            let case = format!("{restart}, {how:?}, {strategy}");
            let expected = if is_restarted { ActorState::Running } else { ActorState::Stopped };
            assert_eq!(stage.state("a"), expected, "{case}");
            assert_eq!(stage.look("a").restarts, u32::from(is_restarted), "{case}");
            let is_abnormal = !matches!(how, End::Normal | End::Shutdown);
            assert_eq!(stage.count("a", Occurrence::Crashed), usize::from(is_abnormal), "{case}");
            assert_eq!(stage.count("a", Occurrence::Ended), usize::from(!is_abnormal), "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_that_ended_normally_can_be_started_again_by_hand() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a restart = \"transient\""])).await;
    stage.pull("a", Pull::Leave("done")).await;

    stage.system.restart("a").await.unwrap();

    assert_eq!(stage.life("a").await, 2);
}

#[tokio::test(start_paused = true)]
async fn the_first_restart_is_immediate_and_the_next_ones_wait_longer_and_longer() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;

    for (least, most) in [(0, 1), (100, 202), (200, 402), (400, 802)] {
        stage.tell("a", Pull::Panic);
        let died = tokio::time::Instant::now();
        let lives = stage.look("a").generation;
        while stage.look("a").generation == lives || !stage.handle("a").is_running() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }

        let waited = died.elapsed().as_millis();
        assert!((least..=most + 1).contains(&waited), "{waited} ms is not within {least}..={most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ran_well_for_long_enough_is_restarted_at_once_again() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    for _ in 0..3 {
        stage.pull("a", Pull::Panic).await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;

    stage.tell("a", Pull::Panic);
    tokio::time::sleep(Duration::from_millis(1)).await;

    assert_eq!(stage.state("a"), ActorState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_temporary_bystander_goes_with_its_siblings_and_does_not_come_back() {
    for strategy in ["one_for_all", "rest_for_one"] {
        let text = flat(
            &format!("strategy = \"{strategy}\""),
            &["a", "b restart = \"temporary\"", "c restart = \"transient\"", "d"],
        );
        let stage = Stage::up(&text).await;
        stage.trace();

        stage.pull("a", Pull::Panic).await;

        assert_eq!(
            stage.trace(),
            ["stop d", "stop c", "stop b", "start a", "start c", "start d"],
            "{strategy}"
        );
        assert_eq!(stage.state("b"), ActorState::Stopped);
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_that_dies_takes_nobody_with_it() {
    for strategy in ["one_for_one", "one_for_all", "rest_for_one"] {
        let text = flat(&format!("strategy = \"{strategy}\""), &["a restart = \"temporary\"", "b"]);
        let stage = Stage::up(&text).await;
        stage.trace();

        stage.pull("a", Pull::Panic).await;

        assert_eq!(stage.trace(), [""; 0], "{strategy}");
        assert_eq!(stage.life("b").await, 1);
    }
}
