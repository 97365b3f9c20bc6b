//! Messages, windows and conversations.

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{DATE, HeaderMap};
use serde_json::{Value, json};

use super::methods::{
    AUTH_TEST, HISTORY, OPEN_SOCKET, POST, REPLIES, SET_PROMPTS, SET_STATUS, SET_TITLE, UPDATE, VIEWS_OPEN,
    VIEWS_PUBLISH, WHISPER,
};
use super::{Client, PATIENCE, SlackError, WINDOW_OPENS};
use crate::domain::{MessageId, travels_safely};

/// The kind of metadata by which we find our own messages.
const MARK: &str = "countersign_message";

/// How far back a message of ours may stand from when it was written here, in seconds.
const SKEW: i64 = 900;

/// Who we are in Slack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The workspace's id.
    pub team: String,
    /// Its name.
    pub team_name: String,
    /// The organisation of the workspace; empty where there is none.
    pub enterprise: String,
    /// Our user id.
    pub user: String,
    /// Where the workspace is on the web, such as `https://home.slack.com/`.
    pub url: String,
    /// What the token may do.
    pub scopes: Vec<String>,
    /// What time it is at Slack, if it said so.
    pub date: Option<Timestamp>,
}

/// A message as it is posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Post<'a> {
    /// The channel, or a user's id for a message to them alone.
    pub channel: &'a str,
    /// The message that opened the thread.
    pub thread: Option<&'a str>,
    /// The text for notifications and screen readers.
    pub text: &'a str,
    /// The blocks; empty for a message that is its text.
    pub blocks: &'a [Value],
    /// Our own id of it.
    pub message: Option<&'a MessageId>,
}

/// A message that Slack has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The channel it stands in.
    pub channel: String,
    /// Slack's id of it, unique in the channel.
    pub ts: String,
}

