//! Floor 2: takes secrets out of text, on every way out: to chat, to the record, to a model, to a log.
//!
//! Known secrets go by value, in each spelling they may have on the way; everything else by its look. Total and linear:
//! the `regex` crate has no backtracking.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use regex::{Captures, Regex};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// What stands where something was taken out.
const MARK: &str = "[redacted]";

/// Shorter secrets are not taken out by value: they would take ordinary words with them.
const SHORTEST: usize = 8;

/// What secrets look like. A group `keep` is put back before the mark.
const LOOKS: [&str; 6] = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    r"(?P<keep>://[^/\s:@]+:)[^@/\s]+",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\bglpat-[A-Za-z0-9_-]{16,}",
    r#"(?i)(?P<keep>[a-z0-9_.-]*(?:authorization|passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key)[a-z0-9_.-]*\\?["']?\s*[:=]\s*)(?:\\"[^"\\]*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|(?:(?:bearer|basic|token)\s+)?[^\s,;&}"'\\]+)"#,
    r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}",
];

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| LOOKS.iter().filter_map(|look| Regex::new(look).ok()).collect());

/// Takes secrets out of text.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<SecretString>,
    patterns: Vec<Regex>,
}

impl Redactor {
    /// A redactor that knows these secrets.
    pub fn knowing<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        secrets.into_iter().fold(Self::default(), Self::and_secret)
    }

    /// The same redactor with a secret more.
    #[must_use]
    pub fn and_secret(mut self, secret: &SecretString) -> Self {
        let plain = secret.expose_secret();
        if plain.len() >= SHORTEST {
            for spelling in [
                plain.to_owned(),
                BASE64_STANDARD.encode(plain),
                BASE64_STANDARD_NO_PAD.encode(plain),
                BASE64_URL_SAFE_NO_PAD.encode(plain),
                url::form_urlencoded::byte_serialize(plain.as_bytes()).collect(),
            ] {
                self.known.push(SecretString::from(spelling));
            }
        }
        self
    }

    /// The same redactor with a tool's own patterns. One that does not compile is an error of the tool file, found when
    /// that is loaded.
    #[must_use]
    pub fn and(&self, patterns: &[String]) -> Self {
        let mut more = self.clone();
        more.patterns.extend(patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()));
        more
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.known {
            if clean.contains(secret.expose_secret()) {
                clean = clean.replace(secret.expose_secret(), MARK);
            }
        }
        for pattern in PATTERNS.iter().chain(&self.patterns) {
            if pattern.is_match(&clean) {
                let masked = pattern.replace_all(&clean, |found: &Captures<'_>| {
                    let keep = found.name("keep").map_or("", |keep| keep.as_str());
                    format!("{keep}{MARK}")
                });
                clean = masked.into_owned();
            }
        }
        clean
    }

    /// The value without secrets, in all its strings. A string under a key that names a secret goes whole.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, item)| {
                        let masked = match item {
                            Value::String(_) if names_a_secret(key) => Value::String(MARK.to_owned()),
                            Value::String(_)
                            | Value::Null
                            | Value::Bool(_)
                            | Value::Number(_)
                            | Value::Array(_)
                            | Value::Object(_) => self.value(item),
                        };
                        (key.clone(), masked)
                    })
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "private_key"]
        .iter()
        .any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// All patterns compile, or one of them would be silently left out.
    #[test]
    fn every_look_compiles() {
        assert_eq!(PATTERNS.len(), LOOKS.len());
    }

    #[test]
    fn what_looks_like_a_secret_is_taken_out() {
        let clean = |text| Redactor::default().text(text);
        let cases = [
            ("authorization: Bearer sk-live-XYZ12345", "authorization: [redacted]"),
            (r#"{"password":"two words"}"#, r#"{"password":[redacted]}"#),
            (r#"{\"api_key\":\"abc\"}"#, r#"{\"api_key\":[redacted]}"#),
            ("postgres://app:hunter2@db/orders", "postgres://app:[redacted]@db/orders"),
            ("GET /x?token=abc123&y=1", "GET /x?token=[redacted]&y=1"),
            ("key AKIAABCDEFGHIJKLMNOP in use", "key [redacted] in use"),
            ("Basic dXNlcjpwYXNzd29yZA==", "Basic [redacted]"),
            ("order 4711 took 30 ms", "order 4711 took 30 ms"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn a_known_secret_is_taken_out_in_each_spelling() {
        let secret = SecretString::from("correct horse/battery");
        let redactor = Redactor::knowing([&secret]);
        for spelling in ["correct horse/battery", "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5", "correct+horse%2Fbattery"] {
            assert_eq!(redactor.text(&format!("<{spelling}>")), "<[redacted]>");
        }
        assert_eq!(
            redactor.value(&json!({"a": ["x correct horse/battery"]})),
            json!({"a": ["x [redacted]"]})
        );
    }

    proptest! {
        #[test]
        fn a_known_secret_never_passes(before in ".{0,40}", secret in "[!-~]{8,30}", after in ".{0,40}") {
            let known = SecretString::from(secret.clone());
            let clean = Redactor::knowing([&known]).text(&format!("{before}{secret}{after}"));
            // What is put in its place may itself spell a secret such as `redacted`.
            prop_assume!(!MARK.contains(&secret));
            prop_assert!(!clean.contains(&secret));
        }
    }
}
