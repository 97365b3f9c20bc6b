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
        let text =
            error.as_database_error().map(|database| database.message().to_owned()).unwrap_or_default();
        match primary_code(&error) {
            Some(5 | 6) => Self::Locked,
            Some(8) => Self::unwritable(Path::new("the database"), text),
            Some(11) => Self::Damaged(text),
            Some(13) => Self::Full,
            Some(19) => Self::Constraint(text),
            Some(_) | None => Self::Other(Arc::new(error)),
        }
    }
}
