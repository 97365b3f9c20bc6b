use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::english::{is_function, is_light, stem};
use super::scan::Item;
use crate::catalog::{Catalog, List, Names, Param, ParamKind, Tool};
use crate::domain::parse_span;
use crate::ground::{duration_at, near_miss, ordinary, tokenize};

/// What the tools' files teach: the words that call for each tool, and what its arguments look like.
#[derive(Debug)]
pub(super) struct Vocabulary {
    tools: Vec<ToolWords>,
    lists: Vec<(List, Names)>,
    /// Every word of the examples, names and titles, for telling a slip from a word.
    known: BTreeSet<String>,
    /// Words that can also be written apart.
    compounds: Vec<String>,
}

/// What calls for one tool.
#[derive(Debug)]
pub(super) struct ToolWords {
    pub name: String,
    pub mutates: bool,
    pub slots: Vec<Slot>,
    /// By stem: how surely the word calls for this tool and no other, up to 1.
    cues: HashMap<String, f64>,
    /// Stems that stand first in an example: verbs, mostly.
    heads: HashSet<String>,
    /// The nouns of the tool's own name, which other words hang on ("incident", "alert").
    pub nouns: HashSet<String>,
}

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

impl Vocabulary {
    pub fn learn(catalog: &Catalog) -> Self {
        let lists = List::ALL.into_iter().map(|list| (list, Names::of(list, catalog.landscape())));
        let lists: Vec<_> = lists.filter(|(_, names)| !names.is_empty()).collect();
        let mut known = BTreeSet::new();
        let mut tools: Vec<ToolWords> = Vec::new();
        for tool in catalog.tools() {
            tools.push(ToolWords::learn(tool, &lists, &mut known));
        }
        let mut compounds: Vec<String> =
            catalog.tools().flat_map(|tool| parts(tool.name())).filter(|part| part.len() >= 6).collect();
        compounds.sort();
        compounds.dedup();
        let mut spread: BTreeMap<String, f64> = BTreeMap::new();
        for tool in &tools {
            tool.cues.keys().for_each(|cue| *spread.entry(cue.clone()).or_default() += 1.0);
        }
        for tool in &mut tools {
            for (cue, weight) in &mut tool.cues {
                // The word that is a tool's name is that tool's, whoever else's examples have it.
                if tool.nouns.len() > 1 || !tool.nouns.contains(cue) {
                    *weight /= spread.get(cue).copied().unwrap_or(1.0);
                }
            }
        }
        Self { tools, lists, known, compounds }
    }

    pub fn lists(&self) -> &[(List, Names)] {
        &self.lists
    }

    pub fn tools(&self) -> &[ToolWords] {
        &self.tools
    }

    pub fn tool(&self, name: &str) -> Option<&ToolWords> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    pub fn knows(&self, word: &str) -> bool {
        self.known.contains(word)
    }

    pub fn compound(&self, word: &str) -> Option<&str> {
        self.compounds.iter().find(|known| *known == word).map(String::as_str)
    }

    /// The compound that two words make: "rolled" and "back" make rollback.
    pub fn compound_of(&self, first: &str, second: &str) -> Option<&str> {
        let fits = |whole: &&String| {
            whole
                .strip_suffix(second)
                .is_some_and(|head| head.len() >= 2 && (head == first || stem(head) == stem(first)))
        };
        self.compounds.iter().find(fits).map(String::as_str)
    }

    /// The word that was meant: the one known word that a slip of the finger away, or the word itself.
    pub fn corrected(&self, word: &str) -> String {
        let slips = match word {
            "teh" | "hte" => "the",
            "pls" | "plz" | "pelase" | "plaese" | "pleas" => "please",
            "u" => "you",
            "statsu" => "status",
            _ => word,
        };
        if word != slips || self.knows(word) || ordinary(word) || is_function(word) || is_light(word) {
            return slips.to_owned();
        }
        let length = word.chars().count();
        if length < 5 || !word.chars().all(char::is_alphabetic) || self.knows(&stem(word)) {
            return word.to_owned();
        }
        let mut near = self.known.iter().filter(|known| near_miss(word, known));
        match (near.next(), near.next()) {
            (Some(one), None) => one.clone(),
            (Some(one), Some(two)) if stem(one) == stem(two) => one.clone(),
            _ => word.to_owned(),
        }
    }

    /// Whether any tool has this word as a cue.
    pub fn is_cue(&self, stem: &str) -> bool {
        self.tools.iter().any(|tool| tool.cues.contains_key(stem))
    }
}

