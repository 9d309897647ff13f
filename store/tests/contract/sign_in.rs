//! Sessions and API tokens.

use std::time::Duration;

use domain::user::Role;
use domain::{SessionId, Timestamp, UserId};
use store::{Error, NewSession, UserPatch};

use crate::house::{House, contract};

const HOUR: Duration = Duration::from_secs(3600);

async fn sign_in(house: &House, user: UserId) -> SessionId {
    let now = Timestamp::now();
    let new = NewSession {
        user,
        user_agent: Some("Firefox"),
        ip: Some("10.0.0.7"),
        idle_ends_at: now + HOUR,
        absolute_ends_at: now + 3 * HOUR,
    };
    house.write.create_session(&new).await.unwrap()
}

async fn is_alive(house: &House, id: SessionId) -> bool {
    house.read.session(id).await.unwrap().unwrap().is_alive(Timestamp::now())
}

contract! {
    async fn a_session_lives_until_it_ends_or_is_revoked(house: House) {
        let ana = house.member("ana").await;
        let session = sign_in(house, ana.id).await;

        let row = house.read.session(session).await.unwrap().unwrap();
        assert_eq!((&row.user, row.user_agent.as_deref(), row.ip.as_deref()), (&ana, Some("Firefox"), Some("10.0.0.7")));
        assert!(row.is_alive(row.idle_ends_at - Duration::from_millis(1)));
        assert!(!row.is_alive(row.idle_ends_at));

        assert!(house.write.revoke_session(session).await.unwrap());
        assert!(!house.write.revoke_session(session).await.unwrap());
        assert!(!is_alive(house, session).await);
        assert!(!house.write.touch_session(session, Timestamp::now(), Timestamp::now() + HOUR).await.unwrap());
        assert_eq!(house.read.session(SessionId::generate()).await.unwrap(), None);
    }

    async fn use_moves_the_idle_end_but_never_past_the_absolute_one_nor_back(house: House) {
        let ana = house.member("ana").await;
        let session = sign_in(house, ana.id).await;
        let first = house.read.session(session).await.unwrap().unwrap();

        let later = first.created_at + HOUR;
        assert!(house.write.touch_session(session, later, later + 5 * HOUR).await.unwrap());
        assert!(house.write.touch_session(session, first.created_at, first.created_at + HOUR / 2).await.unwrap());

        let row = house.read.session(session).await.unwrap().unwrap();
        assert_eq!((row.last_seen_at, row.idle_ends_at), (later, first.absolute_ends_at));
    }

    async fn whoever_loses_something_loses_their_sessions(house: House) {
        house.admin("root").await;
        let ana = house.admin("ana").await;
        for patch in [
            UserPatch { role: Some(Role::User), enabled: None },
            UserPatch { role: None, enabled: Some(false) },
        ] {
            let session = sign_in(house, ana.id).await;
            house.write.update_user(ana.id, patch).await.unwrap();
            assert!(!is_alive(house, session).await);
        }
        let new = NewSession {
            user: ana.id,
            user_agent: None,
            ip: None,
            idle_ends_at: Timestamp::now() + HOUR,
            absolute_ends_at: Timestamp::now() + HOUR,
        };
        assert!(matches!(house.write.create_session(&new).await, Err(Error::NotFound("user"))));
    }

    async fn a_new_password_ends_sessions_and_a_renewed_hash_does_not(house: House) {
        let ana = house.member("ana").await;
        let session = sign_in(house, ana.id).await;

        house.write.set_password(ana.id, "renewed", false).await.unwrap();
        assert!(is_alive(house, session).await);

        house.write.set_password(ana.id, "new", true).await.unwrap();
        assert!(!is_alive(house, session).await);
        assert_eq!(house.read.user_by_name("ana").await.unwrap().unwrap().1.as_deref(), Some("new"));
    }

    async fn all_sessions_of_one_person_end_together(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let (first, second, other) =
            (sign_in(house, ana.id).await, sign_in(house, ana.id).await, sign_in(house, bo.id).await);
        let listed: Vec<_> = house.read.sessions_of(ana.id).await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(listed, [second, first]);

        let mut revoked = house.write.revoke_sessions_of(ana.id).await.unwrap();

        revoked.sort();
        assert_eq!(revoked, [first, second]);
        assert!(house.read.sessions_of(ana.id).await.unwrap().is_empty());
        assert!(is_alive(house, other).await);
        assert_eq!(house.write.purge_sessions(Timestamp::now() + Duration::from_millis(5)).await.unwrap(), 2);
    }

    async fn a_token_opens_until_it_is_revoked_by_its_owner(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let token = house.write.create_api_token(ana.id, "script", &[5; 32]).await.unwrap();

        let (found, user) = house.read.api_token(&[5; 32]).await.unwrap().unwrap();
        assert_eq!((&found, &user), (&token, &ana));
        assert_eq!(house.read.api_token(&[6; 32]).await.unwrap(), None);
        let now = Timestamp::now();
        house.write.touch_api_token(token.id, now).await.unwrap();
        house.write.touch_api_token(token.id, now + Duration::from_secs(5)).await.unwrap();
        assert_eq!(house.read.api_tokens_of(ana.id).await.unwrap()[0].last_used_at, Some(now));

        assert!(!house.write.revoke_api_token(bo.id, token.id).await.unwrap());
        assert!(house.write.revoke_api_token(ana.id, token.id).await.unwrap());
        assert_eq!(house.read.api_token(&[5; 32]).await.unwrap(), None);
        assert!(house.read.api_tokens_of(ana.id).await.unwrap().is_empty());
        let nobody = house.write.create_api_token(UserId::generate(), "x", &[9; 32]).await;
        assert!(matches!(nobody, Err(Error::NotFound("user"))));
    }
}
