use std::time::Duration;

use domain::event::{Event, Tone};
use domain::user::Role;
use domain::{Secret, UserId};
use store::{Keyring, StoreSettings};
use tokio::time::timeout;

use super::*;
use crate::event_hub::{Cursor, Delivery, EventHub, Subscription, Viewer};
use crate::runtime::System;

async fn store(data: &tempfile::TempDir) -> Store {
    let keys = Keyring::load_or_create(data.path(), None::<&Secret>).unwrap();
    Store::open(&StoreSettings { url: None, data_dir: data.path().to_owned(), keys }).await.unwrap()
}

fn alert(title: &str) -> Event {
    Event::Alerted { tone: Tone::Info, title: title.into(), body: String::new() }
}

async fn title(subscription: &mut Subscription) -> String {
    match timeout(Duration::from_secs(5), subscription.next()).await {
        Ok(Some(Delivery::Event(published))) => match &published.event {
            Event::Alerted { title, .. } => title.clone(),
            other => panic!("unexpected {other:?}"),
        },
        other => panic!("expected an event, got {other:?}"),
    }
}

fn admin() -> Viewer {
    Viewer { user: UserId::generate(), role: Role::Admin, session: None }
}

#[tokio::test]
async fn a_committed_event_reaches_the_hub_once_and_leaves_the_list() {
    let data = tempfile::tempdir().unwrap();
    let store = store(&data).await;
    let system = System::new();
    let hub = EventHub { cursor: Cursor::new(), shared: false };
    let hub = system.solo("events/event-hub", hub).await.unwrap();
    let mut admins = event_hub::subscribe(hub.handle(), admin(), None).await.unwrap();
    // Written before the relay lives, as by a life before.
    store.writer().announce(&alert("first")).await.unwrap();

    let relay = OutboxRelay { store: store.clone(), hub: hub.handle().clone(), reach: Reach::Alone };
    let _relay = system.solo("events/outbox-relay", relay).await.unwrap();
    assert_eq!(title(&mut admins).await, "first");
    for round in 0..6 {
        for n in 0..50 {
            store.writer().announce(&alert(&format!("{round}.{n}"))).await.unwrap();
        }
        for n in 0..50 {
            assert_eq!(title(&mut admins).await, format!("{round}.{n}"));
        }
    }
    let emptied = async {
        while !store.reader().outbox_pending(1).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), emptied).await.unwrap();
}

#[tokio::test]
async fn instances_that_poll_all_show_a_row_once() {
    let data = tempfile::tempdir().unwrap();
    let store = store(&data).await;
    let node = store::DataDir::lock(data.path()).unwrap().node_id().unwrap();
    store.writer().announce(&alert("for all")).await.unwrap();

    for _instance in 0..2 {
        let system = System::new();
        let hub = EventHub { cursor: Cursor::new(), shared: false };
        let hub = system.solo("events/event-hub", hub).await.unwrap();
        let mut admins = event_hub::subscribe(hub.handle(), admin(), None).await.unwrap();
        let reach = Reach::Polled { node: node.clone() };
        let relay = OutboxRelay { store: store.clone(), hub: hub.handle().clone(), reach };
        let _relay = system.solo("events/outbox-relay", relay).await.unwrap();

        assert_eq!(title(&mut admins).await, "for all");
        let again = timeout(Duration::from_millis(1500), admins.next()).await;
        assert!(again.is_err(), "the row was shown twice: {again:?}");
    }
}
