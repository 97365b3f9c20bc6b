use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::trouble::ModelTrouble;
use crate::domain::PersonId;
use crate::interpret::Usage;

const HOUR: i64 = 3_600;

/// What tokens cost, in millionths of the currency for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Tokens sent.
    pub input: u64,
    /// Tokens sent that the provider had in its cache.
    pub cached: u64,
    /// Tokens that come back.
    pub output: u64,
}

impl Tariff {
    /// The cost in millionths of the currency, rounded up.
    pub fn cost(&self, usage: &Usage) -> u64 {
        let fresh = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
        let cost = u128::from(fresh) * u128::from(self.input)
            + u128::from(usage.cached_tokens) * u128::from(self.cached)
            + u128::from(usage.completion_tokens) * u128::from(self.output);
        u64::try_from(cost.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Reads an amount such as `0.15` as millionths. `None` for anything but digits with at most six decimals.
pub fn micros(amount: &str) -> Option<u64> {
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
        return None;
    }
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(decimals)
}

/// What one person may use in an hour of the clock. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Tokens sent and received.
    pub tokens: Option<u64>,
    /// Millionths of the currency.
    pub cost: Option<u64>,
}

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub tokens: u64,
    pub cost: u64,
}

impl Amount {
    pub(super) fn of(usage: &Usage) -> Self {
        let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        Self { tokens, cost: usage.cost_micros.unwrap_or(0) }
    }

    fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(other.tokens), cost: self.cost.saturating_add(other.cost) }
    }

    fn minus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(other.tokens), cost: self.cost.saturating_sub(other.cost) }
    }
}

/// Keeps what each person has used in this hour. In memory: a restart begins a new hour.
#[derive(Debug, Default)]
pub(super) struct Purse {
    budget: Budget,
    hour: Mutex<Hour>,
}

#[derive(Debug, Default)]
struct Hour {
    number: i64,
    spent: HashMap<Option<PersonId>, Amount>,
}

/// An amount that was set aside before it is known what a reading takes.
#[derive(Debug)]
pub(super) struct Held {
    person: Option<PersonId>,
    hour: i64,
    amount: Amount,
}

impl Purse {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, hour: Mutex::default() }
    }

    /// Sets an amount aside, so that many readings at once do not pass the limit together.
    pub(super) fn hold(
        &self,
        person: Option<&PersonId>,
        amount: Amount,
        now: Timestamp,
    ) -> Result<Held, ModelTrouble> {
        let number = now.as_second().div_euclid(HOUR);
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        if hour.number != number {
            *hour = Hour { number, spent: HashMap::new() };
        }
        let spent = hour.spent.entry(person.cloned()).or_default();
        let after = spent.plus(amount);
        let over = |limit: Option<u64>, value: u64| limit.is_some_and(|limit| value > limit);
        if over(self.budget.tokens, after.tokens) || over(self.budget.cost, after.cost) {
            let until = Timestamp::from_second((number + 1) * HOUR).unwrap_or(now);
            return Err(ModelTrouble::Spent { until });
        }
        *spent = after;
        Ok(Held { person: person.cloned(), hour: number, amount })
    }

    /// Puts what was really used in the place of what was set aside.
    pub(super) fn settle(&self, held: Held, used: Amount) {
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        // What was set aside in an hour that is over counts for that hour.
        if hour.number == held.hour {
            let spent = hour.spent.entry(held.person).or_default();
            *spent = spent.minus(held.amount).plus(used);
        }
    }
}

/// A guess at the number of tokens, where nobody has counted: four characters each.
pub fn about_tokens(characters: usize) -> u64 {
    u64::try_from(characters.div_ceil(4)).unwrap_or(u64::MAX)
}
