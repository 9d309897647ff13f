//! What people do with requests, and what Overseerr says of them.

use std::time::Duration;

use domain::event::{Event, Tone};
use domain::media::{MediaStatus, MediaType, TmdbId};
use domain::request::{Hint, MediaRequest, News, RemoteRequest, RequestStatus, Sighting, Step, Transfer};
use domain::{Cursor, RequestId, Timestamp, UserId};
use futures_util::future::join_all;
use store::{
    Adopted, Asked, Conflict, Decision, Error, Look, NewRequest, Quota, RequestFilter, StepEnd, Whose,
};

use crate::house::{House, contract};

const HOURLY: Quota = Quota { limit: 20, window: Duration::from_secs(3600) };

fn film(user: UserId, tmdb: i64) -> NewRequest<'static> {
    NewRequest {
        user,
        media_type: MediaType::Movie,
        tmdb_id: TmdbId(tmdb),
        title: "Dune",
        year: Some(2021),
        poster: None,
        seasons: &[],
        is_4k: false,
        status: RequestStatus::Pending,
        is_submitted: false,
    }
}

fn series(user: UserId, seasons: &[u32]) -> NewRequest<'_> {
    NewRequest { media_type: MediaType::Tv, title: "Dark", seasons, ..film(user, 70523) }
}

async fn ask(house: &House, new: &NewRequest<'_>) -> MediaRequest {
    match house.write.create_request(new, None).await.unwrap() {
        Asked::Accepted(request) => request,
        other => panic!("{other:?}"),
    }
}

fn look(overseerr_id: i64, request: RemoteRequest, media: MediaStatus) -> Look {
    let sighting = Sighting { request, media, has_all_seasons: false, is_downloading: false };
    Look { overseerr_id, sighting, transfer: None, rating_key: None, began_at: Timestamp::now() }
}

async fn read(house: &House, id: RequestId) -> MediaRequest {
    house.read.request(id).await.unwrap().expect("the request is there")
}

/// The versions that were told of a request, in order.
async fn told(house: &House, id: RequestId) -> Vec<i64> {
    let rows = house.read.outbox_pending(500).await.unwrap();
    rows.into_iter()
        .filter_map(|row| match row.event {
            Some(Event::RequestChanged { request, version, .. }) if request == id => Some(version),
            _ => None,
        })
        .collect()
}

async fn news(house: &House) -> Vec<(News, Option<String>)> {
    let notices = house.read.request_notices(100).await.unwrap();
    notices.into_iter().map(|notice| (notice.news, notice.detail)).collect()
}

async fn ids(house: &House, whose: Whose, statuses: &[RequestStatus]) -> Vec<RequestId> {
    let page = house.read.requests(RequestFilter { whose, statuses }, None, 50).await.unwrap();
    page.items.iter().map(|request| request.id).collect()
}

