use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{Approver, CommandUse, Count, Day, HASTY_MS, ModelUse, PersonUse, Usage, Wait, Waits};
use crate::store::{RequestState, UseRow, VoteUse, Way};

/// The longest span whose days are listed.
const DAYS: usize = 366;

/// Takes rows in, in any order, and has the figures at the end. Its size is that of the figures and of one number for
/// each run, wait and vote.
#[derive(Debug)]
pub(super) struct Fold {
    since: Timestamp,
    until: Timestamp,
    requests: u64,
    plain: u64,
    exact: u64,
    results: BTreeMap<&'static str, u64>,
    commands: BTreeMap<String, (CommandUse, Vec<u64>)>,
    people: BTreeMap<String, (PersonUse, BTreeMap<String, u64>)>,
    refusals: BTreeMap<String, u64>,
    rules: BTreeMap<String, (Wait, Vec<u64>)>,
    approvers: BTreeMap<String, (Approver, Vec<u64>)>,
    model: ModelUse,
    days: BTreeMap<Date, Day>,
}

impl Fold {
    /// Nothing yet, for a span of time.
    pub(super) fn new(since: Timestamp, until: Timestamp) -> Self {
        Self {
            since,
            until,
            requests: 0,
            plain: 0,
            exact: 0,
            results: BTreeMap::new(),
            commands: BTreeMap::new(),
            people: BTreeMap::new(),
            refusals: BTreeMap::new(),
            rules: BTreeMap::new(),
            approvers: BTreeMap::new(),
            model: ModelUse::default(),
            days: days(since, until),
        }
    }

    /// Takes in a request.
    pub(super) fn request(&mut self, row: &UseRow) {
        let plain = u64::from(row.way == Way::Language);
        let declined = u64::from(is_declined(row.state));
        self.requests += 1;
        self.plain += plain;
        self.exact += u64::from(row.way == Way::Exact);
        *self.results.entry(row.state.as_str()).or_default() += 1;
        if let Some(day) = self.days.get_mut(&date(row.created_at)) {
            day.count += 1;
            day.plain_language += plain;
            day.declined += declined;
            day.broken += u64::from(matches!(row.state, RequestState::Failed | RequestState::Unknown));
        }
        if let Some(reason) = &row.reason {
            *self.refusals.entry(reason.clone()).or_default() += 1;
        }
        self.command(row, plain, declined);
        self.person(row, plain);
        self.wait(row);
        if row.tokens > 0 {
            self.model.read += 1;
            self.model.tokens += row.tokens;
            self.model.cost_micros += row.cost_micros;
        }
    }

    fn command(&mut self, row: &UseRow, plain: u64, declined: u64) {
        let Some(tool) = &row.tool else { return };
        let (command, runs) = self.commands.entry(tool.clone()).or_default();
        command.tool.clone_from(tool);
        command.count += 1;
        command.plain_language += plain;
        command.done += u64::from(row.state == RequestState::Done);
        command.failed += u64::from(row.state == RequestState::Failed);
        command.unknown += u64::from(row.state == RequestState::Unknown);
        command.declined += declined;
        runs.extend(row.started_at.zip(row.finished_at).map(|(from, to)| millis(from, to)));
    }

    fn person(&mut self, row: &UseRow, plain: u64) {
        let name = row.asker.as_ref().map_or("(stranger)", |person| person.0.as_str());
        let (person, tools) = self.people.entry(name.to_owned()).or_default();
        name.clone_into(&mut person.person);
        person.asked += 1;
        person.plain_language += plain;
        if let Some(tool) = &row.tool {
            *tools.entry(tool.clone()).or_default() += 1;
        }
    }

    fn wait(&mut self, row: &UseRow) {
        let Some(asked_at) = row.asked_at else { return };
        for rule in &row.rules {
            let (wait, waited) = self.rules.entry(rule.clone()).or_default();
            wait.rule.clone_from(rule);
            wait.count += 1;
            wait.expired += u64::from(row.state == RequestState::Expired);
            waited.extend(row.started_at.map(|started| millis(asked_at, started)));
        }
    }

