mod guards;
mod opening;
mod reading;
mod talking;

use tempfile::TempDir;

use super::samples::at;
use super::{Ask, Guard, Put, Refused, Row, Store, StoreError};

/// A store in a directory that goes away with it.
pub(super) struct Fresh {
    pub(super) store: Store,
    pub(super) dir: TempDir,
}

pub(super) async fn fresh() -> Fresh {
    let dir = tempfile::tempdir().unwrap();
    Fresh { store: Store::open(dir.path()).await.unwrap(), dir }
}

impl Fresh {
    /// Writes steps in one transaction, and says of each whether it was taken.
    async fn try_put(&self, steps: Vec<(Guard, Vec<Row>)>) -> Result<Vec<Result<(), Refused>>, StoreError> {
        let steps: Vec<(Guard, Vec<Put>)> = steps
            .into_iter()
            .map(|(guard, rows)| (guard, rows.into_iter().map(|row| Put::new(row).unwrap()).collect()))
            .collect();
        let asks: Vec<_> = steps.iter().map(|(guard, puts)| Ask { guard, puts }).collect();
        let mut batch = self.store.begin(asks.iter().copied()).await?;
        let answers = asks.iter().map(|ask| batch.admit(*ask, at(0))).collect();
        batch.commit().await?;
        Ok(answers)
    }

    /// Writes one step.
    async fn put(&self, guard: Guard, rows: Vec<Row>) -> Result<(), Refused> {
        self.try_put(vec![(guard, rows)]).await.unwrap().remove(0)
    }

    /// Writes rows that nothing stands against.
    pub(super) async fn rows(&self, rows: Vec<Row>) {
        assert_eq!(self.put(Guard::Open, rows).await, Ok(()));
    }
}

pub(super) fn row(request: super::RequestRow) -> Row {
    Row::Request(Box::new(request))
}

pub(super) fn said(message: super::MessageRow) -> Row {
    Row::Message(Box::new(message))
}
