use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeTable;

use super::reader::{Source, Table, Word, words};
use super::sections::Sections;
use super::{Limits, Policy, PolicyProblem, Vocabulary};
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
    let (limits, zone) = defaults(source, table);
    let table = root.table(source, "roles");
    let roles = roles(source, table.as_ref());
    let mut sections =
        Sections { vocabulary, zone: zone.clone(), roles, channels: Vec::new(), people: BTreeMap::new() };
    let people = root.tables(source, "person");
    let accounts = sections.read_people(source, people);
    let channels = root.tables(source, "channel");
    sections.read_channels(source, channels);
    let exempt_from_locks = match root.table(source, "locks") {
        Some(mut table) => {
            let exempt = sections.tool_names(source, &mut table, "exempt");
            table.finish(source);
            exempt
        }
        None => BTreeSet::new(),
    };
    let freezes = root.tables(source, "freeze");
    let freezes = sections.read_freezes(source, freezes, &exempt_from_locks);
    let rules = root.tables(source, "rule");
    let rules = sections.read_rules(source, rules);
    let examples = root.tables(source, "example");
    let examples = sections.read_examples(source, examples);
    root.finish(source);
    let Sections { roles, channels, people, .. } = sections;
    let policy = Policy {
        digest,
        limits,
        zone,
        roles,
        people,
        accounts,
        channels,
        rules,
        freezes,
        exempt_from_locks,
        vocabulary: vocabulary.clone(),
    };
    if source.problems.is_empty() {
        for (at, example) in examples {
            if let Some(found) = example.contradiction(&policy) {
                source.complain(
                    at,
                    format!("this example expects `{}`, but the rules say `{found}`", example.expect),
                );
            }
        }
    }
    policy
}

fn defaults(source: &mut Source<'_>, table: Option<Table<'_>>) -> (Limits, TimeZone) {
    let mut limits =
        Limits { expires_after: Duration::from_secs(30 * 60), start_within: Duration::from_secs(5 * 60) };
    let mut zone = TimeZone::UTC;
    if let Some(mut table) = table {
        limits.expires_after = table.minutes(source, "expires_minutes").unwrap_or(limits.expires_after);
        limits.start_within = table.minutes(source, "start_within_minutes").unwrap_or(limits.start_within);
        let name = table.text(source, "time_zone");
        zone = time_zone(source, name).unwrap_or(zone);
        table.finish(source);
    }
    (limits, zone)
}

/// A zone by its IANA name.
pub(super) fn time_zone(source: &mut Source<'_>, name: Option<Word>) -> Option<TimeZone> {
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
