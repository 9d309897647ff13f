//! The secrets of webhook doors, bodies that were believed, and effects in a line.

use std::time::Duration;

use domain::Timestamp;
use domain::service::ServiceKind;
use futures_util::future::join_all;
use serde_json::json;
use store::{Error, NewEffect, NewService, NodeId};

use crate::house::{House, contract};

fn seerr() -> NewService {
    NewService {
        name: "seerr".parse().unwrap(),
        kind: ServiceKind::Overseerr,
        url: "http://seerr.example:5055".to_owned(),
        interval: Duration::from_secs(30),
        timeout: None,
        api_key: None,
        enabled: true,
    }
}

contract! {
    async fn a_door_has_one_secret_and_goes_with_its_service(house: House) {
        assert_eq!(house.read.webhook_hash(ServiceKind::Overseerr).await.unwrap(), None);
        let service = house.write.create_service(&seerr()).await.unwrap();

        house.write.set_webhook_hash(&service.name, &[1; 32]).await.unwrap();
        house.write.set_webhook_hash(&service.name, &[2; 32]).await.unwrap();

        assert_eq!(house.read.webhook_hash(ServiceKind::Overseerr).await.unwrap(), Some([2; 32]));
        assert_eq!(house.read.webhook_hash(ServiceKind::Plex).await.unwrap(), None);
        let nobodys = house.write.set_webhook_hash(&"other".parse().unwrap(), &[3; 32]).await;
        assert!(matches!(nobodys, Err(Error::NotFound("service"))));
        house.write.delete_service(&service.name).await.unwrap();
        assert_eq!(house.read.webhook_hash(ServiceKind::Overseerr).await.unwrap(), None);
    }

    async fn of_a_hundred_copies_of_a_body_one_is_new(house: House) {
        let results = join_all((0..100).map(|_| house.write.note_webhook("overseerr", &[7; 32]))).await;

        assert_eq!(results.into_iter().filter(|is_new| *is_new.as_ref().unwrap()).count(), 1);
        assert!(house.write.note_webhook("plex", &[7; 32]).await.unwrap());
        assert_eq!(house.write.purge_webhooks(Timestamp::now() + Duration::from_secs(1)).await.unwrap(), 2);
        assert!(house.write.note_webhook("overseerr", &[7; 32]).await.unwrap());
    }

    async fn an_effect_knows_of_those_before_it(house: House) {
        for key in ["a:1", "a:2", "b:1"] {
            let new = NewEffect { kind: "x".to_owned(), key: key.to_owned(), payload: json!({}), run_at: None };
            house.write.enqueue_effect(&new).await.unwrap();
        }
        let effects = house.read.due_effects(10).await.unwrap();
        let [first, second, other] = &effects[..] else { panic!("{effects:?}") };

        assert!(!house.read.has_earlier_effect(first, "a:").await.unwrap());
        assert!(house.read.has_earlier_effect(second, "a:").await.unwrap());
        assert!(!house.read.has_earlier_effect(other, "b:").await.unwrap());
        let node = NodeId::new("test");
        let lease = house.write.lease_effect(&first.id, &node, Duration::from_secs(9)).await.unwrap().unwrap();
        assert!(house.read.has_earlier_effect(second, "a:").await.unwrap(), "it is under way");
        house.write.finish_effect(&lease).await.unwrap();
        assert!(!house.read.has_earlier_effect(second, "a:").await.unwrap());
    }
}
