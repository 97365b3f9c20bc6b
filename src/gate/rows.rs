//! The rows of the file: rules, freezes and examples, each checked against the names that came before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::example::{As, Example};
use super::freeze::{Freeze, Window};
use super::load::time_zone;
use super::reader::{Source, Table, Word};
use super::rule::Rule;
use super::sections::{Sections, bare};
use super::{Person, Requirement, ToolWord, Verify};
use crate::catalog::{Direction, EffectClass};
use crate::domain::{PersonId, RoleName};

impl<'v> Sections<'v> {
    /// `[[rule]]`, ordered by id so that the order of the file means nothing.
    pub fn read_rules(&self, source: &mut Source<'_>, tables: Vec<Table<'_>>) -> Vec<Rule> {
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        for mut table in tables {
            let rule = self.rule(source, &mut table);
            let at = table.at();
            table.finish(source);
            let Some(rule) = rule else { continue };
            self.check_needs(source, at, &rule);
            if let Some(twin) = rules.insert(rule.id.clone(), rule) {
                source.complain(at, format!("there are two rules called `{}`", twin.id));
            }
        }
        rules.into_values().collect()
    }

    fn rule(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Option<Rule> {
        if !table.has("tools") {
            source.complain(table.at(), "[[rule]] needs `tools`");
        }
        let tools = self.tool_words(source, table, "tools");
        let env = table.has("env").then(|| self.environments(source, table));
        let when = table.text(source, "when");
        let idle = |tool: &&&ToolWord| {
            (env.is_some() && !tool.has_environment) || (when.is_some() && !tool.has_direction)
        };
        for tool in tools.iter().filter(idle) {
            let lacks = if tool.has_environment { "has no direction" } else { "acts on no environment" };
            let sentence = format!("`{}` {lacks}, so this rule would never match it", tool.name);
            source.complain(table.at(), sentence);
        }
        let channels = table.list(source, "channels");
        let verify = choose(source, table, "verify", &[("chat", Verify::Chat), ("console", Verify::Console)]);
        Some(Rule {
            tools: tools.into_iter().map(|tool| tool.name.clone()).collect(),
            env,
            when: when.and_then(|word| direction(source, &word)),
            tags: table.list(source, "tags").unwrap_or_default().into_iter().map(|word| word.text).collect(),
            class: choose(source, table, "class", &CLASSES).unwrap_or(EffectClass::Read),
            ask: table.text(source, "ask").and_then(|word| self.role(source, &word)),
            channels: channels.map(|words| self.channel_names(source, &words)),
            confirm: table.flag(source, "confirm"),
            need: self.requirements(source, table),
            verify: verify.unwrap_or_default(),
            expires: table.minutes(source, "expires_minutes"),
            reason: table.flag(source, "reason"),
            deny: table.text(source, "deny").map(|word| word.text),
            id: table.must(source, "id")?.text,
        })
    }

    fn requirements(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Vec<Requirement> {
        let mut found = Vec::new();
        for word in table.list(source, "need").unwrap_or_default() {
            match Requirement::parse(&word.text) {
                Err(sentence) => source.complain(word.at, sentence),
                Ok(requirement) => {
                    let roles = requirement.clauses().iter().flat_map(|clause| &clause.roles);
                    let unknown = roles
                        .filter(|role| {
                            self.role(source, &Word { text: role.0.clone(), at: word.at }).is_none()
                        })
                        .count();
                    if unknown == 0 {
                        found.push(requirement);
                    }
                }
            }
        }
        found
    }

    /// There must be somebody who may ask, and beside them people enough to agree.
    fn check_needs(&self, source: &mut Source<'_>, at: usize, rule: &Rule) {
        for requirement in &rule.need {
            let may_ask = |asker: &&Person| rule.ask.as_ref().is_none_or(|role| asker.roles.contains(role));
            let met = self.people.values().filter(may_ask).any(|asker| {
                let others: Vec<_> = self.people.values().filter(|person| person.id != asker.id).collect();
                requirement.seat(&others).len() == requirement.size()
            });
            if !met {
                let sentence =
                    format!("nobody could ever meet `{requirement}`: too few people have these roles");
                source.complain(at, sentence);
            }
        }
    }

    /// `[[freeze]]`.
    pub fn read_freezes(
        &self,
        source: &mut Source<'_>,
        tables: Vec<Table<'_>>,
        exempt_from_locks: &BTreeSet<String>,
    ) -> Vec<Freeze> {
        let mut found = Vec::new();
        for mut table in tables {
            let id = table.must(source, "id");
            let env = table.has("env").then(|| self.environments(source, &mut table));
            let exempt = match table.has("exempt") {
                true => self.tool_names(source, &mut table, "exempt"),
                false => exempt_from_locks.clone(),
            };
            let reason = table.must(source, "reason");
            let window = self.window(source, &mut table);
            table.finish(source);
            if let (Some(id), Some(reason), Some(window)) = (id, reason, window) {
                found.push(Freeze { id: id.text, env, window, reason: reason.text, exempt });
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
        let (start, end) = (instant(source, &from, &zone), instant(source, &to, &zone));
        let (start, end) = (start?, end?);
        if start >= end {
            source.complain(to.at, "a freeze must end after it begins");
        }
        Some(Window::Once { from: start, to: end })
    }

    /// `[[example]]`, each with where it stands.
    pub fn read_examples(
        &self,
        source: &mut Source<'_>,
        tables: Vec<Table<'_>>,
    ) -> Vec<(usize, Example<'v>)> {
        let mut found = Vec::new();
        for mut table in tables {
            let tool = table.must(source, "tool").and_then(|word| self.tool(source, &word));
            let env = table.text(source, "env").filter(|word| self.is_environment(source, word));
            let direction = table.text(source, "when").and_then(|word| direction(source, &word));
            let by = table.must(source, "as").and_then(|word| self.person_or_role(source, &word));
            let channel = table.must(source, "in");
            let expect = table.must(source, "expect");
            let at = table.at();
            table.finish(source);
            let (Some(tool), Some(by), Some(channel), Some(expect)) = (tool, by, channel, expect) else {
                continue;
            };
            let environment = env.map(|word| word.text);
            let channel = bare(&channel.text).to_owned();
            found.push((at, Example { tool, environment, direction, by, channel, expect: expect.text }));
        }
        found
    }

    fn person_or_role(&self, source: &mut Source<'_>, word: &Word) -> Option<As> {
        let (person, role) = (PersonId(word.text.clone()), RoleName(word.text.clone()));
        if self.people.contains_key(&person) {
            return Some(As::Person(person));
        }
        if self.roles.contains_key(&role) {
            return Some(As::Role(role));
        }
        let people = self.people.keys().map(|person| person.0.as_str());
        source.unknown("person or role", word, people.chain(self.roles.keys().map(|role| role.0.as_str())));
        None
    }
}

const CLASSES: [(&str, EffectClass); 3] =
    [("read", EffectClass::Read), ("write", EffectClass::Write), ("destructive", EffectClass::Destructive)];

fn choose<T: Copy>(
    source: &mut Source<'_>,
    table: &mut Table<'_>,
    key: &'static str,
    known: &[(&str, T)],
) -> Option<T> {
    let word = table.text(source, key)?;
    pick(source, key, &word, known)
}

fn pick<T: Copy>(source: &mut Source<'_>, kind: &str, word: &Word, known: &[(&str, T)]) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value);
    if found.is_none() {
        source.unknown(kind, word, known.iter().map(|(name, _)| *name));
    }
    found
}

fn direction(source: &mut Source<'_>, word: &Word) -> Option<Direction> {
    pick(source, "`when`", word, &[("scale_up", Direction::Up), ("scale_down", Direction::Down)])
}

fn weekday(source: &mut Source<'_>, word: &Word) -> Option<Weekday> {
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let days = [
        ("mon", Monday),
        ("tue", Tuesday),
        ("wed", Wednesday),
        ("thu", Thursday),
        ("fri", Friday),
        ("sat", Saturday),
        ("sun", Sunday),
    ];
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

/// A moment: with an offset as it stands, without one on the clocks of the zone.
fn instant(source: &mut Source<'_>, word: &Word, zone: &TimeZone) -> Option<Timestamp> {
    let local = || zone.to_timestamp(word.text.parse::<DateTime>().ok()?).ok();
    let found = word.text.parse().ok().or_else(local);
    if found.is_none() {
        let sentence = format!("`{}` is no moment; write it like `2026-12-24T18:00:00+01:00`", word.text);
        source.complain(word.at, sentence);
    }
    found
}
