use std::sync::Mutex;

use futures_util::future::BoxFuture;
use integrations::Error;
use integrations::plex::Change;
use tokio::sync::mpsc;

use super::*;
use crate::runtime::{Handle, Solo, System};

/// What a test tells the actor through the socket; its end is the end of the socket.
type Line = mpsc::UnboundedReceiver<Vec<Notice>>;

#[derive(Default)]
struct Fake {
    /// The sockets that may be opened, in order; without one, opening fails.
    lines: Mutex<Vec<Line>>,
    marks: Mutex<Option<Marks>>,
    tries: Mutex<Vec<Instant>>,
}

fn away() -> Error {
    Error::Unreachable { service: "plex".into(), reason: "connection refused".to_owned() }
}

impl Source for Fake {
    fn listen(&self, live: Handle<Message>) -> BoxFuture<'static, Error> {
        self.tries.lock().unwrap().push(Instant::now());
        let line = self.lines.lock().unwrap().pop();
        Box::pin(async move {
            let Some(mut line) = line else { return away() };
            live.tell(Message::Opened).unwrap();
            while let Some(notices) = line.recv().await {
                live.tell(Message::Heard(notices)).unwrap();
            }
            Error::BrokenOff { service: "plex".into() }
        })
    }

    fn marks(&self) -> BoxFuture<'static, Result<Marks, Error>> {
        let marks = self.marks.lock().unwrap().clone();
        Box::pin(async move { marks.ok_or_else(away) })
    }
}

struct House {
    fake: Arc<Fake>,
    announced: Arc<Mutex<Vec<(u64, String)>>>,
    heard: watch::Receiver<u64>,
    began: Instant,
    _solo: Solo<Message>,
}

impl House {
    async fn with(lines: Vec<Line>, marks: &[(&str, i64)]) -> Self {
        let fake = Arc::new(Fake { lines: Mutex::new(lines), ..Fake::default() });
        fake.set(marks);
        let (announced, began) = (Arc::<Mutex<Vec<_>>>::default(), Instant::now());
        let told = announced.clone();
        let announce: Announce = Arc::new(move |section: Option<&SectionId>| {
            let section = section.map_or("all".to_owned(), ToString::to_string);
            told.lock().unwrap().push((began.elapsed().as_secs(), section));
        });
        let (sender, heard) = watch::channel(0);
        let live =
            PlexLive { service: "plex".parse().unwrap(), source: fake.clone(), announce, heard: sender };
        let solo = System::new().solo("services/plex/live", live).await.unwrap();
        Self { fake, announced, heard, began, _solo: solo }
    }

    /// Lets time pass up to `seconds` after the start, and half a second more.
    async fn at(&self, seconds: u64) -> Vec<(u64, String)> {
        tokio::time::sleep_until(self.began + Duration::from_millis(seconds * 1000 + 500)).await;
        self.announced.lock().unwrap().clone()
    }
}

impl Fake {
    fn set(&self, marks: &[(&str, i64)]) {
        let marks = marks.iter().map(|(section, mark)| (section.parse().unwrap(), *mark)).collect();
        *self.marks.lock().unwrap() = Some(marks);
    }
}

fn item(section: Option<&str>) -> Vec<Notice> {
    let section = section.map(|section| section.parse().unwrap());
    vec![Notice::Item { section, item: None, change: Change::Underway }]
}

fn told(announced: &[(u64, &str)]) -> Vec<(u64, String)> {
    announced.iter().map(|(at, section)| (*at, (*section).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_messages_of_one_film_are_one_announcement() {
    let (tell, line) = mpsc::unbounded_channel();
    let mut house = House::with(vec![line], &[("1", 7)]).await;

    house.at(1).await;
    for _ in 0..156 {
        tell.send(item(Some("1"))).unwrap();
    }
    house.heard.changed().await.unwrap();

    assert_eq!(house.began.elapsed().as_secs(), 1, "whoever waits for a file hears of it at once");
    assert_eq!(house.at(5).await, []);
    assert_eq!(house.at(60).await, told(&[(6, "1")]));
}

#[tokio::test(start_paused = true)]
async fn a_library_that_does_not_become_quiet_is_announced_all_the_same() {
    let (tell, line) = mpsc::unbounded_channel();
    let house = House::with(vec![line], &[("1", 7)]).await;

    for second in 1..=24 {
        house.at(second).await;
        tell.send(item(Some("1"))).unwrap();
    }

    let announced: Vec<u64> = house.at(60).await.into_iter().map(|(at, _)| at).collect();
    let [11, 21 | 22, 29] = announced[..] else { panic!("announced at {announced:?}") };
}

#[tokio::test(start_paused = true)]
async fn libraries_become_quiet_each_by_itself_and_all_at_once() {
    let (tell, line) = mpsc::unbounded_channel();
    let house = House::with(vec![line], &[("1", 7)]).await;

    house.at(1).await;
    tell.send(item(Some("1"))).unwrap();
    house.at(3).await;
    tell.send(item(Some("2"))).unwrap();
    assert_eq!(house.at(19).await, told(&[(6, "1"), (8, "2")]));

    tell.send([item(Some("1")), item(None), vec![Notice::Scanned { section: None }]].concat()).unwrap();
    assert_eq!(house.at(60).await[2..], told(&[(24, "all")]));
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_without_a_socket_is_found_when_there_is_one_again() {
    let (tell, first) = mpsc::unbounded_channel();
    let (_tell, second) = mpsc::unbounded_channel();
    let house = House::with(vec![second, first], &[("1", 7), ("2", 3)]).await;

    assert_eq!(house.at(10).await, [], "the first look is no news");
    house.fake.set(&[("1", 8), ("3", 1)]);
    drop(tell);

    assert_eq!(house.at(12).await, told(&[(11, "1"), (11, "2"), (11, "3")]), "changed, gone and new");
    assert_eq!(house.fake.tries.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_socket_the_libraries_are_compared_once_a_minute() {
    let house = House::with(vec![], &[("1", 7)]).await;

    house.at(30).await;
    house.fake.set(&[("1", 8)]);
    assert_eq!(house.at(59).await, []);
    assert_eq!(house.at(61).await, told(&[(60, "1")]));

    *house.fake.marks.lock().unwrap() = None;
    assert_eq!(house.at(190).await.len(), 1, "a server that is away has no news");
    house.fake.set(&[("1", 9)]);
    assert_eq!(house.at(250).await[1..], told(&[(240, "1")]));

    let tries = house.fake.tries.lock().unwrap().clone();
    assert!((5..=12).contains(&tries.len()), "{} tries in four minutes", tries.len());
}
