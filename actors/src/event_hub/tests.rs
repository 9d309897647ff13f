use domain::DownloadId;
use domain::download::Progress;
use domain::event::Tone;

use super::*;
use crate::runtime::{Solo, System};

async fn hub() -> (Solo<Message>, Cursor) {
    let cursor = Cursor::new();
    let hub = EventHub { cursor: cursor.clone(), shared: false };
    (System::new().solo("events/event-hub", hub).await.unwrap(), cursor)
}

fn viewer(role: Role) -> Viewer {
    Viewer { user: UserId::generate(), role, session: None }
}

fn word_to(user: UserId) -> Event {
    Event::Notified { user, tone: Tone::Ok, title: "done".into(), body: String::new() }
}

fn alert(title: &str) -> Event {
    Event::Alerted { tone: Tone::Warn, title: title.into(), body: String::new() }
}

async fn received(subscription: &mut Subscription) -> Arc<Published> {
    match tokio::time::timeout(Duration::from_secs(5), subscription.next()).await {
        Ok(Some(Delivery::Event(published))) => published,
        other => panic!("expected an event, got {other:?}"),
    }
}

#[tokio::test]
async fn an_event_reaches_only_those_who_may_know_of_it() {
    let (hub, _) = hub().await;
    let (ana, ben, admin) = (viewer(Role::User), viewer(Role::User), viewer(Role::Admin));
    let mut anas = subscribe(hub.handle(), ana, None).await.unwrap();
    let mut bens = subscribe(hub.handle(), ben, None).await.unwrap();
    let mut admins = subscribe(hub.handle(), admin, None).await.unwrap();

    publish(hub.handle(), word_to(ana.user), None).unwrap();
    publish(hub.handle(), alert("disk"), None).unwrap();
    let everyone = Event::ServiceChanged { service: "nas".into(), version: 2 };
    publish(hub.handle(), everyone.clone(), None).unwrap();

    assert_eq!(received(&mut anas).await.event, word_to(ana.user));
    assert_eq!(received(&mut anas).await.event, everyone);
    assert_eq!(received(&mut bens).await.event, everyone);
    assert_eq!(received(&mut admins).await.event, alert("disk"));
    assert_eq!(received(&mut admins).await.event, everyone);
}

#[tokio::test]
async fn a_reader_that_was_away_gets_what_it_missed_and_nobody_elses() {
    let (hub, cursor) = hub().await;
    let (ana, ben) = (viewer(Role::User), viewer(Role::User));
    let before = cursor.latest().to_string();

    for _ in 0..100 {
        publish(hub.handle(), word_to(ana.user), None).unwrap();
        publish(hub.handle(), word_to(ben.user), None).unwrap();
    }
    let mut anas = subscribe(hub.handle(), ana, Some(before)).await.unwrap();

    for _ in 0..100 {
        assert_eq!(received(&mut anas).await.event, word_to(ana.user));
    }
    assert_eq!(anas.cursor, cursor.latest());
}

#[tokio::test]
async fn progress_has_no_id_and_is_not_replayed() {
    let (hub, cursor) = hub().await;
    let ana = viewer(Role::User);
    let before = cursor.latest();
    let progress = Event::DownloadProgressed {
        download: DownloadId::generate(),
        owner: ana.user,
        progress: Progress::default(),
    };

    let mut now = subscribe(hub.handle(), ana, None).await.unwrap();
    publish(hub.handle(), progress, None).unwrap();
    assert_eq!(received(&mut now).await.id, None);

    let mut later = subscribe(hub.handle(), ana, Some(before.to_string())).await.unwrap();
    publish(hub.handle(), word_to(ana.user), None).unwrap();
    assert_eq!(received(&mut later).await.event, word_to(ana.user));
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_cut_off_and_the_others_are_not() {
    let (hub, _) = hub().await;
    let mut slow = subscribe(hub.handle(), viewer(Role::Admin), None).await.unwrap();
    let mut quick = subscribe(hub.handle(), viewer(Role::Admin), None).await.unwrap();

    for n in 0..BEHIND + 1 {
        publish(hub.handle(), alert(&n.to_string()), None).unwrap();
        received(&mut quick).await;
    }

    for _ in 0..BEHIND {
        received(&mut slow).await;
    }
    assert!(slow.next().await.is_none());
}

#[tokio::test]
async fn all_streams_end_when_the_hub_dies() {
    let (hub, _) = hub().await;
    let mut stream = subscribe(hub.handle(), viewer(Role::User), None).await.unwrap();

    hub.stop(Duration::from_secs(1)).await;

    assert!(stream.next().await.is_none());
}