/// What to look for when nobody knows whether something was posted.
#[derive(Clone, Copy, Debug)]
pub enum Mark<'a> {
    /// A message of ours.
    Message(&'a MessageId),
    /// A file of this name.
    File(&'a str),
}

impl Client {
    /// Who we are, and what we may do.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn identity(&self) -> Result<Identity, SlackError> {
        let (headers, answer) = self.with_headers(PATIENCE, AUTH_TEST, &json!({})).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scopes = header("x-oauth-scopes").split(',').map(str::trim).filter(|scope| !scope.is_empty());
        Ok(Identity {
            team: text("team_id"),
            team_name: text("team"),
            enterprise: text("enterprise_id"),
            user: text("user_id"),
            url: text("url"),
            scopes: scopes.map(str::to_owned).collect(),
            date: date(&headers),
        })
    }

    /// Posts a message, once.
    ///
    /// # Errors
    /// See [`SlackError`]. After a doubtful one, [`Client::find`] says whether it is there.
    pub async fn post(&self, post: &Post<'_>) -> Result<Posted, SlackError> {
        let answer = self.once(POST, &message(post)).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        match (text("channel"), text("ts")) {
            (Some(channel), Some(ts)) => Ok(Posted { channel, ts }),
            (None, _) | (_, None) => Err(SlackError::Status { method: POST.name, status: 200 }),
        }
    }

    /// Gives a message of ours another text.
    ///
    /// # Errors
    /// See [`SlackError`]. It may be repeated: the outcome is the same.
    pub async fn update(&self, ts: &str, post: &Post<'_>) -> Result<(), SlackError> {
        let mut args = message(post);
        if let Some(args) = args.as_object_mut() {
            args.insert("ts".to_owned(), ts.into());
            args.remove("thread_ts");
        }
        self.once(UPDATE, &args).await.map(drop)
    }

    /// Shows one person a text that nobody else sees and that does not stay.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn whisper(&self, channel: &str, user: &str, text: &str) -> Result<(), SlackError> {
        let args =
            json!({ "channel": channel, "user": user, "text": super::super::text::escaped(text, 3_000) });
        self.patiently(WHISPER, &args).await.map(drop)
    }

    /// Looks for something of ours in a channel, or in a thread of it, from `since` on.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn find(
        &self,
        mark: Mark<'_>,
        channel: &str,
        thread: Option<&str>,
        since: Timestamp,
    ) -> Result<Option<String>, SlackError> {
        let ts =
            |message: &Value| is(message, mark).then(|| message.get("ts")?.as_str().map(str::to_owned))?;
        self.find_in(channel, thread, since, ts).await
    }

    /// Turns the pages of a channel, or of a thread of it, from `since` on, until a message is the one.
    pub(super) async fn find_in<T>(
        &self,
        channel: &str,
        thread: Option<&str>,
        since: Timestamp,
        the_one: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, SlackError> {
        let mut cursor = String::new();
        loop {
            let mut args = json!({
                "channel": channel,
                "oldest": format!("{}.000000", since.as_second() - SKEW),
                "limit": 200,
                "include_all_metadata": true,
            });
            let method = match thread {
                Some(thread) => {
                    set(&mut args, "ts", thread);
                    REPLIES
                }
                None => HISTORY,
            };
            if !cursor.is_empty() {
                set(&mut args, "cursor", &cursor);
            }
            let answer = self.patiently(method, &args).await?;
            let messages = answer.get("messages").and_then(Value::as_array).into_iter().flatten();
            if let Some(found) = messages.into_iter().find_map(&the_one) {
                return Ok(Some(found));
            }
            let next = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
            match next.filter(|next| !next.is_empty() && *next != cursor) {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(None),
            }
        }
    }

    /// Opens a window for who has just pressed something.
    ///
    /// # Errors
    /// See [`SlackError`]: three seconds after the press it is too late.
    pub async fn open_window(&self, trigger: &str, view: &Value) -> Result<(), SlackError> {
        let args = json!({ "trigger_id": trigger, "view": view });
        match self.within(WINDOW_OPENS, VIEWS_OPEN, &args).await {
            // It has opened a window already: an answer was lost, or the press came twice.
            Err(error) if error.code() == "exchanged_trigger_id" => Ok(()),
            opened => opened.map(drop),
        }
    }

    /// Shows somebody their home.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn publish_home(&self, user: &str, view: &Value) -> Result<(), SlackError> {
        self.patiently(VIEWS_PUBLISH, &json!({ "user_id": user, "view": view })).await.map(drop)
    }

    /// Says in a conversation with the assistant what it is doing.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn set_status(&self, channel: &str, thread: &str, status: &str) -> Result<(), SlackError> {
        let args = json!({ "channel_id": channel, "thread_ts": thread, "status": status });
        self.within(WINDOW_OPENS, SET_STATUS, &args).await.map(drop)
    }

    /// Shows in a new conversation with the assistant what one could ask, and gives it a title.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn set_prompts(
        &self,
        channel: &str,
        thread: &str,
        prompts: &[Value],
    ) -> Result<(), SlackError> {
        if !prompts.is_empty() {
            let args = json!({ "channel_id": channel, "thread_ts": thread, "prompts": prompts });
            self.patiently(SET_PROMPTS, &args).await?;
        }
        let args = json!({ "channel_id": channel, "thread_ts": thread, "title": "countersign" });
        self.patiently(SET_TITLE, &args).await.map(drop)
    }

    /// The address of a new socket, good for one connection.
    ///
    /// # Errors
    /// See [`SlackError`]; without an app token it is refused.
    pub async fn socket_address(&self) -> Result<Url, SlackError> {
        let none = || SlackError::Refused {
            method: OPEN_SOCKET.name,
            code: "not_authed".to_owned(),
            detail: Some("there is no app token".to_owned()),
        };
        let token = self.app.as_ref().ok_or_else(none)?;
        let (_headers, answer) = self.answer(OPEN_SOCKET, &json!({}), token).await?;
        let text = answer.get("url").and_then(Value::as_str).unwrap_or_default();
        Url::parse(text)
            .ok()
            .filter(travels_safely)
            .ok_or_else(|| SlackError::Address("the socket that Slack names".to_owned()))
    }
}

fn message(post: &Post<'_>) -> Value {
    let mut args = json!({
        "channel": post.channel,
        "text": post.text,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if let Some(thread) = post.thread {
        set(&mut args, "thread_ts", thread);
    }
    if let Some(args) = args.as_object_mut() {
        args.insert("blocks".to_owned(), post.blocks.into());
        if let Some(message) = post.message {
            let payload = json!({ "event_type": MARK, "event_payload": { "message": message } });
            args.insert("metadata".to_owned(), payload);
        }
    }
    args
}

fn set(args: &mut Value, name: &str, value: &str) {
    if let Some(args) = args.as_object_mut() {
        args.insert(name.to_owned(), value.into());
    }
}

fn is(message: &Value, mark: Mark<'_>) -> bool {
    match mark {
        Mark::Message(id) => {
            message.pointer("/metadata/event_type").and_then(Value::as_str) == Some(MARK)
                && message.pointer("/metadata/event_payload/message").and_then(Value::as_str)
                    == Some(id.as_str())
        }
        Mark::File(name) => {
            let files = message.get("files").and_then(Value::as_array).into_iter().flatten();
            files.filter_map(|file| file.get("name")?.as_str()).any(|known| known == name)
        }
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}
