use std::ops::Range;

use super::asked::only_names;
use super::choose::choose;
use super::clause::{Clause, Joiner, Mood};
use super::english::{is_filler, is_function, is_light};
use super::fill::Link;
use super::message::{Draft, Pass};
use super::scan::{Item, Kind};
use super::text;

impl<'a> Pass<'a, '_> {
    /// Finds the sentence that a tool's text argument gets, and how far it goes.
    pub(super) fn find_text(&mut self, draft: &mut Draft<'a>, index: usize, at: usize) {
        let tool = draft.tool;
        let Some(sentence) = self.sentences.get(index) else { return };
        let Some(clause) = sentence.clauses.get(at) else { return };
        let from = clause.items.first().map_or(0, |item| item.span.start);
        let until =
            sentence.clauses.last().and_then(|clause| clause.items.last()).map_or(0, |item| item.span.end);
        let items: Vec<Item> = self
            .heard
            .items
            .iter()
            .filter(|item| item.span.start >= from && item.span.end <= until)
            .cloned()
            .collect();
        let only_names = |items: &[Item]| only_names(items, tool);
        let Some(slot) = tool.text() else { return };
        let Some(mut range) = text::text(tool, slot, &items, only_names) else { return };
        let strict = self.message.get(..range.start).is_some_and(|head| head.trim_end().ends_with(':'));
        let mut end_clause = None;
        for (later, clause) in sentence.clauses.iter().enumerate().skip(at + 1) {
            let Some(first) = clause.items.first().filter(|item| item.span.start > range.start) else {
                continue;
            };
            // ", state: monitoring" is two clauses.
            let rest: Vec<Item> =
                sentence.clauses.iter().skip(later).flat_map(|clause| clause.items.iter().cloned()).collect();
            let label = clause.items.len() == 1 && later + 2 == sentence.clauses.len();
            let trailing = only_names(&rest) && (label || sentence.clauses.len() == later + 1);
            let orders = self.orders(clause)
                && (!strict
                    || clause.joiner == Joiner::Then
                    || clause.items.iter().any(|item| item.is("please")));
            if trailing || orders {
                range.end = sentence
                    .clauses
                    .get(later - 1)
                    .and_then(|clause| clause.items.last())
                    .map_or(first.span.start, |item| item.span.end);
                end_clause = Some((trailing, if trailing { rest } else { clause.items.clone() }));
                break;
            }
        }
        self.text_until = range.end;
        if items.iter().any(|item| item.kind == Kind::Quote && item.span == range) {
            draft.text = Some(range);
            return;
        }
        match &end_clause {
            Some((true, items)) => draft.parts.push((Link::Beside, items.clone())),
            Some((false, _)) => {}
            None => self.text_goes_on(index, &mut range),
        }
        // What stands between the order and its text still names things: "new incident, sev 1, title: ...".
        let between = sentence
            .clauses
            .iter()
            .skip(at + 1)
            .filter(|clause| clause.items.last().is_some_and(|item| item.span.end <= range.start));
        draft.parts.extend(between.map(|clause| (Link::Beside, clause.items.clone())));
        if let Some((_, own)) = draft.parts.first_mut() {
            own.retain(|item| item.span.start < range.start);
        }
        draft.text = Some(range);
    }

    /// The text of the last order of a message takes the sentences after it, unless they order something themselves.
    pub(super) fn text_goes_on(&mut self, index: usize, range: &mut Range<usize>) {
        let rest = self.sentences.get(index + 1..).unwrap_or_default();
        let clauses = || rest.iter().flat_map(|sentence| &sentence.clauses);
        if clauses().any(|clause| self.orders(clause) || clause.mood == Mood::Elsewhere) {
            return;
        }
        let polite = |clause: &Clause| {
            clause.items.iter().all(|item| is_filler(&item.word) || is_function(&item.word))
        };
        if let Some(last) =
            clauses().filter(|clause| !polite(clause)).filter_map(|clause| clause.items.last()).next_back()
        {
            range.end = last.span.end;
            self.text_until = range.end;
        }
    }

    /// Whether a clause is an order of its own, with its verb in front.
    pub(super) fn orders(&self, clause: &Clause) -> bool {
        let choice = choose(clause, self.reader.vocabulary).filter(|choice| choice.by_words);
        let Some(choice) = choice.filter(|_| clause.mood == Mood::Request && clause.joiner > Joiner::Because)
        else {
            return false;
        };
        let first = clause
            .items
            .iter()
            .enumerate()
            .skip(clause.start)
            .find(|(_, item)| item.is_content() || !item.is_word());
        first.is_some_and(|(at, item)| item.is_word() && (at == choice.at || is_light(&item.word)))
    }
}
