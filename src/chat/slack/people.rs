//! Who is in which user group: asked of Slack, kept for a moment, and never made up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::client::{Account, Client, SlackError};
use crate::chat::Unknown;
use crate::domain::{ChatUser, Platform};
use crate::gate::GroupKey;

/// How long the groups are kept: as long as one reading of all of them takes.
const GROUPS_KEPT: Duration = Duration::from_secs(30);

/// How long it is kept whether an account is a member's. Slack tells us when that changes.
const ACCOUNTS_KEPT: Duration = Duration::from_secs(600);

/// The members of each group, by the group's id.
type Groups = BTreeMap<String, BTreeSet<String>>;

/// The people of a workspace.
pub struct People {
    client: Arc<Client>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    groups: Option<(Instant, Arc<Groups>)>,
    accounts: BTreeMap<String, (Instant, Account)>,
}

impl People {
    /// People of whom nothing is known yet.
    pub fn new(client: Arc<Client>) -> Arc<Self> {
        Arc::new(Self { client, known: Mutex::default() })
    }

    /// Forgets everything: something has changed.
    pub fn forget(&self) {
        *self.known() = Known::default();
    }

    /// The accounts in a group that are members': guests, bots, closed accounts and people of elsewhere are left out.
    ///
    /// # Errors
    /// It cannot be read, or there is no such group. Then nobody is in it.
    pub async fn members(&self, group: &GroupKey) -> Result<Vec<ChatUser>, Unknown> {
        let unknown = |error: SlackError| Unknown(error.to_string());
        let groups = self.groups().await.map_err(unknown)?;
        let users = groups.get(&group.id).ok_or_else(|| {
            Unknown(format!("Slack has no user group `{}`; a group's id begins with S", group.id))
        })?;
        let mut members = Vec::new();
        for user in users {
            let account = self.account(user).await.map_err(unknown)?;
            // The group is the workspace's, and an account of another one that is in it does not become its.
            if account.member && account.team == group.workspace {
                members.push(ChatUser {
                    platform: Platform::Slack,
                    workspace: account.team,
                    user: user.clone(),
                    display: account.name,
                });
            }
        }
        Ok(members)
    }

    async fn groups(&self) -> Result<Arc<Groups>, SlackError> {
        let now = Instant::now();
        if let Some((at, groups)) = &self.known().groups
            && now.duration_since(*at) < GROUPS_KEPT
        {
            return Ok(Arc::clone(groups));
        }
        let groups = Arc::new(self.client.user_groups().await?);
        self.known().groups = Some((now, Arc::clone(&groups)));
        Ok(groups)
    }

    async fn account(&self, user: &str) -> Result<Account, SlackError> {
        let now = Instant::now();
        let kept = self.known().accounts.get(user).cloned();
        if let Some((at, account)) = kept
            && now.duration_since(at) < ACCOUNTS_KEPT
        {
            return Ok(account);
        }
        let account = self.client.account(user).await?;
        self.known().accounts.insert(user.to_owned(), (now, account.clone()));
        Ok(account)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
