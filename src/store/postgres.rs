//! The database for several processes.
//!
//! Each transaction that writes takes one row's lock before it reads anything, so that all that write take turns, in this
//! process and in others, as they do on SQLite. What a guard read therefore stays true until the commit.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Pool, Postgres};
use tokio::time::timeout;

use super::StoreError;
use super::db::{PREPARED, READERS};
use super::migrate::{self, Dialect};

/// Begins a transaction that writes. The row is there from the first migration on, unlike the record's head, which would
/// do as well.
pub(super) const BEGIN: &str = "BEGIN; SELECT id FROM lock_generation WHERE id = 1 FOR UPDATE";

/// Takes the right to serve from the tables of this schema, for as long as the connection lasts. Waits for a moment,
/// because a server that just ended may not have let go yet.
pub(super) const CLAIM: &str =
    "SELECT pg_advisory_lock(hashtext('countersign serves'), hashtext(current_schema()))";

/// The same schema is not set up by two at once. Building an index may take its time.
const MIGRATE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; \
                       SELECT pg_advisory_xact_lock(hashtext('countersign migrates'), hashtext(current_schema()))";

/// What each connection asks for. A commit is on disk when it returns, whatever the server's own settings are; nothing
/// waits or idles for long while others wait for it; and a machine that is gone is noticed, so that its locks go too.
const SETTINGS: [(&str, &str); 8] = [
    ("synchronous_commit", "on"),
    ("default_transaction_isolation", "read committed"),
    ("statement_timeout", "5s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// Longer than the server lets any statement take: who has not answered by then is not there.
const SILENCE: Duration = Duration::from_secs(8);

/// Opens the database at `url`: the connection that writes, how to open it again, and those that read.
pub(super) async fn open(url: &str) -> Result<(PgConnection, PgConnectOptions, Pool<Postgres>), StoreError> {
    let options = options(url)?;
    let mut first = connect(&options).await?;
    migrate(&mut first).await?;
    let readers = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(SILENCE)
        .connect_lazy_with(options.clone().options([("default_transaction_read_only", "on")]));
    Ok((first, options, readers))
}

/// Brings the tables up to date. Where they are, the right to make tables is not needed.
async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    let there = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    if there.fetch_one(&mut *connection).await? && migrate::is_done(Dialect::Postgres, connection).await? {
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    sqlx::raw_sql(MIGRATE).execute(&mut *tx).await?;
    migrate::run(Dialect::Postgres, &mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Opens one connection.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    heard(options.connect()).await
}

/// What the database answers, unless it does not.
pub(super) async fn heard<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(SILENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(StoreError::Away("it does not answer".to_owned())),
    }
}

/// The options of `url`. To another machine the connection is encrypted and the certificate checked, unless the URL says
/// otherwise itself.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // Whatever is wrong with it, its text may hold a password.
    let parsed = url::Url::parse(url).map_err(|_secret| StoreError::NotAnAddress)?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(StoreError::NotAnAddress);
    }
    let options = PgConnectOptions::from_str(url).map_err(|_secret| StoreError::NotAnAddress)?;
    let says = parsed.query_pairs().any(|(key, _)| matches!(&*key, "sslmode" | "ssl-mode"));
    let host = options.get_host();
    let here = options.get_socket().is_some()
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let options = match (says, here) {
        (true, _) => options,
        (false, true) => options.ssl_mode(PgSslMode::Prefer),
        (false, false) => options.ssl_mode(PgSslMode::VerifyFull),
    };
    let options = match options.get_application_name() {
        Some(_named) => options,
        None => options.application_name("countersign"),
    };
    Ok(options.statement_cache_capacity(PREPARED).options(SETTINGS).disable_statement_logging())
}

#[cfg(test)]
#[path = "tests/server.rs"]
mod server_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_another_machine_it_is_encrypted_and_checked() {
        let mode = |url: &str| options(url).unwrap().get_ssl_mode();
        assert!(matches!(mode("postgres://me@db.example.com/countersign"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgresql://me:secret@10.0.0.7/countersign"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://me@db/countersign?sslmode=disable"), PgSslMode::Disable));
        assert!(matches!(mode("postgres://me@127.0.0.1/countersign"), PgSslMode::Prefer));
        assert!(matches!(mode("postgres://me@localhost/countersign"), PgSslMode::Prefer));
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_it() {
        for url in ["hunter2", "mysql://me:hunter2@db/x", "postgres://me:hunter2@db/x?sslmode=hunter2"] {
            let error = options(url).unwrap_err();
            assert!(matches!(error, StoreError::NotAnAddress), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
