//! Messages that grow: the tasks of a run, as they come and end.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::methods::{APPEND_STREAM, START_STREAM, STOP_STREAM};
use super::{Client, Posted, SlackError};
use crate::domain::MessageId;

/// The most of a title that is shown.
const MOST_TITLE: usize = 250;

/// A task of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Our id of it. Told again, a task changes and does not come a second time.
    pub id: String,
    /// What is done.
    pub title: String,
    /// How it stands.
    pub status: Status,
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It goes on.
    InProgress,
    /// It went well.
    Complete,
    /// It did not.
    Error,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }
}

impl Task {
    fn chunk(&self) -> Value {
        json!({
            "type": "task_update",
            "id": self.id,
            "title": bare(&self.title),
            "status": self.status.as_str(),
        })
    }
}

/// A title in which nobody is mentioned and nothing is linked, whether or not it is read as markup: Slack does not say
/// which. The card has the words as they are.
fn bare(title: &str) -> String {
    let look_alike = |character| match character {
        '<' => '‹',
        '>' => '›',
        '[' => '(',
        ']' => ')',
        '\n' | '\r' => ' ',
        other => other,
    };
    let title: String = title.chars().map(look_alike).collect();
    let title = super::super::text::cut(&title, MOST_TITLE);
    if title.trim().is_empty() { "–".to_owned() } else { title }
}

fn chunks(tasks: &[Task]) -> Vec<Value> {
    tasks.iter().map(Task::chunk).collect()
}

impl Client {
    /// Starts a message of tasks in a thread.
    ///
    /// # Errors
    /// See [`SlackError`]. After a doubtful one, [`Client::find_stream`] says whether it is there.
    pub async fn start_stream(
        &self,
        channel: &str,
        thread: &str,
        tasks: &[Task],
    ) -> Result<String, SlackError> {
        let args = json!({
            "channel": channel,
            "thread_ts": thread,
            "task_display_mode": "timeline",
            "chunks": chunks(tasks),
        });
        let answer = self.once(START_STREAM, &args).await?;
        let ts = answer.get("ts").and_then(Value::as_str).map(str::to_owned);
        ts.ok_or(SlackError::Status { method: START_STREAM.name, status: 200 })
    }

    /// Tells how its tasks go on.
    ///
    /// # Errors
    /// See [`SlackError`]. It may be repeated: the outcome is the same.
    pub async fn append_stream(&self, to: &Posted, tasks: &[Task]) -> Result<(), SlackError> {
        let args = json!({ "channel": to.channel, "ts": to.ts, "chunks": chunks(tasks) });
        self.once(APPEND_STREAM, &args).await.map(drop)
    }

    /// Tells how its tasks ended: it does not grow any more. One that has stopped already is as good.
    ///
    /// # Errors
    /// See [`SlackError`]. It may be repeated: the outcome is the same.
    pub async fn stop_stream(&self, to: &Posted, tasks: &[Task]) -> Result<(), SlackError> {
        let args = json!({ "channel": to.channel, "ts": to.ts, "chunks": chunks(tasks) });
        match self.once(STOP_STREAM, &args).await {
            Err(error) if matches!(error.code(), "message_not_in_streaming_state" | "stopped_by_user") => {
                Ok(())
            }
            answer => answer.map(drop),
        }
    }

    /// The message in a thread that shows the tasks of a message of ours, and those of its tasks that go on.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn find_stream(
        &self,
        message: &MessageId,
        channel: &str,
        thread: &str,
        since: Timestamp,
    ) -> Result<Option<(Posted, Vec<Task>)>, SlackError> {
        let prefix = format!("{message}.");
        let the_one = |seen: &Value| {
            let mut tasks = Vec::new();
            tasks_in(seen.get("blocks")?, &prefix, &mut tasks);
            let ts = seen.get("ts")?.as_str()?.to_owned();
            let posted = Posted { channel: channel.to_owned(), ts };
            (!tasks.is_empty()).then(|| {
                tasks.retain(|task| task.status == Status::InProgress);
                (posted, tasks)
            })
        };
        self.find_in(channel, Some(thread), since, the_one).await
    }
}

/// The cards of tasks in blocks, alone or in a plan.
fn tasks_in(value: &Value, prefix: &str, tasks: &mut Vec<Task>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| tasks_in(one, prefix, tasks)),
        Value::Object(map) => {
            let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default();
            if text("task_id").starts_with(prefix) {
                let status = match text("status") {
                    "complete" => Status::Complete,
                    "error" => Status::Error,
                    _ => Status::InProgress,
                };
                let (id, title) = (text("task_id").to_owned(), text("title").to_owned());
                tasks.push(Task { id, title, status });
            }
            map.values().for_each(|one| tasks_in(one, prefix, tasks));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_mentions_nobody_and_links_nothing() {
        assert_eq!(
            bare("<!channel> [here](https://evil.example)\n<@U1>"),
            "‹!channel› (here)(https://evil.example) ‹@U1›"
        );
        assert_eq!(bare(" "), "–");
        assert_eq!(bare(&"x".repeat(1_000)).chars().count(), MOST_TITLE);
        let task = Task { id: "msg_1.2".into(), title: "2 of 3".into(), status: Status::InProgress };
        insta::assert_snapshot!(task.chunk(), @r#"{"id":"msg_1.2","status":"in_progress","title":"2 of 3","type":"task_update"}"#);
    }

    #[test]
    fn tasks_are_found_in_plans_too() {
        let card = |id: &str, status: &str| json!({ "type": "task_card", "task_id": id, "title": "t", "status": status });
        let blocks = json!([{ "type": "plan", "tasks": [card("msg_1.1", "complete"), card("msg_2.1", "error")] }, card("msg_1.2", "in_progress")]);
        let mut tasks = Vec::new();
        tasks_in(&blocks, "msg_1.", &mut tasks);
        let found: Vec<_> = tasks.iter().map(|task| (task.id.as_str(), task.status)).collect();
        assert_eq!(found, [("msg_1.1", Status::Complete), ("msg_1.2", Status::InProgress)]);
    }
}
