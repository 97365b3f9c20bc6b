use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::words::list;

/// A time in which nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Freeze {
    pub id: String,
    /// `None` for everywhere.
    pub env: Option<BTreeSet<String>>,
    pub window: Window,
    pub reason: String,
    /// Tools that may be used all the same.
    pub exempt: BTreeSet<String>,
}

/// When. The first moment belongs to it, the last does not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Window {
    /// Once.
    Once { from: Timestamp, to: Timestamp },
    /// On each of these days from one time of day to another, on the clocks of the zone. An end that is not later than
    /// the start is on the next day, so that midnight to midnight is a whole day.
    Weekly { days: Vec<Weekday>, from: Time, to: Time, zone: TimeZone },
}

/// So many windows in a row are told as one.
const IN_A_ROW: usize = 8;

impl Window {
    /// The end of the windows in a row that this moment lies in, if it lies in one.
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let mut end = self.end_of_one(now)?;
        for _next in 0..IN_A_ROW {
            let Some(later) = self.end_of_one(end) else { break };
            end = later;
        }
        Some(end)
    }

    /// A moment lies in a weekly window when the clocks of the zone show a time in it. So a night on which they are
    /// turned is as long as they show it: a time that they show twice counts twice, and one that they skip not at all.
    fn end_of_one(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once { from, to } => (*from <= now && now < *to).then_some(*to),
            Self::Weekly { days, from, to, zone } => {
                let shown = zone.to_datetime(now);
                let (today, yesterday) = (shown.date(), shown.date().yesterday().ok());
                [yesterday, Some(today)].into_iter().flatten().find_map(|day| {
                    let last = if to > from { day } else { day.tomorrow().ok()? };
                    let (start, end) = (day.to_datetime(*from), last.to_datetime(*to));
                    let inside = days.contains(&day.weekday()) && start <= shown && shown < end;
                    let end = || zone.to_ambiguous_timestamp(end).later().ok();
                    inside.then(end).flatten()
                })
            }
        }
    }
}

impl Freeze {
    /// Whether it speaks about this tool and environment.
    pub fn covers(&self, tool: &str, environment: Option<&str>) -> bool {
        !self.exempt.contains(tool)
            && self
                .env
                .as_ref()
                .is_none_or(|names| environment.is_some_and(|environment| names.contains(environment)))
    }
}

impl fmt::Display for Freeze {
    /// `production on fri and sat from 16:00 to 08:00 (Europe/Vienna), but for rollback`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.env {
            Some(env) => f.write_str(&list(&env.iter().collect::<Vec<_>>(), "and"))?,
            None => f.write_str("everything")?,
        }
        match &self.window {
            Window::Once { from, to } => write!(f, " from {from} to {to}")?,
            Window::Weekly { days, from, to, zone } => {
                let days: Vec<_> = days.iter().map(|day| day_name(*day)).collect();
                let (from, to) = (from.strftime("%H:%M"), to.strftime("%H:%M"));
                let zone = zone.iana_name().unwrap_or("UTC");
                write!(f, " on {} from {from} to {to} ({zone})", list(&days, "and"))?;
            }
        }
        match self.exempt.iter().collect::<Vec<_>>() {
            tools if tools.is_empty() => Ok(()),
            tools => write!(f, ", but for {}", list(&tools, "and")),
        }
    }
}

/// The name of a day in the file.
pub(super) const fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

/// A moment for people: `18:00 UTC` today, `2025-12-27 08:00 UTC` on another day.
pub(super) fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (at.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let form = if then.date() == today.date() { "%H:%M %Z" } else { "%Y-%m-%d %H:%M %Z" };
    then.strftime(form).to_string()
}
