use super::Token;

const SMALL: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
const TENS: [&str; 7] = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// A quantity in a text, and how many tokens say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// How many; for a duration, how many seconds.
    pub value: i64,
    /// The number of tokens.
    pub tokens: usize,
}

/// The whole number that begins at `at`: digits, a number word up to ninety-nine, a dozen, a single.
pub fn number_at(tokens: &[Token], at: usize) -> Option<Quantity> {
    let word = |offset: usize| tokens.get(at + offset).map_or("", |token| token.fold.as_str());
    let quantity = |value, tokens| Some(Quantity { value, tokens });
    match (word(0), word(1), word(2), word(3)) {
        // Larger numbers are written in digits; half of one is none.
        (first, "hundred" | "thousand" | "million" | "k", ..) if first != "a" => None,
        ("half", "a", "dozen", _) => quantity(6, 3),
        ("a", "dozen", _, _) => quantity(12, 2),
        ("a", "pair", "of", _) => quantity(2, 3),
        ("a", "single", _, _) => quantity(1, 2),
        ("a", "hundred", _, _) => quantity(100, 2),
        ("dozen", ..) => quantity(12, 1),
        ("single", ..) => quantity(1, 1),
        (first, second, ..) => {
            if let Some(value) = digits(first).or_else(|| spelled(first)) {
                if let (20, Some(ones @ 1..=9)) | (30 | 40 | 50 | 60 | 70 | 80 | 90, Some(ones @ 1..=9)) =
                    (value, spelled(second))
                    && digits(first).is_none()
                {
                    return quantity(value + ones, 2);
                }
                return quantity(value, 1);
            }
            let (tens, ones) = first.split_once('-')?;
            let (tens, ones) = (spelled(tens)?, spelled(ones)?);
            (tens >= 20 && (1..=9).contains(&ones)).then_some(Quantity { value: tens + ones, tokens: 1 })
        }
    }
}

/// Digits alone; a sign is part of the number.
fn digits(word: &str) -> Option<i64> {
    let bare = word.strip_prefix('-').unwrap_or(word);
    let whole = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| word.parse().ok()).flatten()
}

fn spelled(word: &str) -> Option<i64> {
    let small = SMALL.iter().position(|known| *known == word);
    let tens = || TENS.iter().position(|known| *known == word).map(|index| 30 + 10 * index);
    small.or_else(tens).and_then(|value| i64::try_from(value).ok())
}

/// The duration that begins at `at`, in seconds: `15m`, `1h30m`, `90 minutes`, `two hours`, `an hour and a half`,
/// `half an hour`, `quarter of an hour`, `hour`.
pub fn duration_at(tokens: &[Token], at: usize) -> Option<Quantity> {
    let word = |offset: usize| tokens.get(at + offset).map_or("", |token| token.fold.as_str());
    if let Some(span) = crate::domain::parse_span(word(0)) {
        return Some(Quantity { value: i64::try_from(span.as_secs()).ok()?, tokens: 1 });
    }
    if let Some(fraction) = fraction_of_an_hour(tokens, at) {
        return Some(fraction);
    }
    let (count, used) = match word(0) {
        "a" | "an" if unit(word(1)).is_some() => (1, 1),
        // A bare unit is one of it: "the last hour".
        bare if unit(bare).is_some() && !matches!(bare, "s" | "m" | "h" | "d" | "w") => (1, 0),
        _ => number_at(tokens, at).map(|found| (found.value, found.tokens))?,
    };
    let halves = (word(used), word(used + 1), word(used + 2)) == ("and", "a", "half");
    let used = if halves { used + 3 } else { used };
    let seconds = unit(word(used))?;
    let mut value = count.checked_mul(seconds)?;
    let mut used = used + 1;
    if halves {
        value += seconds / 2;
    } else if (word(used), word(used + 1), word(used + 2)) == ("and", "a", "half") {
        value += seconds / 2;
        used += 3;
    } else if word(used) == "and" || word(used) == "," {
        // "an hour and ten minutes"
        if let Some(more) = small_duration(tokens, at + used + 1, seconds) {
            value += more.value;
            used += 1 + more.tokens;
        }
    }
    (value > 0).then_some(Quantity { value, tokens: used })
}

fn small_duration(tokens: &[Token], at: usize, less_than: i64) -> Option<Quantity> {
    let count = number_at(tokens, at)?;
    let seconds = unit(&tokens.get(at + count.tokens)?.fold).filter(|seconds| *seconds < less_than)?;
    Some(Quantity { value: count.value.checked_mul(seconds)?, tokens: count.tokens + 1 })
}

fn fraction_of_an_hour(tokens: &[Token], at: usize) -> Option<Quantity> {
    let word = |offset: usize| tokens.get(at + offset).map_or("", |token| token.fold.as_str());
    let (parts, used) = match (word(0), word(1), word(2)) {
        ("half", "an" | "a", _) => (2, 1),
        ("half", _, _) if unit(word(1)).is_some() => (2, 0),
        ("a", "half", _) if unit(word(2)).is_some() => (2, 1),
        ("a", "quarter", "of") => (4, 2),
        ("quarter", "of", _) => (4, 1),
        ("three", "quarters", "of") => (-4, 2),
        _ => return None,
    };
    let article = usize::from(matches!(word(used + 1), "a" | "an"));
    let seconds = match parts {
        2 if matches!(word(used), "an" | "a") => unit(word(used + 1)).map(|unit| (unit / 2, used + 2)),
        2 => unit(word(used + 1)).map(|unit| (unit / 2, used + 2)),
        -4 => unit(word(used + 1 + article)).map(|unit| (unit * 3 / 4, used + 2 + article)),
        _ => unit(word(used + 1 + article)).map(|unit| (unit / 4, used + 2 + article)),
    };
    seconds.map(|(value, tokens)| Quantity { value, tokens })
}

fn unit(word: &str) -> Option<i64> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    })
}

/// A duration as tools take it: `90m`, `2h`, `45s`.
pub fn write_duration(seconds: i64) -> String {
    let units = [(604_800, 'w'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size && seconds % size == 0);
    unit.map_or_else(|| format!("{seconds}s"), |(size, letter)| format!("{}{letter}", seconds / size))
}
