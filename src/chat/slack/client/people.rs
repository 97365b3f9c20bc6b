//! Who belongs to what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::methods::{USER, USER_GROUPS};
use super::{Client, SlackError};
use crate::chat::Standing;

/// What Slack knows of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its workspace.
    pub team: String,
    /// The organisation of its workspace; empty where there is none.
    pub enterprise: String,
    /// The name people see.
    pub name: String,
    /// How it stands, as far as that does not hang on where we are.
    pub standing: Standing,
}

impl Client {
    /// The members of each user group, by the group's id.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn user_groups(&self) -> Result<BTreeMap<String, BTreeSet<String>>, SlackError> {
        let args = json!({ "include_users": true, "include_disabled": false });
        let answer = self.patiently(USER_GROUPS, &args).await?;
        let groups = answer.get("usergroups").and_then(Value::as_array);
        let groups = groups.ok_or(SlackError::Status { method: USER_GROUPS.name, status: 200 })?;
        let members = |group: &Value| {
            let users = group.get("users").and_then(Value::as_array).into_iter().flatten();
            users.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Ok(groups
            .iter()
            .filter_map(|group| Some((group.get("id")?.as_str()?.to_owned(), members(group))))
            .collect())
    }

    /// What Slack knows of an account.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn account(&self, user: &str) -> Result<Account, SlackError> {
        let answer = self.patiently(USER, &json!({ "user": user })).await?;
        let account = answer.get("user").unwrap_or(&Value::Null);
        // An answer without an account says nothing about it.
        let nothing = || SlackError::Status { method: USER.name, status: 200 };
        let id = account.get("id").and_then(Value::as_str).filter(|id| *id == user);
        id.ok_or_else(nothing)?;
        let is = |name: &str| account.get(name).and_then(Value::as_bool).unwrap_or(false);
        let text = |path: &str| account.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let standing = if is("deleted") {
            Standing::Closed
        } else if is("is_stranger") {
            Standing::Elsewhere
        } else if is("is_bot") || is("is_app_user") || is("is_workflow_bot") {
            Standing::Bot
        } else if is("is_restricted") || is("is_ultra_restricted") {
            Standing::Guest
        } else {
            Standing::Member
        };
        let names = [text("/profile/display_name"), text("/real_name"), text("/name"), user];
        Ok(Account {
            team: text("/team_id").to_owned(),
            enterprise: text("/enterprise_user/enterprise_id").to_owned(),
            name: names.into_iter().find(|name| !name.is_empty()).unwrap_or(user).to_owned(),
            standing,
        })
    }
}
