use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Tool;

/// With more tools than this only the likely ones are sent.
pub const MOST_TOOLS: usize = 20;

/// How much a word counts by where the tool has it. `avoid` does not count: it speaks of other tools.
const IN_NAME: u32 = 4;
const IN_EXAMPLE: u32 = 3;
const IN_TITLE: u32 = 2;
const IN_TEXT: u32 = 1;

/// The tools that `text` probably asks for, at most [`MOST_TOOLS`], in the order given. All of them when there are no
/// more, or when no word of the text occurs in any: then the words tell nothing, as in another language.
pub fn likely<'a>(tools: &[&'a Tool], text: &str) -> Vec<&'a Tool> {
    if tools.len() <= MOST_TOOLS {
        return tools.to_vec();
    }
    let documents: Vec<Document> = tools.iter().map(|tool| Document::of(tool, None)).collect();
    let best = best(&documents, text, MOST_TOOLS);
    if best.is_empty() {
        return tools.to_vec();
    }
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

/// The indices of the `most` documents that have most in common with the text. Those that have nothing in common with it
/// are left out.
pub(super) fn best(documents: &[Document], text: &str, most: usize) -> BTreeSet<usize> {
    let query = stems(text);
    let rarity: BTreeMap<&str, u64> = query
        .iter()
        .map(|word| {
            let having = documents.iter().filter(|document| document.0.contains_key(word)).count();
            (word.as_str(), rarity(documents.len(), having))
        })
        .collect();
    let score = |document: &Document| -> u64 {
        let found = rarity.iter().filter_map(|(word, rarity)| Some(u64::from(*document.0.get(*word)?) * rarity));
        found.sum()
    };
    let mut scored: Vec<(u64, usize)> =
        documents.iter().enumerate().map(|(index, document)| (score(document), index)).collect();
    scored.retain(|(score, _)| *score > 0);
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(most).map(|(_, index)| index).collect()
}

/// How much a word says that `having` of `all` documents have: the inverse document frequency, in whole doublings so
/// that scores are exact.
fn rarity(all: usize, having: usize) -> u64 {
    let ratio = 1 + all.checked_div(having).unwrap_or(0);
    u64::from(usize::BITS - ratio.leading_zeros())
}

/// The distinct words, without the endings of English that matter most.
fn stems(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| stem(&word.to_lowercase())).collect()
}

fn stem(word: &str) -> String {
    let long_enough = |stem: &&str| stem.chars().count() >= 4;
    let stem = ["ing", "ed", "es", "s", "e"].iter().find_map(|ending| word.strip_suffix(ending).filter(long_enough));
    stem.unwrap_or(word).to_owned()
}
