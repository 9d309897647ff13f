//! Requests with a real store and an Overseerr that does what the test says.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::event::Event;
use domain::media::{MediaStatus, Title, TitleDetails};
use domain::plex::{PlexAccount, PlexId};
use domain::request::{Hint, RemoteRequest, RequestStatus, Step};
use domain::user::{Role, User};
use integrations::overseerr::webhook::Webhook;
use integrations::overseerr::{
    self, About, Created, Family, ListRequests, Media, PayloadEncoding, Permissions, Person, Quota,
    RequestPage, SeerrRequestId, SeerrUser, SeerrUserId, Users, WebhookTarget,
};
use sha2::{Digest, Sha256};
use store::{DataDir, Keyring, NewUser, StoreSettings};

use super::office::Answer;
use super::*;
use crate::effects::{Handler, Trouble};
use crate::runtime::Solo;

/// What Overseerr has, and what goes wrong with it.
#[derive(Default)]
struct There {
    requests: BTreeMap<i64, overseerr::MediaRequest>,
    users: Vec<SeerrUser>,
    /// People whom an import would make.
    importable: Vec<SeerrUser>,
    /// As whom something was asked for.
    posts: Vec<i64>,
    looks: u32,
    /// The next answers to a POST are lost on the way.
    loses_answers: u32,
    is_away: bool,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<There>>);

fn away() -> Unwell {
    integrations::Error::TimedOut { service: "seerr".into(), after: Duration::from_secs(2) }.into()
}

fn number(n: i64) -> SeerrRequestId {
    SeerrRequestId::new(n).unwrap()
}

fn seerr_user(id: i64, plex_id: Option<i64>, email: &str) -> SeerrUser {
    SeerrUser {
        id: SeerrUserId::new(id).unwrap(),
        name: email.to_owned(),
        email: Some(email.to_owned()),
        plex_id,
        permissions: Permissions::from_bits(32),
        request_count: 0,
    }
}

impl Fake {
    fn with<T>(&self, change: impl FnOnce(&mut There) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    fn answer<T: Send + 'static>(&self, answer: impl FnOnce(&mut There) -> Result<T, Unwell>) -> Answer<T> {
        let answer = self.with(|there| if there.is_away { Err(away()) } else { answer(there) });
        Box::pin(async move { answer })
    }

    /// Somebody asks in Overseerr.
    fn put(&self, tmdb: i64, by: i64, status: RemoteRequest, media: MediaStatus) -> i64 {
        self.with(|there| {
            let id = there.requests.len() as i64 + 1;
            let by = there.users.iter().find(|user| user.id.get() == by).unwrap().clone();
            there.requests.insert(
                id,
                overseerr::MediaRequest {
                    id: number(id),
                    status,
                    media_type: MediaType::Movie,
                    is_4k: false,
                    created_at: Some(Timestamp::from_millis(1_000)),
                    updated_at: None,
                    requested_by: Some(Person {
                        id: by.id,
                        name: by.name,
                        email: by.email,
                        plex_id: by.plex_id,
                    }),
                    modified_by: None,
                    seasons: Vec::new(),
                    media: Media {
                        tmdb_id: TmdbId(tmdb),
                        tvdb_id: None,
                        imdb_id: None,
                        status: media,
                        status_4k: MediaStatus::Unknown,
                        plex_key: None,
                        plex_key_4k: None,
                        downloads: Vec::new(),
                        downloads_4k: Vec::new(),
                        seasons: Vec::new(),
                    },
                },
            );
            id
        })
    }

    fn set(&self, id: i64, status: RemoteRequest, media: MediaStatus) {
        self.with(|there| {
            let request = there.requests.get_mut(&id).unwrap();
            (request.status, request.media.status) = (status, media);
        });
    }
}

impl Office for Fake {
    fn is_set_up(&self) -> bool {
        true
    }

