//! Every single value of the record's tables, to be changed one at a time: for tests of what is found out.

use super::db::Readers;
use super::sql::Sql;
use super::{Store, StoreError};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) value: Value,
    /// What names its row.
    key: Vec<(&'static str, Value)>,
}

/// A table: its name, what names a row, and its other columns.
type Table = (&'static str, &'static [(&'static str, Kind)], &'static [(&'static str, Kind)]);

#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Bytes,
}

const TABLES: [Table; 5] = [
    (
        "audit_event",
        &[("epoch", Kind::Integer), ("seq", Kind::Integer)],
        &[("body", Kind::Bytes), ("request_id", Kind::Text), ("kind", Kind::Text), ("at_ms", Kind::Integer)],
    ),
    ("audit_tree", &[("epoch", Kind::Integer), ("pos", Kind::Integer)], &[("h", Kind::Bytes)]),
    (
        "audit_head",
        &[("id", Kind::Integer)],
        &[("epoch", Kind::Integer), ("size", Kind::Integer), ("note", Kind::Text)],
    ),
    (
        "audit_checkpoint",
        &[("epoch", Kind::Integer), ("size", Kind::Integer), ("sink", Kind::Text)],
        &[("note", Kind::Text), ("at_ms", Kind::Integer)],
    ),
    (
        "audit_payload",
        &[("epoch", Kind::Integer), ("seq", Kind::Integer), ("name", Kind::Text)],
        &[("salt", Kind::Bytes), ("payload", Kind::Bytes)],
    ),
];

impl Store {
    /// All of them.
    pub(crate) async fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (table, keys, others) in TABLES {
            let columns: Vec<_> = keys.iter().chain(others).collect();
            let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
            let sql = Sql::new("SELECT ").with(&names.join(", ")).with(" FROM ").with(table);
            for row in sql.fetch_all(&self.readers).await.unwrap() {
                let read = |index, kind| match kind {
                    Kind::Integer => Some(Value::Integer(row.try_get(index).unwrap())),
                    Kind::Text => row.try_get::<Option<String>>(index).unwrap().map(Value::Text),
                    Kind::Bytes => Some(Value::Bytes(row.try_get(index).unwrap())),
                };
                let values: Vec<_> =
                    columns.iter().enumerate().map(|(index, (_, kind))| read(index, *kind)).collect();
                let key: Vec<_> = keys
                    .iter()
                    .zip(&values)
                    .map(|((name, _), value)| (*name, value.clone().unwrap()))
                    .collect();
                for ((column, _), value) in columns.iter().zip(values) {
                    // There is one head; its number is no value of the record.
                    if let (Some(value), true) = (value, *column != "id") {
                        cells.push(Cell { table, column, value, key: key.clone() });
                    }
                }
            }
        }
        cells
    }

    /// Puts another value in the place of the one that is there. Not if the database itself refuses that.
    pub(crate) async fn put_cell(&self, cell: &Cell, value: &Value) -> Result<Cell, StoreError> {
        let sql = Sql::new("UPDATE ").with(cell.table).with(" SET ").with(cell.column).with(" = ?");
        let mut sql = bound(sql, value).with(" WHERE 1 = 1");
        for (name, is) in &cell.key {
            sql = bound(sql.with(" AND ").with(name).with(" = ?"), is);
        }
        self.try_execute(sql).await?;
        let mut changed = Cell { value: value.clone(), ..cell.clone() };
        for (name, is) in &mut changed.key {
            if *name == cell.column {
                is.clone_from(value);
            }
        }
        Ok(changed)
    }

    /// Waits for no disk from now on, where the database lets itself be told so.
    pub(crate) async fn hurry(&self) {
        if let Readers::Sqlite(_) = &self.readers {
            self.run_once("PRAGMA synchronous = OFF").await;
        }
    }

    /// Lets the tables be changed that only grow.
    pub(crate) async fn unguard(&self) {
        for table in ["audit_event", "audit_tree"] {
            for what in ["kept", "stays", "full"] {
                let on = match &self.readers {
                    Readers::Sqlite(_) => String::new(),
                    Readers::Postgres(_) => format!(" ON {table}"),
                };
                let name = format!("{table}_{what}");
                self.execute(Sql::new("DROP TRIGGER IF EXISTS ").with(&name).with(&on)).await;
            }
        }
    }
}

fn bound<'q>(sql: Sql<'q>, value: &'q Value) -> Sql<'q> {
    match value {
        Value::Integer(value) => sql.bind(*value),
        Value::Text(value) => sql.bind(value),
        Value::Bytes(value) => sql.bind(value.as_slice()),
    }
}

impl Store {
    /// Makes the record's tables what they were when these cells were read.
    pub(crate) async fn put_back(&self, cells: &[Cell]) {
        self.unguard().await;
        for (table, ..) in TABLES {
            self.execute(Sql::new("DELETE FROM ").with(table)).await;
        }
        let mut rest = cells;
        while let Some(first) = rest.first() {
            let same = |cell: &&Cell| cell.table == first.table && cell.key == first.key;
            let row: Vec<&Cell> = rest.iter().take_while(same).collect();
            rest = &rest[row.len()..];
            // The number of the head is no cell of its own.
            let id = first.key.iter().filter(|(name, _)| *name == "id");
            let columns: Vec<(&str, &Value)> = id
                .map(|(name, is)| (*name, is))
                .chain(row.iter().map(|cell| (cell.column, &cell.value)))
                .collect();
            let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
            let marks = vec!["?"; names.len()].join(", ");
            let sql = Sql::new("INSERT INTO ").with(first.table).with(" (").with(&names.join(", "));
            let sql = sql.with(") VALUES (").with(&marks).with(")");
            self.execute(columns.into_iter().fold(sql, |sql, (_, value)| bound(sql, value))).await;
        }
    }
}
