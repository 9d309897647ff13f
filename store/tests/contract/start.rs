//! Opening the store, many times and with the wrong key.

use futures_util::future::join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use store::{Error, Keyring, Store, StoreSettings};

use crate::house::{House, contract};

contract! {
    async fn five_that_start_together_migrate_once(house: House) {
        // SQLite has one process, whose lock is held by others; opening again must still be harmless.
        let opened = join_all((0..5).map(|_| Store::open(&house.settings))).await;

        for store in opened {
            let store = store.unwrap();
            assert!(store.is_alive().await);
            store.close().await;
        }
    }

    async fn another_key_is_refused_by_name_and_never_replaces_ours(house: House) {
        let settings = StoreSettings { keys: Keyring::new([8; 32]), ..house.settings.clone() };

        let Err(error) = Store::open(&settings).await else { panic!("another key was accepted") };

        assert!(matches!(error, Error::WrongKey { .. }), "{error}");
        assert!(error.to_string().contains("MEDIANEST_SECRET_KEY"), "{error}");
        Store::open(&house.settings).await.unwrap().close().await;
    }

    async fn a_lost_key_is_not_made_anew(house: House) {
        let elsewhere = tempfile::tempdir().unwrap();
        let keys = Keyring::load_or_create(elsewhere.path(), None).unwrap();
        let settings = StoreSettings { keys, ..house.settings.clone() };

        assert!(matches!(Store::open(&settings).await, Err(Error::WrongKey { .. })));

        assert!(!elsewhere.path().join("secret.key").exists());
    }

    async fn a_setting_is_added_by_one_of_many(house: House) {
        let added = join_all((0..20).map(|n| {
            let write = house.write.clone();
            async move { write.add_setting("color", &n.to_string()).await.unwrap() }
        }))
        .await;

        assert_eq!(added.into_iter().filter(|&added| added).count(), 1);
        house.write.set_setting("color", "green").await.unwrap();
        assert_eq!(house.read.setting("color").await.unwrap().as_deref(), Some("green"));
        assert_eq!(house.read.setting("colour").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_first_start_makes_a_private_key_and_a_private_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let keys = Keyring::load_or_create(folder.path(), None).unwrap();
    let settings = StoreSettings { url: None, data_dir: folder.path().to_owned(), keys };

    Store::open(&settings).await.unwrap().close().await;

    for file in ["secret.key", "medianest.db"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let keys = Keyring::load_or_create(folder.path(), None).unwrap();
    Store::open(&StoreSettings { keys, ..settings }).await.unwrap().close().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        url: Some(domain::Secret::new("postgres://nobody:hunter2@127.0.0.1:1/none")),
        data_dir: folder.path().to_owned(),
        keys: Keyring::new([7; 32]),
    };

    let Err(error) = Store::open(&settings).await else { panic!("there is no database") };

    assert!(error.is_outage(), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn connections_that_postgresql_ends_are_made_anew_unnoticed() {
    let Ok(server) = std::env::var("MEDIANEST_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: MEDIANEST_TEST_POSTGRES is not set");
        return;
    };
    // A database of its own, by which its connections are told from those of other tests.
    let name = format!("cut_{}", uuid::Uuid::now_v7().simple());
    let options: PgConnectOptions = server.parse().unwrap();
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
    let url = options.clone().database(&name).to_url_lossy();
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        url: Some(domain::Secret::new(url.as_str())),
        data_dir: folder.path().to_owned(),
        keys: Keyring::new([7; 32]),
    };
    let store = Store::open(&settings).await.unwrap();

    for n in 0..3 {
        store.writer().set_setting("n", &n.to_string()).await.unwrap();
        let cut = sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&name)
            .execute(&mut admin)
            .await
            .unwrap();
        assert!(cut.rows_affected() > 0);

        assert!(store.is_alive().await);
        assert_eq!(store.reader().setting("n").await.unwrap(), Some(n.to_string()));
    }

    store.close().await;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .execute(&mut admin)
        .await
        .unwrap();
}
