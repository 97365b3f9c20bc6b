use std::borrow::Cow;
use std::collections::BTreeSet;

use super::names::{Names, bare};
use super::reader::{Source, Table, Word};
use super::rules::direction;
use crate::catalog::Direction;
use crate::domain::{PersonId, RoleName};
use crate::gate::membership::Holder;
use crate::gate::prospects::{cell, outlook};
use crate::gate::{Policy, ToolWord};

/// A promise of the file about itself, checked before the file is taken.
pub(super) struct Example<'v> {
    /// Where it stands.
    pub at: usize,
    tool: &'v ToolWord,
    environment: Option<String>,
    direction: Option<Direction>,
    by: As,
    channel: String,
    pub expect: String,
}

/// Who asks in an example.
enum As {
    Person(PersonId),
    Role(RoleName),
}

impl<'v> Names<'v> {
    /// `[[example]]`.
    pub fn read_examples(&self, source: &mut Source<'_>, tables: Vec<Table<'_>>) -> Vec<Example<'v>> {
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
            found.push(Example { at, tool, environment, direction, by, channel, expect: expect.text });
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

impl Example<'_> {
    /// What the policy says instead, if it does not say what is expected. The roles are those of the file.
    pub fn contradiction(&self, policy: &Policy) -> Option<String> {
        let (id, granted): (_, BTreeSet<RoleName>) = match &self.by {
            As::Person(id) => (id.clone(), policy.person(id)?.granted.clone()),
            As::Role(role) => (PersonId(role.0.clone()), [role.clone()].into()),
        };
        let roles = policy.closure(&granted);
        let asker = Holder { id: &id, granted: Cow::Owned(granted), roles: Cow::Owned(roles) };
        let cell = cell(self.tool, self.environment.as_deref(), self.direction);
        // A channel that is not listed is a fine thing to show in an example.
        let listed = policy.channels().iter().find(|channel| channel.name == self.channel);
        let found = outlook(policy, &cell, &asker, listed.map(|channel| channel.name.as_str())).summary();
        (found != self.expect).then_some(found)
    }
}
