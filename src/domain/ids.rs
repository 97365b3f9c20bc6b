use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Crockford's base 32: no I, L, O or U, so that ids survive being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 26 characters that sort by time: 48 bits of milliseconds, 80 bits of entropy (the ULID layout).
fn ulid(at: Timestamp, entropy: [u8; 10]) -> String {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or(0) & 0xFFFF_FFFF_FFFF;
    let random = entropy.iter().fold(0u128, |acc, byte| (acc << 8) | u128::from(*byte));
    let bits = (millis << 80) | random;
    (0..26u32)
        .rev()
        .filter_map(|place| ALPHABET.get(usize::try_from((bits >> (5 * place)) & 31).ok()?))
        .map(|byte| char::from(*byte))
        .collect()
}

/// The time in the first ten characters of a [`ulid`].
fn time_of(ulid: &str) -> Timestamp {
    let value =
        |byte: u8| ALPHABET.iter().position(|letter| *letter == byte).and_then(|at| i64::try_from(at).ok());
    let millis = ulid.bytes().take(10).filter_map(value).fold(0i64, |millis, five| (millis << 5) | five);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new id of this moment; the caller brings time and entropy.
            pub fn mint(at: Timestamp, entropy: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "_{}"), ulid(at, entropy)))
            }

            /// Reads an id as it was written. `None` when the form is wrong.
            pub fn parse(text: &str) -> Option<Self> {
                let tail = text.strip_prefix(concat!($prefix, "_"))?;
                (tail.len() == 26 && tail.bytes().all(|byte| ALPHABET.contains(&byte)))
                    .then(|| Self(text.to_owned()))
            }

            /// The moment it was made, to the millisecond.
            pub fn minted_at(&self) -> Timestamp {
                time_of(self.0.trim_start_matches(concat!($prefix, "_")))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One request: the message that started it, and all that came of it.
    RequestId,
    "req"
);
id!(
    /// One message in our own transcript, a person's or the bot's.
    MessageId,
    "msg"
);
id!(
    /// One thing that falls due.
    TimerId,
    "tim"
);

/// What makes a delivery the same delivery: unique per platform (a message id, an event id, a click's fingerprint).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupeKey(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_a_round_trip() {
        let early = RequestId::mint(Timestamp::from_second(1_700_000_000).unwrap(), [255; 10]);
        let late = RequestId::mint(Timestamp::from_second(1_700_000_001).unwrap(), [0; 10]);
        assert!(early < late);
        assert_eq!(early.minted_at(), Timestamp::from_second(1_700_000_000).unwrap());
        assert_eq!(RequestId::parse(early.as_str()), Some(early.clone()));
        assert_eq!(RequestId::parse(&early.as_str().to_lowercase()), None);
        assert_eq!(MessageId::parse(early.as_str()), None);
    }
}
