//! One statement for either database.
//!
//! Both speak the SQL that we use; they differ in how arguments are marked and in the types of the driver. So statements
//! are written once, with `?` for each argument, and who runs them finds out here which database it is.

use std::borrow::Cow;

use futures::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Pool, Postgres, SqlSafeStr as _, SqlStr, Sqlite};

use super::StoreError;
use super::found::{Column, Found};
use super::postgres::heard;

/// A statement and its arguments. Its text is made of literals of this program alone.
#[derive(Clone, Debug)]
pub(super) struct Sql<'q> {
    text: Cow<'static, str>,
    arguments: Vec<Argument<'q>>,
}

/// An argument. There is no more than these types: the databases agree on them.
#[derive(Clone, Debug)]
pub(super) enum Argument<'q> {
    Integer(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Cow<'q, [u8]>),
}

/// Where a statement runs.
pub(super) enum On<'c> {
    Sqlite(&'c mut SqliteConnection),
    SqliteReaders(&'c Pool<Sqlite>),
    Postgres(&'c mut PgConnection),
    PostgresReaders(&'c Pool<Postgres>),
}

impl<'q> Sql<'q> {
    /// A statement, or the beginning of one, with `?` where an argument is bound next.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), arguments: Vec::new() }
    }

    /// Binds the next `?` of the text.
    pub(super) fn bind(mut self, value: impl Into<Argument<'q>>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Goes on with `text`.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Goes on with any text.
    #[cfg(test)]
    pub(super) fn with(mut self, text: &str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Goes on with an argument.
    pub(super) fn push_bind(&mut self, value: impl Into<Argument<'q>>) -> &mut Self {
        self.arguments.push(value.into());
        self.push("?")
    }

    /// Goes on with arguments in brackets, as after `IN`. There must be at least one.
    pub(super) fn push_list<V: Into<Argument<'q>>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " }).push_bind(value);
        }
        self.push(")")
    }

    /// Goes on with `VALUES` and one bracket per row; `bind` binds the columns of one.
    pub(super) fn push_values<T>(
        &mut self,
        rows: &'q [T],
        mut bind: impl FnMut(&mut Columns<'_, 'q>, &'q T),
    ) -> &mut Self {
        for (index, row) in rows.iter().enumerate() {
            self.push(if index == 0 { "VALUES (" } else { ", (" });
            bind(&mut Columns { sql: self, first: true }, row);
            self.push(")");
        }
        self
    }

    /// Runs it and returns all rows.
    pub(super) async fn fetch_all(self, on: impl Into<On<'_>>) -> Result<Vec<Found>, StoreError> {
        Ok(self.run(on.into(), Want::All).await?.rows)
    }

    /// Runs it and returns the first row, if there is one.
    pub(super) async fn fetch_optional(self, on: impl Into<On<'_>>) -> Result<Option<Found>, StoreError> {
        Ok(self.run(on.into(), Want::First).await?.rows.pop())
    }

    /// Runs it and returns the first row.
    ///
    /// # Errors
    /// Also when there is none.
    pub(super) async fn fetch_one(self, on: impl Into<On<'_>>) -> Result<Found, StoreError> {
        Ok(self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Runs it and returns the first column of the first row.
    ///
    /// # Errors
    /// Also when there is no row.
    pub(super) async fn fetch_scalar<T: for<'r> Column<'r>>(
        self,
        on: impl Into<On<'_>>,
    ) -> Result<T, StoreError> {
        self.fetch_one(on).await?.try_get(0)
    }

    /// Runs it and returns the first column of the first row, if there is one.
    pub(super) async fn fetch_optional_scalar<T: for<'r> Column<'r>>(
        self,
        on: impl Into<On<'_>>,
    ) -> Result<Option<T>, StoreError> {
        self.fetch_optional(on).await?.map(|row| row.try_get(0)).transpose()
    }

    /// Runs it and returns the first column of all rows.
    pub(super) async fn fetch_scalars<T: for<'r> Column<'r>>(
        self,
        on: impl Into<On<'_>>,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_all(on).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// Runs it and returns how many rows it changed.
    pub(super) async fn execute(self, on: impl Into<On<'_>>) -> Result<u64, StoreError> {
        Ok(self.run(on.into(), Want::Changes).await?.changes)
    }

    /// In a box, because it is deep in everything that happens, and large: it holds what both databases need.
    fn run<'a>(self, on: On<'a>, want: Want) -> BoxFuture<'a, Result<Outcome, StoreError>>
    where
        'q: 'a,
    {
        Box::pin(async move {
            match on {
                On::Sqlite(connection) => self.run_on_sqlite(connection, want).await,
                On::SqliteReaders(pool) => {
                    let mut connection = pool.acquire().await?;
                    self.run_on_sqlite(&mut connection, want).await
                }
                On::Postgres(connection) => self.run_on_postgres(connection, want).await,
                On::PostgresReaders(pool) => {
                    let mut connection = heard(pool.acquire()).await?;
                    let outcome = self.run_on_postgres(&mut connection, want).await;
                    if let Err(StoreError::Away(_)) = &outcome {
                        // Asking it how it is would take as long again.
                        connection.close_on_drop();
                    }
                    outcome
                }
            }
        })
    }

    async fn run_on_sqlite(
        self,
        connection: &mut SqliteConnection,
        want: Want,
    ) -> Result<Outcome, StoreError> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.arguments.len(), 0);
        for argument in self.arguments {
            match argument {
                Argument::Integer(value) => arguments.add(value),
                Argument::Text(value) => arguments.add(value),
                Argument::Bytes(value) => arguments.add(&*value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        let query = sqlx::query_with(safe(self.text), arguments);
        Ok(match want {
            Want::All => {
                Outcome::found(query.fetch_all(connection).await?.into_iter().map(Found::Sqlite).collect())
            }
            Want::First => Outcome::found(
                query.fetch_optional(connection).await?.into_iter().map(Found::Sqlite).collect(),
            ),
            Want::Changes => Outcome::changed(query.execute(connection).await?.rows_affected()),
        })
    }

    async fn run_on_postgres(self, connection: &mut PgConnection, want: Want) -> Result<Outcome, StoreError> {
        let mut arguments = PgArguments::default();
        arguments.reserve(self.arguments.len(), 0);
        for argument in self.arguments {
            match argument {
                Argument::Integer(value) => arguments.add(value),
                Argument::Text(value) => arguments.add(value.map(without_nul)),
                Argument::Bytes(value) => arguments.add(&*value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        let query = sqlx::query_with(AssertSqlSafe(numbered(&self.text)), arguments);
        heard(async {
            Ok(match want {
                Want::All => Outcome::found(
                    query.fetch_all(connection).await?.into_iter().map(Found::Postgres).collect(),
                ),
                Want::First => Outcome::found(
                    query.fetch_optional(connection).await?.into_iter().map(Found::Postgres).collect(),
                ),
                Want::Changes => Outcome::changed(query.execute(connection).await?.rows_affected()),
            })
        })
        .await
    }
}

/// What a statement is run for.
#[derive(Clone, Copy)]
enum Want {
    All,
    First,
    Changes,
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    rows: Vec<Found>,
    changes: u64,
}

impl Outcome {
    fn found(rows: Vec<Found>) -> Self {
        Self { rows, ..Self::default() }
    }

    fn changed(changes: u64) -> Self {
        Self { changes, ..Self::default() }
    }
}

/// The brackets of one row.
pub(super) struct Columns<'a, 'q> {
    sql: &'a mut Sql<'q>,
    first: bool,
}

impl<'q> Columns<'_, 'q> {
    /// Binds the next column.
    pub(super) fn push_bind(&mut self, value: impl Into<Argument<'q>>) -> &mut Self {
        if !std::mem::replace(&mut self.first, false) {
            self.sql.push(", ");
        }
        self.sql.push_bind(value);
        self
    }
}

/// The text is put together from literals of this program, see [`Sql::push`].
fn safe(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

/// PostgreSQL has no text with a NUL in it. Such text names nothing of ours, and to people it looks the same without.
fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text }
}

/// `text` with `$1`, `$2`, ... in the place of each `?` that stands outside quotes.
///
/// SQLite would understand those too, but looks up each by its name, which takes long in a statement of many rows.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 64);
    let (mut count, mut quoted) = (0u32, false);
    for letter in text.chars() {
        quoted ^= letter == '\'';
        if letter == '?' && !quoted {
            count += 1;
            numbered.push('$');
            numbered.push_str(&count.to_string());
        } else {
            numbered.push(letter);
        }
    }
    numbered
}

impl From<i64> for Argument<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Argument<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Argument<'_> {
    fn from(value: bool) -> Self {
        Self::Integer(Some(i64::from(value)))
    }
}

impl<'q> From<&'q str> for Argument<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'q> From<Option<&'q str>> for Argument<'q> {
    fn from(value: Option<&'q str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl<'q> From<&'q String> for Argument<'q> {
    fn from(value: &'q String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Argument<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'q> From<&'q [u8]> for Argument<'q> {
    fn from(value: &'q [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl From<Vec<u8>> for Argument<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(value))
    }
}
