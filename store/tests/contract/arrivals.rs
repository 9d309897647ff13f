//! Finished downloads on their way into Plex.

use domain::DownloadId;
use domain::download::ArrivalState;
use store::{ARRIVAL, EffectLease, NewFile};

use crate::house::{House, contract};
use crate::work::{a_leased_job, file, node};

async fn the_effect(house: &House) -> EffectLease {
    let due = house.read.due_effects(10).await.unwrap();
    let effect = due.into_iter().find(|effect| effect.kind == ARRIVAL).expect("an arrival is due");
    house.write.lease_effect(&effect.id, &node(), std::time::Duration::from_secs(10)).await.unwrap().unwrap()
}

async fn state(house: &House, id: DownloadId) -> Option<ArrivalState> {
    house.read.download(id).await.unwrap().unwrap().plex.map(|arrival| arrival.state)
}

contract! {
    async fn every_video_that_is_published_wakes_the_one_effect_of_its_download(house: House) {
        let lease = a_leased_job(house).await;
        house.write.set_job_title(&lease, Some("Harbour"), Some(2)).await.unwrap();
        let publish = async |position: u32| {
            let target = format!("ana/Harbour/{position} [id{position}].mp4");
            house.write.begin_publish(&lease, position, &target).await.unwrap();
            let files: [NewFile; 1] = [file(&target)];
            house.write.finish_publish_for_plex(&lease, position, &files, Some("Words\0")).await.unwrap();
        };
        assert_eq!(state(house, lease.id).await, None);

        publish(1).await;
        let first = the_effect(house).await;
        assert_eq!(first.effect.key, lease.id.to_string());
        assert_eq!(state(house, lease.id).await, Some(ArrivalState::Waiting));

        // Published while the first is being brought there: done once more.
        publish(2).await;
        house.write.finish_effect(&first).await.unwrap();
        let second = the_effect(house).await;
        house.write.finish_effect(&second).await.unwrap();
        assert_eq!(house.read.due_effects(10).await.unwrap(), []);

        // And once more when a person asks for it, also after it was given up.
        house.write.retry_arrival(lease.id).await.unwrap();
        let third = the_effect(house).await;
        house.write.fail_effect(&third, "away").await.unwrap();
        house.write.fail_arrival(lease.id, "Plex is away.").await.unwrap();
        assert_eq!(state(house, lease.id).await, Some(ArrivalState::Failed));
        house.write.retry_arrival(lease.id).await.unwrap();
        assert_eq!(state(house, lease.id).await, Some(ArrivalState::Waiting));
        assert_eq!(the_effect(house).await.effect.attempts, 1);
    }

    async fn what_is_done_of_an_arrival_is_remembered(house: House) {
        let lease = a_leased_job(house).await;
        house.write.set_job_title(&lease, Some("Harbour"), Some(2)).await.unwrap();
        assert_eq!(house.read.arrival_work(lease.id).await.unwrap(), None);
        for position in [1, 2] {
            let target = format!("ana/Harbour/{position}.mp4");
            house.write.begin_publish(&lease, position, &target).await.unwrap();
            house.write.finish_publish_for_plex(&lease, position, &[file(&target)], None).await.unwrap();
        }

        house.write.set_item_key(lease.id, 1, Some("101")).await.unwrap();
        house.write.settle_item(lease.id, 1).await.unwrap();
        house.write.set_collection(lease.id, Some("900")).await.unwrap();
        let before = house.read.download(lease.id).await.unwrap().unwrap().version;
        house.write.arrived(lease.id, "machine", Some("101")).await.unwrap();

        let work = house.read.arrival_work(lease.id).await.unwrap().unwrap();
        assert_eq!((work.title.as_deref(), work.is_playlist, work.collection.as_deref()), (Some("Harbour"), true, Some("900")));
        let items: Vec<_> = work.items.iter().map(|item| (item.position, item.key.as_deref(), item.is_settled)).collect();
        assert_eq!(items, [(1, Some("101"), true), (2, None, false)]);
        let download = house.read.download(lease.id).await.unwrap().unwrap();
        assert_eq!(download.version, before + 1, "whoever shows it hears of it");
        let arrival = download.plex.clone().unwrap();
        assert_eq!((arrival.state, arrival.machine.as_deref(), arrival.key.as_deref()), (ArrivalState::There, Some("machine"), Some("900")));
        assert_eq!(house.read.downloads(None, None, 5).await.unwrap().items[0].plex, download.plex);

        // Somebody deleted the collection, and one video.
        house.write.set_collection(lease.id, None).await.unwrap();
        house.write.set_item_key(lease.id, 1, None).await.unwrap();
        let work = house.read.arrival_work(lease.id).await.unwrap().unwrap();
        assert_eq!((work.collection, work.items[0].key.clone(), work.items[0].is_settled), (None, None, false));
        let arrival = house.read.download(lease.id).await.unwrap().unwrap().plex.unwrap();
        assert_eq!(arrival.key.as_deref(), Some("101"), "the video opens when there is no collection");
    }
}
