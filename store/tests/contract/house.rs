//! An empty store on either engine, and people to live in it.

use domain::Secret;
use domain::user::{Role, User, Username};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{Keyring, NewUser, Reader, Store, StoreSettings, Writer};
use tempfile::TempDir;

/// Instantiates claims about the store once for each engine.
macro_rules! contract {
    ($($(#[$attribute:meta])* async fn $name:ident($house:ident: $house_type:ty) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                $(#[$attribute])*
                async fn claim($house: &$house_type) $body

                #[tokio::test]
                async fn on_sqlite() {
                    let house = $crate::house::House::on_sqlite().await;
                    claim(&house).await;
                    house.leave().await;
                }

                #[tokio::test]
                async fn on_postgres() {
                    if let Some(house) = $crate::house::House::on_postgres().await {
                        claim(&house).await;
                        house.leave().await;
                    }
                }
            }
        )*
    };
}

pub(crate) use contract;

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) read: Reader,
    pub(crate) write: Writer,
    pub(crate) settings: StoreSettings,
    pub(crate) folder: TempDir,
    /// The server's address and the schema of this test.
    postgres: Option<(String, String)>,
}

impl House {
    pub(crate) async fn on_sqlite() -> Self {
        Self::open(None).await
    }

    pub(crate) async fn on_postgres() -> Option<Self> {
        let Ok(server) = std::env::var("MEDIANEST_TEST_POSTGRES") else {
            eprintln!("SKIPPED on PostgreSQL: MEDIANEST_TEST_POSTGRES is not set");
            return None;
        };
        let schema = format!("t_{}", uuid::Uuid::now_v7().simple());
        let mut connection =
            PgConnection::connect(&server).await.expect("MEDIANEST_TEST_POSTGRES is reachable");
        sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Some(Self::open(Some((server, schema))).await)
    }

    async fn open(postgres: Option<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            url: postgres.as_ref().map(|(server, schema)| {
                let separator = if server.contains('?') { '&' } else { '?' };
                Secret::new(format!("{server}{separator}options[search_path]={schema}"))
            }),
            data_dir: folder.path().to_owned(),
            keys: Keyring::new([7; 32]),
        };
        let store = Store::open(&settings).await.unwrap();
        Self { read: store.reader(), write: store.writer(), store, settings, folder, postgres }
    }

    pub(crate) async fn leave(self) {
        self.store.close().await;
        if let Some((server, schema)) = self.postgres {
            let mut connection = PgConnection::connect(&server).await.unwrap();
            sqlx::query(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE")))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }

    /// Does to the tables what no function of the store does.
    pub(crate) async fn sabotage(&self, sql: &str) -> Result<u64, sqlx::Error> {
        match &self.settings.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url.expose()).await?;
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .map(|done| done.rows_affected())
            }
            None => {
                let path = self.folder.path().join("medianest.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .map(|done| done.rows_affected())
            }
        }
    }

    pub(crate) async fn member(&self, name: &str) -> User {
        self.person(name, Role::User).await
    }

    pub(crate) async fn admin(&self, name: &str) -> User {
        self.person(name, Role::Admin).await
    }

    async fn person(&self, name: &str, role: Role) -> User {
        let username: Username = name.parse().unwrap();
        let new = NewUser { username: &username, email: None, role, password_hash: Some("$argon2id$…") };
        self.write.create_user(&new).await.unwrap()
    }
}
