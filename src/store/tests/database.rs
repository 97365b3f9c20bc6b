//! Where tests keep what they write: a directory, and on PostgreSQL a schema of its own, which go away with the test.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;
use url::Url;

use super::wire::Wire;
use crate::store::{Store, StoreError};

/// A server to test on. `tests/postgres.sh` starts one and says so here.
const SERVER: &str = "COUNTERSIGN_TEST_POSTGRES";

/// The file in the directory that says which schema goes with it.
const ADDRESS: &str = "postgres-url";

/// A place for one store, which several processes may open.
pub(crate) struct Place {
    dir: TempDir,
    schema: Option<Schema>,
}

/// A schema and the server it is on.
struct Schema {
    server: String,
    name: String,
}

impl Place {
    /// A place on the database that the tests of `module` are for. `None` where there is no PostgreSQL to test on; then
    /// the test has nothing to say, unless it is told that it must.
    pub(crate) async fn new(module: &str) -> Option<Self> {
        if module.contains("on_postgres") { Self::on_postgres().await } else { Some(Self::on_sqlite()) }
    }

    pub(crate) fn on_sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), schema: None }
    }

    pub(crate) async fn on_postgres() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Some(server) = std::env::var_os(SERVER).and_then(|server| server.into_string().ok()) else {
            let required =
                std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!required, "{SERVER} names no PostgreSQL, and all tests are required");
            eprintln!("skipped: {SERVER} names no PostgreSQL; run it with tests/postgres.sh");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Schema { server, name: format!("unit_{}_{number}", std::process::id()) };
        let mut connection = PgConnection::connect(&schema.server).await.unwrap();
        let create = format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name);
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ADDRESS), schema.url()).unwrap();
        Some(Self { dir, schema: Some(schema) })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The address of the schema, where there is a server.
    pub(crate) fn url(&self) -> Url {
        self.schema.as_ref().unwrap().url().parse().unwrap()
    }

    /// A connection past the store, where there is a server.
    pub(crate) async fn beside(&self) -> PgConnection {
        PgConnection::connect(self.url().as_str()).await.unwrap()
    }

    /// From now on the store of this place is reached through this wire.
    pub(crate) fn through(&self, wire: &Wire) {
        let mut url = self.url();
        url.set_port(Some(wire.port())).unwrap();
        std::fs::write(self.path().join(ADDRESS), url.as_str()).unwrap();
    }

    /// Ends all connections that stores have to this schema now, as an administrator or a crash would.
    pub(crate) async fn end_connections(&self) -> i64 {
        let mut connection = PgConnection::connect(&self.schema.as_ref().unwrap().server).await.unwrap();
        let ended = sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = $1) AS ended",
        );
        let ended = ended.bind(&self.schema.as_ref().unwrap().name).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        ended
    }
}

/// Opens the store of a place, as another process would.
pub(crate) async fn open(dir: &Path) -> Result<Store, StoreError> {
    match std::fs::read_to_string(dir.join(ADDRESS)) {
        Ok(url) => Store::connect(&url).await,
        Err(_on_sqlite) => Store::open(dir).await,
    }
}

impl Schema {
    fn url(&self) -> String {
        let next = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{next}options[search_path]={1}&application_name={1}", self.server, self.name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Whoever drops it may be in a runtime, which must not be blocked by another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await?;
                let drop = format!("SET lock_timeout = '5s'; DROP SCHEMA {name} CASCADE");
                sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await?;
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("a schema was left behind: {error}");
        }
    }
}