    fn title(&self, media_type: MediaType, tmdb_id: TmdbId) -> Answer<Arc<Option<TitleDetails>>> {
        let title = Title {
            media_type,
            tmdb_id,
            name: format!("Film {tmdb_id}"),
            year: Some(2021),
            released: None,
            poster: None,
            backdrop: None,
            overview: String::new(),
            vote: None,
            state: None,
        };
        let details = TitleDetails {
            title,
            tagline: None,
            genres: Vec::new(),
            minutes: None,
            production: None,
            certification: None,
            cast: Vec::new(),
            makers: Vec::new(),
            studios: Vec::new(),
            trailer: None,
            imdb_id: None,
            tvdb_id: None,
            seasons: Vec::new(),
            last_aired: None,
        };
        self.answer(|_| Ok(Arc::new(Some(details))))
    }

    fn request(&self, id: SeerrRequestId) -> Answer<Option<overseerr::MediaRequest>> {
        self.answer(|there| {
            there.looks += 1;
            Ok(there.requests.get(&id.get()).cloned())
        })
    }

    fn list(&self, list: ListRequests) -> Answer<RequestPage> {
        self.answer(|there| {
            let mut requests: Vec<_> = there.requests.values().rev().cloned().collect();
            if let Some(by) = list.requested_by {
                requests
                    .retain(|request| request.requested_by.as_ref().is_some_and(|person| person.id == by));
            }
            let total = requests.len() as u32;
            let requests: Vec<_> =
                requests.into_iter().skip(list.skip as usize).take(list.take as usize).collect();
            Ok(RequestPage { entries: requests.len() as u32, requests, total, service_errors: Vec::new() })
        })
    }

    fn create(&self, user: SeerrUserId, new: overseerr::NewRequest) -> Answer<Created> {
        if self.with(|there| there.is_away) {
            return Box::pin(async { Err(away()) });
        }
        let (is_taken, is_lost) = self.with(|there| {
            there.posts.push(user.get());
            let is_lost = there.loses_answers > 0;
            there.loses_answers = there.loses_answers.saturating_sub(1);
            let same = |request: &overseerr::MediaRequest| request.media.tmdb_id == new.tmdb_id;
            (there.requests.values().any(same), is_lost)
        });
        if is_taken {
            return Box::pin(async { Ok(Created::AlreadyRequested) });
        }
        let id = self.put(new.tmdb_id.0, user.get(), RemoteRequest::Pending, MediaStatus::Pending);
        let made = self.with(|there| there.requests[&id].clone());
        Box::pin(async move { if is_lost { Err(away()) } else { Ok(Created::Made(Box::new(made))) } })
    }

    fn decide(&self, id: SeerrRequestId, step: Step) -> Answer<Option<overseerr::MediaRequest>> {
        self.answer(|there| {
            let Some(request) = there.requests.get_mut(&id.get()) else { return Ok(None) };
            // What it answers is how the title was before.
            let before = request.clone();
            request.status =
                if step == Step::Decline { RemoteRequest::Declined } else { RemoteRequest::Approved };
            Ok(Some(before))
        })
    }

    fn delete(&self, id: SeerrRequestId) -> Answer<bool> {
        self.answer(|there| Ok(there.requests.remove(&id.get()).is_some()))
    }

    fn people(&self, _: bool) -> Answer<Arc<Users>> {
        self.answer(|there| Ok(Arc::new(Users(there.users.clone()))))
    }

    fn import(&self, plex_id: i64) -> Answer<usize> {
        self.answer(|there| {
            let (new, others) =
                there.importable.drain(..).partition(|user: &SeerrUser| user.plex_id == Some(plex_id));
            there.importable = others;
            there.users.extend(new);
            Ok(1)
        })
    }

    fn quota(&self, _: UserId, _: SeerrUserId) -> Answer<Arc<Quota>> {
        self.answer(|_| Ok(Arc::new(Quota::default())))
    }

