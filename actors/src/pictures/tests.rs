use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::runtime::{Solo, System};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn picture(number: u64) -> Picture {
    Picture::parse(&format!("plex/poster/metadata/{number}/thumb/1")).unwrap()
}

struct Gallery {
    solo: Solo<Message>,
    shelf: Shelf,
    asked: Arc<Mutex<Vec<Picture>>>,
    most_at_once: Arc<AtomicUsize>,
    /// One permit lets one fetch go on.
    go: Arc<Semaphore>,
    _folder: tempfile::TempDir,
}

/// Fetches wait for `go`, and give `bytes`.
async fn gallery(bytes: Result<&'static [u8], NoPicture>) -> Gallery {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("images"));
    let asked = Arc::<Mutex<Vec<Picture>>>::default();
    let (now, most_at_once) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let go = Arc::new(Semaphore::new(0));
    let fetch: Fetch = {
        let (asked, go, most) = (asked.clone(), go.clone(), most_at_once.clone());
        Arc::new(move |picture| {
            asked.lock().unwrap().push(picture);
            let (go, now, most, bytes) = (go.clone(), now.clone(), most.clone(), bytes.clone());
            Box::pin(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                go.acquire().await.unwrap().forget();
                now.fetch_sub(1, Ordering::SeqCst);
                bytes.map(Bytes::from_static)
            })
        })
    };
    let actor = Pictures { shelf: shelf.clone(), fetch, gates: Gates::default() };
    let solo = System::new().solo(PATH, actor).await.unwrap();
    Gallery { solo, shelf, asked, most_at_once, go, _folder: folder }
}

impl Gallery {
    async fn get(&self, number: u64) -> Result<Kept, NoPicture> {
        get(self.solo.handle(), &self.shelf, picture(number)).await
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[tokio::test]
async fn many_who_want_the_same_picture_cause_one_fetch_and_the_next_one_none() {
    let gallery = gallery(Ok(PNG)).await;
    gallery.go.add_permits(1);

    let all = futures_util::future::join_all((0..20).map(|_| gallery.get(7))).await;

    for one in all {
        assert_eq!(one.unwrap().bytes, PNG);
    }
    assert_eq!(gallery.get(7).await.unwrap().kind, PictureKind::Png);
    assert_eq!(gallery.asked(), 1);
}

#[tokio::test]
async fn a_page_full_of_pictures_is_fetched_a_few_at_a_time() {
    let gallery = gallery(Ok(PNG)).await;
    gallery.go.add_permits(50);

    let all = futures_util::future::join_all((0..50).map(|number| gallery.get(number))).await;

    assert!(all.iter().all(Result::is_ok));
    assert_eq!(gallery.asked(), 50);
    assert!(gallery.most_at_once.load(Ordering::SeqCst) <= AT_ONCE);
}

#[tokio::test]
async fn something_else_is_not_shown_as_a_picture_and_not_asked_for_again() {
    let gallery = gallery(Ok(b"<svg><script>alert(1)</script></svg>")).await;
    gallery.go.add_permits(2);

    for _ in 0..3 {
        assert_eq!(gallery.get(1).await.unwrap_err(), NoPicture::NotAPicture);
    }

    assert_eq!(gallery.asked(), 1);
    assert!(gallery.shelf.get(&picture(1)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_away_is_asked_again_soon() {
    let gallery = gallery(Err(NoPicture::Away("it is away".to_owned()))).await;
    gallery.go.add_permits(9);

    gallery.get(1).await.unwrap_err();
    gallery.get(1).await.unwrap_err();
    assert_eq!(gallery.asked(), 1);
    tokio::time::advance(AWAY_FOR + Duration::from_secs(1)).await;
    gallery.get(1).await.unwrap_err();

    assert_eq!(gallery.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_does_not_keep_its_place_for_ever() {
    let gallery = gallery(Ok(PNG)).await;

    let waited = futures_util::future::join_all((0..AT_ONCE as u64).map(|number| gallery.get(number))).await;
    assert!(waited.iter().all(Result::is_err));
    tokio::time::sleep(FETCH).await;
    gallery.go.add_permits(1);

    assert_eq!(gallery.get(99).await.unwrap().bytes, PNG);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_too_long_turns_the_next_ones_away() {
    let gallery = gallery(Ok(PNG)).await;

    let many = (AT_ONCE + LINE) as u64 + 30;
    let all = futures_util::future::join_all((0..many).map(|number| gallery.get(number))).await;

    let busy = all.iter().filter(|one| matches!(one, Err(NoPicture::Busy))).count();
    assert_eq!(busy, 30);
}

#[tokio::test]
async fn the_shelf_forgets_what_nobody_looked_at_for_longest() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("images")).with_room(10 * PNG.len() as u64);
    for number in 0..20 {
        shelf.put(&picture(number), Bytes::from_static(PNG)).await.unwrap();
        let day = Duration::from_secs(86_400);
        let looked_at = std::time::SystemTime::now() - day * (20 - number as u32);
        set_looked_at(&folder, looked_at, number);
    }
    // Looking at the oldest saves it.
    assert!(shelf.get(&picture(0)).await.is_some());

    let bytes = shelf.sweep().await.unwrap();

    assert_eq!(bytes, 8 * PNG.len() as u64);
    assert!(shelf.get(&picture(0)).await.is_some());
    assert!(shelf.get(&picture(1)).await.is_none());
    assert!(shelf.get(&picture(19)).await.is_some());
}

/// Ages the only file that is younger than a minute.
fn set_looked_at(folder: &tempfile::TempDir, at: std::time::SystemTime, number: u64) {
    let mut newest = None;
    for shelf in std::fs::read_dir(folder.path().join("images")).unwrap() {
        for file in std::fs::read_dir(shelf.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let age = file.metadata().unwrap().modified().unwrap().elapsed().unwrap_or_default();
            if age < Duration::from_secs(60) {
                newest = Some(file.path());
            }
        }
    }
    let path = newest.unwrap_or_else(|| panic!("picture {number} is on the shelf"));
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(at)).unwrap();
}
