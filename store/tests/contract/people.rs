//! Accounts.

use domain::UserId;
use domain::user::{Role, Username};
use futures_util::future::join_all;
use store::{Actor, AuditVerdict, Conflict, Error, NewUser, UserPatch};

use crate::house::{House, contract};

fn name(text: &str) -> Username {
    text.parse().unwrap()
}

fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) -> Conflict {
    match result {
        Err(Error::Conflict(conflict)) => conflict,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

contract! {
    async fn among_fifty_first_admins_one_wins_and_for_ever(house: House) {
        assert!(!house.read.is_set_up().await.unwrap());

        let results = join_all((0..50).map(|n| {
            let write = house.write.clone();
            async move { write.create_first_admin(&name(&format!("admin{n}")), "hash").await }
        }))
        .await;

        let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1);
        assert!(refused.into_iter().all(|result| conflict(result) == Conflict::AlreadySetUp));
        assert!(house.read.is_set_up().await.unwrap());
        assert_eq!(house.read.users(None, 100).await.unwrap().items.len(), 1);
        house.sabotage("DELETE FROM users").await.unwrap();
        let late = house.write.create_first_admin(&name("late"), "hash").await;
        assert_eq!(conflict(late), Conflict::AlreadySetUp);
    }

    async fn a_name_is_taken_whatever_its_case(house: House) {
        let zoe = house.member("Zoë").await;

        let again = NewUser { username: &name("zOË"), email: None, role: Role::User, password_hash: None };
        assert_eq!(conflict(house.write.create_user(&again).await), Conflict::UsernameTaken);

        let (found, hash) = house.read.user_by_name("zoë").await.unwrap().unwrap();
        assert_eq!((found.id, hash.as_deref()), (zoe.id, Some("$argon2id$…")));
        assert_eq!(house.read.user(zoe.id).await.unwrap(), Some(zoe));
        assert_eq!(house.read.user(UserId::generate()).await.unwrap(), None);
        for odd in ["Zoë", "", "zo\0", "' OR 1=1 --"] {
            assert!(house.read.user_by_name(odd).await.unwrap().is_none());
        }
    }

    async fn people_are_listed_by_name_page_by_page(house: House) {
        for name in ["ela", "Ana", "cem", "Dov", "bo-2", "Özge"] {
            house.member(name).await;
        }

        let (mut names, mut cursor) = (Vec::new(), None);
        loop {
            let page = house.read.users(cursor.as_ref(), 2).await.unwrap();
            names.extend(page.items.into_iter().map(|user| user.username));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }

        assert_eq!(names, ["Ana", "bo-2", "cem", "Dov", "ela", "Özge"]);
        let bad = domain::Cursor("***".to_owned());
        assert!(matches!(house.read.users(Some(&bad), 2).await, Err(Error::BadCursor)));
    }

    async fn the_last_admin_stays_even_when_two_leave_together(house: House) {
        let (ana, bo) = (house.admin("ana").await, house.admin("bo").await);
        let demoted = UserPatch { role: Some(Role::User), enabled: None };
        let disabled = UserPatch { role: None, enabled: Some(false) };

        let both = tokio::join!(
            house.write.update_user(ana.id, demoted),
            house.write.update_user(bo.id, disabled),
        );

        let kept = [both.0, both.1].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert!(matches!(kept[..], [Error::Conflict(Conflict::LastAdmin)]), "{kept:?}");
        let admins = house.read.users(None, 10).await.unwrap().items;
        assert_eq!(admins.iter().filter(|user| user.enabled && user.role == Role::Admin).count(), 1);
        let nobody = house.write.update_user(UserId::generate(), disabled).await;
        assert!(matches!(nobody, Err(Error::NotFound("user"))));
    }

    async fn a_quota_of_ones_own_is_kept(house: House) {
        let ana = house.member("ana").await;
        assert_eq!(house.read.downloads_per_hour_of(ana.id).await.unwrap(), None);

        house.write.set_downloads_per_hour(ana.id, Some(0)).await.unwrap();
        assert_eq!(house.read.downloads_per_hour_of(ana.id).await.unwrap(), Some(0));

        house.write.set_downloads_per_hour(ana.id, None).await.unwrap();
        assert_eq!(house.read.downloads_per_hour_of(ana.id).await.unwrap(), None);
    }

    async fn a_sign_in_is_remembered(house: House) {
        let ana = house.member("ana").await;
        assert_eq!(ana.last_login_at, None);

        house.write.record_login(ana.id).await.unwrap();

        assert!(house.read.user(ana.id).await.unwrap().unwrap().last_login_at.is_some());
    }

    async fn the_audit_log_shows_tampering(house: House) {
        let ana = house.admin("ana").await;
        let acting = Actor { user: Some(ana.id), ip: Some("10.0.0.7".to_owned()), ..Actor::default() };
        let write = house.write.acting(acting);
        let new = |n: i32| {
            let (write, username) = (write.clone(), name(&format!("user{n}")));
            async move {
                let new = NewUser { username: &username, email: None, role: Role::User, password_hash: None };
                write.create_user(&new).await.unwrap();
            }
        };

        join_all((0..10).map(new)).await;

        let page = house.read.audit_log(None, 4).await.unwrap();
        let (newest, rest) = (&page.items[0], page.next.unwrap());
        assert_eq!((newest.seq, newest.action.as_str()), (11, "user.create"));
        assert_eq!(newest.actor, Some(ana.id.to_string()));
        assert_eq!(newest.ip.as_deref(), Some("10.0.0.7"));
        assert_eq!(house.read.audit_log(Some(&rest), 4).await.unwrap().items[0].seq, 7);
        assert_eq!(house.read.verify_audit().await.unwrap(), AuditVerdict::Intact { entries: 11 });

        assert!(house.sabotage("UPDATE audit_log SET actor = NULL WHERE seq = 5").await.is_err());
        assert!(house.sabotage("DELETE FROM audit_log WHERE seq = 5").await.is_err());
        let drop_triggers: &[&str] = if house.settings.url.is_some() {
            &["ALTER TABLE audit_log DISABLE TRIGGER ALL"]
        } else {
            &["DROP TRIGGER audit_log_keeps_rows", "DROP TRIGGER audit_log_loses_no_rows"]
        };
        for sql in drop_triggers {
            house.sabotage(sql).await.unwrap();
        }
        house.sabotage("DELETE FROM audit_log WHERE seq = 11").await.unwrap();
        assert_eq!(house.read.verify_audit().await.unwrap(), AuditVerdict::Broken { seq: 11 });
        house.sabotage("UPDATE audit_log SET object = 'user x' WHERE seq = 5").await.unwrap();
        assert_eq!(house.read.verify_audit().await.unwrap(), AuditVerdict::Broken { seq: 5 });
        house.sabotage("DELETE FROM audit_log WHERE seq = 3").await.unwrap();
        assert_eq!(house.read.verify_audit().await.unwrap(), AuditVerdict::Broken { seq: 3 });
    }
}
