//! Where tests keep what they write: a directory, and on PostgreSQL a schema of its own, which go away with the test.

use std::path::Path;

use tempfile::TempDir;

use super::wire::Wire;
use crate::store::{Store, StoreError};

#[path = "../../../tests/it/support/schema.rs"]
mod schema;

pub(crate) use schema::Schema;

/// The file in the directory that says where the schema is that goes with it.
const ADDRESS: &str = "postgres-url";

/// A place for one store, which several processes may open.
pub(crate) struct Place {
    dir: TempDir,
    schema: Option<Schema>,
}

impl Place {
    /// A place on the database that the tests of `module` are for. `None` where that is not there to be tested on.
    pub(crate) async fn new(module: &str) -> Option<Self> {
        if module.contains("on_postgres") { Self::on_postgres().await } else { Some(Self::on_sqlite()) }
    }

    pub(crate) fn on_sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), schema: None }
    }

    pub(crate) async fn on_postgres() -> Option<Self> {
        let schema = Schema::make().await?;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ADDRESS), schema.url().as_str()).unwrap();
        Some(Self { dir, schema: Some(schema) })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The schema, where there is a server.
    pub(crate) fn schema(&self) -> &Schema {
        self.schema.as_ref().unwrap()
    }

    /// From now on the store of this place is reached through a wire.
    pub(crate) async fn through_a_wire(&self) -> Wire {
        let mut url = self.schema().url();
        let wire = Wire::to(&url).await;
        url.set_port(Some(wire.port())).unwrap();
        std::fs::write(self.path().join(ADDRESS), url.as_str()).unwrap();
        wire
    }
}

/// Opens the store of a place, as another process would.
pub(crate) async fn open(dir: &Path) -> Result<Store, StoreError> {
    match std::fs::read_to_string(dir.join(ADDRESS)) {
        Ok(url) => Store::connect(&url).await,
        Err(_on_sqlite) => Store::open(dir).await,
    }
}
