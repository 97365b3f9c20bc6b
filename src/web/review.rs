//! The record, for people with the right to review it: search, filters that stand in the address, and stories.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Html;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::house::StoryLine;
use super::pages::frame;
use super::problem::Problem;
use super::session::Visitor;
use super::state::Web;
use super::transcript::{names, visible};
use crate::chat::console::{spans, state_word, when};
use crate::domain::{PersonId, Platform, RequestId};
use crate::store::{RequestFilter, RequestRow, RequestState};

/// How many requests a page shows.
const PAGE: usize = 50;

/// A request in a list or on top of its story.
#[derive(Serialize)]
struct RequestView {
    row: RequestRow,
    state: &'static str,
    asker: String,
    created: crate::chat::console::When,
    took: Option<String>,
    linked: bool,
}

fn request_view(web: &Web, row: RequestRow) -> RequestView {
    let span =
        |from: Timestamp, to: Timestamp| crate::domain::human_span(to.duration_since(from).unsigned_abs());
    RequestView {
        state: state_word(row.state),
        asker: row
            .asker
            .as_ref()
            .and_then(|person| names(web).remove(person))
            .unwrap_or_else(|| row.sender.display.clone()),
        created: when(row.created_at, web.clock.now()),
        took: row.started_at.zip(row.finished_at).map(|(from, to)| span(from, to)),
        linked: row.place.platform == Platform::Console,
        row,
    }
}

/// Whether the visitor may read about a request: they may review the record, it is theirs, or it is from a console
/// channel that they see.
fn readable(web: &Web, visitor: &Visitor, row: &RequestRow) -> bool {
    web.house.may_review(&visitor.person.id)
        || row.asker.as_ref() == Some(&visitor.person.id)
        || (row.place.platform == Platform::Console && visible(web, visitor, &row.place.channel).is_ok())
}

/// Refuses a visitor who may not review the record.
pub(super) fn reviewer(web: &Web, visitor: &Visitor) -> Result<(), Problem> {
    if web.house.may_review(&visitor.person.id) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "The record is for people who may review it",
        "The policy does not let you use /audit. Ask an administrator for it. What you asked for yourself stands in the \
         channel you asked in.",
    ))
}

/// What to look for, as it stands in the address. Times are in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// Words.
    q: String,
    /// The person who asked.
    by: String,
    /// A tool, or `changes` for all that change something.
    tool: String,
    /// An environment.
    env: String,
    /// How it ended or stands.
    result: String,
    /// A channel.
    channel: String,
    /// From this moment on: `2026-11-26T03:00`, or a span back from now, as in `12h`.
    from: String,
    /// Before this moment.
    to: String,
    /// The last request of the page before.
    before: String,
}

/// Everything that changes something.
const CHANGES: &str = "changes";

impl Search {
    /// The filter, or what is wrong with the search.
    fn filter(&self, web: &Web) -> Result<RequestFilter, String> {
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
            since: moment(&self.from, now)?,
            until: moment(&self.to, now)?,
            text: some(&self.q).map(|words| words.chars().take(200).collect()),
            before: RequestId::parse(&self.before),
            target: None,
            platform: None,
        })
    }

    /// The address of this search from another place on.
    fn address(&self, before: &str) -> String {
        let fields = [
            ("q", &self.q),
            ("by", &self.by),
            ("tool", &self.tool),
            ("env", &self.env),
            ("result", &self.result),
            ("channel", &self.channel),
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
        format!("/r?{}", query.finish())
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
struct Preset {
    label: &'static str,
    address: String,
    current: bool,
}

/// What somebody on call wants to know at once.
fn presets(search: &Search, now: Timestamp) -> Vec<Preset> {
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

/// A result one can look for, in the words of the page.
#[derive(Serialize)]
struct ResultView {
    word: &'static str,
    title: &'static str,
}

pub(super) async fn record(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Html<String>, Problem> {
    reviewer(&web, &visitor)?;
    let filter = search
        .filter(&web)
        .map_err(|sentence| Problem::new(StatusCode::BAD_REQUEST, "That search cannot be made", sentence))?;
    let rows = web.house.find(&filter, PAGE + 1).await?;
    let more = rows.len() > PAGE;
    let requests: Vec<_> = rows.into_iter().take(PAGE).map(|row| request_view(&web, row)).collect();
    let older = requests.last().filter(|_| more).map(|last| search.address(last.row.id.as_str()));
    let vocabulary = web.house.vocabulary();
    let results: Vec<ResultView> = RequestState::ALL
        .into_iter()
        .map(|state| ResultView { word: state.as_str(), title: state_word(state) })
        .collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let page = context! {
        here => "record",
        requests => Serde(requests),
        narrowed => search.address("") != Search::default().address(""),
        newest => (!search.before.is_empty()).then(|| search.address("")),
        search => Serde(&search),
        presets => Serde(presets(&search, web.clock.now())),
        everybody => Serde(web.house.people()),
        vocabulary => Serde(vocabulary),
        results => Serde(results),
        older,
    };
    web.render("record.html", context! { ..frame, ..page }).map(Html)
}

pub(super) async fn story(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(request): Path<String>,
) -> Result<Html<String>, Problem> {
    let id = RequestId::parse(&request).ok_or_else(Problem::nowhere)?;
    let story = web.house.story(&id).await?.filter(|story| readable(&web, &visitor, &story.row));
    let story = story.ok_or_else(Problem::nowhere)?;
    let line = |line: StoryLine| {
        context! {
            at => Serde(when(line.at, web.clock.now())),
            who => line.who,
            what => Serde(spans(&line.what)),
            detail => line.detail,
        }
    };
    let lines: Vec<_> = story.lines.into_iter().map(line).collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let raw = legible(&story.raw);
    let page = context! { here => "record", request => Serde(request_view(&web, story.row)), lines, raw };
    web.render("story.html", context! { ..frame, ..page }).map(Html)
}

/// The raw message; a form of our own field by field, without the empty ones.
fn legible(raw: &str) -> String {
    if !raw.starts_with("once=") {
        return raw.to_owned();
    }
    let fields = url::form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty());
    fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
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
