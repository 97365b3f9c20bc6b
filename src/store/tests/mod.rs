mod guards;
mod opening;
mod reading;
mod searching;
mod talking;

use super::database::{Place, open};
use super::samples::at;
use super::{Ask, Guard, Put, Refused, Row, Store, StoreError};

/// A store in a place that goes away with it.
pub(super) struct Fresh {
    pub(super) store: Store,
    pub(super) place: Place,
}

/// `None` where the database of these tests is not there to be tested on.
pub(super) async fn fresh() -> Option<Fresh> {
    Some(Fresh::at(Place::new(module_path!()).await?).await)
}

impl Fresh {
    pub(super) async fn at(place: Place) -> Self {
        Self { store: open(place.path()).await.unwrap(), place }
    }

    /// Writes steps in one transaction, and says of each whether it was taken.
    pub(super) async fn try_put(
        &self,
        steps: Vec<(Guard, Vec<Row>)>,
    ) -> Result<Vec<Result<(), Refused>>, StoreError> {
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
    pub(super) async fn put(&self, guard: Guard, rows: Vec<Row>) -> Result<(), Refused> {
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
