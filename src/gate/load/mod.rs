//! Reads `policy.toml`: key by key, so that each mistake has its line.

mod example;
mod extras;
mod form;
mod names;
mod reader;
mod rules;
mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeTable;

pub use self::form::policy_schema;
use self::names::Names;
use self::reader::{Source, Table, Word, words};
use super::rule::Rules;
use super::{Defaults, Policy, PolicyProblem, Vocabulary};
use crate::domain::{Digest, RoleName};

/// The one version of the file's form.
const VERSION: u64 = 1;

impl Policy {
    /// Reads and checks a policy file; `file` is its name in problems.
    ///
    /// # Errors
    /// Everything that is wrong with it: a key, tool, environment, role, channel or person that does not exist, an
    /// empty list, a requirement that nobody could meet, an account of two people, an example that does not hold.
    pub fn load(file: &str, text: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<PolicyProblem>> {
        let mut source = Source::new(file, text);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            source.complain(at, format!("this is not TOML: {}", error.message().trim()));
        }
        if !source.problems.is_empty() {
            return Err(source.problems);
        }
        let root = Table::new("the file", document.get_ref(), 0);
        let policy =
            read(&mut source, root, vocabulary, Digest::labelled("countersign/policy/v1", text.as_bytes()));
        if source.problems.is_empty() { Ok(policy) } else { Err(source.problems) }
    }
}

fn read(source: &mut Source<'_>, mut root: Table<'_>, vocabulary: &Vocabulary, digest: Digest) -> Policy {
    if root.number(source, "version") != Some(VERSION) {
        source.complain_of_file(format!("a policy begins with `version = {VERSION}`"));
    }
    let table = root.table(source, "defaults");
    let (defaults, zone) = read_defaults(source, table);
    let table = root.table(source, "roles");
    let roles = roles(source, table.as_ref());
    let mut names = Names {
        vocabulary,
        defaults,
        zone,
        roles,
        channels: Vec::new(),
        people: BTreeMap::new(),
        groups: Vec::new(),
        on_call: Vec::new(),
    };
    let tables = root.tables(source, "person");
    let accounts = names.read_people(source, tables);
    let tables = root.tables(source, "channel");
    names.read_channels(source, tables);
    let tables = root.tables(source, "group");
    names.read_groups(source, tables);
    let tables = root.tables(source, "on_call");
    names.read_on_call(source, tables);
    let exempt_from_locks = match root.table(source, "locks") {
        Some(mut table) => {
            let exempt = names.tool_names(source, &mut table, "exempt");
            table.finish(source);
            exempt
        }
        None => BTreeSet::new(),
    };
    let tables = root.tables(source, "freeze");
    let freezes = names.read_freezes(source, tables, &exempt_from_locks);
    let tables = root.tables(source, "rule");
    let rules = names.read_rules(source, tables);
    let tables = root.tables(source, "limit");
    let limits = names.read_limits(source, tables);
    let table = root.table(source, "order");
    let order = names.read_order(source, table);
    let table = root.table(source, "break_glass");
    let break_glass = names.read_break_glass(source, table);
    let tables = root.tables(source, "example");
    let examples = names.read_examples(source, tables);
    root.finish(source);
    let Names { defaults, zone, roles, channels, people, groups, on_call, .. } = names;
    let policy = Policy {
        digest,
        defaults,
        zone,
        roles,
        people,
        accounts,
        groups,
        on_call,
        channels,
        rules: Rules::new(rules, vocabulary.tools.iter().map(|tool| tool.name.as_str())),
        freezes,
        exempt_from_locks,
        limits,
        order,
        break_glass,
        vocabulary: vocabulary.clone(),
    };
    if source.problems.is_empty() {
        for example in examples {
            if let Some(found) = example.contradiction(&policy) {
                let expected = &example.expect;
                let sentence = format!("this example expects `{expected}`, but the rules say `{found}`");
                source.complain(example.at, sentence);
            }
        }
    }
    policy
}

fn read_defaults(source: &mut Source<'_>, table: Option<Table<'_>>) -> (Defaults, TimeZone) {
    let mut defaults = Defaults {
        expires_after: Duration::from_secs(30 * 60),
        start_within: Duration::from_secs(5 * 60),
        remind_before: Some(Duration::from_secs(5 * 60)),
        approvals_per_hour: None,
    };
    let mut zone = TimeZone::UTC;
    if let Some(mut table) = table {
        defaults.expires_after = table.minutes(source, "expires_minutes").unwrap_or(defaults.expires_after);
        defaults.start_within =
            table.minutes(source, "start_within_minutes").unwrap_or(defaults.start_within);
        defaults.remind_before = table.minutes(source, "remind_minutes").or(defaults.remind_before);
        defaults.approvals_per_hour = table.count(source, "approvals_per_hour");
        let name = table.text(source, "time_zone");
        zone = time_zone(source, name).unwrap_or(zone);
        table.finish(source);
    }
    (defaults, zone)
}

/// A zone by its IANA name.
fn time_zone(source: &mut Source<'_>, name: Option<Word>) -> Option<TimeZone> {
    let name = name?;
    let zone = TimeZone::get(&name.text).ok();
    if zone.is_none() {
        let sentence =
            format!("there is no time zone `{}`; write it like `Europe/Vienna` or `UTC`", name.text);
        source.complain(name.at, sentence);
    }
    zone
}

/// Reads `role = [included roles]` and closes it: each role with all that it includes, itself first of all.
fn roles(source: &mut Source<'_>, table: Option<&Table<'_>>) -> BTreeMap<RoleName, BTreeSet<RoleName>> {
    let mut direct: BTreeMap<String, (Word, Vec<Word>)> = BTreeMap::new();
    for (name, value) in table.into_iter().flat_map(Table::entries) {
        match words(value.get_ref()) {
            Some(included) => drop(direct.insert(name.text.clone(), (name, included))),
            None => source.complain(name.at, format!("role `{}` must list the roles it includes", name.text)),
        }
    }
    for word in direct.values().flat_map(|(_, included)| included) {
        if !direct.contains_key(&word.text) {
            source.unknown("role", word, direct.keys().map(String::as_str));
        }
    }
    let mut closed = BTreeMap::new();
    for (name, (word, included)) in &direct {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = included.iter().map(|word| word.text.as_str()).collect();
        while let Some(role) = next.pop() {
            if reached.insert(RoleName(role.to_owned())) {
                next.extend(
                    direct.get(role).iter().flat_map(|(_, more)| more).map(|word| word.text.as_str()),
                );
            }
        }
        if !reached.insert(RoleName(name.clone())) {
            source.complain(word.at, format!("role `{name}` includes itself, by way of what it lists"));
        }
        closed.insert(RoleName(name.clone()), reached);
    }
    closed
}
