use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::english::stem;
use super::scan::Item;
use crate::catalog::{List, Names, Param, ParamKind, Tool};
use crate::domain::parse_span;

/// One argument, and how it is said.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub name: String,
    pub required: bool,
    pub shape: Shape,
    pub names: Option<Names>,
    pub minimum: Option<i64>,
    /// Words that are values: latest, head, pending.
    pub keywords: BTreeSet<String>,
    /// Stems that stand before the value in the examples, and the argument's own name.
    pub anchors: HashSet<String>,
}

/// What the value of an argument looks like in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Name(List),
    Enum,
    Number,
    Flag,
    Duration,
    Version,
    /// One word that is none of the language, or a number: a migration, a time of day.
    Identifier,
    /// A few words that name a thing: a runbook.
    Phrase,
    /// A sentence: a title, a reason.
    Text,
}

impl Slot {
    /// Whether a word announces the argument, or is a value of its list.
    pub fn knows(&self, item: &Item) -> bool {
        let listed = match self.shape {
            Shape::Name(list) => item.name_in(list).is_some(),
            Shape::Enum => self.names.as_ref().is_some_and(|names| names.resolve(&item.word).is_some()),
            Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Version
            | Shape::Identifier
            | Shape::Phrase
            | Shape::Text => false,
        };
        listed || self.anchors.contains(&item.stem())
    }

    pub fn learn(tool: &Tool, param: &Param) -> Self {
        let examples = tool.manifest().examples.iter().filter_map(|example| example.args.get(&param.name));
        let values: Vec<&Value> = examples.collect();
        let schema = tool.manifest().parameters.pointer(&format!("/properties/{}", param.name));
        let shape = shape(param, &values);
        let texts = values.iter().filter_map(|value| value.as_str());
        let keyword = |text: &&str| text.len() > 2 && text.chars().all(|c| c.is_ascii_lowercase());
        let keywords = match shape {
            Shape::Version | Shape::Identifier => texts.filter(keyword).map(str::to_owned).collect(),
            Shape::Name(_)
            | Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Phrase
            | Shape::Text => BTreeSet::new(),
        };
        Self {
            name: param.name.clone(),
            required: param.required && param.default.is_none(),
            shape,
            names: param.names.clone(),
            minimum: schema.and_then(|schema| schema.get("minimum")).and_then(Value::as_i64),
            keywords,
            anchors: anchors(param, shape),
        }
    }
}

/// The words that announce a value: the argument's name, and what else a version is called.
fn anchors(param: &Param, shape: Shape) -> HashSet<String> {
    let own = param.name.split('_').map(stem);
    let versions: &[&str] = match shape {
        Shape::Version => &["version", "build", "release", "tag", "commit", "revision"],
        Shape::Name(_)
        | Shape::Enum
        | Shape::Number
        | Shape::Flag
        | Shape::Duration
        | Shape::Identifier
        | Shape::Phrase
        | Shape::Text => &[],
    };
    own.chain(versions.iter().map(|word| stem(word))).collect()
}

/// The shape of an argument, from its type, its list, its name where that is a usual one, and the examples.
fn shape(param: &Param, values: &[&Value]) -> Shape {
    let texts: Vec<&str> = values.iter().filter_map(|value| value.as_str()).collect();
    let all = |test: &dyn Fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| test(text));
    match (param.kind, param.list, &param.names) {
        (ParamKind::Integer, ..) => Shape::Number,
        (ParamKind::Flag, ..) => Shape::Flag,
        (ParamKind::Text, Some(list), Some(_)) => Shape::Name(list),
        (ParamKind::Text, None, Some(_)) => Shape::Enum,
        (ParamKind::Text, _, None) => match param.name.as_str() {
            "version" | "tag" | "build" | "revision" | "commit" | "image" => Shape::Version,
            "title" | "text" | "reason" | "message" | "comment" | "description" | "note" | "summary"
            | "body" => Shape::Text,
            _ if all(&|text| parse_span(text).is_some()) => Shape::Duration,
            _ if all(&|text| {
                !text.contains(' ') && (text.chars().any(|c| c.is_ascii_digit()) || is_keyword(text))
            }) =>
            {
                Shape::Identifier
            }
            _ if texts.iter().any(|text| text.split(' ').count() > 3) => Shape::Text,
            _ => Shape::Phrase,
        },
    }
}

fn is_keyword(text: &str) -> bool {
    matches!(text, "latest" | "head" | "pending" | "all" | "newest" | "current" | "previous" | "next")
}
