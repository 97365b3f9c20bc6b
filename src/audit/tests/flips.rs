//! Any single bit that is changed in the record's tables is found.

use super::{Fresh, deed, fresh, received};
use crate::audit::{Entry, EntryKind, Position, Verification};
use crate::domain::Digest;
use crate::store::cells::Value;
use crate::store::samples::at;

/// How many bits are changed, one at a time.
const FLIPS: u64 = 10_000;

/// On a server each look takes longer.
const FLIPS_ON_A_SERVER: u64 = 1_000;

/// A small record in which there is something of everything.
async fn varied() -> Option<Fresh> {
    let fresh = fresh().await?;
    let exporting = fresh.exporter(vec![fresh.file_sink()]);
    fresh
        .write(vec![], vec![received(1), Entry::new(EntryKind::Judged, at(2)).with("decision", "deny")])
        .await;
    exporting.exporter.export_now().await.unwrap();
    fresh.write(vec![], vec![received(2)]).await;
    fresh.ledger.purge(Position::new(0, 1), None, &deed("a password")).await.unwrap();
    fresh.ledger.rotate_key(&deed("as planned")).await.unwrap();
    fresh.write(vec![], vec![received(3)]).await;
    fresh.ledger.store().unguard().await;
    fresh.ledger.store().hurry().await;
    Some(fresh)
}

/// The value with one bit changed; `random` says which. Text stays text.
fn flipped(value: &Value, random: u64) -> Option<Value> {
    let at = |length: usize| usize::try_from(random >> 8).unwrap_or(usize::MAX) % length;
    let bit = random & 7;
    match value {
        Value::Integer(number) => Some(Value::Integer(number ^ (1 << (random & 62)))),
        Value::Bytes(bytes) if bytes.is_empty() => None,
        Value::Bytes(bytes) => {
            let mut bytes = bytes.clone();
            let index = at(bytes.len());
            bytes[index] ^= 1 << bit;
            Some(Value::Bytes(bytes))
        }
        Value::Text(text) => {
            let mut bytes = text.clone().into_bytes();
            let index = at(bytes.len());
            bytes[index] ^= 1 << bit;
            // PostgreSQL has no NUL in text, and neither database has what is no text.
            String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(Value::Text)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_changed_bits_are_all_found() {
    let Some(fresh) = varied().await else { return };
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!((sound.redacted.len(), sound.compared), (1, 1));
    let flips = if module_path!().contains("on_postgres") { FLIPS_ON_A_SERVER } else { FLIPS };
    let store = fresh.ledger.store();
    let cells = store.cells().await;
    let (mut tried, mut draw) = (0, 0u64);
    while tried < flips {
        draw += 1;
        let digest = Digest::of(&draw.to_be_bytes());
        let random = |from: usize| u64::from_be_bytes(digest.as_bytes()[from..from + 8].try_into().unwrap());
        let cell = &cells[usize::try_from(random(0)).unwrap() % cells.len()];
        let Some(value) = flipped(&cell.value, random(8)) else { continue };
        // Two rows of one key cannot be; then the database itself refuses.
        let Ok(changed) = store.put_cell(cell, &value).await else { continue };
        tried += 1;
        let found = fresh.verify(&[]).await;
        assert!(matches!(found, Verification::Tampered { .. }), "{cell:?} became {value:?}: {found:?}");
        store.put_cell(&changed, &cell.value).await.unwrap();
    }
    fresh.assert_sound(sound.size).await;
}
