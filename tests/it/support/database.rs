use std::path::Path;

use countersign::config::StoreSettings;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::Schema;

/// The database of a world.
pub enum Database {
    /// The file in its data directory.
    File,
    /// A schema on a server.
    Server(Schema),
}

impl Database {
    /// A file; or on a server, where all worlds are asked to be: `COUNTERSIGN_TEST_WORLDS=postgres`.
    pub async fn usual() -> Self {
        if std::env::var_os("COUNTERSIGN_TEST_WORLDS").is_some_and(|value| value == "postgres") {
            Self::Server(Schema::make().await.expect("a server to have all worlds on"))
        } else {
            Self::File
        }
    }

    /// What the configuration says of it. A secret is given by reference, so the address goes into a file in `dir`.
    pub fn settings(&self, dir: &Path) -> StoreSettings {
        let Self::Server(schema) = self else { return StoreSettings::default() };
        let file = dir.join("database-url");
        std::fs::write(&file, schema.url().as_str()).unwrap();
        StoreSettings { url: Some(format!("file:{}", file.display()).try_into().unwrap()) }
    }

    /// From now on it refuses those entries of the record of which this is so, as a full disk would.
    pub async fn refuses_entries(&self, data_dir: &Path, when: &str) {
        let statement = match self {
            Self::File => format!(
                "CREATE TRIGGER full_disk BEFORE INSERT ON audit_event WHEN {when} \
                 BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            ),
            Self::Server(_) => format!(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN \
                 RAISE EXCEPTION 'database or disk is full'; END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER full_disk BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION full_disk()"
            ),
        };
        self.run(data_dir, &statement).await;
    }

    /// There is space again.
    pub async fn refuses_nothing(&self, data_dir: &Path) {
        let statement = match self {
            Self::File => "DROP TRIGGER full_disk",
            Self::Server(_) => "DROP TRIGGER full_disk ON audit_event; DROP FUNCTION full_disk",
        };
        self.run(data_dir, statement).await;
    }

    /// Runs statements past countersign.
    pub async fn run(&self, data_dir: &Path, statements: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        match self {
            Self::File => {
                let path = data_dir.join("countersign.db");
                let mut connection = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                statements.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Server(schema) => {
                let mut connection = schema.connection().await;
                statements.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}
