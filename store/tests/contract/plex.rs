//! Accounts at plex.tv, and sign-ins with Plex that are under way.

use std::time::Duration;

use domain::plex::{Membership, PinPurpose, PinRefusal, PlexAccount, PlexId};
use domain::user::Role;
use domain::{PlexPinId, Secret, Timestamp, UserId};
use futures_util::future::join_all;
use store::{Conflict, Error, NewPlexPin, NewSession, NodeId, PlexPinState, PlexSignIn, UserPatch, WaysIn};

use crate::house::{House, contract};

const MINUTE: Duration = Duration::from_secs(60);

fn account(id: i64, name: &str) -> PlexAccount {
    PlexAccount::new(PlexId(id), &[Some(name)], Some(&format!("{name}@example.test")))
}

/// Somebody approves a sign-in, with tokens that carry `mark`.
async fn sign_in(house: &House, account: &PlexAccount, mark: &str, owns_server: bool) -> domain::user::User {
    let (token, server_token) =
        (Secret::new(format!("account-{mark}")), Secret::new(format!("server-{mark}")));
    let new = PlexSignIn { account, token: &token, server_token: &server_token, owns_server };
    house.write.sign_in_with_plex(&new).await.unwrap()
}

async fn link(house: &House, user: UserId, account: &PlexAccount) -> Result<(), Error> {
    let token = Secret::new("t");
    house
        .write
        .link_plex(user, &PlexSignIn { account, token: &token, server_token: &token, owns_server: false })
        .await
}

async fn server_token(house: &House, user: UserId) -> Option<String> {
    let access = house.read.plex_access(user).await.unwrap();
    access.map(|access| access.server_token.expose().to_owned())
}