contract! {
    async fn of_fifty_people_who_want_one_film_one_asks_and_the_others_are_shown_it(house: House) {
        let people = join_all((0..10).map(|n| async move { house.member(&format!("ana{n}")).await.id })).await;

        let results = join_all((0..50).map(|n| {
            let (write, user) = (house.write.clone(), people[n % 10]);
            async move { write.create_request(&film(user, 438631), None).await.unwrap() }
        }))
        .await;

        let accepted: Vec<RequestId> = results
            .iter()
            .filter_map(|result| match result {
                Asked::Accepted(request) => Some(request.id),
                _ => None,
            })
            .collect();
        assert_eq!(accepted.len(), 1);
        assert_eq!(results.iter().filter(|result| **result == Asked::Duplicate(accepted[0])).count(), 49);
        // Another quality and another film are something else.
        let in_4k = NewRequest { is_4k: true, ..film(people[0], 438631) };
        assert!(matches!(house.write.create_request(&in_4k, None).await, Ok(Asked::Accepted(_))));
        assert!(matches!(house.write.create_request(&film(people[0], 603), None).await, Ok(Asked::Accepted(_))));
        // A series with the number of a film too.
        let other = NewRequest { tmdb_id: TmdbId(438631), ..series(people[0], &[1]) };
        assert!(matches!(house.write.create_request(&other, None).await, Ok(Asked::Accepted(_))));
    }

    async fn of_seasons_only_those_are_asked_for_that_nobody_asked_for(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let first = ask(house, &series(ana.id, &[2, 1, 2])).await;
        assert_eq!(first.seasons, [1, 2]);

        let second = ask(house, &series(bo.id, &[2, 3])).await;

        assert_eq!(second.seasons, [3]);
        let nothing_left = house.write.create_request(&series(bo.id, &[1, 2]), None).await.unwrap();
        assert_eq!(nothing_left, Asked::Duplicate(first.id));
        assert_eq!(read(house, first.id).await, first);
        let found = house.read.requests_for(MediaType::Tv, TmdbId(70523)).await.unwrap();
        assert_eq!(found.iter().map(|request| request.id).collect::<Vec<_>>(), [first.id, second.id]);
        // What was declined may be asked for again.
        let decline = Decision::Decline { reason: None };
        house.write.decide_request(first.id, &decline, bo.id, false).await.unwrap();
        assert_eq!(ask(house, &series(bo.id, &[1, 3])).await.seasons, [1]);
    }

    async fn of_thirty_wishes_at_once_the_quota_lets_twenty_through(house: House) {
        let ana = house.member("ana").await;

        let results = join_all((1..=30).map(|n| {
            let write = house.write.clone();
            async move { write.create_request(&film(ana.id, n), Some(HOURLY)).await.unwrap() }
        }))
        .await;

        assert_eq!(results.iter().filter(|result| matches!(result, Asked::Accepted(_))).count(), 20);
        assert_eq!(results.iter().filter(|result| matches!(result, Asked::QuotaReached { .. })).count(), 10);
        // What was taken back and off the list still counts.
        let mine = ids(house, Whose::Of(ana.id), &[]).await;
        house.write.decide_request(mine[0], &Decision::Cancel, ana.id, false).await.unwrap();
        house.write.delete_request(mine[0]).await.unwrap();
        let again = house.write.create_request(&film(ana.id, 99), Some(HOURLY)).await;
        assert!(matches!(again, Ok(Asked::QuotaReached { .. })));
        let bo = house.member("bo").await;
        assert!(matches!(house.write.create_request(&film(bo.id, 99), Some(HOURLY)).await, Ok(Asked::Accepted(_))));
        assert!(matches!(
            house.write.create_request(&film(UserId::generate(), 5), None).await,
            Err(Error::NotFound("user"))
        ));
    }

    async fn a_portal_alone_leads_a_request_from_asked_to_there(house: House) {
        let (ana, root) = (house.member("ana").await, house.admin("root").await);
        let request = ask(house, &film(ana.id, 1)).await;
        assert_eq!(house.read.pending_requests().await.unwrap(), 1);

        let approved = house.write.decide_request(request.id, &Decision::Approve, root.id, false).await.unwrap();
        assert_eq!((approved.status, approved.decided_by, approved.step), (RequestStatus::Approved, Some(root.id), None));
        let twice = house.write.decide_request(request.id, &Decision::Approve, root.id, false).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::RequestIsDecided))));
        let not_failed = house.write.decide_request(request.id, &Decision::Retry, root.id, false).await;
        assert!(matches!(not_failed, Err(Error::Conflict(Conflict::RequestHasNotFailed))));
        let done = house.write.decide_request(request.id, &Decision::Finish, root.id, false).await.unwrap();

        assert_eq!(done.status, RequestStatus::Available);
        assert!(done.completed_at.is_some());
        assert_eq!(read(house, request.id).await, done);
        assert_eq!(told(house, request.id).await, [1, 2, 3]);
        let expected = [(News::Asked, None), (News::Approved, None), (News::Available, None)];
        assert_eq!(news(house).await, expected);
        assert!(house.read.due_effects(10).await.unwrap().is_empty());
        let over = house.write.decide_request(request.id, &Decision::Cancel, ana.id, false).await;
        assert!(matches!(over, Err(Error::Conflict(Conflict::RequestIsDecided))));
        let nothing = house.write.decide_request(RequestId::generate(), &Decision::Cancel, ana.id, false).await;
        assert!(matches!(nothing, Err(Error::NotFound("request"))));
    }

    async fn a_reason_is_kept_and_told(house: House) {
        let (ana, root) = (house.member("ana").await, house.admin("root").await);
        let request = ask(house, &film(ana.id, 1)).await;

        let decline = Decision::Decline { reason: Some("Too\0 long".to_owned()) };
        house.write.decide_request(request.id, &decline, root.id, false).await.unwrap();

        assert_eq!(read(house, request.id).await.decline_reason.as_deref(), Some("Too long"));
        assert_eq!(news(house).await[1], (News::Declined, Some("Too long".to_owned())));
        house.write.decide_request(request.id, &Decision::Approve, root.id, false).await.unwrap();
        assert_eq!(read(house, request.id).await.decline_reason, None);
    }

    async fn a_decision_and_the_step_to_overseerr_are_one(house: House) {
        let (ana, root) = (house.member("ana").await, house.admin("root").await);
        let request = ask(house, &NewRequest { is_submitted: true, ..film(ana.id, 1) }).await;
        assert_eq!(request.step, Some(Step::Submit));
        let effects = house.read.due_effects(10).await.unwrap();
        assert_eq!((effects.len(), effects[0].kind.as_str()), (1, "overseerr-request"));
        assert_eq!(effects[0].payload["step"], "submit");
        assert_eq!(effects[0].payload["request"], request.id.to_string());

        house.write.know_request(request.id, 7).await.unwrap();
        let seen = StepEnd::Seen(look(7, RemoteRequest::Pending, MediaStatus::Pending));
        house.write.end_step(request.id, Step::Submit, &seen).await.unwrap();
        let submitted = read(house, request.id).await;
        assert_eq!((submitted.step, submitted.overseerr_id, submitted.media), (None, Some(7), MediaStatus::Pending));
        assert_eq!(house.read.open_requests().await.unwrap().len(), 1);

        house.write.decide_request(request.id, &Decision::Approve, root.id, true).await.unwrap();
        // A look from before the decision is no news, an arrival is.
        assert!(house.write.see_request(request.id, &look(7, RemoteRequest::Declined, MediaStatus::Unknown)).await.unwrap());
        assert_eq!(read(house, request.id).await.status, RequestStatus::Approved);
        assert!(!house.write.hear_of_request(request.id, Hint::Failed).await.unwrap());
        // The end of a step that was overtaken leaves the later one.
        house.write.end_step(request.id, Step::Submit, &StepEnd::Refused("No".to_owned())).await.unwrap();
        assert_eq!(read(house, request.id).await.step, Some(Step::Approve));
        let seen = StepEnd::Seen(look(7, RemoteRequest::Approved, MediaStatus::Processing));
        house.write.end_step(request.id, Step::Approve, &seen).await.unwrap();
        assert_eq!((read(house, request.id).await.step, read(house, request.id).await.status), (None, RequestStatus::Approved));
        assert_eq!(house.read.due_effects(10).await.unwrap().len(), 2);
    }

    async fn a_refusal_is_told_and_may_be_tried_again(house: House) {
        let ana = house.member("ana").await;
        let request = ask(house, &NewRequest { is_submitted: true, ..film(ana.id, 1) }).await;

        house.write.end_step(request.id, Step::Submit, &StepEnd::Refused("The quota is used up".to_owned())).await.unwrap();

        let failed = read(house, request.id).await;
        assert_eq!((failed.status, failed.problem.as_deref()), (RequestStatus::Failed, Some("The quota is used up")));
        assert_eq!(news(house).await[1], (News::Failed, Some("The quota is used up".to_owned())));
        let again = house.write.decide_request(request.id, &Decision::Retry, ana.id, true).await.unwrap();
        assert_eq!((again.status, again.step, again.problem), (RequestStatus::Pending, Some(Step::Submit), None));
        house.write.end_step(request.id, Step::Submit, &StepEnd::Waits("Nobody knows you there".to_owned())).await.unwrap();
        let waits = read(house, request.id).await;
        assert_eq!((waits.status, waits.problem.is_some()), (RequestStatus::Pending, true));
        assert!(house.write.decide_request(request.id, &Decision::Retry, ana.id, true).await.is_ok());
        house.write.end_step(request.id, Step::Submit, &StepEnd::Gone).await.unwrap();
        assert_eq!(read(house, request.id).await.status, RequestStatus::Failed);
    }

    async fn a_look_moves_a_request_once_and_an_older_one_never(house: House) {
        let ana = house.member("ana").await;
        let request = ask(house, &film(ana.id, 1)).await;
        let early = look(7, RemoteRequest::Approved, MediaStatus::Processing);
        let downloading = Look {
            sighting: Sighting { is_downloading: true, ..early.sighting },
            transfer: Some(Transfer { size: 100, left: 40, ready_at: Some(Timestamp::from_millis(5000)) }),
            began_at: early.began_at + Duration::from_secs(1),
            ..early.clone()
        };

        assert!(house.write.see_request(request.id, &downloading).await.unwrap());
        for _ in 0..100 {
            assert!(!house.write.see_request(request.id, &downloading).await.unwrap());
        }

        let seen = read(house, request.id).await;
        assert_eq!((seen.status, seen.version), (RequestStatus::Processing, 2));
        assert_eq!(seen.transfer.unwrap().percent(), 60);
        assert!(!house.write.see_request(request.id, &early).await.unwrap(), "the answer came late");
        let there = Look {
            rating_key: Some("1234".to_owned()),
            began_at: early.began_at + Duration::from_secs(2),
            ..look(7, RemoteRequest::Completed, MediaStatus::Available)
        };
        assert!(house.write.see_request(request.id, &there).await.unwrap());
        let done = read(house, request.id).await;
        assert_eq!((done.status, done.transfer, done.rating_key.as_deref()), (RequestStatus::Available, None, Some("1234")));
        assert_eq!(told(house, request.id).await, [1, 2, 3]);
        let kinds: Vec<News> = news(house).await.into_iter().map(|(news, _)| news).collect();
        assert_eq!(kinds, [News::Asked, News::Approved, News::Available]);
        assert_eq!(house.read.requests_known_as(7).await.unwrap(), [done]);
        assert!(house.read.open_requests().await.unwrap().is_empty());
    }

    async fn a_hint_only_leads_up(house: House) {
        let ana = house.member("ana").await;
        let request = ask(house, &film(ana.id, 1)).await;

        assert!(house.write.hear_of_request(request.id, Hint::Available).await.unwrap());
        for hint in [Hint::Asked, Hint::Approved, Hint::Failed, Hint::Declined, Hint::Available] {
            assert!(!house.write.hear_of_request(request.id, hint).await.unwrap());
        }

        assert_eq!(read(house, request.id).await.status, RequestStatus::Available);
        assert_eq!(told(house, request.id).await, [1, 2]);
    }

    async fn what_was_deleted_in_overseerr_is_cancelled_here(house: House) {
        let ana = house.member("ana").await;
        let request = ask(house, &film(ana.id, 1)).await;
        house.write.know_request(request.id, 7).await.unwrap();

        assert!(house.write.miss_request(request.id, Timestamp::now()).await.unwrap());

        assert_eq!(read(house, request.id).await.status, RequestStatus::Cancelled);
        assert!(!house.write.miss_request(request.id, Timestamp::now()).await.unwrap());
    }

    async fn a_request_made_in_overseerr_is_taken_in_once(house: House) {
        let ana = house.member("ana").await;
        let look = look(7, RemoteRequest::Approved, MediaStatus::Processing);
        let new = Adopted {
            user: ana.id,
            media_type: MediaType::Tv,
            tmdb_id: TmdbId(70523),
            title: "Dark",
            year: None,
            poster: None,
            seasons: &[3, 1],
            is_4k: false,
            created_at: Timestamp::from_millis(1_000),
            look: &look,
        };

        let results = join_all((0..10).map(|_| house.write.adopt_request(&new))).await;

        let taken: Vec<RequestId> = results.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 1);
        let request = read(house, taken[0]).await;
        assert_eq!((request.status, request.seasons.as_slice()), (RequestStatus::Approved, [1, 3].as_slice()));
        assert!(house.read.known_overseerr_ids().await.unwrap().contains(&7));
        assert!(news(house).await.is_empty(), "nobody here did anything");
        // It may be one of ours whose number is not known yet.
        ask(house, &NewRequest { is_submitted: true, ..film(ana.id, 9) }).await;
        let ours = Adopted { media_type: MediaType::Movie, tmdb_id: TmdbId(9), look: &Look { overseerr_id: 8, ..look.clone() }, ..new };
        assert_eq!(house.write.adopt_request(&ours).await.unwrap(), None);
    }

    async fn who_joins_sees_it_and_is_told(house: House) {
        let (ana, bo, eve) = (house.member("ana").await, house.member("bo").await, house.member("eve").await);
        let request = ask(house, &film(ana.id, 1)).await;

        assert!(house.write.join_request(request.id, bo.id).await.unwrap());
        assert!(!house.write.join_request(request.id, bo.id).await.unwrap());

        let own = house.write.join_request(request.id, ana.id).await;
        assert!(matches!(own, Err(Error::Conflict(Conflict::OwnRequest))));
        assert_eq!(house.read.request_followers(request.id).await.unwrap(), [bo.id]);
        assert!(house.read.takes_part_in(ana.id, request.id).await.unwrap());
        assert!(house.read.takes_part_in(bo.id, request.id).await.unwrap());
        assert!(house.read.follows_request(bo.id, request.id).await.unwrap());
        assert!(!house.read.takes_part_in(eve.id, request.id).await.unwrap());
        assert_eq!(ids(house, Whose::With(bo.id), &[]).await, [request.id]);
        assert_eq!(ids(house, Whose::FollowedBy(bo.id), &[]).await, [request.id]);
        assert!(ids(house, Whose::Of(bo.id), &[]).await.is_empty());
        assert!(ids(house, Whose::With(eve.id), &[]).await.is_empty());
        let followers = house.read.outbox_pending(10).await.unwrap().into_iter().find_map(|row| match row.event {
            Some(Event::RequestChanged { followers, version: 2, .. }) => Some(followers),
            _ => None,
        });
        assert_eq!(followers, Some(vec![bo.id]));

        house.write.comment_request(request.id, bo.id, "In the dubbed version, please").await.unwrap();
        let comments = house.read.request_comments(request.id).await.unwrap();
        assert_eq!((comments[0].username.as_str(), comments[0].text.as_str()), ("bo", "In the dubbed version, please"));
        let now = read(house, request.id).await;
        assert_eq!((now.followers, now.comments, now.version), (1, 1, 3));

        assert!(house.write.leave_request(request.id, bo.id).await.unwrap());
        assert!(!house.write.leave_request(request.id, bo.id).await.unwrap());
        house.write.decide_request(request.id, &Decision::Cancel, ana.id, false).await.unwrap();
        let over = house.write.join_request(request.id, bo.id).await;
        assert!(matches!(over, Err(Error::Conflict(Conflict::RequestIsOver))));
    }

    async fn a_notice_is_delivered_once(house: House) {
        let ana = house.member("ana").await;
        ask(house, &film(ana.id, 1)).await;
        let notice = house.read.request_notices(10).await.unwrap().remove(0);
        let word = Event::Notified { user: ana.id, tone: Tone::Info, title: "Asked".to_owned(), body: "Dune".to_owned() };

        let results = join_all((0..10).map(|_| house.write.deliver_notice(&notice, std::slice::from_ref(&word)))).await;

        assert_eq!(results.into_iter().filter(|done| *done.as_ref().unwrap()).count(), 1);
        assert_eq!(house.read.unread_notifications(ana.id).await.unwrap(), 1);
        assert!(house.read.request_notices(10).await.unwrap().is_empty());
        let root = house.admin("root").await;
        assert_eq!(house.read.admins().await.unwrap().len(), 1);
        assert_eq!(house.read.admins().await.unwrap()[0].id, root.id);
    }

    async fn lists_are_filtered_and_paged(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let mut all = Vec::new();
        for n in 1..=25 {
            all.push(ask(house, &film(ana.id, n)).await.id);
        }
        ask(house, &film(bo.id, 99)).await;
        house.write.decide_request(all[3], &Decision::Cancel, ana.id, false).await.unwrap();
        all.reverse();

        let (mut seen, mut cursor): (Vec<RequestId>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let filter = RequestFilter { whose: Whose::Of(ana.id), statuses: &[] };
            let page = house.read.requests(filter, cursor.as_ref(), 10).await.unwrap();
            seen.extend(page.items.iter().map(|request| request.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }

        assert_eq!(seen, all);
        assert_eq!(ids(house, Whose::Everybodys, &[]).await.len(), 26);
        assert_eq!(ids(house, Whose::Everybodys, &[RequestStatus::Cancelled, RequestStatus::Failed]).await.len(), 1);
        assert_eq!(ids(house, Whose::With(ana.id), &[RequestStatus::Pending]).await.len(), 24);
        let everybodys = house.read.count_requests(Whose::Everybodys).await.unwrap();
        assert_eq!(everybodys, [(RequestStatus::Cancelled, 1), (RequestStatus::Pending, 25)]);
        assert_eq!(house.read.count_requests(Whose::Of(ana.id)).await.unwrap().iter().map(|(_, count)| count).sum::<u64>(), 25);
        assert!(house.read.count_requests(Whose::FollowedBy(ana.id)).await.unwrap().is_empty());
        let not_ours = Cursor("x".to_owned());
        let filter = RequestFilter { whose: Whose::Everybodys, statuses: &[] };
        assert!(matches!(house.read.requests(filter, Some(&not_ours), 10).await, Err(Error::BadCursor)));
        assert!(matches!(house.write.delete_request(all[0]).await, Err(Error::Conflict(Conflict::RequestIsNotOver))));
        let cancelled = ids(house, Whose::Of(ana.id), &[RequestStatus::Cancelled]).await[0];
        house.write.delete_request(cancelled).await.unwrap();
        assert_eq!(house.read.request(cancelled).await.unwrap(), None);
        assert_eq!(ids(house, Whose::Of(ana.id), &[]).await.len(), 24);
    }

    async fn the_number_of_a_person_in_overseerr_is_kept_until_it_is_forgotten(house: House) {
        let ana = house.member("ana").await;
        assert_eq!(house.read.seerr_person(ana.id).await.unwrap().unwrap().seerr_id, None);

        house.write.set_seerr_id(ana.id, Some(12)).await.unwrap();

        let people = house.read.seerr_people().await.unwrap();
        assert_eq!((people.len(), people[0].user, people[0].seerr_id), (1, ana.id, Some(12)));
        house.write.set_seerr_id(ana.id, None).await.unwrap();
        assert_eq!(house.read.seerr_person(ana.id).await.unwrap().unwrap().seerr_id, None);
        assert_eq!(house.read.requests_per_hour_of(ana.id).await.unwrap(), None);
        house.write.set_requests_per_hour(ana.id, Some(3)).await.unwrap();
        assert_eq!(house.read.requests_per_hour_of(ana.id).await.unwrap(), Some(3));
        assert_eq!(house.read.seerr_person(UserId::generate()).await.unwrap(), None);
    }
}
