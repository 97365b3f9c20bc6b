//! Whose words follow: "bob wrote:", "fwd from the vendor: ...", "the page reads as follows.".

use super::clause::{Clause, Mood, Sentence};
use super::english::{is_content_free, is_filler, is_function, is_label, is_light, is_negation, is_speech};
use super::opening::is_person;
use super::scan::{Item, Kind};
use super::vocabulary::Vocabulary;
use crate::catalog::List;
use crate::ground::ordinary;

/// "bob wrote:" and a new line, "the page reads as follows.": the paragraph that comes is what was announced. Where it was
/// quoted it is not among the items, and what comes after it is the writer's own.
pub(super) fn announce(sentences: &mut [Sentence], text: &str) {
    let mut paragraph = 0..0;
    for at in 0..sentences.len() {
        let begins = |sentence: &Sentence| {
            sentence
                .clauses
                .first()
                .and_then(|clause| clause.items.first())
                .map_or(text.len(), |item| item.span.start)
        };
        let next = sentences.get(at + 1).map_or(text.len(), begins);
        let Some(sentence) = sentences.get_mut(at) else { return };
        let foreign = paragraph.contains(&begins(sentence));
        for clause in sentence.clauses.iter_mut().filter(|clause| foreign && clause.mood == Mood::Request) {
            clause.mood = Mood::Reported;
        }
        let Some(end) = announced(sentence, text) else { continue };
        let gap = text.get(end..next).unwrap_or_default();
        if gap.trim_matches(|mark: char| mark.is_whitespace() || ":.".contains(mark)).is_empty() {
            let rest = text.get(next..).unwrap_or_default();
            paragraph = next..next + rest.find("\n\n").unwrap_or(rest.len());
        }
    }
}

/// Where a sentence ends that announces what somebody wrote.
fn announced(sentence: &Sentence, text: &str) -> Option<usize> {
    let last = sentence.clauses.last()?;
    let word = last.items.last()?;
    let colon = text.get(word.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let follows = word.is("follows") || word.is("following");
    let label = |item: &Item| item.is_word() && (is_label(&item.word) || is_speech(&item.word));
    let told = match last.mood {
        Mood::Reported | Mood::Unreal => true,
        Mood::Statement => names_words(last) || last.items.iter().any(|item| label(item) || is_person(item)),
        // "quote:", "from the vendor:", "nina sent me this:"
        Mood::Request => {
            colon
                && last.items.len() <= 6
                && (last.items.iter().all(|item| label(item) || !item.is_content())
                    || last.items.iter().take(2).any(is_source)
                    || sends(last))
        }
        Mood::Negated | Mood::Question | Mood::Conditional | Mood::Elsewhere | Mood::Correction => false,
    };
    ((colon || follows) && told).then_some(word.span.end)
}

fn is_source(item: &Item) -> bool {
    matches!(item.word.as_str(), "from" | "per" | "via")
}

/// Whether a clause points at what is said after it: "never type this: ...".
pub(super) fn points_on(clause: &Clause) -> bool {
    clause.items.last().is_some_and(|item| {
        matches!(
            item.word.as_str(),
            "this" | "that" | "it" | "following" | "things" | "type" | "say" | "write" | "do"
        )
    })
}

/// Whether a statement ends in a verb of writing, or in "this": words follow and no order.
pub(super) fn names_words(clause: &Clause) -> bool {
    clause.items.last().is_some_and(|item| {
        matches!(item.word.as_str(), "type" | "say" | "write" | "enter" | "typed" | "this")
    })
}

/// "nina sent me this"
fn sends(clause: &Clause) -> bool {
    names_words(clause) && clause.items.first().is_some_and(is_person)
}

/// "should it fail again, ...", "were it to fail, ...": a condition in the form of a question.
pub(super) fn inverted(clause: &Clause) -> bool {
    clause.items.get(clause.start).is_some_and(|item| matches!(item.word.as_str(), "should" | "had" | "were"))
}

/// Whether a clause before a colon says whose words follow: a name of a person, one word that nobody knows, such as a
/// person's name, a label ("todo", "step 3"), or where they come from ("fwd from the vendor").
pub(super) fn speaks(clause: &Clause, vocabulary: &Vocabulary) -> bool {
    let label = |item: &Item| item.is_word() && is_label(&item.word);
    let ordered = |item: &Item| item.is_word() && vocabulary.is_order(&item.stem()) && !label(item);
    // "please carry out step 2: ..." orders what follows.
    let does = |item: &Item| matches!(item.word.as_str(), "please" | "carry" | "do" | "execute" | "perform");
    let short = clause.items.len() <= 6 && !clause.items.iter().any(|item| ordered(item) || does(item));
    if short
        && (clause.items.iter().any(label) || clause.items.iter().take(3).any(is_source) || sends(clause))
    {
        return true;
    }
    if let [to, person] = clause.items.as_slice()
        && matches!(to.word.as_str(), "for" | "to")
    {
        return is_person(person);
    }
    let [item] = clause.items.as_slice() else { return false };
    match &item.kind {
        Kind::Name(found) => found.iter().all(|(list, _)| *list == List::People),
        Kind::Word => {
            let english = ordinary(&item.word)
                || is_function(&item.word)
                || is_light(&item.word)
                || is_filler(&item.word);
            !english
                && !vocabulary.knows(&item.word)
                && !item.is_identifier()
                && !is_negation(&item.word)
                && !matches!(
                    item.word.as_str(),
                    "correction" | "warning" | "attention" | "emergency" | "task" | "todo" | "hotfix"
                )
        }
        Kind::Mark | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => false,
    }
}

pub(super) fn report_is_open(clause: &Clause) -> bool {
    if clause.items.get(clause.start).is_some_and(|item| item.is("according")) {
        return true;
    }
    if clause.items.len() == 1 || clause.items.iter().any(|item| item.is_word() && is_label(&item.word)) {
        return true;
    }
    let last = clause.items.iter().rev().find(|item| !is_content_free(&item.word));
    last.is_none_or(|item| item.is_word() && is_speech(&item.word))
}
