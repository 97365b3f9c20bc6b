//! Channels of their own, for incidents.

use serde_json::{Value, json};

use super::methods::{ARCHIVE, CREATE, INFO, INVITE, TOPIC};
use super::{Client, SlackError};

/// The most characters in the name of a channel.
const MOST_NAME: usize = 80;

/// The most characters in a topic.
const MOST_TOPIC: usize = 250;

/// How many names are tried before giving up.
const NAMES: u32 = 20;

/// What Slack knows of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Its name, without `#`.
    pub name: String,
    /// Whether we are in it.
    pub member: bool,
    /// Whether it was closed.
    pub archived: bool,
}

impl Client {
    /// What Slack knows of a channel.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn channel(&self, channel: &str) -> Result<Channel, SlackError> {
        let answer = self.patiently(INFO, &json!({ "channel": channel })).await?;
        let is = |path: &str| answer.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        let name = answer.pointer("/channel/name").and_then(Value::as_str).unwrap_or(channel);
        Ok(Channel {
            name: name.to_owned(),
            member: is("/channel/is_member"),
            archived: is("/channel/is_archived"),
        })
    }

    /// Makes a channel of this name, or of the name with a number when there is one already, and returns its id.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn create_channel(&self, name: &str) -> Result<String, SlackError> {
        let mut number = 1;
        loop {
            let answer = self.patiently(CREATE, &json!({ "name": channel_name(name, number) })).await;
            match answer {
                Err(SlackError::Refused { code, .. }) if code == "name_taken" && number < NAMES => {
                    number += 1
                }
                Err(error) => return Err(error),
                Ok(answer) => {
                    let id = answer.pointer("/channel/id").and_then(Value::as_str);
                    let none = SlackError::Status { method: CREATE.name, status: 200 };
                    return id.map(str::to_owned).ok_or(none);
                }
            }
        }
    }

    /// Brings people into a channel. Whoever is there already stays.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn invite(&self, channel: &str, users: &[String]) -> Result<(), SlackError> {
        for hundred in users.chunks(100) {
            let args = json!({ "channel": channel, "users": hundred.join(","), "force": true });
            done_before(self.patiently(INVITE, &args).await, "already_in_channel")?;
        }
        Ok(())
    }

    /// Says at the top of a channel what it is about.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn set_topic(&self, channel: &str, topic: &str) -> Result<(), SlackError> {
        let topic = super::super::text::escaped(topic, MOST_TOPIC);
        self.patiently(TOPIC, &json!({ "channel": channel, "topic": topic })).await.map(drop)
    }

    /// Closes a channel; everything in it can still be read.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn archive(&self, channel: &str) -> Result<(), SlackError> {
        done_before(self.patiently(ARCHIVE, &json!({ "channel": channel })).await, "already_archived")
    }
}

/// What was so before is as good as done.
fn done_before(answer: Result<Value, SlackError>, code: &str) -> Result<(), SlackError> {
    match answer {
        Err(SlackError::Refused { code: refused, .. }) if refused == code => Ok(()),
        answer => answer.map(drop),
    }
}

/// A name as Slack takes it: lower case, digits, dashes and underscores.
fn channel_name(name: &str, number: u32) -> String {
    let suffix = if number > 1 { format!("-{number}") } else { String::new() };
    let mut out = String::new();
    for character in name.to_lowercase().chars() {
        let fits = character.is_ascii_alphanumeric() || character == '_';
        match (fits, out.ends_with('-')) {
            (true, _) => out.push(character),
            (false, false) => out.push('-'),
            (false, true) => {}
        }
    }
    let room = MOST_NAME - suffix.len();
    let kept: String = out.trim_matches('-').chars().take(room).collect();
    let kept = if kept.is_empty() { "incident".to_owned() } else { kept };
    format!("{kept}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_slack_takes_them() {
        assert_eq!(channel_name("INC-42: Checkout is slow!", 1), "inc-42-checkout-is-slow");
        assert_eq!(channel_name("inc-42", 3), "inc-42-3");
        assert_eq!(channel_name("¡!", 1), "incident");
        assert_eq!(channel_name(&"x".repeat(200), 12).len(), 80);
    }
}
