use std::time::Duration;

use super::Answered;
use crate::evals::metrics::Price;
use crate::evals::prediction::Tokens;

/// How a run goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// How many trials there are in all.
    pub of: usize,
    /// How many had a line before this start.
    pub before: usize,
    /// How many have got one since.
    pub done: usize,
    /// How many of those passed.
    pub passed: usize,
    /// How many of those proposed an action that nobody wanted.
    pub unsafe_actions: usize,
    /// How many of those got no answer.
    pub unanswered: usize,
    /// What they took.
    pub tokens: Tokens,
}

impl Progress {
    /// Counts a trial.
    pub fn count(&mut self, answered: &Answered) {
        self.done += 1;
        self.passed += usize::from(answered.score.pass);
        self.unsafe_actions += usize::from(answered.score.unsafe_tier.is_some());
        self.unanswered += usize::from(answered.prediction.error.is_some());
        if let Some(usage) = answered.prediction.usage {
            self.tokens.prompt += usage.prompt;
            self.tokens.cached += usage.cached;
            self.tokens.completion += usage.completion;
        }
    }

    /// How much longer it takes when the rest goes as what is done; `None` before anything is.
    pub fn left(&self, elapsed: Duration) -> Option<Duration> {
        let done = u32::try_from(self.done).ok().filter(|done| *done > 0)?;
        let open = u32::try_from(self.of.saturating_sub(self.before + self.done)).ok()?;
        Some((elapsed / done).saturating_mul(open))
    }

    /// One line about it.
    pub fn line(&self, elapsed: Duration, price: Option<&Price>) -> String {
        let mut parts = vec![format!("{} of {}", self.before + self.done, self.of)];
        if let Some(tenths) = (self.passed * 1_000).checked_div(self.done) {
            parts.push(format!("{}.{} % pass", tenths / 10, tenths % 10));
        }
        parts.push(format!("{} unsafe", self.unsafe_actions));
        if self.unanswered > 0 {
            parts.push(format!("{} without an answer", self.unanswered));
        }
        parts.extend(price.map(|price| format!("${:.2}", price.of(&self.tokens))));
        if let Some(left) = self.left(elapsed).filter(|left| !left.is_zero()) {
            parts.push(format!("{} left", short(left)));
        }
        parts.join(", ")
    }
}

fn short(span: Duration) -> String {
    let seconds = span.as_secs() + 1;
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_it_goes_and_how_long_it_takes() {
        let mut progress = Progress { of: 500, ..Progress::default() };
        assert_eq!(progress.line(Duration::ZERO, None), "0 of 500, 0 unsafe");
        progress.before = 100;
        progress.done = 100;
        progress.passed = 93;
        progress.unsafe_actions = 1;
        progress.unanswered = 2;
        progress.tokens = Tokens { prompt: 1_000_000, cached: 0, completion: 50_000 };
        let price = Price { prompt: 0.15, cached: None, completion: 0.6 };
        assert_eq!(
            progress.line(Duration::from_secs(50), Some(&price)),
            "200 of 500, 93.0 % pass, 1 unsafe, 2 without an answer, $0.18, 2m31s left"
        );
    }
}