impl ToolWords {
    fn learn(tool: &Tool, lists: &[(List, Names)], known: &mut BTreeSet<String>) -> Self {
        let manifest = tool.manifest();
        let mut slots: Vec<Slot> = tool.params().iter().map(|param| Slot::learn(tool, param)).collect();
        let mut cues: HashMap<String, f64> = HashMap::new();
        let mut heads = HashSet::new();
        let nouns: HashSet<String> = parts(tool.name()).iter().map(|part| stem(part)).collect();
        for part in parts(tool.name()) {
            cues.insert(stem(&part), 1.0);
            known.insert(part);
        }
        for example in &manifest.examples {
            let tokens = tokenize(&example.say);
            let valued = values(&tokens, &example.args, &mut slots, lists);
            let plain = |at: &usize| {
                tokens.get(*at).is_some_and(|token| !token.is_mark() && !is_function(&token.fold))
            };
            // "is the gateway up?" has no other word that calls for the tool.
            let bare = !(0..tokens.len()).any(|at| !valued.contains(&at) && plain(&at));
            let mut first = true;
            for (at, token) in tokens.iter().enumerate() {
                if token.is_mark() || valued.contains(&at) || is_digits(&token.fold) {
                    continue;
                }
                known.insert(token.fold.clone());
                if is_function(&token.fold) {
                    if bare
                        && matches!(token.fold.as_str(), "up" | "down" | "ok" | "okay" | "fine" | "alright")
                    {
                        cues.insert(stem(&token.fold), 0.6);
                    }
                    continue;
                }
                let strength = if is_light(&token.fold) { 0.3 } else { 0.8 };
                let weight = cues.entry(stem(&token.fold)).or_insert(strength);
                *weight = weight.max(strength);
                if first {
                    heads.insert(stem(&token.fold));
                    first = false;
                }
            }
        }
        for param in tool.params() {
            known.extend(param.name.split('_').map(str::to_owned));
        }
        Self { name: tool.name().to_owned(), mutates: tool.mutates(), slots, cues, heads, nouns }
    }

    pub fn cue(&self, stem: &str) -> Option<f64> {
        self.cues.get(stem).copied()
    }

    pub fn is_head(&self, stem: &str) -> bool {
        self.heads.contains(stem) || self.nouns.contains(stem)
    }

    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The slot that a sentence fills.
    pub fn text(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.shape == Shape::Text)
    }
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

    fn learn(tool: &Tool, param: &Param) -> Self {
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

/// Which tokens of an example are values, and not words that call for the tool. The word before each becomes an anchor.
fn values(
    tokens: &[crate::ground::Token],
    args: &serde_json::Map<String, Value>,
    slots: &mut [Slot],
    lists: &[(List, Names)],
) -> HashSet<usize> {
    let mut taken: HashSet<usize> = HashSet::new();
    for (_, names) in lists {
        let found = crate::ground::mentions(tokens, names, |_| true);
        taken.extend(found.into_iter().flat_map(|mention| mention.tokens));
    }
    for slot in slots {
        let Some(value) = args.get(&slot.name) else { continue };
        let range = match (slot.shape, value.as_str()) {
            (Shape::Number | Shape::Duration, _) => (0..tokens.len()).find_map(|at| {
                let found = match slot.shape {
                    Shape::Duration => duration_at(tokens, at),
                    _ => crate::ground::number_at(tokens, at),
                }?;
                Some(at..at + found.tokens)
            }),
            (Shape::Name(_) | Shape::Flag, _) | (_, None) => None,
            (_, Some(text)) => {
                let wanted = tokenize(text);
                let same = |at: usize| {
                    let found = tokens.get(at..at + wanted.len())?;
                    let equal = found.iter().zip(&wanted).all(|(one, two)| {
                        one.fold == two.fold || one.fold.strip_suffix('s') == Some(&two.fold)
                    });
                    equal.then_some(at..at + wanted.len())
                };
                (0..tokens.len()).find_map(same)
            }
        };
        let Some(range) = range else { continue };
        if let Some(before) = range.start.checked_sub(1).and_then(|at| tokens.get(at))
            && !before.is_mark()
            && !taken.contains(&(range.start - 1))
        {
            slot.anchors.insert(stem(&before.fold));
        }
        taken.extend(range);
    }
    taken
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The words of a tool's name.
fn parts(name: &str) -> Vec<String> {
    name.split(['.', '_', '-']).map(str::to_owned).collect()
}
