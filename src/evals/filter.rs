//! Which cases of a file are run.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::case::Case;

/// Cases that are like this: `category=injection,id=ex-*,tag=carrier:log,lang=en`. Keys are joined by and; a key that
/// is there more than once by or, except that every tag must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    wanted: BTreeMap<Key, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Category,
    Id,
    Lang,
    Tag,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let key = match key.trim() {
                "category" => Key::Category,
                "id" => Key::Id,
                "lang" => Key::Lang,
                "tag" => Key::Tag,
                _ => return Err(format!("`{part}` is no filter; write category=…, id=…, tag=… or lang=…")),
            };
            if value.trim().is_empty() {
                return Err(format!("`{part}` says nothing to look for"));
            }
            filter.wanted.entry(key).or_default().push(value.trim().to_owned());
        }
        Ok(filter)
    }
}

impl Filter {
    /// The same, and every one of these tags.
    #[must_use]
    pub fn and_tags(mut self, tags: &BTreeSet<String>) -> Self {
        if !tags.is_empty() {
            self.wanted.entry(Key::Tag).or_default().extend(tags.iter().cloned());
        }
        self
    }

    /// Whether a case is wanted.
    pub fn wants(&self, case: &Case) -> bool {
        self.wanted.iter().all(|(key, patterns)| {
            let any = |text: &str| patterns.iter().any(|pattern| is_like(pattern, text));
            match key {
                Key::Category => any(&case.category),
                Key::Id => any(&case.id),
                Key::Lang => any(&case.lang),
                Key::Tag => patterns.iter().all(|pattern| case.tags.iter().any(|tag| is_like(pattern, tag))),
            }
        })
    }
}

/// Whether a text is like a pattern in which `*` stands for anything.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let Some(last) = parts.pop() else { return true };
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::cases;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, like) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*.jsonl", "x.jsonl", true),
            ("*.jsonl", "x.json", false),
            ("dev-*-00*", "dev-call-001", true),
            ("dev-*-00*", "dev-call-011", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(is_like(pattern, text), like, "{pattern} {text}");
        }
    }

    #[test]
    fn keys_are_joined_by_and_values_by_or_and_tags_all_count() {
        let line = r#"{"id":"ex-1","category":"deploy","lang":"en","tags":["a","b"],"messages":[{"role":"user","speaker":"m","text":"x"}],"expect":{"kind":"none"}}"#;
        let case = cases(line).unwrap().remove(0);
        for (filter, wanted) in [
            ("", true),
            ("category=deploy", true),
            ("category=scale,category=deploy", true),
            ("category=deploy,lang=de", false),
            ("id=ex-*", true),
            ("tag=a,tag=b", true),
            ("tag=a,tag=c", false),
        ] {
            assert_eq!(filter.parse::<Filter>().unwrap().wants(&case), wanted, "{filter}");
        }
        assert!("colour=red".parse::<Filter>().is_err());
        assert!("id=".parse::<Filter>().is_err());
    }
}
