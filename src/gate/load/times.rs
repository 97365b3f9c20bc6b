//! `[[freeze]]`, and how times are written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::{AmbiguousTimestamp, TimeZone};

use super::names::Names;
use super::reader::{Source, Table, Word};
use super::rules::pick;
use super::time_zone;
use crate::gate::freeze::{Freeze, Window, day_name};

impl Names<'_> {
    /// `[[freeze]]`.
    pub fn read_freezes(
        &self,
        source: &mut Source<'_>,
        tables: Vec<Table<'_>>,
        exempt_from_locks: &BTreeSet<String>,
    ) -> Vec<Freeze> {
        let mut found = Vec::new();
        for mut table in tables {
            let id = source.id(&mut table);
            let env = self.environments(source, &mut table);
            let exempt = match table.has("exempt") {
                true => self.tool_names(source, &mut table, "exempt"),
                false => exempt_from_locks.clone(),
            };
            let reason = table.must(source, "reason");
            let window = self.window(source, &mut table);
            table.finish(source);
            if let (Some(id), Some(reason), Some(window)) = (id, reason, window) {
                found.push(Freeze { id, env, window, reason: reason.text, exempt });
            }
        }
        found
    }

    fn window(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Option<Window> {
        let zone = table.text(source, "tz");
        let zone = if zone.is_some() { time_zone(source, zone)? } else { self.zone.clone() };
        let weekly = table.has("days");
        let days = table.list(source, "days");
        let (from, to) = (table.moment(source, "from"), table.moment(source, "to"));
        let (from, to) = (from?, to?);
        if weekly {
            let days = days?.iter().map(|word| weekday(source, word)).collect::<Option<Vec<_>>>()?;
            return Some(Window::Weekly { days, from: clock(source, &from)?, to: clock(source, &to)?, zone });
        }
        let start = instant(source, &from, &zone, AmbiguousTimestamp::earlier);
        let end = instant(source, &to, &zone, AmbiguousTimestamp::later);
        let (start, end) = (start?, end?);
        if start >= end {
            source.complain(to.at, "a freeze must end after it begins");
        }
        Some(Window::Once { from: start, to: end })
    }
}

fn weekday(source: &mut Source<'_>, word: &Word) -> Option<Weekday> {
    let days = Weekday::Monday.cycle_forward().take(7).map(|day| (day_name(day), day));
    let days: Vec<_> = days.collect();
    pick(source, "day", word, &days)
}

/// A time of day.
fn clock(source: &mut Source<'_>, word: &Word) -> Option<Time> {
    let found = word.text.parse().ok();
    if found.is_none() {
        source.complain(word.at, format!("`{}` is no time of day; write it like `18:00`", word.text));
    }
    found
}

/// A moment: with an offset as it stands, without one on the clocks of the zone. A time that clocks show twice, or not at
/// all, is read so that the freeze is longer.
fn instant(
    source: &mut Source<'_>,
    word: &Word,
    zone: &TimeZone,
    read: fn(AmbiguousTimestamp) -> Result<Timestamp, jiff::Error>,
) -> Option<Timestamp> {
    let local = || read(zone.to_ambiguous_timestamp(word.text.parse::<DateTime>().ok()?)).ok();
    let found = word.text.parse().ok().or_else(local);
    if found.is_none() {
        let sentence = format!("`{}` is no moment; write it like `2026-12-24T18:00:00+01:00`", word.text);
        source.complain(word.at, sentence);
    }
    found
}
