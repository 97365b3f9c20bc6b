//! People and channels, and the names that the rows of the table may use.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::reader::{Source, Table, Word};
use crate::domain::{ChatUser, PersonId, Platform, RoleName};
use crate::gate::{
    Audience, Channel, Defaults, Group, GroupKey, OnCall, Person, ToolWord, Tools, Vocabulary, house,
};

/// Stands for every tool.
const EVERY: &str = "*";

/// What is known so far.
pub(super) struct Names<'v> {
    pub vocabulary: &'v Vocabulary,
    pub defaults: Defaults,
    pub zone: TimeZone,
    pub roles: BTreeMap<RoleName, BTreeSet<RoleName>>,
    pub channels: Vec<Channel>,
    pub people: BTreeMap<PersonId, Person>,
    pub groups: Vec<Group>,
    pub on_call: Vec<OnCall>,
}

impl<'v> Names<'v> {
    /// `[[person]]`; gives account to person.
    pub fn read_people(
        &mut self,
        source: &mut Source<'_>,
        tables: Vec<Table<'_>>,
    ) -> BTreeMap<String, PersonId> {
        let mut accounts: BTreeMap<String, PersonId> = BTreeMap::new();
        for mut table in tables {
            let Some(id) = table.must(source, "id") else { continue };
            let identities = table.list(source, "identities").unwrap_or_default();
            let granted = self.role_names(source, &mut table, "roles");
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
            if person == *house() {
                let sentence =
                    format!("`{person}` is what the product itself asks as; give the person another name");
                source.complain(id.at, sentence);
            }
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
            let Some(platform) = platform_of(source, &word) else { continue };
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

    /// `[[group]]`.
    pub fn read_groups(&mut self, source: &mut Source<'_>, tables: Vec<Table<'_>>) {
        for mut table in tables {
            let platform = table.must(source, "platform").and_then(|word| platform_of(source, &word));
            let workspace = table.text(source, "workspace").map(|word| word.text).unwrap_or_default();
            let id = table.must(source, "id");
            table.demand(source, "roles");
            let roles = self.role_names(source, &mut table, "roles");
            let at = table.at();
            table.finish(source);
            let (Some(platform), Some(id)) = (platform, id) else { continue };
            let key = GroupKey { platform, workspace, id: id.text };
            if self.groups.iter().any(|group| group.key == key) {
                source.complain(at, format!("the group `{}` is listed twice", key.id));
            }
            self.groups.push(Group { key, roles });
        }
    }

    /// `[[on_call]]`.
    pub fn read_on_call(&mut self, source: &mut Source<'_>, tables: Vec<Table<'_>>) {
        for mut table in tables {
            let team = table.must(source, "team");
            table.demand(source, "roles");
            let roles = self.role_names(source, &mut table, "roles");
            let at = table.at();
            table.finish(source);
            let Some(team) = team else { continue };
            if !self.vocabulary.teams.contains(&team.text) {
                source.unknown("team", &team, self.vocabulary.teams.iter().map(String::as_str));
            }
            if self.on_call.iter().any(|duty| duty.team == team.text) {
                source.complain(at, format!("the team `{}` is listed twice", team.text));
            }
            self.on_call.push(OnCall { team: team.text, roles });
        }
    }

    /// The most roles that each person could ever hold: those of the file, and all that groups and duty could lend.
    pub fn at_most(&self) -> Vec<BTreeSet<RoleName>> {
        let roles = |person: &Person| {
            let reached = self
                .groups
                .iter()
                .filter(|group| person.identities.iter().any(|identity| is_at(identity, &group.key)));
            let lent = reached.flat_map(|group| &group.roles);
            let duty = self.on_call.iter().flat_map(|duty| &duty.roles);
            let all = lent.chain(duty).filter_map(|role| self.roles.get(role)).flatten();
            person.roles.iter().chain(all).cloned().collect()
        };
        self.people.values().map(roles).collect()
    }

    /// A list of roles.
    pub fn role_names(
        &self,
        source: &mut Source<'_>,
        table: &mut Table<'_>,
        key: &'static str,
    ) -> BTreeSet<RoleName> {
        let words = table.list(source, key).unwrap_or_default();
        words.iter().filter_map(|word| self.role(source, word)).collect()
    }

    /// `team-lead` or `#incidents`.
    pub fn audience(&self, source: &mut Source<'_>, word: &Word) -> Option<Audience> {
        if word.text.starts_with('#') {
            let found = self.channel_names(source, std::slice::from_ref(word));
            return found.into_iter().next().map(Audience::Channel);
        }
        self.role(source, word).map(Audience::Role)
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

    /// A list of tools, or `["*"]` for all there are.
    pub fn tools(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Tools {
        let words = table.list(source, "tools").unwrap_or_default();
        let (every, named): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.text == EVERY);
        match (every.first(), named.first()) {
            (Some(_), None) => return Tools::All,
            (Some(every), Some(_)) => {
                source.complain(every.at, "`*` stands for every tool; it must be the only one in `tools`");
            }
            (None, _) => {}
        }
        Tools::Named(
            named
                .into_iter()
                .filter_map(|word| self.tool(source, word))
                .map(|tool| tool.name.clone())
                .collect(),
        )
    }

    /// A list of tools by name.
    pub fn tool_names(
        &self,
        source: &mut Source<'_>,
        table: &mut Table<'_>,
        key: &'static str,
    ) -> BTreeSet<String> {
        let words = table.list(source, key).unwrap_or_default();
        words.iter().filter_map(|word| self.tool(source, word)).map(|tool| tool.name.clone()).collect()
    }

    /// The tools of the vocabulary that these are.
    pub fn words_of(&self, tools: &Tools) -> impl Iterator<Item = &'v ToolWord> {
        self.vocabulary.tools.iter().filter(|tool| tools.contains(&tool.name))
    }

    /// `env`; `None` where it is left out.
    pub fn environments(&self, source: &mut Source<'_>, table: &mut Table<'_>) -> Option<BTreeSet<String>> {
        let words = table.list(source, "env")?;
        Some(
            words
                .into_iter()
                .filter(|word| self.is_environment(source, word))
                .map(|word| word.text)
                .collect(),
        )
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

fn platform_of(source: &mut Source<'_>, word: &Word) -> Option<Platform> {
    let found = Platform::parse(&word.text);
    if found.is_none() {
        source.unknown("platform", word, ["console", "slack", "discord", "teams", "mattermost"]);
    }
    found
}

/// Whether an account could be a member of a group: it is of the same platform and workspace.
fn is_at(identity: &str, group: &GroupKey) -> bool {
    ChatUser::of_identity(identity)
        .is_some_and(|account| account.platform == group.platform && account.workspace == group.workspace)
}

fn is_identity(text: &str) -> bool {
    text.split_once(':').is_some_and(|(platform, user)| {
        Platform::parse(platform).is_some() && !user.is_empty() && !user.contains(char::is_whitespace)
    })
}

/// A channel without its `#`.
pub(super) fn bare(channel: &str) -> &str {
    channel.strip_prefix('#').unwrap_or(channel)
}
