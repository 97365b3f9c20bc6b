//! The playground stands for the outside world, which has a clock of its own.

use jiff::Timestamp;

/// The time now, to the millisecond.
#[expect(clippy::disallowed_methods, reason = "the playground is the world that is operated, not the house")]
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
