//! Reads and changes through a real store and a real actor; the service is a counter.

use integrations::breaker::Gate;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::breaker::Rules;
use domain::service::ServiceName;
use integrations::Error;
use integrations::breaker::Keeper;
use store::{Keyring, NewService, Store, StoreSettings};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;
use crate::runtime::{Solo, System};

const TTL: Duration = Duration::from_secs(60);

/// What the service does with the next calls.
#[derive(Clone, Copy)]
enum Mood {
    Well,
    Failing,
    Hanging,
}

struct Nas {
    calls: AtomicU32,
    mood: Mutex<Mood>,
    goes_on: Notify,
}

/// A typed client of nothing but our own counter.
#[derive(Clone)]
struct Numbers(Arc<Nas>);

impl Upstream for Numbers {
    const KIND: ServiceKind = ServiceKind::Plex;

    fn connect(_: &Service, _: http::Client, _: Option<&Secret>) -> Result<Self, Error> {
        unreachable!("the tests connect by themselves")
    }
}

impl Numbers {
    async fn next(self) -> Result<u32, Error> {
        let n = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mood = *self.0.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(n),
            Mood::Failing => Err(Error::BrokenOff { service: "nas".into() }),
            Mood::Hanging => {
                self.0.goes_on.notified().await;
                Ok(n)
            }
        }
    }
}

struct House {
    nas: Arc<Nas>,
    desk: Desk<Numbers>,
    system: System,
    shelf: Arc<Shelf>,
    client: Solo<Message>,
    make: Box<dyn Fn() -> UpstreamClient>,
    _keeper: Keeper,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        StoreSettings { url: None, data_dir: folder.path().to_owned(), keys: Keyring::new([7; 32]) };
    let store = Store::open(&settings).await.unwrap();
    let new = NewService {
        name: "nas".parse().unwrap(),
        kind: ServiceKind::Plex,
        url: "http://127.0.0.1:9/".to_owned(),
        interval: Duration::from_secs(30),
        timeout: None,
        api_key: None,
        enabled: true,
    };
    let service = store.writer().create_service(&new).await.unwrap();
    let nas =
        Arc::new(Nas { calls: AtomicU32::new(0), mood: Mutex::new(Mood::Well), goes_on: Notify::new() });
    let (system, gate, shelf) = (System::new(), Gate::new(), Arc::<Shelf>::default());
    let keeper = gate.install(Rules::default(), |_| {});
    let make = {
        let (nas, shelf, reader) = (nas.clone(), shelf.clone(), store.reader());
        move || {
            let nas = nas.clone();
            UpstreamClient {
                service: service.clone(),
                reader: reader.clone(),
                gate: gate.clone(),
                shelf: shelf.clone(),
                connect: Arc::new(move |_| Ok(Arc::new(Numbers(nas.clone())))),
            }
        }
    };
    let name: ServiceName = "nas".parse().unwrap();
    let client = system.solo(&desk::path_of(&name), make()).await.unwrap();
    let desk = Desk::new(&system, &name, shelf.clone());
    House { nas, desk, system, shelf, client, make: Box::new(make), _keeper: keeper, _folder: folder }
}

impl House {
    fn be(&self, mood: Mood) {
        *self.nas.mood.lock().unwrap() = mood;
    }

    fn calls(&self) -> u32 {
        self.nas.calls.load(Ordering::SeqCst)
    }

    async fn read(&self, ttl: Duration) -> Result<Seen<u32>, Unwell> {
        self.desk.read(Scope::Everyone, "n", ttl, Numbers::next).await
    }
}

#[tokio::test]
async fn a_fresh_answer_is_not_asked_for_again() {
    let house = house().await;

    for _ in 0..5 {
        let seen = house.read(TTL).await.unwrap();
        assert_eq!((*seen.value, seen.stale), (1, None));
    }
    assert_eq!(house.calls(), 1);
}

#[tokio::test]
async fn two_hundred_askers_cause_one_call() {
    let house = house().await;
    house.be(Mood::Hanging);
    let mut askers = JoinSet::new();
    for _ in 0..200 {
        let desk = house.desk.clone();
        askers.spawn(async move { desk.read(Scope::Everyone, "n", TTL, Numbers::next).await });
    }
    let taken = || {
        let client = house.system.snapshot("services/nas/client")?;
        Some(client.messages.iter().find(|message| message.kind == "Read")?.count)
    };
    while taken().is_none_or(|count| count < 200) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    house.nas.goes_on.notify_one();

    for seen in askers.join_all().await {
        assert_eq!(*seen.unwrap().value, 1);
    }
    assert_eq!(house.calls(), 1);
}

