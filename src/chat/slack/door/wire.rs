//! What Slack sends, read tolerantly: fields come, go and turn null without notice, and the raw bytes are on the record.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::domain::RawMessage;

/// The kinds of deliveries, which come over HTTP and over a socket alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something happened: a message, a reaction, a page opened.
    Event,
    /// A slash command.
    Command,
    /// A button, a form, a shortcut.
    Interactive,
    /// Slack looks whether the address has TLS.
    TlsCheck,
}

/// One delivery, known to be Slack's.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// What it is.
    pub kind: Kind,
    /// What is in it. The fields of a form are the texts of an object.
    pub payload: Value,
    /// Its bytes, for the record.
    pub raw: RawMessage,
}

/// The bytes are no delivery of Slack's, although they are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither JSON nor a form that Slack sends")]
pub struct Unreadable;

impl Package {
    /// The body of a request over HTTP: JSON for events, a form for everything else.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn from_http(body: &[u8]) -> Result<Self, Unreadable> {
        let raw = recorded(body);
        // The content type is not looked at: a body that begins with a brace is JSON, and no form does.
        if body.trim_ascii_start().starts_with(b"{") {
            let payload = serde_json::from_slice(body).map_err(|_not_json| Unreadable)?;
            return Ok(Self { kind: Kind::Event, payload, raw });
        }
        let mut fields: Map<String, Value> = url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        if let Some(Value::String(payload)) = fields.remove("payload") {
            let payload = serde_json::from_str(&payload).map_err(|_not_json| Unreadable)?;
            return Ok(Self { kind: Kind::Interactive, payload, raw });
        }
        let kind = match (fields.contains_key("command"), fields.contains_key("ssl_check")) {
            (true, _) => Kind::Command,
            (false, true) => Kind::TlsCheck,
            (false, false) => return Err(Unreadable),
        };
        Ok(Self { kind, payload: Value::Object(fields), raw })
    }

    /// The payload of an envelope that came over a socket.
    pub fn from_socket(kind: Kind, payload: Value) -> Self {
        let raw = recorded(payload.to_string().as_bytes());
        Self { kind, payload, raw }
    }
}

/// What goes on the record: the bytes without what opens something. The verification token says who is Slack to
/// installations older than signatures, a `response_url` speaks in our name for half an hour, and a trigger opens a form.
fn recorded(body: &[u8]) -> RawMessage {
    static JSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#""(?P<name>token|response_url|trigger_id|action_token)"(?P<colon>\s*:\s*)"[^"]*""#).ok()
    });
    static IN_FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"%22(?P<name>token|response_url|trigger_id|action_token)%22(?P<colon>(?:%3A|:|\+|%20)+)%22.*?%22",
        )
        .ok()
    });
    static FIELD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?P<before>^|&)(?P<name>token|response_url|trigger_id)=[^&]*").ok());
    let text = String::from_utf8_lossy(body);
    let cleaned = match (&*JSON, &*IN_FORM, &*FIELD) {
        (Some(json), _, _) if text.trim_start().starts_with('{') => {
            json.replace_all(&text, "\"$name\"$colon\"-\"").into_owned()
        }
        (_, Some(in_form), Some(field)) => {
            let text = in_form.replace_all(&text, "%22$name%22$colon%22-%22");
            field.replace_all(&text, "$before$name=-").into_owned()
        }
        // A pattern of ours that does not compile: rather nothing than a secret.
        (_, _, _) => String::new(),
    };
    RawMessage(cleaned.into_bytes())
}

/// A look into a payload. What is not there, or of another type, is empty.
#[derive(Clone, Copy)]
pub(super) struct Look<'a>(pub &'a Value);

impl<'a> Look<'a> {
    /// What stands at a path such as `event/item/ts`.
    pub fn at(self, path: &str) -> Self {
        Self(path.split('/').try_fold(self.0, |value, name| value.get(name)).unwrap_or(&Value::Null))
    }

    /// The text at a path; empty when there is none.
    pub fn text(self, path: &str) -> &'a str {
        self.at(path).0.as_str().unwrap_or_default()
    }

    /// The first of these paths at which there is a text.
    pub fn first(self, paths: &[&str]) -> &'a str {
        paths.iter().map(|path| self.text(path)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Whether something stands there that is not null.
    pub fn has(self, path: &str) -> bool {
        !self.at(path).0.is_null()
    }

    /// Whether it says yes there; forms say it in words.
    pub fn says_yes(self, path: &str) -> bool {
        match self.at(path).0 {
            Value::Bool(yes) => *yes,
            Value::String(text) => text == "true" || text == "1",
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// The entries of a list.
    pub fn list(self, path: &str) -> impl Iterator<Item = Self> {
        self.at(path).0.as_array().into_iter().flatten().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &str) -> String {
        String::from_utf8(recorded(body.as_bytes()).0).unwrap()
    }

    #[test]
    fn what_opens_something_does_not_reach_the_record() {
        assert_eq!(
            raw(
                "token=secret&command=%2Fdeploy&text=token%3Dx&response_url=https%3A%2F%2Fh&trigger_id=1.2.x"
            ),
            "token=-&command=%2Fdeploy&text=token%3Dx&response_url=-&trigger_id=-"
        );
        assert_eq!(
            raw(r#"{"token": "secret","event":{"text":"a \"token\" b"},"response_url":"https:\/\/h"}"#),
            r#"{"token": "-","event":{"text":"a \"token\" b"},"response_url":"-"}"#
        );
        assert_eq!(
            raw(
                "payload=%7B%22token%22%3A%20%22secret%22%2C%22a%22%3A%22b%22%2C%22response_url%22%3A%22https%3A%2F%2Fh%22%7D"
            ),
            "payload=%7B%22token%22%3A%20%22-%22%2C%22a%22%3A%22b%22%2C%22response_url%22%3A%22-%22%7D"
        );
    }

    #[test]
    fn the_kind_is_seen_from_the_bytes() {
        let kind = |body: &str| Package::from_http(body.as_bytes()).map(|package| package.kind);
        assert_eq!(kind(r#" {"type":"event_callback"}"#), Ok(Kind::Event));
        assert_eq!(kind("token=x&command=%2Fops&text="), Ok(Kind::Command));
        assert_eq!(kind("payload=%7B%22type%22%3A%22shortcut%22%7D"), Ok(Kind::Interactive));
        assert_eq!(kind("ssl_check=1&token=x"), Ok(Kind::TlsCheck));
        for bad in ["", "a=b", "{", "payload=x", "<xml/>"] {
            assert_eq!(kind(bad), Err(Unreadable), "{bad}");
        }
    }
}
