//! Many rows in one statement.
//!
//! A statement costs far more than a row, so rows go in groups; and a statement is prepared once per number of rows, so a
//! group has at most [`GROUP`] rows and the prepared ones fit the cache.

use super::StoreError;
use super::db::Connection;
use super::sql::{Columns, Sql};

/// Rows per statement.
pub(super) const GROUP: usize = 32;

/// One `INSERT`: what stands before and after the rows.
pub(super) struct Insert {
    /// `INSERT INTO table (columns) `
    pub(super) into: &'static str,
    /// ` ON CONFLICT ...`, or nothing when a second row of the same key is a fault.
    pub(super) conflict: &'static str,
}

impl Insert {
    /// Writes `rows`; `bind` binds the columns of one.
    pub(super) async fn rows<'q, T>(
        &self,
        connection: &mut Connection,
        rows: &'q [T],
        mut bind: impl FnMut(&mut Columns<'_, 'q>, &'q T),
    ) -> Result<(), StoreError> {
        for group in rows.chunks(GROUP) {
            let mut query = Sql::new(self.into);
            query.push_values(group, &mut bind).push(self.conflict);
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }
}
