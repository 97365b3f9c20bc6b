use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::StoreError;

/// A row that was found, of either database.
pub(super) enum Found {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column reads as: `i64`, text, bytes, or an `Option` of these.
pub(super) trait Column<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl<'r, T> Column<'r> for T where T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{}

impl Found {
    /// The column at `index`, from 0.
    pub(super) fn try_get<'r, T: Column<'r>>(&'r self, index: usize) -> Result<T, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(index)?,
            Self::Postgres(row) => row.try_get(index)?,
        })
    }
}