    fn about(&self) -> Answer<Arc<About>> {
        self.answer(|_| {
            Ok(Arc::new(About {
                family: Family::Seerr,
                version: "3.1.0".to_owned(),
                title: None,
                is_4k_for_movies: false,
                is_4k_for_series: false,
                takes_single_seasons: true,
                takes_specials: false,
            }))
        })
    }

    fn save_webhook(&self, _: WebhookTarget, _: PayloadEncoding) -> Answer<()> {
        self.answer(|_| Ok(()))
    }

    fn test_webhook(&self, _: WebhookTarget, _: PayloadEncoding) -> Answer<bool> {
        self.answer(|_| Ok(false))
    }

    fn outdate(&self, _: Option<UserId>, _: MediaType, _: TmdbId) {}
}

struct House {
    requests: Requests,
    there: Fake,
    store: Store,
    system: System,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lock = DataDir::lock(folder.path()).unwrap();
        let settings =
            StoreSettings { url: None, data_dir: folder.path().to_owned(), keys: Keyring::new([7; 32]) };
        let store = Store::open(&settings).await.unwrap();
        let system = System::new();
        let there = Fake::default();
        there.with(|there| there.users.push(seerr_user(1, None, "owner@house.example")));
        let office = Arc::new(there.clone());
        let requests = Requests::with_office(&system, &store, lock.node_id().unwrap(), office, 20);
        Self { requests, there, store, system, _folder: folder }
    }

    async fn person(&self, name: &str, role: Role) -> (User, CurrentUser) {
        let username = name.parse().unwrap();
        let email = format!("{name}@house.example");
        let new = NewUser { username: &username, email: Some(&email), role, password_hash: Some("x") };
        let user = self.store.writer().create_user(&new).await.unwrap();
        let current = CurrentUser { id: user.id, username: name.to_owned(), role, session: None };
        (user, current)
    }

    /// Somebody whom Overseerr knows as `seerr`.
    async fn known(&self, name: &str, seerr: i64) -> CurrentUser {
        self.there.with(|there| there.users.push(seerr_user(seerr, None, &format!("{name}@house.example"))));
        self.person(name, Role::User).await.1
    }

    async fn ask(&self, user: &CurrentUser, tmdb: i64) -> MediaRequest {
        let wish =
            Wish { media_type: MediaType::Movie, tmdb_id: TmdbId(tmdb), seasons: Vec::new(), is_4k: false };
        self.requests.ask(user, wish).await.unwrap()
    }

    async fn read(&self, id: RequestId) -> MediaRequest {
        self.store.reader().request(id).await.unwrap().unwrap()
    }

    /// Does what waits to be done outside once, as the dispatcher would; one after the other.
    async fn do_steps(&self) -> Vec<Result<(), Trouble>> {
        let steps = Steps(self.requests.clone());
        let (reader, writer) = (self.store.reader(), self.store.writer());
        let mut ends = Vec::new();
        for effect in reader.due_effects(100).await.unwrap() {
            let ttl = Duration::from_secs(60);
            let lease = writer.lease_effect(&effect.id, &self.requests.0.node, ttl).await.unwrap().unwrap();
            let end = steps.run(lease.effect.clone()).await;
            match &end {
                Ok(()) => writer.finish_effect(&lease).await.unwrap(),
                Err(trouble) => {
                    let reason = trouble.to_string();
                    writer.retry_effect(&lease, Timestamp::from_millis(0), &reason).await.unwrap();
                }
            }
            ends.push(end);
        }
        ends
    }

    async fn tracker(&self) -> Solo<Message> {
        self.system.solo(TRACKER, Tracker(self.requests.clone())).await.unwrap()
    }

    /// The words that people were told, with their names.
    async fn told(&self) -> Vec<(UserId, String, String)> {
        let rows = self.store.reader().outbox_pending(500).await.unwrap();
        rows.into_iter()
            .filter_map(|row| match row.event {
                Some(Event::Notified { user, title, body, .. }) => Some((user, title, body)),
                _ => None,
            })
            .collect()
    }
}

