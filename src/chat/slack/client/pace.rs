//! How fast Slack may be called: each method has its own rate, and posting has one for each channel.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::methods::{Method, Rate};

impl Rate {
    /// The time between two calls in the long run, and how many may come at once.
    const fn numbers(self) -> (Duration, u32) {
        match self {
            Self::PerChannel => (Duration::from_secs(1), 3),
            Self::Tier2 => (Duration::from_secs(3), 10),
            Self::Tier3 => (Duration::from_millis(1_200), 20),
            Self::Tier4 => (Duration::from_millis(600), 30),
        }
    }
}

/// Which rates are kept without being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rates {
    /// Those that Slack publishes.
    Published,
    /// None: a stand-in on this machine says for itself what it takes.
    None,
}

/// When the next call of each kind may be made.
#[derive(Debug)]
pub(super) struct Pace {
    rates: Rates,
    /// The moment from which on nothing is owed; in the future by as much as was called ahead of the rate.
    spent: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    /// Nothing was called yet.
    pub fn new(rates: Rates) -> Self {
        Self { rates, spent: Mutex::default() }
    }

    /// Takes one call and says how long to wait before making it.
    pub fn take(&self, method: Method, channel: &str, now: Instant) -> Duration {
        let (between, burst) = self.numbers(method);
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        // Channels come and go: what owes nothing any more is not remembered.
        if spent.len() > 1_000 {
            spent.retain(|_key, at| *at > now);
        }
        let at = spent.entry(key(method, channel)).or_insert(now);
        *at = (*at).max(now) + between;
        at.duration_since(now).saturating_sub(between * burst)
    }

    fn numbers(&self, method: Method) -> (Duration, u32) {
        match self.rates {
            Rates::Published => method.rate.numbers(),
            Rates::None => (Duration::ZERO, 1),
        }
    }

    /// Slack wants a pause: nothing of this kind before it is over.
    pub fn hold(&self, method: Method, channel: &str, pause: Duration, now: Instant) {
        let (between, burst) = self.numbers(method);
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = spent.entry(key(method, channel)).or_insert(now);
        *at = (*at).max(now + pause + between * burst.saturating_sub(1));
    }
}

fn key(method: Method, channel: &str) -> String {
    match method.rate {
        Rate::PerChannel => format!("{}:{channel}", method.name),
        Rate::Tier2 | Rate::Tier3 | Rate::Tier4 => method.name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::methods::POST;
    use super::*;

    #[tokio::test]
    async fn a_few_at_once_then_one_a_second_in_each_channel() {
        let (pace, now) = (Pace::new(Rates::Published), Instant::now());
        let waits: Vec<u64> = (0..6).map(|_| pace.take(POST, "C1", now).as_millis() as u64).collect();
        assert_eq!(waits, [0, 0, 0, 1_000, 2_000, 3_000]);
        assert_eq!(pace.take(POST, "C2", now), Duration::ZERO, "another channel");
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.take(POST, "C1", later), Duration::ZERO, "what was owed is paid");
    }

    #[tokio::test]
    async fn a_pause_that_slack_wants_is_kept() {
        let (pace, now) = (Pace::new(Rates::Published), Instant::now());
        pace.hold(POST, "C1", Duration::from_secs(30), now);
        assert_eq!(pace.take(POST, "C1", now), Duration::from_secs(30));
        assert_eq!(pace.take(POST, "C2", now), Duration::ZERO);
    }

    #[tokio::test]
    async fn without_rates_only_what_slack_wants_is_kept() {
        let (pace, now) = (Pace::new(Rates::None), Instant::now());
        assert!((0..100).all(|_| pace.take(POST, "C1", now).is_zero()));
        pace.hold(POST, "C1", Duration::from_secs(30), now);
        assert_eq!(pace.take(POST, "C1", now), Duration::from_secs(30));
        assert_eq!(pace.take(POST, "C1", now + Duration::from_secs(31)), Duration::ZERO);
    }
}
