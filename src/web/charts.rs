//! Charts as numbers: where bars stand and how long they are. The templates draw them as SVG.
//!
//! Pure, and in whole units of the drawing, so that a page is the same on every machine.

use serde::Serialize;

use crate::audit::Day;

/// Width of the drawing of days, in its own units.
const WIDTH: u64 = 720;
/// Height of the tallest column.
const HEIGHT: u64 = 140;

/// Columns, one a day, each of three parts that stand on each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Columns {
    /// Width of the drawing.
    pub(super) width: u64,
    /// Height of the tallest column.
    pub(super) height: u64,
    /// What the tallest column stands for.
    pub(super) most: u64,
    /// The columns, oldest first.
    pub(super) columns: Vec<Column>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Column {
    /// The left edge.
    pub(super) x: u64,
    /// The width.
    pub(super) width: u64,
    /// The parts, from the bottom up; none has height 0.
    pub(super) parts: Vec<Part>,
    /// The date, where there is room to write it.
    pub(super) label: Option<String>,
    /// What a reader hears: `2026-11-26: 12 requests, 2 refused, denied or expired, 1 failed`.
    pub(super) title: String,
}

/// A part of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// `fine`, `declined` or `broken`.
    pub(super) kind: &'static str,
    /// The upper edge.
    pub(super) y: u64,
    /// The height.
    pub(super) height: u64,
}

/// The days as columns.
pub(super) fn columns(days: &[Day]) -> Columns {
    let most = days.iter().map(|day| day.count).max().unwrap_or(0);
    let count = u64::try_from(days.len()).unwrap_or(u64::MAX).max(1);
    let step = WIDTH / count;
    let gap = (step / 5).min(6);
    // A date takes some 70 units.
    let every = 70_u64.div_ceil(step.max(1)).max(1);
    let column = |(at, day): (u64, &Day)| Column {
        x: at * step,
        width: (step - gap).max(1),
        parts: parts(day, most),
        label: at.is_multiple_of(every).then(|| day.date.get(5..).unwrap_or_default().to_owned()),
        title: title(day),
    };
    Columns { width: WIDTH, height: HEIGHT, most, columns: (0..).zip(days).map(column).collect() }
}

fn parts(day: &Day, most: u64) -> Vec<Part> {
    let fine = day.count.saturating_sub(day.declined + day.broken);
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (kind, count) in [("fine", fine), ("declined", day.declined), ("broken", day.broken)] {
        let height = if count == 0 { 0 } else { scaled(count, most, HEIGHT).max(1) };
        top = top.saturating_sub(height);
        if height > 0 {
            parts.push(Part { kind, y: top, height });
        }
    }
    parts
}

fn title(day: &Day) -> String {
    let mut title = match day.count {
        1 => format!("{}: 1 request", day.date),
        count => format!("{}: {count} requests", day.date),
    };
    if day.declined > 0 {
        title.push_str(&format!(", {} refused, denied or expired", day.declined));
    }
    if day.broken > 0 {
        title.push_str(&format!(", {} failed or unknown", day.broken));
    }
    title
}

/// `count` of `most` as a length of at most `full`, rounded.
pub(super) fn scaled(count: u64, most: u64, full: u64) -> u64 {
    (count * full + most / 2).checked_div(most).unwrap_or(0).min(full)
}

/// How much of a whole, in percent, rounded.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    scaled(part, whole, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, count: u64, declined: u64, broken: u64) -> Day {
        Day { date: date.to_owned(), count, plain_language: 0, declined, broken }
    }

    #[test]
    fn the_parts_of_a_day_stand_on_each_other_and_fill_its_share() {
        let drawn =
            columns(&[day("2026-11-25", 10, 2, 1), day("2026-11-26", 5, 0, 0), day("2026-11-27", 0, 0, 0)]);
        let parts: Vec<Vec<(&str, u64, u64)>> = drawn
            .columns
            .iter()
            .map(|column| column.parts.iter().map(|part| (part.kind, part.y, part.height)).collect())
            .collect();
        assert_eq!(
            parts,
            [vec![("fine", 42, 98), ("declined", 14, 28), ("broken", 0, 14)], vec![("fine", 70, 70)], vec![]]
        );
        assert_eq!(drawn.columns.iter().map(|column| column.x).collect::<Vec<_>>(), [0, 240, 480]);
    }

    #[test]
    fn one_request_among_thousands_is_still_seen() {
        let drawn = columns(&[day("2026-11-25", 100_000, 0, 0), day("2026-11-26", 1, 0, 1)]);
        assert_eq!(
            drawn.columns.last().map(|column| column.parts.clone()),
            Some(vec![Part { kind: "broken", y: 139, height: 1 }])
        );
    }

    #[test]
    fn a_year_fits_and_dates_do_not_run_into_each_other() {
        let days: Vec<Day> = (0..366).map(|n| day(&format!("2026-01-{n:02}"), n, 0, 0)).collect();
        let drawn = columns(&days);
        let edge = drawn.columns.last().map(|column| column.x + column.width).unwrap_or_default();
        assert!(edge <= WIDTH, "{edge}");
        assert!(drawn.columns.iter().filter(|column| column.label.is_some()).count() <= 11);
    }

    #[test]
    fn nothing_of_nothing_is_nothing() {
        assert_eq!((scaled(0, 0, 100), percent(0, 0), percent(1, 3), percent(2, 3)), (0, 0, 33, 67));
        assert_eq!(columns(&[]).columns, []);
    }
}