async fn eventually<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("it happens in time")
}

fn webhook(kind: &str, request: i64) -> (Webhook, [u8; 32]) {
    let body = format!(r#"{{"notification_type": "{kind}", "request": {{"request_id": "{request}"}}}}"#);
    (Webhook::parse(body.as_bytes()).unwrap(), Sha256::digest(&body).into())
}

#[tokio::test]
async fn a_request_is_handed_over_as_the_one_who_asked() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;

    let request = house.ask(&mia, 603).await;
    assert_eq!(house.do_steps().await, [Ok(())]);

    let handed = house.read(request.id).await;
    assert_eq!(
        (handed.overseerr_id, handed.step, handed.name().as_str()),
        (Some(1), None, "Film 603 (2021)")
    );
    assert_eq!(house.there.with(|there| there.posts.clone()), [7]);
}

#[tokio::test]
async fn a_lost_answer_leads_to_no_second_post() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    house.there.with(|there| there.loses_answers = 1);
    let request = house.ask(&mia, 603).await;

    assert!(matches!(house.do_steps().await[..], [Err(Trouble::Later { .. })]));
    assert_eq!(house.read(request.id).await.step, Some(Step::Submit));
    assert_eq!(house.do_steps().await, [Ok(())]);

    assert_eq!(house.there.with(|there| there.posts.len()), 1);
    assert_eq!(house.read(request.id).await.overseerr_id, Some(1));
}

#[tokio::test]
async fn what_somebody_asked_for_there_before_is_followed() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    house.there.with(|there| there.users.push(seerr_user(9, None, "stranger@elsewhere.example")));
    let theirs = house.there.put(603, 9, RemoteRequest::Approved, MediaStatus::Processing);

    let request = house.ask(&mia, 603).await;
    assert_eq!(house.do_steps().await, [Ok(())]);

    let linked = house.read(request.id).await;
    assert_eq!((linked.overseerr_id, linked.status), (Some(theirs), RequestStatus::Approved));
}

#[tokio::test]
async fn somebody_whom_overseerr_cannot_know_waits_for_an_admin() {
    let house = House::new().await;
    let (_, ben) = house.person("ben", Role::User).await;
    let (_, root) = house.person("root", Role::Admin).await;

    let request = house.ask(&ben, 603).await;
    assert_eq!(house.do_steps().await, [Ok(())]);
    let waits = house.read(request.id).await;
    assert_eq!((waits.status, waits.overseerr_id), (RequestStatus::Pending, None));
    assert!(waits.problem.is_some());
    assert!(house.there.with(|there| there.posts.is_empty()));

    house.requests.approve(&root, request.id).await.unwrap();
    assert_eq!(house.do_steps().await, [Ok(())]);
    let approved = house.read(request.id).await;
    assert_eq!((approved.status, approved.problem), (RequestStatus::Approved, None));
    assert_eq!(house.there.with(|there| there.posts.clone()), [1], "the owner asks for them");
}

#[tokio::test]
async fn an_approval_waits_for_the_submission_before_it() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let (_, root) = house.person("root", Role::Admin).await;
    house.there.with(|there| there.is_away = true);
    let asked = house.store.writer();
    let new = store::NewRequest {
        user: mia.id,
        media_type: MediaType::Movie,
        tmdb_id: TmdbId(603),
        title: "Film",
        year: None,
        poster: None,
        seasons: &[],
        is_4k: false,
        status: RequestStatus::Pending,
        is_submitted: true,
    };
    let store::Asked::Accepted(request) = asked.create_request(&new, None).await.unwrap() else { panic!() };
    house.requests.approve(&root, request.id).await.unwrap();

    assert_eq!(house.do_steps().await.iter().filter(|end| end.is_err()).count(), 2);
    house.there.with(|there| there.is_away = false);
    house.do_steps().await;
    house.do_steps().await;

    let done = house.read(request.id).await;
    assert_eq!((done.status, done.step), (RequestStatus::Approved, None));
    assert_eq!(
        house.there.with(|there| (there.posts.clone(), there.requests[&1].status)),
        (vec![7], RemoteRequest::Approved)
    );
}

