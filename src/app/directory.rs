use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;

use crate::catalog::Catalog;
use crate::chat::slack::People;
use crate::chat::{Answer, Directory, Duty, Standing, Unknown};
use crate::domain::{ChatUser, PersonId, Platform};
use crate::gate::GroupKey;

/// What this installation knows by itself: the console's groups from the configuration, duty from the catalogue.
pub(super) struct Installed {
    /// Group to console accounts.
    pub groups: BTreeMap<String, Vec<String>>,
    pub catalog: Arc<Catalog>,
    /// Slack's people, where there is a Slack.
    pub slack: Option<Arc<People>>,
}

impl Directory for Installed {
    fn members<'a>(&'a self, group: &'a GroupKey) -> Answer<'a, Vec<ChatUser>> {
        let account = |user: &String| ChatUser {
            platform: Platform::Console,
            workspace: String::new(),
            user: user.clone(),
            display: user.clone(),
        };
        let members = match group.platform {
            Platform::Console => self
                .groups
                .get(&group.id)
                .map(|users| users.iter().map(account).collect())
                .ok_or_else(|| Unknown(format!("[console.groups] has no `{}`", group.id))),
            Platform::Slack => match &self.slack {
                Some(people) => return people.members(group).boxed(),
                None => Err(Unknown("there is no [slack] in the configuration".to_owned())),
            },
            Platform::Discord | Platform::Teams | Platform::Mattermost => {
                Err(Unknown(format!("no connection to {} reads groups", group.platform)))
            }
        };
        std::future::ready(members).boxed()
    }

    fn standing<'a>(&'a self, account: &'a ChatUser) -> Answer<'a, Standing> {
        let standing = match account.platform {
            // Whoever has logged in there was let in by us.
            Platform::Console => Ok(Standing::Member),
            Platform::Slack => match &self.slack {
                Some(people) => return people.standing(account).boxed(),
                None => Err(Unknown("there is no [slack] in the configuration".to_owned())),
            },
            Platform::Discord | Platform::Teams | Platform::Mattermost => {
                Err(Unknown(format!("no connection to {} knows its accounts", account.platform)))
            }
        };
        std::future::ready(standing).boxed()
    }

    fn on_call<'a>(&'a self, team: &'a str) -> Answer<'a, Vec<Duty>> {
        let team = self
            .catalog
            .landscape()
            .teams
            .get(team)
            .ok_or_else(|| Unknown(format!("the catalogue has no team `{team}`")));
        let duty = |person: &String| Duty { person: PersonId(person.clone()), until: None };
        std::future::ready(team.map(|team| team.oncall.iter().map(duty).collect())).boxed()
    }
}
