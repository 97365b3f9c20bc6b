//! Answers at the address that came with a command or a press.

use jiff::Timestamp;
use reqwest::{StatusCode, Url};
use serde_json::json;

use super::super::ResponseUrl;
use super::{Client, PATIENCE, SlackError, lost, wanted_pause};
use crate::domain::is_loopback;

/// What it is called where a method's name would stand. The address itself is a secret.
const NAME: &str = "response_url";

/// How often an answer is tried that Slack wanted a pause before: each costs one of the five uses.
const TRIES: u32 = 3;

impl Client {
    /// Shows a text, marked up already, to nobody but who typed the command or pressed the button.
    ///
    /// # Errors
    /// See [`SlackError`]. The address is Slack's to name, so one that is not Slack's own gets nothing.
    pub async fn respond(&self, to: &ResponseUrl, text: &str, now: Timestamp) -> Result<(), SlackError> {
        let over = || SlackError::Refused {
            method: NAME,
            code: "used_url".to_owned(),
            detail: Some("its five uses or its half hour are over".to_owned()),
        };
        let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": text });
        let mut tried = 0;
        loop {
            let url = Url::parse(to.spend(now).ok_or_else(over)?).ok();
            let url = url.filter(|url| is_answered_at(&self.base, url)).ok_or_else(|| {
                SlackError::Address("the place for an answer that came with a command".to_owned())
            })?;
            let answer = self.http.post(url).json(&body).send().await;
            let answer = answer.map_err(|error| lost(NAME, &error))?;
            tried += 1;
            match answer.status() {
                status if status.is_success() => return Ok(()),
                StatusCode::TOO_MANY_REQUESTS => {
                    let after = wanted_pause(answer.headers());
                    if tried >= TRIES || after > PATIENCE {
                        return Err(SlackError::Limited { method: NAME, after });
                    }
                    tokio::time::sleep(after).await;
                }
                StatusCode::NOT_FOUND | StatusCode::GONE => return Err(over()),
                status => return Err(SlackError::Status { method: NAME, status: status.as_u16() }),
            }
        }
    }
}

/// Whether Slack takes answers there: on its own `hooks.` host beside the API, or where a stand-in on this machine is.
fn is_answered_at(base: &Url, url: &Url) -> bool {
    if is_loopback(base) {
        return url.origin() == base.origin();
    }
    let hooks = base.host_str().map(|host| format!("hooks.{}", host.trim_start_matches("www.")));
    url.scheme() == "https" && url.port().is_none() && url.host_str() == hooks.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slacks_own_address_is_answered_at() {
        let at =
            |base: &str, url: &str| is_answered_at(&Url::parse(base).unwrap(), &Url::parse(url).unwrap());
        let slack = "https://slack.com/api/";
        assert!(at(slack, "https://hooks.slack.com/commands/T1/2/3"));
        assert!(at("https://slack-gov.com/api/", "https://hooks.slack-gov.com/commands/T1/2/3"));
        for elsewhere in [
            "http://hooks.slack.com/commands",
            "https://hooks.slack.com:8443/commands",
            "https://hooks.slack.com.evil.example/commands",
            "https://evil.example/hooks.slack.com",
            "https://hooks.slack.com@evil.example/commands",
            "https://slack.com/commands",
            "http://127.0.0.1/commands",
            "file:///etc/passwd",
        ] {
            assert!(!at(slack, elsewhere), "{elsewhere}");
        }
        let here = "http://127.0.0.1:4000/api/";
        assert!(at(here, "http://127.0.0.1:4000/response/1"));
        assert!(!at(here, "http://127.0.0.1:4001/response/1"));
        assert!(!at(here, "https://hooks.slack.com/commands/1"));
    }
}
