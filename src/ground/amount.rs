use super::{Token, number_at};

/// A change of a number that was not said as a number: "one more", "double it".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// So many more; fewer when negative.
    By(i64),
    /// So many times as many.
    Times(i64),
    /// One part of so many.
    Part(i64),
    /// As many as there are.
    Same,
}

impl Change {
    /// What `present` becomes; `None` when that is no whole number from zero up.
    pub fn of(self, present: i64) -> Option<i64> {
        let value = match self {
            Self::By(more) => present.checked_add(more)?,
            Self::Times(times) => present.checked_mul(times)?,
            Self::Part(parts) => {
                present.checked_rem(parts).filter(|rest| *rest == 0).and(present.checked_div(parts))?
            }
            Self::Same => present,
        };
        (value >= 0).then_some(value)
    }
}

/// The relative amount that the words ask for, if there is one.
pub fn change(tokens: &[Token]) -> Option<Change> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.fold.as_str());
    let number = |at: usize| number_at(tokens, at).filter(|found| found.value > 0);
    (0..tokens.len()).find_map(|at| {
        if let Some(found) = number(at) {
            let next = word(at + found.tokens);
            let after = word(at + found.tokens + 1);
            // "two more", "two replicas more", "one fewer"
            for word in [next, after] {
                match word {
                    "more" | "additional" | "extra" => return Some(Change::By(found.value)),
                    "less" | "fewer" => return Some(Change::By(-found.value)),
                    _ => {}
                }
            }
            if next == "times" {
                return Some(Change::Times(found.value));
            }
        }
        if matches!(word(at), "another" | "additional" | "extra") {
            return Some(Change::By(number(at + 1).map_or(1, |found| found.value)));
        }
        match (word(at), word(at + 1)) {
            ("double" | "twice", _) => Some(Change::Times(2)),
            ("triple" | "treble" | "thrice", _) => Some(Change::Times(3)),
            ("quadruple", _) => Some(Change::Times(4)),
            ("halve", _) => Some(Change::Part(2)),
            ("half", "it" | "that" | "them" | "of" | "as" | "the") => Some(Change::Part(2)),
            ("as", "many") if !matches!(word(at.wrapping_sub(1)), "half" | "twice") => Some(Change::Same),
            ("same", "number" | "amount" | "count") => Some(Change::Same),
            ("add", _) => number(at + 1).map(|found| Change::By(found.value)),
            ("remove" | "drop", _) => number(at + 1).map(|found| Change::By(-found.value)),
            ("take", _) => number(at + 1)
                .filter(|_| tokens.iter().any(|token| token.is("away") || token.is("off")))
                .map(|found| Change::By(-found.value)),
            ("up" | "increase" | "raise", "by") => number(at + 2).map(|found| Change::By(found.value)),
            ("down" | "decrease" | "reduce", "by") => number(at + 2).map(|found| Change::By(-found.value)),
            ("by", _) => by(tokens, at),
            _ => None,
        }
    })
}

/// "increase checkout by two": the direction stands before, with other words between.
fn by(tokens: &[Token], at: usize) -> Option<Change> {
    let amount = number_at(tokens, at + 1)?.value;
    let before = tokens.get(..at)?;
    let says = |words: &[&str]| before.iter().any(|token| words.contains(&token.fold.as_str()));
    if says(&["down", "decrease", "reduce", "lower", "shrink"]) {
        return Some(Change::By(-amount));
    }
    says(&["up", "increase", "raise", "grow", "scale", "more"]).then_some(Change::By(amount))
}
