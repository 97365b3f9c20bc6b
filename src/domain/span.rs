use std::time::Duration;

/// Reads `90s`, `15m`, `1h`, `2d` or a sum of them such as `1h30m`. `None` for anything else, for zero, and for more
/// than a year.
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut number: Option<u64> = None;
    for character in text.chars() {
        if let Some(digit) = character.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && seconds > 0 && seconds <= 366 * 86_400).then(|| Duration::from_secs(seconds))
}

/// A duration as people write it: `340 ms`, `2.1 s`, `4 min 10 s`, `1 h 5 min`, `3 d 2 h`.
pub fn human_span(span: Duration) -> String {
    let (millis, seconds) = (span.as_millis(), span.as_secs());
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => format!("{}.{} s", seconds, (millis % 1_000) / 100),
        60..=3_599 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..=86_399 => two(seconds / 3_600, "h", (seconds % 3_600) / 60, "min"),
        _ => two(seconds / 86_400, "d", (seconds % 86_400) / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_strictly() {
        assert_eq!(parse_span("1h30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse_span("90s"), Some(Duration::from_secs(90)));
        for bad in ["", "1", "h", "0s", "1h30", "-1h", "1.5h", "400d", "99999999999999999999d", "1 h"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_read_well() {
        let said: Vec<_> = [5, 2_100, 250_000, 3_900_000, 266_400_000]
            .map(|ms| human_span(Duration::from_millis(ms)))
            .into();
        assert_eq!(said, ["5 ms", "2.1 s", "4 min 10 s", "1 h 5 min", "3 d 2 h"]);
    }
}
