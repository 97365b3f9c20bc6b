//! Who is in which user group: asked of Slack, kept for a moment, and never made up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::client::{Account, Client, Identity, SlackError};
use crate::chat::{Standing, Unknown};
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
    home: Option<Arc<Identity>>,
}

/// Whether something is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// It was, and is not any more.
    Forgotten,
    /// It never was.
    Never,
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

    /// Forgets one account: something about it has changed.
    pub fn forget_account(&self, user: &str) -> Remembered {
        match self.known().accounts.remove(user) {
            Some(_account) => Remembered::Forgotten,
            None => Remembered::Never,
        }
    }

    /// Whether an account is a member's of our workspace, or of the organisation that it belongs to.
    ///
    /// # Errors
    /// It cannot be read. Then it may do nothing.
    pub async fn standing(&self, account: &ChatUser) -> Result<Standing, Unknown> {
        let unknown = |error: SlackError| Unknown(error.to_string());
        let home = self.home().await.map_err(unknown)?;
        match self.account(&account.user).await {
            Ok(account) => Ok(at_home(&account, &home)),
            // Slack shows us nobody who is in no channel with us.
            Err(error) if matches!(error.code(), "user_not_found" | "user_not_visible") => {
                Ok(Standing::Elsewhere)
            }
            Err(error) => Err(unknown(error)),
        }
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
            if account.standing == Standing::Member && account.team == group.workspace {
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

    /// Who we are, which does not change while the token is the same.
    async fn home(&self) -> Result<Arc<Identity>, SlackError> {
        if let Some(home) = &self.known().home {
            return Ok(Arc::clone(home));
        }
        let home = Arc::new(self.client.identity().await?);
        self.known().home = Some(Arc::clone(&home));
        Ok(home)
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

/// How an account stands here: a member of another organisation is a stranger, whatever Slack calls them. That somebody is
/// in a channel that two organisations share is not said of the account itself.
fn at_home(account: &Account, home: &Identity) -> Standing {
    let ours = account.team == home.team && !home.team.is_empty()
        || account.enterprise == home.enterprise && !home.enterprise.is_empty();
    match account.standing {
        Standing::Member if !ours => Standing::Elsewhere,
        standing => standing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_one_of_our_workspace_or_our_organisation() {
        let home = |team: &str, enterprise: &str| Identity {
            team: team.to_owned(),
            enterprise: enterprise.to_owned(),
            ..Identity::default()
        };
        let of = |team: &str, enterprise: &str, standing| Account {
            team: team.to_owned(),
            enterprise: enterprise.to_owned(),
            name: "x".to_owned(),
            standing,
        };
        let member = Standing::Member;
        assert_eq!(at_home(&of("T1", "", member), &home("T1", "")), member);
        assert_eq!(at_home(&of("T2", "", member), &home("T1", "")), Standing::Elsewhere);
        assert_eq!(
            at_home(&of("", "", member), &home("", "")),
            Standing::Elsewhere,
            "nothing is not the same"
        );
        assert_eq!(at_home(&of("T2", "E1", member), &home("T1", "E1")), member, "one organisation");
        assert_eq!(at_home(&of("T2", "E2", member), &home("T1", "E1")), Standing::Elsewhere);
        assert_eq!(at_home(&of("T1", "", Standing::Guest), &home("T1", "")), Standing::Guest);
    }
}
