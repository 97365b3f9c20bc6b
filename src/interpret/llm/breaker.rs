use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::trouble::ModelTrouble;

/// So many failures...
const FAILURES: usize = 5;
/// ...in so long a time open it...
const WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// ...for so long. Then one request tries.
const REST: SignedDuration = SignedDuration::from_secs(30);

/// Keeps requests from a server that fails.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: VecDeque<Timestamp>,
    /// Since when nothing is sent.
    open: Option<Timestamp>,
}

impl Breaker {
    /// Whether a request may be sent now. The one that tries after a rest begins the next rest, so that no other follows
    /// until it has succeeded.
    pub(super) fn permit(&self, now: Timestamp) -> Result<(), ModelTrouble> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open {
            Some(since) if now.duration_since(since) < REST => Err(ModelTrouble::Resting),
            Some(_) => {
                state.open = Some(now);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    pub(super) fn failed(&self, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures.push_back(now);
        while state.failures.front().is_some_and(|first| now.duration_since(*first) > WITHIN) {
            state.failures.pop_front();
        }
        if state.open.is_some() || state.failures.len() >= FAILURES {
            state.failures.clear();
            state.open = Some(now);
        }
    }
}
