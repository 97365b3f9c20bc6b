use std::fmt;

use crate::store::EventRow;

/// The place of an entry: which record, and which entry of it. Written as `7` in the first record, as `1:7` in later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Which record; a new one begins when a restored backup is accepted.
    pub epoch: u64,
    /// Which entry, from 0.
    pub seq: u64,
}

impl Position {
    /// The entry of a record.
    pub const fn new(epoch: u64, seq: u64) -> Self {
        Self { epoch, seq }
    }

    /// The place of a row.
    pub(super) fn of(row: &EventRow) -> Self {
        Self::new(u64::try_from(row.epoch).unwrap_or_default(), u64::try_from(row.seq).unwrap_or_default())
    }

    /// Reads what [`Position`] shows; a number alone is an entry of the record `present`.
    pub fn parse(text: &str, present: u64) -> Option<Self> {
        match text.trim_start_matches('#').split_once(':') {
            Some((epoch, seq)) => Some(Self::new(epoch.parse().ok()?, seq.parse().ok()?)),
            None => Some(Self::new(present, text.trim_start_matches('#').parse().ok()?)),
        }
    }
}

/// What a payload is called where people read about it.
pub fn payload_words(name: &str) -> &str {
    match name {
        "raw" => "raw message",
        other => other,
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            0 => write!(f, "{}", self.seq),
            epoch => write!(f, "{epoch}:{}", self.seq),
        }
    }
}
