use super::decide::Asker;
use super::prospects::{cell, outlook};
use super::{Policy, ToolWord};
use crate::catalog::Direction;
use crate::domain::{PersonId, RoleName};

/// A promise of the file about itself, checked before the file is taken.
pub(super) struct Example<'v> {
    pub tool: &'v ToolWord,
    pub environment: Option<String>,
    pub direction: Option<Direction>,
    pub by: As,
    pub channel: String,
    pub expect: String,
}

/// Who asks in an example.
pub(super) enum As {
    Person(PersonId),
    Role(RoleName),
}

impl Example<'_> {
    /// What the policy says instead, if it does not say what is expected.
    pub fn contradiction(&self, policy: &Policy) -> Option<String> {
        let roles;
        let granted;
        let asker = match &self.by {
            As::Person(id) => {
                let person = policy.person(id)?;
                Asker { name: &person.id.0, granted: &person.granted, roles: &person.roles }
            }
            As::Role(role) => {
                roles = policy.roles.get(role).cloned().unwrap_or_default();
                granted = [role.clone()].into();
                Asker { name: &role.0, granted: &granted, roles: &roles }
            }
        };
        let cell = cell(self.tool, self.environment.as_deref(), self.direction);
        // A channel that is not listed is a fine thing to show in an example.
        let listed = policy.channels().iter().find(|channel| channel.name == self.channel);
        let found = outlook(policy, &cell, &asker, listed.map(|channel| channel.name.as_str())).summary();
        (found != self.expect).then_some(found)
    }
}
