//! Effects, named leases and nodes: who does what only one may do.

use std::time::Duration;

use domain::Timestamp;
use futures_util::future::join_all;
use serde_json::json;
use store::{Error, NewEffect, NodeId};

use crate::house::{House, contract};
use crate::work::{SOON, node};

contract! {
    async fn an_effect_is_queued_once_and_done_by_one(house: House) {
        let scan = |key: &str| NewEffect { kind: "plex-scan".to_owned(), key: key.to_owned(), payload: json!({ "path": "x" }), run_at: None };
        assert!(house.write.enqueue_effect(&scan("1")).await.unwrap());
        assert!(!house.write.enqueue_effect(&scan("1")).await.unwrap());
        let later = NewEffect { run_at: Some(Timestamp::now() + SOON), ..scan("2") };
        assert!(house.write.enqueue_effect(&later).await.unwrap());

        let due = house.read.due_effects(10).await.unwrap();
        assert_eq!((due.len(), due[0].key.as_str(), &due[0].payload), (1, "1", &json!({ "path": "x" })));
        let leases = join_all((0..10).map(|_| {
            let (write, id) = (house.write.clone(), due[0].id.clone());
            async move { write.lease_effect(&id, &node(), SOON).await.unwrap() }
        }))
        .await;
        let leases: Vec<_> = leases.into_iter().flatten().collect();
        assert_eq!((leases.len(), leases[0].effect.attempts), (1, 1));
        assert!(house.read.due_effects(10).await.unwrap().is_empty());

        house.write.renew_effect(&leases[0], SOON).await.unwrap();
        house.write.retry_effect(&leases[0], Timestamp::now(), "no answer").await.unwrap();
        let second = house.write.lease_effect(&due[0].id, &node(), SOON).await.unwrap().unwrap();
        assert!(matches!(house.write.finish_effect(&leases[0]).await, Err(Error::Fenced)));
        assert_eq!(house.write.void_effect_leases_of(&node()).await.unwrap(), 1);
        let third = house.write.lease_effect(&due[0].id, &node(), SOON).await.unwrap().unwrap();
        assert!(matches!(house.write.fail_effect(&second, "late").await, Err(Error::Fenced)));
        house.write.finish_effect(&third).await.unwrap();

        assert!(matches!(house.write.renew_effect(&third, SOON).await, Err(Error::Fenced)));
        assert!(house.read.due_effects(10).await.unwrap().is_empty());
        assert!(!house.write.enqueue_effect(&scan("1")).await.unwrap());
        assert_eq!(house.write.purge_effects(Timestamp::now() + SOON).await.unwrap(), 1);
    }

    async fn a_named_lease_has_one_owner_and_a_growing_fence(house: House) {
        let take = |owner: String| {
            let write = house.write.clone();
            async move { write.acquire_lease("outbox-relay", &NodeId::new(owner), Duration::from_millis(300)).await.unwrap() }
        };
        let fences = join_all((0..20).map(|n| take(format!("node-{n}")))).await;
        assert_eq!(fences.iter().flatten().count(), 1);
        let owner = format!("node-{}", fences.iter().position(Option::is_some).unwrap());

        assert_eq!(take(owner.clone()).await, Some(1));
        house.write.renew("outbox-relay", &NodeId::new(owner.clone()), 1, Duration::from_millis(300)).await.unwrap();
        assert_eq!(take("node-x".to_owned()).await, None);
        house.write.release("outbox-relay", &NodeId::new(owner.clone())).await.unwrap();
        assert_eq!(take("node-x".to_owned()).await, Some(2));
        let late = house.write.renew("outbox-relay", &NodeId::new(owner), 1, SOON).await;
        assert!(matches!(late, Err(Error::Fenced)));

        let deadline = tokio::time::Instant::now() + SOON;
        while take("node-y".to_owned()).await != Some(3) {
            assert!(tokio::time::Instant::now() < deadline, "the lease never ran out");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn nodes_are_listed_while_they_report_themselves(house: House) {
        house.write.node_heartbeat(&node(), "0.1.0", Some("10.0.0.7:8484")).await.unwrap();
        house.write.node_heartbeat(&NodeId::new("node-b"), "0.1.0", None).await.unwrap();
        house.write.node_heartbeat(&node(), "0.1.1", Some("10.0.0.7:8484")).await.unwrap();
        house.sabotage("UPDATE nodes SET seen_at = 5 WHERE id = 'node-b'").await.unwrap();

        let live = house.read.live_nodes(SOON).await.unwrap();
        assert_eq!((live.len(), live[0].version.as_str()), (1, "0.1.1"));
        assert_eq!(live[0].address.as_deref(), Some("10.0.0.7:8484"));

        house.write.forget_node(&node()).await.unwrap();
        assert!(house.read.live_nodes(SOON).await.unwrap().is_empty());
    }
}