fn conflict(result: Result<(), Error>) -> Conflict {
    match result {
        Err(Error::Conflict(conflict)) => conflict,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

async fn begin(house: &House, binding: &[u8; 32], purpose: PinPurpose, expires_in: Duration) -> PlexPinId {
    let id = PlexPinId::generate();
    house
        .write
        .create_plex_pin(&NewPlexPin {
            id,
            binding,
            purpose,
            is_code: true,
            number: 5_362_129_610,
            code: &Secret::new("K7QD"),
            next: "/library",
            ip: Some("10.0.0.7"),
            node: &NodeId::new("n1"),
            expires_at: Timestamp::now() + expires_in,
        })
        .await
        .unwrap();
    id
}

contract! {
    async fn one_account_is_made_however_often_somebody_comes_in(house: House) {
        house.member("Alex").await;
        let alex = account(1001, "alex");

        let users = join_all((0..10).map(|_| sign_in(house, &alex, "1", true))).await;

        assert!(users.iter().all(|user| user.id == users[0].id));
        let user = house.read.user_by_plex_id(PlexId(1001)).await.unwrap().unwrap();
        assert_eq!((user.username.as_str(), user.role), ("alex (Plex)", Role::Admin), "the name was taken");
        assert_eq!(user.email.as_deref(), Some("alex@example.test"));
        let plex = user.plex.unwrap();
        assert_eq!((plex.id, plex.name.as_str(), plex.membership), (PlexId(1001), "alex", Membership::Member));
        assert_eq!(house.read.ways_in(user.id).await.unwrap(), Some(WaysIn { has_password: false, has_plex: true }));
        assert_eq!(house.read.ways_in(UserId::generate()).await.unwrap(), None);
    }

    async fn the_newest_token_is_kept_and_none_is_readable_in_the_tables(house: House) {
        let user = sign_in(house, &account(1, "sam"), "first", false).await;
        sign_in(house, &account(1, "sam"), "second", false).await;

        assert_eq!(house.read.plex_token(user.id).await.unwrap().unwrap().expose(), "account-second");
        assert_eq!(server_token(house, user.id).await.as_deref(), Some("server-second"));
        let plain = "UPDATE users SET email = email WHERE plex_token LIKE '%account-%' OR plex_server_token LIKE '%server-%'";
        assert_eq!(house.sabotage(plain).await.unwrap(), 0);
        house.sabotage("UPDATE users SET plex_server_token = plex_token").await.unwrap();
        assert!(matches!(house.read.plex_access(user.id).await, Err(Error::Unreadable(_))));
    }

    async fn a_disabled_person_gets_no_new_token(house: House) {
        let user = sign_in(house, &account(1, "sam"), "old", false).await;
        let off = UserPatch { role: None, enabled: Some(false) };
        house.write.update_user(user.id, off).await.unwrap();

        let again = sign_in(house, &account(1, "sam"), "new", false).await;

        assert!(!again.enabled);
        assert_eq!(house.read.plex_token(user.id).await.unwrap().unwrap().expose(), "account-old");
    }

    async fn a_plex_account_belongs_to_one_person(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let sam = account(7, "sam");

        link(house, ana.id, &sam).await.unwrap();
        link(house, ana.id, &sam).await.unwrap();

        assert_eq!(conflict(link(house, bo.id, &sam).await), Conflict::PlexAccountTaken);
        assert_eq!(conflict(link(house, ana.id, &account(8, "kim")).await), Conflict::HasPlexAccount);
        house.write.unlink_plex(ana.id).await.unwrap();
        house.write.unlink_plex(ana.id).await.unwrap();
        assert_eq!(house.read.user(ana.id).await.unwrap().unwrap().plex, None);
        assert!(house.read.plex_token(ana.id).await.unwrap().is_none());
        link(house, bo.id, &sam).await.unwrap();
        let only_plex = sign_in(house, &account(9, "kim"), "1", false).await;
        assert_eq!(conflict(house.write.unlink_plex(only_plex.id).await), Conflict::NoOtherWayIn);
    }

    async fn who_is_no_member_any_more_loses_the_server_and_their_sessions(house: House) {
        let user = sign_in(house, &account(1, "sam"), "1", false).await;
        let now = Timestamp::now();
        let new = NewSession {
            user: user.id, user_agent: None, ip: None,
            idle_ends_at: now + MINUTE, absolute_ends_at: now + MINUTE,
        };
        let session = house.write.create_session(&new).await.unwrap();
        let renewed = Secret::new("server-2");
        let before = house.write.record_membership(user.id, Membership::Member, Some(&renewed)).await.unwrap();
        assert_eq!((before, server_token(house, user.id).await.as_deref()), (Membership::Member, Some("server-2")));

        house.write.record_membership(user.id, Membership::NotShared, None).await.unwrap();

        assert_eq!(server_token(house, user.id).await, None);
        assert!(house.read.plex_token(user.id).await.unwrap().is_some(), "it is looked at again tomorrow");
        assert!(!house.read.session(session).await.unwrap().unwrap().is_alive(now));
        house.write.record_membership(user.id, Membership::SignInAgain, None).await.unwrap();
        assert!(house.read.plex_token(user.id).await.unwrap().is_none());
        let local = house.member("ana").await;
        let gone = house.write.record_membership(local.id, Membership::Member, None).await;
        assert!(matches!(gone, Err(Error::NotFound(_))));
    }

    async fn memberships_are_checked_in_turn(house: House) {
        let first = sign_in(house, &account(1, "sam"), "1", false).await;
        let second = sign_in(house, &account(2, "kim"), "1", false).await;
        house.sabotage(&format!("UPDATE users SET plex_checked_at = 5 WHERE id = '{}'", second.id)).await.unwrap();

        let soon = Timestamp::now() + MINUTE;
        assert_eq!(house.read.plex_memberships_before(soon, 10).await.unwrap(), [second.id, first.id]);
        assert_eq!(house.read.plex_memberships_before(Timestamp::from_millis(6), 10).await.unwrap(), [second.id]);
    }

    async fn people_are_imported_once_and_strangers_tokens_are_not_kept(house: House) {
        let shared = [account(1, "sam"), account(2, "kim")];

        let first = house.write.import_plex_accounts(&shared).await.unwrap();
        let second = house.write.import_plex_accounts(&shared).await.unwrap();

        assert_eq!((first.len(), second.len()), (2, 0));
        let (token, kim, lee) = (Secret::new("t"), account(2, "kim"), account(3, "lee"));
        let renew = |account| PlexSignIn { account, token: &token, server_token: &token, owns_server: false };
        assert!(house.write.renew_plex_tokens(&renew(&kim)).await.unwrap());
        assert!(!house.write.renew_plex_tokens(&renew(&lee)).await.unwrap());
        assert!(house.read.user_by_plex_id(PlexId(3)).await.unwrap().is_none());
    }

    async fn a_sign_in_is_finished_by_its_browser_alone_and_once(house: House) {
        let user = house.member("ana").await;
        let (mine, foreign) = ([1; 32], [2; 32]);
        let id = begin(house, &mine, PinPurpose::SignIn, MINUTE).await;
        let row = house.read.plex_pin_of(&mine).await.unwrap().unwrap();
        assert_eq!((row.id, row.number, row.code.expose(), row.is_code), (id, 5_362_129_610, "K7QD", true));
        assert_eq!((row.state, row.next.as_str()), (PlexPinState::Waiting, "/library"));
        assert_eq!(house.sabotage("UPDATE plex_pins SET ip = ip WHERE pin LIKE '%K7QD%'").await.unwrap(), 0);
        let now = Timestamp::now();
        assert_eq!(house.write.finish_plex_pin(&mine, now).await.unwrap(), None, "nobody approved it");

        assert!(house.write.settle_plex_pin(id, Ok(user.id)).await.unwrap());
        assert!(!house.write.settle_plex_pin(id, Err(PinRefusal::NoShare)).await.unwrap());

        assert_eq!(house.write.finish_plex_pin(&foreign, now).await.unwrap(), None);
        assert!(house.read.plex_pin_of(&foreign).await.unwrap().is_none());
        assert_eq!(house.write.finish_plex_pin(&mine, now + 2 * MINUTE).await.unwrap(), None, "too late");
        let all = join_all((0..50).map(|_| house.write.finish_plex_pin(&mine, now))).await;
        let came_in: Vec<_> = all.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(came_in, [user.id]);
        assert_eq!(house.read.plex_pin_of(&mine).await.unwrap().unwrap().state, PlexPinState::Finished);
    }

    async fn open_sign_ins_are_adopted_by_one_node(house: House) {
        let (n1, n2) = (NodeId::new("n1"), NodeId::new("n2"));
        let ana = house.member("ana").await;
        let id = begin(house, &[1; 32], PinPurpose::Link(ana.id), MINUTE).await;
        begin(house, &[2; 32], PinPurpose::SignIn, Duration::ZERO).await;
        let refused = begin(house, &[3; 32], PinPurpose::SignIn, MINUTE).await;
        house.write.settle_plex_pin(refused, Err(PinRefusal::WrongServer)).await.unwrap();
        let now = Timestamp::now();

        let own = house.write.adopt_plex_pins(&n1, now - MINUTE).await.unwrap();
        assert_eq!(own.iter().map(|row| (row.id, row.purpose)).collect::<Vec<_>>(), [(id, PinPurpose::Link(ana.id))]);
        assert!(house.write.adopt_plex_pins(&n2, now - MINUTE).await.unwrap().is_empty());
        assert_eq!(house.write.adopt_plex_pins(&n2, Timestamp::now() + MINUTE).await.unwrap().len(), 1);
        assert!(!house.write.touch_plex_pin(id, &n1).await.unwrap());
        assert!(house.write.touch_plex_pin(id, &n2).await.unwrap());
        assert_eq!(house.read.open_plex_pins("10.0.0.7", now).await.unwrap(), (1, 1));
        assert_eq!(house.read.open_plex_pins("10.0.0.8", now).await.unwrap(), (0, 1));

        assert!(house.write.abandon_plex_pin(&[1; 32]).await.unwrap());
        assert!(!house.write.settle_plex_pin(id, Ok(ana.id)).await.unwrap(), "nobody waits for it");
        assert!(house.write.touch_plex_pin(id, &n2).await.unwrap(), "it is still asked about");
        let row = house.read.plex_pin_of(&[3; 32]).await.unwrap().unwrap();
        assert_eq!(row.state, PlexPinState::Refused(PinRefusal::WrongServer));
        assert_eq!(house.write.purge_plex_pins(Timestamp::now() + 2 * MINUTE).await.unwrap(), 3);
    }

    async fn a_secret_setting_is_encrypted(house: House) {
        house.write.set_secret_setting("plex_owner_token", Some(&Secret::new("hush"))).await.unwrap();

        assert_eq!(house.read.secret_setting("plex_owner_token").await.unwrap().unwrap().expose(), "hush");
        assert!(!house.read.setting("plex_owner_token").await.unwrap().unwrap().contains("hush"));
        house.sabotage("UPDATE settings SET key = 'other' WHERE key = 'plex_owner_token'").await.unwrap();
        assert!(house.read.secret_setting("other").await.is_err());
        house.write.set_secret_setting("other", None).await.unwrap();
        assert!(house.read.secret_setting("other").await.unwrap().is_none());
    }
}
