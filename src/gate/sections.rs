//! People and channels, and the names that the rows of the table may use.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::reader::{Source, Table, Word};
use super::{Channel, Person, ToolWord, Vocabulary};
use crate::domain::{PersonId, Platform, RoleName};

/// What is known so far.
pub(super) struct Sections<'v> {
    pub vocabulary: &'v Vocabulary,
    pub zone: TimeZone,
    pub roles: BTreeMap<RoleName, BTreeSet<RoleName>>,
    pub channels: Vec<Channel>,
    pub people: BTreeMap<PersonId, Person>,
}

impl<'v> Sections<'v> {
    /// `[[person]]`; gives account to person.
    pub fn read_people(
        &mut self,
        source: &mut Source<'_>,
        tables: Vec<Table<'_>>,
    ) -> BTreeMap<String, PersonId> {
        let mut accounts: BTreeMap<String, PersonId> = BTreeMap::new();
        for mut table in tables {
            let Some(id) = table.must(source, "id") else { continue };
            let roles = table.list(source, "roles").unwrap_or_default();
            let identities = table.list(source, "identities").unwrap_or_default();
            let granted: BTreeSet<_> = roles.iter().filter_map(|word| self.role(source, word)).collect();
            let person = PersonId(id.text);
            for word in &identities {
                if !is_identity(&word.text) {
                    let sentence =
                        format!("`{}` is no account; write `console:alice` or `slack:T01/U02`", word.text);
                    source.complain(word.at, sentence);
                }
                if let Some(other) = accounts.insert(word.text.clone(), person.clone()) {
                    source.complain(word.at, format!("the account `{}` is {other}'s already", word.text));
                }
            }
            let roles = granted.iter().filter_map(|role| self.roles.get(role)).flatten().cloned().collect();
            let identities = identities.into_iter().map(|word| word.text).collect();
            if self.people.contains_key(&person) {
                source.complain(id.at, format!("there are two people called `{person}`"));
            }
            self.people.insert(person.clone(), Person { id: person, granted, roles, identities });
            table.finish(source);
        }
        accounts
    }

    /// `[[channel]]`.
    pub fn read_channels(&mut self, source: &mut Source<'_>, tables: Vec<Table<'_>>) {
        for mut table in tables {
            let name = table.must(source, "name");
            let platform = table.must(source, "platform");
            let workspace = table.text(source, "workspace").map(|word| word.text).unwrap_or_default();
            let id = table.text(source, "id");
            let at = table.at();
            table.finish(source);
            let (Some(name), Some(word)) = (name, platform) else { continue };
            let Some(platform) = Platform::parse(&word.text) else {
                source.unknown("platform", &word, ["console", "slack", "discord", "teams", "mattermost"]);
                continue;
            };
            let name = bare(&name.text).to_owned();
            let channel =
                Channel { id: id.map_or_else(|| name.clone(), |id| id.text), name, platform, workspace };
            if self.channels.iter().any(|other| {
                (other.platform, &other.workspace, &other.id) == (platform, &channel.workspace, &channel.id)
            }) {
                source.complain(at, format!("the channel `{}` is listed twice", channel.name));
            }
            self.channels.push(channel);
        }
    }

    pub fn role(&self, source: &mut Source<'_>, word: &Word) -> Option<RoleName> {
        let role = RoleName(word.text.clone());
        if self.roles.contains_key(&role) {
            return Some(role);
        }
        source.unknown("role", word, self.roles.keys().map(|role| role.0.as_str()));
        None
    }

    pub fn tool(&self, source: &mut Source<'_>, word: &Word) -> Option<&'v ToolWord> {
        let found = self.vocabulary.tools.iter().find(|tool| tool.name == word.text);
        if found.is_none() {
            source.unknown("tool", word, self.vocabulary.tools.iter().map(|tool| tool.name.as_str()));
        }
        found
    }

    pub fn tool_words(
        &self,
        source: &mut Source<'_>,
        table: &mut Table<'_>,
        key: &'static str,
    ) -> Vec<&'v ToolWord> {
        let words = table.list(source, key).unwrap_or_default();
        words.iter().filter_map(|word| self.tool(source, word)).collect()
    }

    /// A list of tools.
    pub fn tool_names(
        &self,
        source: &mut Source<'_>,
        table: &mut Table<'_>,
        key: &'static str,
    ) -> BTreeSet<String> {
        self.tool_words(source, table, key).into_iter().map(|tool| tool.name.clone()).collect()
    }

    pub fn environments(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> BTreeSet<String> {
        let words = table.list(source, "env").unwrap_or_default();
        words.into_iter().filter(|word| self.is_environment(source, word)).map(|word| word.text).collect()
    }

    pub fn is_environment(&self, source: &mut Source<'_>, word: &Word) -> bool {
        let known = self.vocabulary.environments.contains(&word.text);
        if !known {
            source.unknown("environment", word, self.vocabulary.environments.iter().map(String::as_str));
        }
        known
    }

    pub fn channel_names(&self, source: &mut Source<'_>, words: &[Word]) -> BTreeSet<String> {
        let known = || self.channels.iter().map(|channel| channel.name.as_str());
        let mut found = BTreeSet::new();
        for word in words {
            let name = Word { text: bare(&word.text).to_owned(), at: word.at };
            if known().any(|channel| channel == name.text) {
                found.insert(name.text);
            } else {
                source.unknown("channel", &name, known());
            }
        }
        found
    }
}

fn is_identity(text: &str) -> bool {
    text.split_once(':').is_some_and(|(platform, user)| {
        Platform::parse(platform).is_some() && !user.is_empty() && !user.contains(char::is_whitespace)
    })
}

pub(super) fn bare(channel: &str) -> &str {
    channel.strip_prefix('#').unwrap_or(channel)
}