#[tokio::test]
async fn the_last_good_answer_stands_in_with_its_age_and_the_reason() {
    let house = house().await;
    let good = house.read(TTL).await.unwrap();
    house.be(Mood::Failing);

    let seen = house.read(Duration::ZERO).await.unwrap();

    assert_eq!((*seen.value, seen.at), (1, good.at));
    assert_eq!(seen.stale.as_deref(), Some("nas broke off its answer"));
    house.be(Mood::Well);
    house.desk.outdate(None, "");
    // The failing fetch is asked in the background; the next reader finds what it brought.
    let deadline = Instant::now() + Duration::from_secs(5);
    while house.read(TTL).await.unwrap().stale.is_some() {
        assert!(Instant::now() < deadline, "it stays stale");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn an_old_answer_does_not_wait_for_a_service_that_hangs() {
    let house = house().await;
    house.read(TTL).await.unwrap();
    house.be(Mood::Hanging);
    let began = Instant::now();

    let seen = house.read(Duration::ZERO).await.unwrap();

    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!((*seen.value, seen.stale.is_some()), (1, true));
}

#[tokio::test]
async fn without_any_answer_a_page_waits_less_than_two_seconds() {
    let house = house().await;
    tokio::time::pause();
    house.be(Mood::Hanging);
    let began = Instant::now();

    let error = house.read(TTL).await.unwrap_err();

    assert!(matches!(error, Unwell::Slow { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_one_person_sees_is_never_shown_to_another() {
    let house = house().await;
    let (ana, ben) = (UserId::generate(), UserId::generate());
    let mut seen = Vec::new();
    for scope in [Scope::User(ana), Scope::User(ben), Scope::Everyone] {
        seen.push(*house.desk.read(scope, "n", TTL, Numbers::next).await.unwrap().value);
    }
    assert_eq!(seen, [1, 2, 3]);

    // Not even as the last resort.
    house.be(Mood::Failing);
    house.desk.forget(Scope::User(ben));
    let error = house.desk.read(Scope::User(ben), "n", TTL, Numbers::next).await.unwrap_err();
    assert!(error.is_outage());
    let anas = house.desk.read(Scope::User(ana), "n", TTL, Numbers::next).await.unwrap();
    assert_eq!(*anas.value, 1);
}

#[tokio::test]
async fn the_same_words_for_another_type_are_another_question() {
    let house = house().await;
    house.read(TTL).await.unwrap();

    let text = |numbers: Numbers| async move { Ok(numbers.next().await?.to_string()) };
    let seen: Seen<String> = house.desk.read(Scope::Everyone, "n", TTL, text).await.unwrap();

    assert_eq!(*seen.value, "2");
}

#[tokio::test]
async fn an_outdated_answer_is_read_anew_before_it_is_shown() {
    let house = house().await;
    house.read(TTL).await.unwrap();

    house.desk.outdate(Some(Scope::Everyone), "other");
    assert_eq!(*house.read(TTL).await.unwrap().value, 1);
    house.desk.outdate(Some(Scope::Everyone), "n");
    assert_eq!(*house.read(TTL).await.unwrap().value, 2);
}

#[tokio::test]
async fn answers_outlive_the_actor() {
    let mut house = house().await;
    house.read(TTL).await.unwrap();
    assert_eq!(house.shelf.len(), 1);

    let old = std::mem::replace(
        &mut house.client,
        house.system.solo("services/other/client", (house.make)()).await.unwrap(),
    );
    old.stop(Duration::from_secs(1)).await;
    house.client = house.system.solo("services/nas/client", (house.make)()).await.unwrap();

    house.be(Mood::Failing);
    assert_eq!(*house.read(TTL).await.unwrap().value, 1);
}

#[tokio::test]
async fn a_change_is_made_once_and_its_result_comes_back() {
    let house = house().await;

    assert_eq!(house.desk.act(Numbers::next).await.unwrap(), 1);
    house.be(Mood::Failing);
    let error = house.desk.act(Numbers::next).await.unwrap_err();

    assert!(matches!(error, Unwell::Failed(Error::BrokenOff { .. })));
    assert_eq!(house.calls(), 2);
}

#[tokio::test]
async fn a_failed_fetch_is_tried_again_by_itself() {
    let house = house().await;
    tokio::time::pause();
    house.be(Mood::Failing);
    house.read(TTL).await.unwrap_err();
    assert_eq!(house.calls(), 1);

    house.be(Mood::Well);
    while house.calls() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    house.be(Mood::Failing);
    let seen = house.read(TTL).await.unwrap();
    assert_eq!((*seen.value, seen.stale), (2, None));
}
