//! Files, for text that is too long for a message.

use reqwest::Url;
use serde_json::{Value, json};

use super::methods::{COMPLETE_UPLOAD, UPLOAD_URL};
use super::{Client, SlackError, lost};
use crate::domain::travels_safely;

/// A text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name, by which it can be found again.
    pub name: &'a str,
    /// What people read above it.
    pub title: &'a str,
    /// What is in it.
    pub text: &'a str,
}

impl Client {
    /// Puts a file into a thread. Nobody sees it before the last of the three steps.
    ///
    /// # Errors
    /// See [`SlackError`]. After a doubtful one, [`Client::find`] says whether it is there.
    pub async fn upload(
        &self,
        file: File<'_>,
        channel: &str,
        thread: Option<&str>,
    ) -> Result<(), SlackError> {
        let ask = json!({ "filename": file.name, "length": file.text.len() });
        let answer = self.patiently(UPLOAD_URL, &ask).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let url = Url::parse(text("upload_url")).ok().filter(travels_safely);
        let url =
            url.ok_or_else(|| SlackError::Address("the place for a file that Slack names".to_owned()))?;
        let sent = self.http().post(url).body(file.text.to_owned()).send().await;
        let status = sent.map_err(|error| lost(UPLOAD_URL.name, &error))?.status();
        if !status.is_success() {
            return Err(SlackError::Status { method: UPLOAD_URL.name, status: status.as_u16() });
        }
        let mut complete = json!({
            "files": [{ "id": text("file_id"), "title": file.title }],
            "channel_id": channel,
        });
        if let (Some(thread), Some(complete)) = (thread, complete.as_object_mut()) {
            complete.insert("thread_ts".to_owned(), thread.into());
        }
        self.once(COMPLETE_UPLOAD, &complete).await.map(drop)
    }
}
