use axum::http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use super::super::problem::Problem;
use super::super::state::Web;
use crate::domain::{PersonId, RequestId};
use crate::store::{RequestFilter, RequestState};

/// What to look for, as it stands in the address. Times are in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Search {
    /// Words.
    pub(super) q: String,
    /// The person who asked.
    pub(super) by: String,
    /// A tool, or `changes` for all that change something.
    pub(super) tool: String,
    /// An environment.
    pub(super) env: String,
    /// How it ended or stands.
    pub(super) result: String,
    /// A channel.
    pub(super) channel: String,
    /// An incident.
    pub(super) incident: String,
    /// From this moment on: `2026-11-26T03:00`, or a span back from now, as in `12h`.
    pub(super) from: String,
    /// Before this moment.
    pub(super) to: String,
    /// The last request of the page before.
    pub(super) before: String,
}

/// Everything that changes something.
const CHANGES: &str = "changes";

impl Search {
    /// The filter, or what is wrong with the search.
    pub(super) fn filter(&self, web: &Web) -> Result<RequestFilter, Problem> {
        let wrong = |sentence| Problem::new(StatusCode::BAD_REQUEST, "That search cannot be made", sentence);
        self.read(web).map_err(wrong)
    }

    fn read(&self, web: &Web) -> Result<RequestFilter, String> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let now = web.clock.now();
        let tools = match self.tool.trim() {
            CHANGES => {
                let tools = web.house.vocabulary().tools.into_iter();
                tools.filter(|tool| tool.mutates).map(|tool| tool.name).collect()
            }
            other => some(other).into_iter().collect(),
        };
        let state = some(&self.result).map(|word| {
            RequestState::parse(&word).ok_or_else(|| format!("`{word}` is no result of a request"))
        });
        Ok(RequestFilter {
            states: state.transpose()?.into_iter().collect(),
            asker: some(&self.by).map(PersonId),
            tools,
            environment: some(&self.env),
            channel: some(self.channel.trim().trim_start_matches('#')),
            incident: some(&self.incident).map(|name| name.chars().take(100).collect()),
            since: moment(&self.from, now)?,
            until: moment(&self.to, now)?,
            text: some(&self.q).map(|words| words.chars().take(200).collect()),
            before: RequestId::parse(&self.before),
            target: None,
            platform: None,
        })
    }

    /// The address of this search from another place on.
    pub(super) fn address(&self, before: &str) -> String {
        self.address_of("/r", before)
    }

    /// The address of this search on another page.
    pub(super) fn address_of(&self, page: &str, before: &str) -> String {
        let fields = [
            ("q", &self.q),
            ("by", &self.by),
            ("tool", &self.tool),
            ("env", &self.env),
            ("result", &self.result),
            ("channel", &self.channel),
            ("incident", &self.incident),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            query.append_pair(name, value.trim());
        }
        if !before.is_empty() {
            query.append_pair("before", before);
        }
        format!("{page}?{}", query.finish())
    }
}

/// Reads `2026-11-26T03:00`, `2026-11-26`, a full time stamp, or a span back from `now` such as `12h`.
fn moment(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is no time; write 2026-11-26T03:00 (UTC), or 12h for twelve hours ago");
    if let Some(span) = crate::domain::parse_span(text) {
        return now.checked_sub(span).map(Some).map_err(|_out_of_range| wrong());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at));
    }
    let civil: DateTime = text.parse().map_err(|_no_time| wrong())?;
    civil.to_zoned_datetime(TimeZone::UTC).map(|at| Some(at.timestamp())).map_err(|_no_such_time| wrong())
}

/// A search that people make often, one click away.
#[derive(Serialize)]
pub(super) struct Preset {
    label: &'static str,
    address: String,
    current: bool,
}

/// What somebody on call wants to know at once.
pub(super) fn presets(search: &Search, now: Timestamp) -> Vec<Preset> {
    let night = last_night(now);
    let changes = |from: &str, to: &str| Search {
        tool: CHANGES.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..Search::default()
    };
    let result = |result: &str| Search { result: result.to_owned(), ..Search::default() };
    let current = Search { before: String::new(), ..search.clone() };
    [
        ("Everything", Search::default()),
        ("Changes of the last hour", changes("1h", "")),
        ("Changes of last night", changes(&night.0, &night.1)),
        ("Changes of the last 24 hours", changes("24h", "")),
        ("Failed", result("failed")),
        ("Unknown", result("unknown")),
        ("Refused", result("refused")),
    ]
    .into_iter()
    .map(|(label, wanted)| Preset { label, address: wanted.address(""), current: wanted == current })
    .collect()
}

/// From 22:00 to 08:00 UTC, the last such night that has begun.
fn last_night(now: Timestamp) -> (String, String) {
    let civil = now.to_zoned_datetime(TimeZone::UTC).datetime();
    let evening = |date: jiff::civil::Date| date.at(22, 0, 0, 0);
    let began = if civil >= evening(civil.date()) {
        civil.date()
    } else {
        civil.date().yesterday().unwrap_or_else(|_first_day_of_all| civil.date())
    };
    let ended = began.tomorrow().unwrap_or(began).at(8, 0, 0, 0);
    let text = |at: DateTime| at.round(Unit::Minute).unwrap_or(at).strftime("%Y-%m-%dT%H:%M").to_string();
    (text(evening(began)), text(ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = at("2026-11-26T03:30:00Z");
        for (text, expected) in [
            ("", Some(None)),
            ("12h", Some(Some("2026-11-25T15:30:00Z"))),
            ("2026-11-26T03:00", Some(Some("2026-11-26T03:00:00Z"))),
            ("2026-11-26", Some(Some("2026-11-26T00:00:00Z"))),
            ("2026-11-26T04:00:00+01:00", Some(Some("2026-11-26T03:00:00Z"))),
            ("tea time", None),
        ] {
            let read = moment(text, now).ok();
            assert_eq!(read, expected.map(|text| text.map(at)), "{text}");
        }
    }

    #[test]
    fn last_night_is_the_one_that_has_begun() {
        for (now, from) in [
            ("2026-11-26T03:00:00Z", "2026-11-25T22:00"),
            ("2026-11-26T12:00:00Z", "2026-11-25T22:00"),
            ("2026-11-26T22:00:00Z", "2026-11-26T22:00"),
            ("2026-03-01T01:00:00Z", "2026-02-28T22:00"),
        ] {
            assert_eq!(last_night(at(now)).0, from, "{now}");
        }
    }

    #[test]
    fn an_address_says_what_was_looked_for_and_nothing_else() {
        let search = Search { q: "order & co".to_owned(), by: "alice".to_owned(), ..Search::default() };
        assert_eq!(search.address("req_1"), "/r?q=order+%26+co&by=alice&before=req_1");
    }
}
