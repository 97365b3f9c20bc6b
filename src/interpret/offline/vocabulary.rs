use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::english::{is_function, is_light, is_particle, stem};
use super::slot::{Shape, Slot};
use crate::catalog::{Catalog, List, Names, Tool};
use crate::ground::{Token, duration_at, mentions, near_miss, number_at, ordinary, tokenize};

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
    /// The first part of a name with a dot, which tools of one kind share.
    pub family: Option<String>,
    /// Stems that the examples put before such a noun: "run the migration". Others undo it or talk of it.
    pub with_noun: HashSet<String>,
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
        // "scaled" is a form of "scale" and says another thing.
        let form = || self.known.iter().any(|known| stem(known) == stem(word));
        if length < 5 || !word.chars().all(char::is_alphabetic) || form() {
            return word.to_owned();
        }
        let mut near = self.known.iter().filter(|known| near_miss(word, known));
        match (near.next(), near.next()) {
            (Some(one), None) => one.clone(),
            (Some(one), Some(two)) if stem(one) == stem(two) => one.clone(),
            _ => word.to_owned(),
        }
    }

    /// Whether the word is the verb of an order to change something.
    pub fn is_order(&self, stem: &str) -> bool {
        let verb = |tool: &ToolWords| tool.heads.contains(stem) && !tool.nouns.contains(stem);
        self.tools.iter().any(|tool| tool.is_deed(stem) || (tool.mutates && verb(tool)))
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
        let mut with_noun = HashSet::new();
        let nouns: HashSet<String> = parts(tool.name()).iter().map(|part| stem(part)).collect();
        for part in parts(tool.name()) {
            cues.insert(stem(&part), 1.0);
            known.insert(part);
        }
        // "text" and "title" announce a text, whatever it is for; they call for nothing.
        let announcing: HashSet<String> =
            slots.iter().filter(|slot| slot.shape == Shape::Text).map(|slot| slot.name.clone()).collect();
        for example in &manifest.examples {
            let tokens = tokenize(&example.say);
            let valued = values(&tokens, &example.args, &mut slots, lists);
            let plain = |at: &usize| {
                tokens.get(*at).is_some_and(|token| !token.is_mark() && !is_function(&token.fold))
            };
            // "is the gateway up?" has no other word that calls for the tool.
            let bare = !(0..tokens.len()).any(|at| !valued.contains(&at) && plain(&at));
            let noun = tokens.iter().any(|token| nouns.contains(&stem(&token.fold)));
            let mut first = true;
            for (at, token) in tokens.iter().enumerate() {
                if token.is_mark() || valued.contains(&at) || is_digits(&token.fold) {
                    continue;
                }
                known.insert(token.fold.clone());
                if announcing.contains(&token.fold) {
                    continue;
                }
                if is_function(&token.fold) {
                    if bare
                        && matches!(token.fold.as_str(), "up" | "down" | "ok" | "okay" | "fine" | "alright")
                    {
                        cues.insert(stem(&token.fold), 0.6);
                    }
                    continue;
                }
                let strength = match token.fold.as_str() {
                    word if is_particle(word) => 0.2,
                    word if is_light(word) => 0.3,
                    _ => 0.8,
                };
                let weight = cues.entry(stem(&token.fold)).or_insert(strength);
                *weight = weight.max(strength);
                if first {
                    heads.insert(stem(&token.fold));
                    if noun {
                        with_noun.insert(stem(&token.fold));
                    }
                    first = false;
                }
            }
        }
        for param in tool.params() {
            known.extend(param.name.split('_').map(str::to_owned));
        }
        Self {
            name: tool.name().to_owned(),
            mutates: tool.mutates(),
            slots,
            cues,
            heads,
            nouns,
            with_noun,
            family: tool.name().split_once('.').map(|(family, _)| stem(family)),
        }
    }

    pub fn cue(&self, stem: &str) -> Option<f64> {
        self.cues.get(stem).copied()
    }

    /// Whether the word is the one name of a tool that changes something.
    pub fn is_deed(&self, stem: &str) -> bool {
        self.mutates && self.nouns.len() == 1 && self.nouns.contains(stem)
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

/// Which tokens of an example are values, and not words that call for the tool. The word before each becomes an anchor.
fn values(
    tokens: &[Token],
    args: &Map<String, Value>,
    slots: &mut [Slot],
    lists: &[(List, Names)],
) -> HashSet<usize> {
    let mut taken: HashSet<usize> = HashSet::new();
    for (_, names) in lists {
        let found = mentions(tokens, names, |word| ordinary(word) || is_function(word));
        taken.extend(found.into_iter().flat_map(|mention| mention.tokens));
    }
    for slot in slots {
        let Some(value) = args.get(&slot.name) else { continue };
        let range = match (slot.shape, value.as_str()) {
            (Shape::Number | Shape::Duration, _) => (0..tokens.len()).find_map(|at| {
                let found = match slot.shape {
                    Shape::Duration => duration_at(tokens, at),
                    _ => number_at(tokens, at),
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
