use std::time::Duration;

use domain::user::{Role, User};
use domain::{Secret, Timestamp};
use store::{Keyring, NewSession, NewUser, Store, StoreSettings, UserPatch};
use tokio::time::timeout;

use super::*;
use crate::supervisor::{self, Blueprint, Root, Tree};

const TREE: &str = "name = \"medianest\"\nstrategy = \"one_for_one\"\n\
                    [[children]]\nname = \"sessions\"\nstrategy = \"dynamic\"\non_meltdown = \"give_up\"\n";

struct House {
    store: Store,
    sessions: Sessions,
    system: System,
    _root: Root,
    _data: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        Self::open_with(Ephemeral::connect(None).await.unwrap()).await
    }

    /// With the Redis of the tests, as one of several instances would have it.
    async fn open_shared() -> Self {
        let url = std::env::var("MEDIANEST_TEST_REDIS")
            .expect("MEDIANEST_TEST_REDIS names a Redis; scripts/test starts one");
        Self::open_with(Ephemeral::connect(Some(&Secret::new(url))).await.unwrap()).await
    }

    /// Another instance over the same rows and the same Redis.
    async fn neighbour(&self) -> (Sessions, Root) {
        let system = System::new();
        let blueprint = Blueprint::new(&system).dynamic("sessions", || async { Ok(Vec::new()) });
        let tree = Tree::parse("supervisor.toml", TREE).unwrap();
        let root = supervisor::start(tree, blueprint, &system).await.unwrap();
        let ephemeral = self.sessions.ephemeral.clone();
        (Sessions::new(system, self.store.reader(), self.store.writer(), ephemeral), root)
    }

    async fn open_with(ephemeral: Ephemeral) -> Self {
        let data = tempfile::tempdir().unwrap();
        let keys = Keyring::load_or_create(data.path(), None::<&Secret>).unwrap();
        let settings = StoreSettings { url: None, data_dir: data.path().to_owned(), keys };
        let store = Store::open(&settings).await.unwrap();
        let system = System::new();
        let blueprint = Blueprint::new(&system).dynamic("sessions", || async { Ok(Vec::new()) });
        let tree = Tree::parse("supervisor.toml", TREE).unwrap();
        let root = supervisor::start(tree, blueprint, &system).await.unwrap();
        let sessions = Sessions::new(system.clone(), store.reader(), store.writer(), ephemeral);
        Self { store, sessions, system, _root: root, _data: data }
    }

    async fn member(&self, name: &str) -> User {
        let username = name.parse().unwrap();
        let new = NewUser { username: &username, email: None, role: Role::User, password_hash: None };
        self.store.writer().create_user(&new).await.unwrap()
    }

    async fn session_of(&self, user: &User) -> SessionId {
        let end = Timestamp::now() + session::IDLE;
        let new = NewSession {
            user: user.id,
            user_agent: None,
            ip: None,
            idle_ends_at: end,
            absolute_ends_at: end,
        };
        self.store.writer().create_session(&new).await.unwrap()
    }
}

#[tokio::test]
async fn a_session_is_an_actor_that_says_who_it_is() {
    let house = House::open().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;

    let known = house.sessions.identify(sid).await.unwrap();

    assert_eq!((known.user.id, known.user.session), (ana.id, Some(sid)));
    assert!(house.system.snapshot(&format!("sessions/{sid}")).is_some());
}

#[tokio::test]
async fn a_forged_session_starts_no_actor() {
    let house = House::open().await;

    let answer = house.sessions.identify(SessionId::generate()).await;

    assert_eq!(answer, Err(Refused::Over));
    assert_eq!(house.sessions.count(), 0);
}

#[tokio::test]
async fn a_revoked_session_loses_its_streams_at_once() {
    let house = House::open().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;
    let mut connection = house.sessions.connect(sid).await.unwrap();

    house.store.writer().revoke_session(sid).await.unwrap();
    house.sessions.recheck(sid);

    timeout(Duration::from_millis(900), connection.closed()).await.unwrap();
    assert_eq!(house.sessions.identify(sid).await, Err(Refused::Over));
}

#[tokio::test]
async fn a_disabled_person_is_out_within_a_second_although_nobody_says_so() {
    let house = House::open().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;
    let mut connection = house.sessions.connect(sid).await.unwrap();

    let patch = UserPatch { enabled: Some(false), ..UserPatch::default() };
    house.store.writer().update_user(ana.id, patch).await.unwrap();

    timeout(Duration::from_secs(3), connection.closed()).await.unwrap();
    assert_eq!(house.sessions.identify(sid).await, Err(Refused::Over));
}

#[tokio::test]
async fn one_stream_too_many_closes_the_oldest() {
    let house = House::open().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;
    let mut oldest = house.sessions.connect(sid).await.unwrap();
    let mut others = Vec::new();
    for _ in 1..session::STREAMS {
        others.push(house.sessions.connect(sid).await.unwrap());
    }

    let _one_more = house.sessions.connect(sid).await.unwrap();

    timeout(Duration::from_secs(1), oldest.closed()).await.unwrap();
    let second = timeout(Duration::from_millis(50), others[0].closed()).await;
    assert!(second.is_err(), "a second stream was closed");
}

#[tokio::test]
async fn many_first_requests_at_once_find_one_actor() {
    let house = House::open().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;

    let answers = futures_util::future::join_all((0..50).map(|_| house.sessions.identify(sid))).await;

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(house.sessions.count(), 1);
}

#[tokio::test]
async fn what_one_instance_read_another_believes_for_a_second_and_no_longer() {
    let house = House::open_shared().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;
    let known = house.sessions.identify(sid).await.unwrap();
    let cached = house.sessions.ephemeral.session_get(sid).await.unwrap();
    assert_eq!((cached.user_id, cached.role), (ana.id, Role::User));
    let (neighbour, _root) = house.neighbour().await;
    assert_eq!(neighbour.identify(sid).await.unwrap(), known);

    // Nobody says a word to the neighbour.
    let revoked = tokio::time::Instant::now();
    house.store.writer().revoke_session(sid).await.unwrap();

    while neighbour.identify(sid).await.is_ok() {
        assert!(revoked.elapsed() < Duration::from_millis(1500), "it is still believed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.sessions.ephemeral.session_get(sid).await, None, "the end was noticed");
}

#[tokio::test]
async fn whoever_signs_out_is_forgotten_at_once() {
    let house = House::open_shared().await;
    let ana = house.member("ana").await;
    let sid = house.session_of(&ana).await;
    house.sessions.identify(sid).await.unwrap();

    house.store.writer().revoke_session(sid).await.unwrap();
    house.sessions.recheck(sid);

    assert_eq!(house.sessions.identify(sid).await, Err(Refused::Over));
    assert_eq!(house.sessions.ephemeral.session_get(sid).await, None);
}
