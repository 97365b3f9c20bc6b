//! `[[rule]]`: each checked against the names that came before it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::Names;
use super::reader::{Source, Table, Word};
use crate::catalog::{Direction, EffectClass};
use crate::gate::house::{ACCEPT, rule_for_policies};
use crate::gate::rule::Rule;
use crate::gate::{Escalation, Requirement, ToolWord, Tools, Verify};

impl Names<'_> {
    /// `[[rule]]`, ordered by id so that the order of the file means nothing.
    pub fn read_rules(&self, source: &mut Source<'_>, tables: Vec<Table<'_>>) -> Vec<Rule> {
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        for mut table in tables {
            let rule = self.rule(source, &mut table);
            let at = table.at();
            table.finish(source);
            let Some(rule) = rule else { continue };
            self.check_needs(source, at, &rule);
            self.check_times(source, at, &rule);
            rules.insert(rule.id.clone(), rule);
        }
        if let Some(rule) = rule_for_policies(&rules, &self.people, self.vocabulary)
            && let Some(hidden) = rules.insert(rule.id.clone(), rule)
        {
            let sentence =
                format!("a rule called `{}` must be about `{ACCEPT}`; call this one otherwise", hidden.id);
            source.complain_of_file(sentence);
        }
        rules.into_values().collect()
    }

    fn rule(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Option<Rule> {
        table.demand(source, "tools");
        let tools = self.tools(source, table);
        let env = self.environments(source, table);
        let when = table.text(source, "when");
        let idle = |tool: &&ToolWord| {
            (env.is_some() && !tool.has_environment) || (when.is_some() && !tool.has_direction)
        };
        // What is said of every tool is meant for those that it can be said of.
        let named = if tools == Tools::All { Vec::new() } else { self.words_of(&tools).collect() };
        for tool in named.into_iter().filter(idle) {
            let lacks = if env.is_some() && !tool.has_environment {
                "acts on no environment"
            } else {
                "has no direction"
            };
            let sentence = format!("`{}` {lacks}, so this rule would never match it", tool.name);
            source.complain(table.at(), sentence);
        }
        let channels = table.list(source, "channels");
        Some(Rule {
            tools,
            env,
            when: when.and_then(|word| direction(source, &word)),
            tags: self.tags(source, table),
            effect: choose(source, table, "effect", &EFFECTS).unwrap_or(EffectClass::Read),
            ask: table.text(source, "ask").and_then(|word| self.role(source, &word)),
            channels: channels.map(|words| self.channel_names(source, &words)),
            confirm: table.flag(source, "confirm"),
            need: self.requirements(source, table),
            denied_by: self.role_names(source, table, "denied_by"),
            verify: choose(source, table, "verify", &VERIFY).unwrap_or_default(),
            expires: table.minutes(source, "expires_minutes"),
            start_within: table.minutes(source, "start_within_minutes"),
            remind: table.minutes(source, "remind_minutes"),
            escalate: self.escalation(source, table),
            reason: table.flag(source, "reason"),
            deny: table.text(source, "deny").map(|word| word.text),
            id: source.id(table)?,
        })
    }

    fn tags(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> std::collections::BTreeSet<String> {
        let words = table.list(source, "tags").unwrap_or_default();
        for word in words.iter().filter(|word| !self.vocabulary.tags.contains(&word.text)) {
            source.unknown("tag", word, self.vocabulary.tags.iter().map(String::as_str));
        }
        words.into_iter().map(|word| word.text).collect()
    }

    fn escalation(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Option<Escalation> {
        let mut inner = table.table(source, "escalate")?;
        let after = inner.must_minutes(source, "after_minutes");
        let to = inner.must(source, "to").and_then(|word| self.audience(source, &word));
        inner.finish(source);
        Some(Escalation { after: after?, to: to? })
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
        let people = self.at_most();
        let all: Vec<_> = people.iter().collect();
        let house_asks = rule.names_them() && rule.tools.contains(ACCEPT);
        for requirement in &rule.need {
            let met = (house_asks && requirement.met_by(&all))
                || people.iter().enumerate().any(|(asker, roles)| {
                    let others = people.iter().enumerate().filter(|(index, _)| *index != asker);
                    let others: Vec<_> = others.map(|(_, roles)| roles).collect();
                    rule.ask.as_ref().is_none_or(|role| roles.contains(role)) && requirement.met_by(&others)
                });
            if !met {
                let sentence =
                    format!("nobody could ever meet `{requirement}`: too few people have these roles");
                source.complain(at, sentence);
            }
        }
        if rule.need.is_empty() && !rule.denied_by.is_empty() {
            source.complain(
                at,
                "`denied_by` is for rules with `need`: where nobody is asked, nobody can say no",
            );
        }
    }

    /// What happens while it waits must happen before the wait is over.
    fn check_times(&self, source: &mut Source<'_>, at: usize, rule: &Rule) {
        let wait = rule.expires.unwrap_or(self.defaults.expires_after);
        let mut late = |key: &str, time: Option<Duration>| {
            if time.is_some_and(|time| time >= wait) {
                let minutes = wait.as_secs() / 60;
                source.complain(at, format!("`{key}` must be less than the {minutes} minutes that it waits"));
            }
        };
        late("after_minutes", rule.escalate.as_ref().map(|escalation| escalation.after));
        late("remind_minutes", rule.remind);
    }
}

const EFFECTS: [(&str, EffectClass); 3] =
    [("read", EffectClass::Read), ("write", EffectClass::Write), ("destructive", EffectClass::Destructive)];

const VERIFY: [(&str, Verify); 3] =
    [("chat", Verify::Chat), ("type", Verify::Type), ("console", Verify::Console)];

/// A text that must be one of a few.
pub(super) fn choose<T: Copy>(
    source: &mut Source<'_>,
    table: &mut Table<'_>,
    key: &'static str,
    known: &[(&str, T)],
) -> Option<T> {
    let word = table.text(source, key)?;
    pick(source, key, &word, known)
}

/// The value that a word stands for.
pub(super) fn pick<T: Copy>(
    source: &mut Source<'_>,
    kind: &str,
    word: &Word,
    known: &[(&str, T)],
) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value);
    if found.is_none() {
        source.unknown(kind, word, known.iter().map(|(name, _)| *name));
    }
    found
}

/// `scale_up` or `scale_down`.
pub(super) fn direction(source: &mut Source<'_>, word: &Word) -> Option<Direction> {
    pick(source, "`when`", word, &[("scale_up", Direction::Up), ("scale_down", Direction::Down)])
}
