use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::error::DatabaseError as _;
use sqlx::sqlite::SqliteError;

/// Why the store cannot do what it is asked. Each text says what a person should do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory or the file in it cannot be written.
    #[error(
        "cannot write to `{path}` ({reason}): let this user write there, or choose another data directory"
    )]
    Unwritable {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is something else.
    #[error("`{0}` is not a countersign database: move it away, or choose another data directory")]
    NotADatabase(PathBuf),
    /// Written by another version of the program.
    #[error(
        "the database does not fit this version of countersign ({0}): use the version that wrote it, or a newer one"
    )]
    Schema(String),
    /// No room is left.
    #[error("the disk is full: nothing was written; free some space and try again")]
    Full,
    /// Another process holds the database.
    #[error(
        "the database is locked by another process: nothing was written; see what else has it open and try again"
    )]
    Locked,
    /// The file is damaged.
    #[error("the database file is damaged ({0}): stop, keep the file, and restore the newest backup")]
    Damaged(String),
    /// A rule of the tables refused a row; the whole transaction was undone.
    #[error("the database refused a row ({0}): nothing was written")]
    Constraint(String),
    /// Somebody else moved the record's head inside our transaction, which the lock should make impossible.
    #[error(
        "the record was changed by somebody who does not hold its lock: nothing was written; run `countersign audit verify`"
    )]
    HeadMoved,
    /// A row that is there cannot be read as what it should be.
    #[error(
        "a row of `{table}` cannot be read ({reason}): run `countersign audit verify` and restore a backup if it fails"
    )]
    Unreadable {
        /// The table.
        table: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// The address of the database is none.
    #[error(
        "`store.url` is not the address of a PostgreSQL database: write `postgres://USER:PASSWORD@HOST/DATABASE`"
    )]
    NotAnAddress,
    /// The database cannot be reached, or went away before it was told to write.
    #[error(
        "the database cannot be reached ({0}): nothing was written; see that it runs and can be reached from here"
    )]
    Away(String),
    /// The database went away in the moment it was told to make it last.
    #[error(
        "the connection to the database broke while this was written ({0}): look whether it was before you try again"
    )]
    Unsure(String),
    /// The database does not let us.
    #[error(
        "the database refuses us ({0}): check the user, the password and the name in `store.url`, and the user's rights"
    )]
    Denied(String),
    /// Another server works on this database.
    #[error(
        "another countersign is serving from this database: stop that one first; one at a time may serve from a database"
    )]
    Claimed,
    /// Two transactions stood in each other's way, and this one was undone.
    #[error("somebody else wrote at the same time ({0}): nothing was written; try again")]
    Conflict(String),
    /// The database gave up on a statement.
    #[error("the database took too long ({0}): nothing was written; ask for less, or see what keeps it busy")]
    Slow(String),
    /// Anything else the database says.
    #[error("the database failed: {0}")]
    Other(Arc<sqlx::Error>),
}

impl StoreError {
    /// What opening the file in `path` came to.
    pub(super) fn opening(path: &Path, error: sqlx::Error) -> Self {
        match (primary_code(&error), Self::from(error)) {
            (Some(26), _) => Self::NotADatabase(path.to_owned()),
            (Some(8 | 14), other) => Self::unwritable(path, other),
            (_, other) => other,
        }
    }

    /// A path that cannot be written, and what was said about it.
    pub(super) fn unwritable(path: &Path, reason: impl ToString) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Whether it is about a row that is there and cannot be what was written.
    pub(crate) fn is_about_a_row(&self) -> bool {
        match self {
            Self::Unreadable { .. } => true,
            Self::Other(error) => {
                matches!(**error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            }
            Self::Unwritable { .. }
            | Self::NotADatabase(_)
            | Self::Schema(_)
            | Self::Full
            | Self::Locked
            | Self::Damaged(_)
            | Self::Constraint(_)
            | Self::HeadMoved
            | Self::NotAnAddress
            | Self::Away(_)
            | Self::Unsure(_)
            | Self::Denied(_)
            | Self::Claimed
            | Self::Conflict(_)
            | Self::Slow(_) => false,
        }
    }

    /// A row of `table` that does not read back.
    pub(super) fn unreadable(table: &'static str, reason: impl ToString) -> Self {
        Self::Unreadable { table, reason: reason.to_string() }
    }
}

/// The primary result code of SQLite: the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.try_downcast_ref::<SqliteError>()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::Io(error) => Self::Away(error.to_string()),
                sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed => Self::Away(error.to_string()),
                other => Self::Other(Arc::new(other)),
            };
        };
        let text = database.message().to_owned();
        let known = match primary_code(&error) {
            Some(code) => of_sqlite(code, text),
            None => database.code().and_then(|code| of_postgres(&code, text)),
        };
        known.unwrap_or_else(|| Self::Other(Arc::new(error)))
    }
}

fn of_sqlite(code: i32, text: String) -> Option<StoreError> {
    Some(match code {
        5 | 6 => StoreError::Locked,
        8 => StoreError::unwritable(Path::new("the database"), text),
        11 => StoreError::Damaged(text),
        13 => StoreError::Full,
        19 => StoreError::Constraint(text),
        _ => return None,
    })
}

/// By SQLSTATE, the most particular first.
fn of_postgres(code: &str, text: String) -> Option<StoreError> {
    Some(match code {
        "40001" | "40P01" => StoreError::Conflict(text),
        "55P03" => StoreError::Locked,
        "57014" => StoreError::Slow(text),
        // Ended by an administrator or a crash, starting, stopping, or waited for too long in a transaction.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "53300" => StoreError::Away(text),
        "53100" => StoreError::Full,
        "25006" => StoreError::unwritable(Path::new("the database"), text),
        "42501" | "3D000" | "3F000" => StoreError::Denied(text),
        // Text that is not UTF-8, and what our own triggers raise.
        "22021" | "P0001" => StoreError::Constraint(text),
        _ if code.starts_with("08") => StoreError::Away(text),
        _ if code.starts_with("28") => StoreError::Denied(text),
        _ if code.starts_with("23") => StoreError::Constraint(text),
        "XX001" | "XX002" => StoreError::Damaged(text),
        _ => return None,
    })
}