#[tokio::test]
async fn one_end_follows_from_all_orders_of_five_webhooks() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let hints = [Hint::Asked, Hint::Approved, Hint::Failed, Hint::Declined, Hint::Available];
    let mut orders: Vec<Vec<Hint>> = vec![Vec::new()];
    for hint in hints {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, hint);
                    longer
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 120);

    for (n, order) in orders.iter().enumerate() {
        let n = n as i64 + 1;
        let writer = house.store.writer();
        let new = store::NewRequest {
            user: mia.id,
            media_type: MediaType::Movie,
            tmdb_id: TmdbId(n),
            title: "Film",
            year: None,
            poster: None,
            seasons: &[],
            is_4k: false,
            status: RequestStatus::Pending,
            is_submitted: false,
        };
        let store::Asked::Accepted(request) = writer.create_request(&new, None).await.unwrap() else {
            panic!()
        };
        writer.know_request(request.id, n).await.unwrap();
        for hint in order {
            let digest = Sha256::digest(format!("{n} {hint:?}")).into();
            house.requests.believe(number(n), Some((*hint, digest))).await;
        }
        assert_eq!(house.read(request.id).await.status, RequestStatus::Available, "{order:?}");
    }
}

#[tokio::test]
async fn a_copy_of_an_old_webhook_is_not_believed_twice() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let request = house.ask(&mia, 603).await;
    house.do_steps().await;
    let failed = Some((Hint::Failed, [1; 32]));
    house.requests.believe(number(1), failed).await;
    assert_eq!(house.read(request.id).await.status, RequestStatus::Failed);
    // It was tried again there.
    house.there.set(1, RemoteRequest::Approved, MediaStatus::Processing);
    house.requests.look_at(number(1)).await.unwrap();
    assert_eq!(house.read(request.id).await.status, RequestStatus::Approved);

    house.requests.believe(number(1), failed).await;

    assert_eq!(house.read(request.id).await.status, RequestStatus::Approved);
}

#[tokio::test]
async fn a_hundred_webhooks_about_one_request_are_few_looks() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let request = house.ask(&mia, 603).await;
    house.do_steps().await;
    let tracker = house.tracker().await;
    house.there.set(1, RemoteRequest::Completed, MediaStatus::Available);
    let before = house.read(request.id).await.version;
    house.there.with(|there| there.looks = 0);

    for _ in 0..100 {
        let (webhook, digest) = webhook("MEDIA_AVAILABLE", 1);
        heard(tracker.handle(), webhook, digest).unwrap();
    }

    let done = eventually(|| async {
        Some(house.read(request.id).await).filter(|request| request.status == RequestStatus::Available)
    })
    .await;
    assert_eq!(done.version, before + 1);
    tracker.stop(Duration::from_secs(5)).await;
    assert!(house.there.with(|there| there.looks) < 100);
}

#[tokio::test]
async fn without_any_webhook_everything_is_right_within_five_minutes() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let tracker = house.tracker().await;
    // The first round finds nothing: all of it comes later.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let request = house.ask(&mia, 603).await;
    house.do_steps().await;

    // An open request moves, and somebody asks there.
    house.there.set(1, RemoteRequest::Completed, MediaStatus::Available);
    pass(Duration::from_secs(61)).await;
    eventually(|| async { (house.read(request.id).await.status == RequestStatus::Available).then_some(()) })
        .await;
    house.there.put(604, 7, RemoteRequest::Pending, MediaStatus::Pending);
    for _ in 0..10 {
        pass(Duration::from_secs(30)).await;
    }
    let taken = eventually(|| async { house.store.reader().requests_known_as(2).await.unwrap().pop() }).await;

    assert_eq!((taken.user, taken.title.as_str()), (mia.id, "Film 604"));
    tracker.stop(Duration::from_secs(5)).await;
}

