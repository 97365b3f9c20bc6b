//! Whether the asker's words want the call at all. Arguments that a reading tool takes as well prove nothing: whoever
//! asks how a service is doing has said all that a rollback needs.

use std::collections::HashSet;

use super::carry::Turn;
use super::{near_miss, tokenize};
use crate::catalog::{Call, Catalog, List, Names, Tool};

/// Words of English that hardly any other language of a chat has. Where one stands, words of the tools' files can be
/// expected, since those are English.
const ENGLISH: &str = "the what how please which why with and you my your this that does did can could should would it are who there \
    here when where let's i'm it's don't";
/// Words that hold sentences together and want nothing.
const JOINING: &str = "a an of in on at to for or is was were be been has have had do i me we us our by as from but not no yes so if 's \
    one all any some now just";

/// Whether the words of the asker name what the tool does, where that can be expected of them: a reading tool takes all
/// that the call has, and the words are English or name another tool.
pub(super) fn wanted(catalog: &Catalog, call: &Call, turns: &[Turn]) -> bool {
    let Some(tool) = catalog.tool(call.tool()).filter(|tool| tool.mutates()) else { return true };
    let rivals: Vec<&Tool> = catalog.tools().filter(|other| reads_the_same(other, tool, call)).collect();
    if rivals.is_empty() {
        return true;
    }
    let lists = [List::Services, List::Targets, List::Environments, List::Teams];
    let names = lists.map(|list| Names::of(list, catalog.landscape()));
    let own = words(tool, &names);
    let said: Vec<&str> = turns.iter().flat_map(Turn::asked).collect();
    let says = |cue: &str| said.iter().any(|word| is_form(word, cue));
    let others = || catalog.tools().filter(|other| other.name() != tool.name()).flat_map(parts);
    let english = said.iter().any(|word| listed(ENGLISH, word));
    if !english && !others().any(|part| !own.contains(part) && says(part)) {
        return true;
    }
    let theirs: Vec<HashSet<String>> = rivals.iter().map(|rival| words(rival, &names)).collect();
    let peculiar = |cue: &&String| {
        !theirs.iter().any(|words| words.contains(*cue)) && !others().any(|part| part == cue.as_str())
    };
    own.iter().filter(peculiar).any(|cue| says(cue))
}

/// Whether a reading tool takes everything that the call has.
fn reads_the_same(other: &Tool, tool: &Tool, call: &Call) -> bool {
    let takes = |name: &String| {
        let list = tool.param(name).and_then(|param| param.list);
        list.is_some() && other.param(name).is_some_and(|param| param.list == list)
    };
    !other.mutates() && !call.args().is_empty() && call.args().keys().all(takes)
}

/// The words of a tool's name, title and examples, without those that only join and without names.
fn words(tool: &Tool, names: &[Names]) -> HashSet<String> {
    let examples = tool.manifest().examples.iter().map(|example| example.say.as_str());
    let texts = examples.chain([tool.manifest().title.as_str()]).flat_map(tokenize).map(|token| token.fold);
    let plain = |word: &String| {
        word.chars().all(char::is_alphabetic)
            && !listed(JOINING, word)
            && !listed(ENGLISH, word)
            && !names.iter().any(|names| names.resolve(word).is_some())
    };
    texts.chain(parts(tool).map(str::to_owned)).filter(plain).collect()
}

fn parts(tool: &Tool) -> impl Iterator<Item = &str> {
    tool.name().split(['.', '_', '-'])
}

fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

/// Whether a word is a cue, one of its forms, or a slip of the finger away from it.
fn is_form(word: &str, cue: &str) -> bool {
    let bare = ["ing", "ed", "d", "s"].into_iter().filter_map(|end| word.strip_suffix(end));
    word == cue || bare.into_iter().any(|bare| bare == cue) || (cue.len() >= 6 && near_miss(word, cue))
}