    /// Takes in a vote that stands.
    pub(super) fn vote(&mut self, vote: &VoteUse) {
        let (approver, times) = self.approvers.entry(vote.person.0.clone()).or_default();
        approver.person.clone_from(&vote.person.0);
        if vote.approves {
            approver.approved += 1;
        } else {
            approver.denied += 1;
        }
        if let Some(asked_at) = vote.asked_at {
            let took = millis(asked_at, vote.at);
            approver.hasty += u64::from(took < HASTY_MS);
            times.push(took);
        }
    }

    /// The figures.
    pub(super) fn finish(self) -> Usage {
        let expired = self.results.get(RequestState::Expired.as_str()).copied().unwrap_or_default();
        let by_approver = most(self.approvers.into_values().map(approver), |one| one.approved + one.denied);
        let waits = Waits {
            by_rule: most(self.rules.into_values().map(wait), |one| one.count),
            expired,
            votes: by_approver.iter().map(|one| one.approved + one.denied).sum(),
            hasty: by_approver.iter().map(|one| one.hasty).sum(),
            by_approver,
        };
        Usage {
            since: self.since,
            until: self.until,
            requests: self.requests,
            plain_language: self.plain,
            exact_commands: self.exact,
            results: counts(self.results.into_iter().map(|(name, count)| (name.to_owned(), count))),
            commands: most(self.commands.into_values().map(command), |one| one.count),
            people: most(self.people.into_values().map(person), |one| one.asked),
            refusals: counts(self.refusals),
            waits,
            model: self.model,
            days: self.days.into_values().collect(),
        }
    }
}

const fn is_declined(state: RequestState) -> bool {
    matches!(state, RequestState::Refused | RequestState::Denied | RequestState::Expired)
}

fn command((mut command, mut runs): (CommandUse, Vec<u64>)) -> CommandUse {
    command.p50_ms = quantile(&mut runs, 50);
    command.p95_ms = quantile(&mut runs, 95);
    command
}

fn person((mut person, tools): (PersonUse, BTreeMap<String, u64>)) -> PersonUse {
    let most = tools.into_iter().max_by_key(|(tool, count)| (*count, Reverse(tool.clone())));
    person.most = most.map(|(tool, _count)| tool).unwrap_or_default();
    person
}

fn wait((mut wait, mut waited): (Wait, Vec<u64>)) -> Wait {
    wait.p50_ms = quantile(&mut waited, 50);
    wait.p90_ms = quantile(&mut waited, 90);
    wait
}

fn approver((mut approver, mut times): (Approver, Vec<u64>)) -> Approver {
    approver.p50_ms = quantile(&mut times, 50);
    approver
}

/// Nearest rank: the smallest value that at least so many in a hundred do not exceed.
fn quantile(values: &mut [u64], percent: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}

/// The largest first; those that are equal stay in the order of their names.
fn most<T>(items: impl Iterator<Item = T>, size: impl Fn(&T) -> u64) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(|item| Reverse(size(item)));
    items
}

fn counts(counted: impl IntoIterator<Item = (String, u64)>) -> Vec<Count> {
    most(counted.into_iter().map(|(name, count)| Count { name, count }), |one| one.count)
}

/// A clock may step back between two entries; then nothing passed.
fn millis(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}

fn date(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

fn days(since: Timestamp, until: Timestamp) -> BTreeMap<Date, Day> {
    let last = date(until.checked_sub(Span::new().milliseconds(1)).unwrap_or(until));
    let empty =
        |date: Date| Day { date: date.to_string(), count: 0, plain_language: 0, declined: 0, broken: 0 };
    let days = date(since).series(Span::new().days(1)).take_while(|day| *day <= last).take(DAYS);
    days.map(|date| (date, empty(date))).collect()
}