/// Lets the clock jump; what is due then happens while it runs on.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn what_was_deleted_there_is_cancelled_here_and_strangers_requests_stay_there() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let request = house.ask(&mia, 603).await;
    house.do_steps().await;
    house.there.with(|there| {
        there.requests.clear();
        there.users.push(seerr_user(9, None, "stranger@elsewhere.example"));
    });
    house.there.put(700, 9, RemoteRequest::Pending, MediaStatus::Pending);
    house.there.with(|there| {
        let theirs = there.requests.remove(&1).unwrap();
        there.requests.insert(5, overseerr::MediaRequest { id: number(5), ..theirs });
    });

    house.requests.reconcile(true).await.unwrap();

    assert_eq!(house.read(request.id).await.status, RequestStatus::Cancelled);
    assert!(house.store.reader().requests_known_as(5).await.unwrap().is_empty());
}

#[tokio::test]
async fn news_reach_everybody_who_takes_part_once() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let (_, ben) = house.person("ben", Role::User).await;
    let (_, root) = house.person("root", Role::Admin).await;
    let request = house.ask(&mia, 603).await;
    house.requests.join(&ben, request.id).await.unwrap();
    house.requests.comment(&ben, request.id, "Please".to_owned()).await.unwrap();
    house.requests.decline(&root, request.id, Some("Too long".to_owned())).await.unwrap();

    let notifier = house.system.solo(NOTIFIER, Notifier { store: house.store.clone() }).await.unwrap();
    eventually(|| async { house.store.reader().request_notices(9).await.unwrap().is_empty().then_some(()) })
        .await;
    notifier.stop(Duration::from_secs(5)).await;

    let mut told = house.told().await;
    told.sort();
    let mut expected = vec![
        // Asked and declined in one go: nobody is asked to decide any more.
        (mia.id, "ben about Film 603 (2021)".to_owned(), "Please".to_owned()),
        (mia.id, "Request declined".to_owned(), "Film 603 (2021): Too long".to_owned()),
        (ben.id, "Request declined".to_owned(), "Film 603 (2021): Too long".to_owned()),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn nobody_decides_what_is_not_theirs() {
    let house = House::new().await;
    let mia = house.known("mia", 7).await;
    let (_, eve) = house.person("eve", Role::User).await;
    let request = house.ask(&mia, 603).await;

    assert_eq!(house.requests.approve(&eve, request.id).await, Err(Denied::NotFound));
    assert_eq!(house.requests.delete(&eve, request.id).await, Err(Denied::NotFound));
    assert_eq!(house.requests.comment(&eve, request.id, "Hm".to_owned()).await, Err(Denied::NotFound));
    assert_eq!(house.requests.approve(&mia, request.id).await, Err(Denied::NotAllowed));
    house.requests.join(&eve, request.id).await.unwrap();
    assert_eq!(house.requests.delete(&eve, request.id).await, Err(Denied::NotAllowed));
    let same = Wish { media_type: MediaType::Movie, tmdb_id: TmdbId(603), seasons: Vec::new(), is_4k: false };
    assert_eq!(house.requests.ask(&eve, same).await, Err(Denied::Duplicate(request.id)));
}

#[tokio::test]
async fn a_person_is_imported_when_overseerr_does_not_know_them_yet() {
    let house = House::new().await;
    let account = PlexAccount { id: PlexId(4_100_002), name: "ben".to_owned(), email: None };
    let user = house.store.writer().import_plex_accounts(&[account]).await.unwrap().remove(0);
    let ben = CurrentUser { id: user.id, username: user.username, role: Role::User, session: None };
    house.there.with(|there| there.importable.push(seerr_user(12, Some(4_100_002), "other@address.example")));

    house.ask(&ben, 603).await;
    assert_eq!(house.do_steps().await, [Ok(())]);

    assert_eq!(house.there.with(|there| there.posts.clone()), [12]);
}
