use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use super::*;
use crate::runtime::{Solo, System};

type Answer = Option<Result<Pin, Error>>;

/// plex.tv and the store, as a test says they behave.
struct Script {
    answer: Mutex<Box<dyn Fn(usize) -> Answer + Send>>,
    polls: AtomicUsize,
    times: Mutex<Vec<Instant>>,
    recognised: Mutex<Vec<String>>,
    trouble: AtomicBool,
    expired: AtomicUsize,
}

impl Outside for Script {
    fn poll(&self) -> BoxFuture<'static, Answer> {
        let nth = self.polls.fetch_add(1, Ordering::SeqCst) + 1;
        self.times.lock().unwrap().push(Instant::now());
        let answer = (self.answer.lock().unwrap())(nth);
        async move { answer }.boxed()
    }

    fn recognise(&self, token: Secret) -> BoxFuture<'static, Result<(), Trouble>> {
        self.recognised.lock().unwrap().push(token.expose().to_owned());
        let result =
            if self.trouble.load(Ordering::SeqCst) { Err(Trouble("later".to_owned())) } else { Ok(()) };
        async move { result }.boxed()
    }

    fn expire(&self) -> BoxFuture<'static, ()> {
        self.expired.fetch_add(1, Ordering::SeqCst);
        async {}.boxed()
    }
}

struct Stage {
    script: Arc<Script>,
    solo: Solo<Message>,
    system: System,
}

const PATH: &str = "sign-ins/pins/1";

impl Stage {
    async fn begin(
        lifetime: Duration,
        is_abandoned: bool,
        answer: impl Fn(usize) -> Answer + Send + 'static,
    ) -> Self {
        let script = Arc::new(Script {
            answer: Mutex::new(Box::new(answer)),
            polls: AtomicUsize::default(),
            times: Mutex::default(),
            recognised: Mutex::default(),
            trouble: AtomicBool::default(),
            expired: AtomicUsize::default(),
        });
        let system = System::new();
        let actor = SignIn { outside: script.clone(), expires_at: Timestamp::now() + lifetime, is_abandoned };
        let solo = system.solo(PATH, actor).await.unwrap();
        Self { script, solo, system }
    }

    fn polls(&self) -> usize {
        self.script.polls.load(Ordering::SeqCst)
    }

    fn recognised(&self) -> Vec<String> {
        self.script.recognised.lock().unwrap().clone()
    }

    async fn progress(&self) -> Progress {
        self.solo.handle().ask(DEADLINE, Message::Progress).await.unwrap()
    }

    async fn gone_within(&self, patience: Duration) {
        tokio::time::timeout(patience, self.solo.ended()).await.expect("the poller ends");
    }
}

fn waiting() -> Answer {
    Some(Ok(Pin { number: 1, code: Secret::new("K7QD"), expires_in: Duration::from_secs(900), token: None }))
}

fn approved() -> Answer {
    Some(Ok(Pin { token: Some(Secret::new("tok")), ..waiting().unwrap().unwrap() }))
}

const QUARTER: Duration = Duration::from_secs(900);

#[tokio::test(start_paused = true)]
async fn plex_is_asked_once_a_second_and_slower_when_nobody_looks() {
    let stage = Stage::begin(QUARTER, false, |_| waiting()).await;

    tokio::time::sleep(Duration::from_millis(60_500)).await;
    assert!((59..=62).contains(&stage.polls()), "{} in a minute", stage.polls());

    tokio::time::sleep(Duration::from_secs(180)).await;
    let before = stage.polls();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!((11..=13).contains(&(stage.polls() - before)), "nobody has looked for minutes");

    let before = stage.polls();
    assert_eq!(stage.progress().await, Progress::default());
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(stage.polls() - before, 1, "somebody came back: it is asked at once");
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_nobody_claims_leaves_no_poller_behind() {
    let stage = Stage::begin(Duration::from_secs(30), false, |_| waiting()).await;

    stage.gone_within(Duration::from_secs(35)).await;

    assert_eq!(stage.script.expired.load(Ordering::SeqCst), 1, "the row says so");
    assert!(stage.polls() <= 31);
    assert!(stage.recognised().is_empty());
}

#[tokio::test(start_paused = true)]
async fn plex_says_that_it_is_over() {
    let stage =
        Stage::begin(QUARTER, false, |nth| if nth < 3 { waiting() } else { Some(Err(Error::PinGone)) }).await;

    stage.gone_within(Duration::from_secs(5)).await;

    assert_eq!((stage.polls(), stage.script.expired.load(Ordering::SeqCst)), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn plex_being_down_to_the_end_ends_with_the_pin_too() {
    let down = || Some(Err(Error::Away(integrations::Error::BrokenOff { service: "plex-tv".into() })));
    let stage = Stage::begin(Duration::from_secs(120), false, move |_| down()).await;

    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(stage.progress().await.trouble.unwrap().contains("Plex does not answer"), "the page says why");
    assert!(stage.polls() < 10, "{} polls of a plex.tv that is down", stage.polls());

    stage.gone_within(Duration::from_secs(65)).await;
    assert_eq!(stage.script.expired.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn being_told_to_wait_doubles_the_wait_and_a_good_answer_ends_it() {
    let stage = Stage::begin(QUARTER, false, |nth| match nth {
        1..=4 => Some(Err(Error::Throttled { retry_in: Duration::from_millis(1) })),
        _ => waiting(),
    })
    .await;

    tokio::time::sleep(Duration::from_secs(34)).await;

    let times = stage.script.times.lock().unwrap().clone();
    let gaps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(gaps[..6], [2, 4, 8, 16, 1, 1]);
    assert_eq!(stage.progress().await.trouble, None);
}

#[tokio::test(start_paused = true)]
async fn whoever_approved_it_is_found_out_once_plex_can_say() {
    let stage = Stage::begin(QUARTER, false, |nth| if nth < 2 { waiting() } else { approved() }).await;
    stage.script.trouble.store(true, Ordering::SeqCst);

    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(stage.progress().await, Progress { is_approved: true, trouble: Some("later".to_owned()) });
    assert_eq!(stage.polls(), 2, "an approved PIN is not polled");
    stage.script.trouble.store(false, Ordering::SeqCst);

    stage.gone_within(Duration::from_secs(20)).await;
    assert!(stage.recognised().iter().all(|token| token == "tok"));
    assert_eq!(stage.script.expired.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_pin_is_still_asked_about_but_slowly() {
    let stage = Stage::begin(QUARTER, true, |nth| if nth < 5 { waiting() } else { approved() }).await;

    tokio::time::sleep(Duration::from_secs(18)).await;
    assert_eq!(stage.polls(), 4);

    stage.gone_within(Duration::from_secs(10)).await;
    assert_eq!(stage.recognised(), ["tok"], "the token that we keep is not stranded");
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_is_not_needed_leaves() {
    let stage = Stage::begin(QUARTER, false, |_| None).await;

    stage.gone_within(Duration::from_secs(1)).await;

    assert_eq!(stage.script.expired.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn the_card_shows_no_code_and_no_token() {
    let stage = Stage::begin(QUARTER, false, |_| approved()).await;
    stage.script.trouble.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3)).await;
    stage.progress().await;

    let card = stage.system.snapshot(PATH).unwrap().card.to_string();

    assert!(card.contains("\"approved\":true"), "{card}");
    assert!(!card.contains("tok\"") && !card.contains("K7QD"), "{card}");
}
