//! Children that come and go at run time.

use std::time::Duration;

use actors::{
    runtime::{ActorState, Occurrence, System},
    supervisor::{self, Blueprint, Child, DynamicError, Restart, Root, Tree},
};
use tokio::time::Instant;

use crate::stage::{Pull, Stage, Start, Stop, Strings, puppet, puppet_factory};

const POOL: &str = r#"
    name = "top"
    strategy = "one_for_one"
    [[children]]
    name = "pool"
    strategy = "dynamic"
    on_meltdown = "give_up"
    intensity = 2
    shutdown = "2s"

    [template.pair]
    strategy = "rest_for_one"
    on_meltdown = "give_up"
    [[template.pair.children]]
    name = "first"
    [[template.pair.children]]
    name = "second"
"#;

#[tokio::test(start_paused = true)]
async fn a_child_comes_and_goes() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");

    pool.start(puppet("x", &stage.strings)).await.unwrap();

    assert_eq!(pool.names(), ["x"]);
    assert!(pool.is_running("x"));
    assert_eq!(stage.life("pool/x").await, 1);
    assert_eq!(stage.look("pool/x").parent.as_deref(), Some("pool"));
    assert_eq!(pool.start(puppet("x", &stage.strings)).await, Err(DynamicError::AlreadyRunning));

    pool.stop("x").await.unwrap();

    assert_eq!(stage.trace(), ["start pool/x", "stop pool/x"]);
    assert_eq!(pool.names(), [""; 0]);
    assert_eq!(pool.stop("x").await, Err(DynamicError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_first_start_fails_is_refused_and_not_kept() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    for (start, reason) in [
        (Start::Fails, "no luck"),
        (Start::Panics, "panicked: at the start"),
        (Start::Hangs, "did not start within 5s"),
    ] {
        stage.strings.starts("pool/x", &[start]);

        let refused = pool.start(puppet("x", &stage.strings)).await;

        assert_eq!(refused, Err(DynamicError::StartFailed(reason.to_owned())));
        assert_eq!(pool.names(), [""; 0]);
    }

    pool.start(puppet("x", &stage.strings)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_is_restarted_alone_and_given_up_alone() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    for name in ["x", "y"] {
        pool.start(puppet(name, &stage.strings)).await.unwrap();
    }
    stage.trace();

    stage.pull("pool/x", Pull::Panic).await;
    assert_eq!(stage.trace(), ["start pool/x"]);
    stage.pull("pool/y", Pull::Panic).await;
    stage.strings.always("pool/x", Start::Fails);
    stage.pull("pool/x", Pull::Panic).await;

    assert_eq!(stage.state("pool/x"), ActorState::Failed);
    assert_eq!(stage.life("pool/y").await, 2);
    assert_eq!(pool.names(), ["x", "y"], "a child that was given up is still there");
    pool.stop("x").await.unwrap();
    assert_eq!(pool.names(), ["y"]);
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_escalates_like_any_other() {
    let stage = Stage::up(&POOL.replacen("on_meltdown = \"give_up\"", "on_meltdown = \"escalate\"", 1)).await;
    let pool = stage.system.dynamic("pool");
    for name in ["x", "y", "z"] {
        pool.start(puppet(name, &stage.strings)).await.unwrap();
    }

    for name in ["x", "y", "z"] {
        stage.tell(&format!("pool/{name}"), Pull::Panic);
    }
    stage.settle().await;

    assert_eq!(stage.count("pool", Occurrence::Escalated), 1);
    assert_eq!(stage.look("pool").restarts, 1);
    assert_eq!(pool.names(), [""; 0], "nothing was asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_for_good_is_forgotten() {
    for (restart, end, is_forgotten) in [
        (Restart::Transient, "leave", true),
        (Restart::Temporary, "panic", true),
        (Restart::Permanent, "leave", false),
        (Restart::Transient, "panic", false),
    ] {
        let stage = Stage::up(POOL).await;
        let pool = stage.system.dynamic("pool");
        pool.start(puppet("x", &stage.strings).restart(restart)).await.unwrap();

        stage.pull("pool/x", if end == "leave" { Pull::Leave("done") } else { Pull::Panic }).await;

        assert_eq!(pool.names().is_empty(), is_forgotten, "{restart:?}, {end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_can_be_replaced_by_another_of_its_name() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    pool.replace(puppet("x", &stage.strings)).await.unwrap();
    stage.pull("pool/x", Pull::Panic).await;

    pool.replace(puppet("x", &stage.strings)).await.unwrap();

    assert_eq!(stage.life("pool/x").await, 1, "it is another puppet");
    assert_eq!(stage.look("pool/x").generation, 3);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_made_from_its_template() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    let members = |names: &[&'static str]| {
        names.iter().map(|name| (*name, puppet_factory(&stage.strings))).collect::<Vec<_>>()
    };

    pool.start(Child::group("g", "pair", members(&["first", "second"]))).await.unwrap();

    assert_eq!(stage.trace(), ["start pool/g/first", "start pool/g/second"]);
    assert_eq!(stage.look("pool/g").strategy, Some("rest_for_one"));
    assert_eq!(stage.look("pool/g/second").parent.as_deref(), Some("pool/g"));
    stage.pull("pool/g/first", Pull::Panic).await;
    assert_eq!(stage.trace(), ["stop pool/g/second", "start pool/g/first", "start pool/g/second"]);

    pool.stop("g").await.unwrap();
    assert_eq!(stage.trace(), ["stop pool/g/second", "stop pool/g/first"]);
    assert_eq!(stage.state("pool/g/first"), ActorState::Stopped);

    for (child, expected) in [
        (Child::group("h", "trio", members(&["first"])), "there is no [template.trio]"),
        (
            Child::group("h", "pair", members(&["first", "third"])),
            "[template.pair]: second is declared, but nothing is known to run there; \
             third is known, but not declared in the tree",
        ),
    ] {
        assert_eq!(pool.start(child).await, Err(DynamicError::StartFailed(expected.to_owned())));
    }
}

#[tokio::test(start_paused = true)]
async fn children_stop_at_the_same_time_when_their_supervisor_does() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    for number in 0..50 {
        pool.start(puppet(&format!("x{number}"), &stage.strings)).await.unwrap();
        stage.strings.stops(&format!("pool/x{number}"), Stop::Takes(Duration::from_secs(1)));
    }
    stage.strings.stops("pool/x7", Stop::Hangs);
    stage.trace();
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert_eq!(began.elapsed().as_secs(), 2, "one that hangs holds up only itself, and for its own time");
    assert_eq!(stage.trace().len(), 49);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_going_down_takes_no_more_children() {
    let stage = Stage::up(POOL).await;
    let pool = stage.system.dynamic("pool");
    pool.start(puppet("x", &stage.strings)).await.unwrap();
    stage.strings.stops("pool/x", Stop::Takes(Duration::from_secs(1)));

    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        pool.start(puppet("y", &stage.strings)).await
    };
    let ((), late) = tokio::join!(stage.root.shutdown("the test is over"), late);

    assert_eq!(late, Err(DynamicError::ShuttingDown));
}

#[tokio::test(start_paused = true)]
async fn children_are_counted_right_in_the_thousands() {
    let strings = Strings::default();
    let root = crowd(&strings, 1_000, Restart::Permanent).await;
    let pool = root.system().dynamic("pool");
    assert_eq!(pool.names().len(), 1_000);

    for number in 1_000..2_000 {
        pool.start(puppet(&format!("x{number}"), &strings)).await.unwrap();
    }

    assert_eq!(pool.names().len(), 2_000);
    assert_eq!(root.system().snapshots().len(), 2_002);
    root.shutdown("the test is over").await;
    assert_eq!(pool.names().len(), 0);
}

/// A tree with a pool of so many children.
async fn crowd(strings: &Strings, size: usize, restart: Restart) -> Root {
    let system = System::new();
    let tree = Tree::parse("test.toml", POOL).unwrap();
    let strings = strings.clone();
    let rehydrate = move || {
        let name = |number| format!("x{number}");
        let children = (0..size).map(|number| puppet(&name(number), &strings).restart(restart)).collect();
        async { Ok(children) }
    };
    supervisor::start(tree, Blueprint::new(&system).dynamic("pool", rehydrate), &system).await.unwrap()
}

/// The processor time that it takes until so many temporary children have started and died.
async fn life_and_death_of(size: usize) -> Duration {
    let began = processor_time();
    let root = crowd(&Strings::default(), size, Restart::Temporary).await;
    for number in 0..size {
        root.system().handle(&format!("pool/x{number}")).tell(Pull::Fail).unwrap();
    }
    let pool = root.system().dynamic("pool");
    while !pool.names().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    root.shutdown("the test is over").await;
    processor_time() - began
}

/// What this thread has used so far. Other work on the machine does not count, and the
/// runtime of a test has one thread.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn ten_times_the_children_cost_about_ten_times_as_much() {
    life_and_death_of(500).await;

    let few = life_and_death_of(1_000).await.max(life_and_death_of(1_000).await);
    let many = life_and_death_of(10_000).await;

    // Alone it is 10 to 12, by the size of the processor's caches; quadratic would be 100.
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    assert!(ratio < 16.0, "1,000 took {few:?}, 10,000 took {many:?}: {ratio:.1} times as long");
}
