//! Lanes: what is held up, why, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::PAUSES;
use crate::audit::LedgerError;
use crate::chat::slack::client::{Fault, SlackError};
use crate::store::StoreError;

/// Workspace and channel.
pub(super) type Lane = (String, String);

/// How a lane is doing.
#[derive(Default)]
pub(super) struct Stand {
    pub busy: bool,
    pub failures: u32,
    pub not_before: Option<Instant>,
}

/// Why a lane stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// Slack or the way to it: later again.
    Slack(SlackError),
    /// Our own memory: later again.
    Memory(String),
}

impl From<SlackError> for Stop {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Memory(error.to_string())
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Memory(error.to_string())
    }
}

/// Notes how a lane ended, and when it may set out again.
pub(super) fn note(
    lanes: &mut BTreeMap<Lane, Stand>,
    ended: Result<(Lane, Result<(), Stop>), tokio::task::JoinError>,
) {
    let (lane, ended) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            // Which lane it was is not known any more; all of them may try again.
            tracing::error!("a delivery to Slack broke: {error}");
            lanes.values_mut().for_each(|stand| stand.busy = false);
            return;
        }
    };
    let stand = lanes.entry(lane.clone()).or_default();
    stand.busy = false;
    let Err(stop) = ended else {
        stand.failures = 0;
        return;
    };
    stand.failures += 1;
    let pause = pause(&stop, stand.failures);
    stand.not_before = Some(Instant::now() + pause);
    let (channel, seconds) = (lane.1, pause.as_secs());
    tracing::warn!(channel, seconds, "deliveries to Slack wait: {}", stop.sentence());
}

fn pause(stop: &Stop, failures: u32) -> Duration {
    match stop {
        Stop::Slack(SlackError::Limited { after, .. }) => *after,
        Stop::Slack(error) if error.fault() == Fault::Credentials => PAUSES.1,
        Stop::Slack(_) | Stop::Memory(_) => {
            PAUSES.0.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSES.1)
        }
    }
}

impl Stop {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Slack(error) => error.to_string(),
            Self::Memory(why) => why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_slacks_own_are_kept() {
        let lost = Stop::Slack(SlackError::Lost("chat.postMessage"));
        let seconds: Vec<u64> = (1..9).map(|failures| pause(&lost, failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        let after = Duration::from_secs(17);
        assert_eq!(pause(&Stop::Slack(SlackError::Limited { method: "x", after }), 5), after);
        let revoked = SlackError::Refused { method: "x", code: "token_revoked".into(), detail: None };
        assert_eq!(pause(&Stop::Slack(revoked), 1), PAUSES.1);
    }
}
