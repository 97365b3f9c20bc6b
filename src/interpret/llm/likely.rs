use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Tool;

/// With more tools than this only the likely ones are sent.
pub const MOST_TOOLS: usize = 20;

/// How much a word counts by where the tool has it. `avoid` does not count: it speaks of other tools.
const IN_NAME: u32 = 4;
const IN_EXAMPLE: u32 = 3;
const IN_TITLE: u32 = 2;
const IN_TEXT: u32 = 1;

/// The tools that `text` probably asks for, [`MOST_TOOLS`] of them, in the order given. All of them when there are no
/// more, or when the text has no telling word of any: then its words say nothing, as in another language.
pub fn likely<'a>(tools: &[&'a Tool], text: &str) -> Vec<&'a Tool> {
    if tools.len() <= MOST_TOOLS {
        return tools.to_vec();
    }
    let documents: Vec<Document> = tools.iter().map(|tool| Document::of(tool, None)).collect();
    let best = best(&documents, text, MOST_TOOLS);
    tools.iter().enumerate().filter(|(index, _)| best.contains(index)).map(|(_, tool)| *tool).collect()
}

/// The words of a tool, and how much each counts.
pub(super) struct Document(BTreeMap<String, u32>);

impl Document {
    /// The words of a tool, without those of one example where a test asks for that one.
    pub(super) fn of(tool: &Tool, without: Option<&str>) -> Self {
        let manifest = tool.manifest();
        let mut words = BTreeMap::new();
        let mut add = |text: &str, weight: u32| {
            for word in stems(text) {
                let counts = words.entry(word).or_insert(0);
                *counts = weight.max(*counts);
            }
        };
        add(tool.name(), IN_NAME);
        add(&manifest.title, IN_TITLE);
        add(&manifest.description, IN_TEXT);
        for example in manifest.examples.iter().filter(|example| Some(example.say.as_str()) != without) {
            add(&example.say, IN_EXAMPLE);
        }
        for param in tool.params() {
            add(&param.name, IN_TEXT);
            add(&param.description, IN_TEXT);
        }
        Self(words)
    }
}

/// The indices of the `most` documents that have most in common with the text; of all when nothing tells them apart.
pub(super) fn best(documents: &[Document], text: &str, most: usize) -> BTreeSet<usize> {
    let query = stems(text);
    let telling: BTreeMap<&str, u64> = query
        .iter()
        .map(|word| {
            (word.as_str(), documents.iter().filter(|document| document.0.contains_key(word)).count())
        })
        .filter(|(_, having)| *having > 0)
        .map(|(word, having)| (word, rarity(documents.len(), having)))
        .collect();
    if !telling.values().any(|rarity| *rarity >= TELLING) {
        return (0..documents.len()).collect();
    }
    let score = |document: &Document| -> u64 {
        telling.iter().filter_map(|(word, rarity)| Some(u64::from(*document.0.get(*word)?) * rarity)).sum()
    };
    let mut scored: Vec<(u64, usize)> =
        documents.iter().enumerate().map(|(index, document)| (score(document), index)).collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(most).map(|(_, index)| index).collect()
}

/// A word that at most a quarter of the tools have.
const TELLING: u64 = 3;

/// How much a word says that `having` of `all` documents have: one more than the doublings from `having` to `all`, in
/// whole numbers so that scores are exact.
fn rarity(all: usize, having: usize) -> u64 {
    all.checked_div(having).and_then(usize::checked_ilog2).map_or(0, |doublings| u64::from(doublings) + 1)
}

/// The distinct words, without the endings of English that matter most.
fn stems(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| stem(&word.to_lowercase())).collect()
}

fn stem(word: &str) -> String {
    let long_enough = |stem: &&str| stem.chars().count() >= 4;
    let stem =
        ["ing", "ed", "es", "s", "e"].iter().find_map(|ending| word.strip_suffix(ending).filter(long_enough));
    stem.unwrap_or(word).to_owned()
}
