//! Talking to actors that may be restarted at any time.

use std::time::Duration;

use actors::runtime::{AskError, System, Undelivered, correlated};
use tokio::time::Instant;

use crate::stage::{Pull, Stage, Start, flat};

#[tokio::test(start_paused = true)]
async fn a_handle_stays_valid_across_restarts() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    let handle = stage.handle("a");
    assert_eq!(handle.ask(Duration::from_secs(1), Pull::Ping).await, Ok(1));

    stage.pull("a", Pull::Panic).await;

    assert_eq!(handle.ask(Duration::from_secs(1), Pull::Ping).await, Ok(2));
    assert_eq!(handle.path(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_handle_can_be_had_before_its_actor() {
    let system = System::new();
    let handle = system.handle::<Pull>("a");

    assert_eq!(handle.tell(Pull::Fail), Err(Undelivered::NotRunning));
    assert!(!handle.is_running());
    assert_eq!(system.snapshots().len(), 0, "what nobody has started is not shown");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a takes ")]
async fn two_parts_of_the_program_must_agree_on_what_lives_at_a_path() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;

    stage.system.handle::<actors::supervisor::Message>("a");
}

#[tokio::test(start_paused = true)]
async fn between_two_lives_a_message_is_refused_and_a_question_waits() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    let handle = stage.handle("a");
    stage.strings.starts("a", &[Start::Takes(Duration::from_millis(700))]);
    stage.tell("a", Pull::Panic);
    tokio::time::sleep(Duration::from_millis(1)).await;

    assert_eq!(handle.tell(Pull::Ticked), Err(Undelivered::NotRunning));
    assert_eq!(handle.ask(Duration::from_secs(5), Pull::Ping).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_question_waits_no_longer_than_a_second_for_an_actor_and_never_past_its_deadline() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    let handle = stage.handle("a");
    stage.strings.starts("a", &[Start::Hangs]);
    stage.tell("a", Pull::Panic);
    tokio::time::sleep(Duration::from_millis(1)).await;

    for (deadline, expected) in [(5_000, 1_000), (300, 300)] {
        let began = Instant::now();

        let answer = handle.ask(Duration::from_millis(deadline), Pull::Ping).await;

        assert_eq!(answer, Err(AskError::NotRunning));
        assert_eq!(began.elapsed().as_millis(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_to_a_busy_actor_times_out_at_its_deadline() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(3600)));
    let began = Instant::now();

    let answer = stage.handle("a").ask(Duration::from_secs(5), Pull::Ping).await;

    assert_eq!(answer, Err(AskError::TimedOut));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_more_and_says_how_often() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(1)));
    tokio::task::yield_now().await;

    let taken = (0..1_000).filter(|_| stage.handle("a").tell(Pull::Ticked).is_ok()).count();

    assert_eq!(taken, 16);
    assert_eq!(stage.look("a").mailbox, 16);
    assert_eq!(stage.look("a").refused, 984);
    assert_eq!(stage.handle("a").tell(Pull::Ticked), Err(Undelivered::Full));
    let answer = stage.handle("a").ask(Duration::from_secs(1), Pull::Ping).await;
    assert_eq!(answer, Err(AskError::Full));

    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.look("a").mailbox, 0);
    assert_eq!(stage.handle("a").ask(Duration::from_secs(1), Pull::Ticks).await, Ok(16));
}

#[tokio::test(start_paused = true)]
async fn a_new_life_begins_with_an_empty_mailbox() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Panic);
    for _ in 0..10 {
        stage.tell("a", Pull::Ticked);
    }

    stage.settle().await;

    assert_eq!(stage.look("a").mailbox, 0);
    assert_eq!(stage.handle("a").ask(Duration::from_secs(1), Pull::Ticks).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn two_actors_that_ask_each_other_get_an_error_and_live_on() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    let (a, b) = (stage.handle("a"), stage.handle("b"));
    let patience = Duration::from_secs(5);

    let answers = tokio::join!(
        a.ask(patience, |reply| Pull::Ask(b.clone(), reply)),
        b.ask(patience, |reply| Pull::Ask(a.clone(), reply))
    );

    // The one that gives up first can still answer the other in that very moment.
    let (Ok(of_b), Ok(of_a)) = answers else { panic!("{answers:?}") };
    assert!([of_a, of_b].contains(&Err(AskError::TimedOut)), "{of_a:?}, {of_b:?}");
    stage.settle().await;
    assert_eq!((stage.life("a").await, stage.life("b").await), (1, 1));
    assert_eq!((stage.look("a").mailbox, stage.look("b").mailbox), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_request_id_travels_from_actor_to_actor() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    let (a, b) = (stage.handle("a"), stage.handle("b"));
    let second = Duration::from_secs(1);

    let outside = a.ask(second, Pull::Correlation).await;
    let asked = correlated(Some("request-7".into()), a.ask(second, Pull::Correlation)).await;
    let forwarded =
        correlated(Some("request-8".into()), a.ask(second, |reply| Pull::Forward(b.clone(), reply))).await;

    assert_eq!(outside, Ok(None));
    assert_eq!(asked, Ok(Some("request-7".to_owned())));
    assert_eq!(forwarded, Ok(Some("request-8".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn timers_die_with_the_life_that_started_them() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    let handle = stage.handle("a");
    let second = Duration::from_secs(1);
    stage.tell("a", Pull::Tick(second));
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(handle.ask(second, Pull::Ticks).await, Ok(3));

    for end in [Pull::Panic, Pull::Leave("done")] {
        stage.pull("a", end).await;

        assert_eq!(handle.ask(second, Pull::Ticks).await, Ok(0));
        stage.tell("a", Pull::Tick(second));
    }
    stage.system.kill("a");
    stage.settle().await;
    assert_eq!(handle.ask(second, Pull::Ticks).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_behind_of_the_timers_of_an_actor_that_is_gone() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a restart = \"temporary\"", "b"])).await;
    stage.settle().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for _ in 0..3 {
        stage.tell("a", Pull::Tick(Duration::from_secs(1)));
    }
    stage.settle().await;
    assert_eq!(tasks(), before + 3);

    stage.pull("a", Pull::Panic).await;

    assert_eq!(tasks(), before - 1, "the actor and its timers are gone");
}
