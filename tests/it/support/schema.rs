//! A schema of its own on a PostgreSQL server, for one test, which drops it. The tests of the store use this file too.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use url::Url;

/// Says which server to test on. `tests/postgres.sh` starts one.
const SERVER: &str = "COUNTERSIGN_TEST_POSTGRES";

pub struct Schema {
    server: Url,
    name: String,
}

impl Schema {
    /// `None` where there is no PostgreSQL to test on; then the test has nothing to say, unless it is told that it must.
    pub async fn make() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Some(server) = std::env::var_os(SERVER) else {
            let required =
                std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!required, "{SERVER} names no PostgreSQL, and all tests are required");
            eprintln!("skipped: {SERVER} names no PostgreSQL; run it with tests/postgres.sh");
            return None;
        };
        let server = server.into_string().unwrap().parse().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Self { server, name: format!("test_{}_{number}", std::process::id()) };
        schema.run(&format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name)).await;
        Some(schema)
    }

    /// The address of a database in which there is this schema and no other.
    pub fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.query_pairs_mut()
            .append_pair("options[search_path]", &self.name)
            .append_pair("application_name", &self.name);
        url
    }

    /// A connection to it past the store.
    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect(self.url().as_str()).await.unwrap()
    }

    /// Ends all connections there are to it, as an administrator or a crash would. How many these were.
    pub async fn end_connections(&self) -> i64 {
        let mut connection = PgConnection::connect(self.server.as_str()).await.unwrap();
        let ended = sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = $1) AS ended",
        );
        let ended = ended.bind(&self.name).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        ended
    }

    async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(self.server.as_str()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let gone = Self { server: self.server.clone(), name: self.name.clone() };
        // Whoever drops it may be in a runtime, which must not be blocked by another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime
                .block_on(gone.run(&format!("SET lock_timeout = '5s'; DROP SCHEMA {} CASCADE", gone.name)));
            std::mem::forget(gone);
        });
        drop(dropped.join());
    }
}
