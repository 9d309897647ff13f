//! How a tree comes up, and how it does not.

use std::time::Duration;

use actors::{
    runtime::{ActorState, Occurrence, System},
    supervisor::{self, Blueprint, StartError, Tree},
};

use crate::stage::{Pull, Stage, Start, Strings, flat, puppet_factory};

#[tokio::test(start_paused = true)]
async fn children_start_in_the_order_of_the_file() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b", "c"])).await;

    assert_eq!(stage.trace(), ["start a", "start b", "start c"]);
    assert_eq!(stage.state("a"), ActorState::Running);
    assert_eq!(stage.look("a").parent.as_deref(), Some("top"));
    assert_eq!(stage.look("top").strategy, Some("one_for_one"));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_not_started_before_the_one_before_it_has_started() {
    let strings = Strings::default();
    strings.starts("a", &[Start::Takes(Duration::from_secs(3))]);
    strings.starts("b", &[Start::Takes(Duration::from_secs(1))]);

    let stage = Stage::with(strings, &flat("strategy = \"one_for_one\"", &["a", "b", "c"])).await.unwrap();

    assert_eq!(stage.trace(), ["start a", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn a_subtree_is_complete_before_what_follows_it_starts() {
    let strings = Strings::default();
    strings.starts("sub/y", &[Start::Takes(Duration::from_secs(2))]);
    let text = r#"
        name = "top"
        strategy = "one_for_one"
        [[children]]
        name = "sub"
        strategy = "one_for_all"
        [[children.children]]
        name = "x"
        [[children.children]]
        name = "y"
        [[children]]
        name = "z"
    "#;

    let stage = Stage::with(strings, text).await.unwrap();

    assert_eq!(stage.trace(), ["start sub/x", "start sub/y", "start z"]);
    assert_eq!(stage.look("sub/x").parent.as_deref(), Some("sub"));
}

#[tokio::test(start_paused = true)]
async fn a_child_with_nothing_to_do_is_left_out_and_the_others_start() {
    let strings = Strings::default();
    strings.starts("b", &[Start::HasNothingToDo]);

    let stage = Stage::with(strings, &flat("strategy = \"one_for_one\"", &["a", "b", "c"])).await.unwrap();

    assert_eq!(stage.trace(), ["start a", "try b", "start c"]);
    assert_eq!(stage.state("b"), ActorState::Stopped);
    assert_eq!(stage.look("b").restarts, 0);

    stage.system.restart("b").await.unwrap();
    assert_eq!(stage.state("b"), ActorState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_once_is_tried_again() {
    for start in [Start::Fails, Start::Panics, Start::Hangs] {
        let strings = Strings::default();
        strings.starts("b", &[start, start]);

        let stage =
            Stage::with(strings, &flat("strategy = \"one_for_one\"", &["a", "b", "c"])).await.unwrap();

        assert_eq!(stage.trace(), ["start a", "try b", "try b", "start b", "start c"], "{start:?}");
        assert_eq!(stage.look("b").restarts, 2);
        assert_eq!(stage.count("b", Occurrence::StartFailed), 2);
        let expected = match start {
            Start::Panics => "panicked: at the start",
            Start::Hangs => "did not start within 5s",
            _ => "no luck",
        };
        assert_eq!(stage.look("b").last_error.as_deref(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_in_which_a_child_never_starts_does_not_start() {
    for start in [Start::Fails, Start::Panics, Start::Hangs] {
        let strings = Strings::default();
        strings.always("b", start);

        let result =
            Stage::with(strings.clone(), &flat("strategy = \"one_for_one\"", &["a", "b", "c"])).await;

        let Err(StartError::MeltedDown(trouble)) = result else { panic!("it started") };
        assert!(trouble.starts_with("b failed more than 5 times within 1m: "), "{trouble}");
        let trace = strings.trace();
        assert_eq!(trace.iter().filter(|line| *line == "try b").count(), 6, "{trace:?}");
        assert_eq!(trace.last().map(String::as_str), Some("stop a"));
        assert!(!trace.iter().any(|line| line.contains(" c")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_that_cannot_start_is_not_tried_again() {
    let strings = Strings::default();
    strings.always("a", Start::Fails);

    let stage =
        Stage::with(strings, &flat("strategy = \"one_for_one\"", &["a restart = \"temporary\"", "b"]))
            .await
            .unwrap();

    assert_eq!(stage.trace(), ["try a", "start b"]);
    assert_eq!(stage.state("a"), ActorState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_does_not_fit_the_program_is_refused_with_every_path() {
    let system = System::new();
    let strings = Strings::default();
    let tree = Tree::parse(
        "test.toml",
        "name = \"top\"\nstrategy = \"one_for_one\"\n[[children]]\nname = \"a\"\n[[children]]\nname = \"b\"\n\
         [[children]]\nname = \"c\"\nstrategy = \"dynamic\"\n",
    )
    .unwrap();
    let blueprint = Blueprint::new(&system)
        .factory("a", puppet_factory(&strings))
        .factory("x/y", puppet_factory(&strings))
        .absent("z", "not today");

    let Err(StartError::Misfit(problems)) = supervisor::start(tree, blueprint, &system).await else {
        panic!("it started");
    };

    assert_eq!(
        problems,
        [
            "b is declared, but nothing is known to run there",
            "c is a dynamic supervisor, but nothing says what runs under it",
            "x/y is known, but not declared in the tree",
            "z is known, but not declared in the tree",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_declared_but_absent_is_a_ghost() {
    let system = System::new();
    let strings = Strings::default();
    let tree = Tree::parse("test.toml", &flat("strategy = \"rest_for_one\"", &["a", "b"])).unwrap();
    let blueprint =
        Blueprint::new(&system).factory("a", puppet_factory(&strings)).absent("b", "there is no REDIS_URL");

    let root = supervisor::start(tree, blueprint, &system).await.unwrap();

    let ghost = system.snapshot("b").unwrap();
    assert_eq!(ghost.state, ActorState::Ghost);
    assert_eq!(ghost.parent.as_deref(), Some("top"));
    assert_eq!(ghost.card["absent"], "there is no REDIS_URL");
    assert_eq!(system.restart("b").await, Err(supervisor::AdminError::Absent));
    assert_eq!(system.handle::<Pull>("b").tell(Pull::Fail), Err(actors::runtime::Undelivered::NotRunning));
    root.shutdown("the test is over").await;
}
