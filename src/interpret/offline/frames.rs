use std::ops::Range;

use serde_json::Value;

use super::asked::{only_names, points};
use super::choose::tokens;
use super::clause::Mood;
use super::draft::{Frame, rows};
use super::english::{is_filler, is_function, is_light, stem};
use super::fill::{Fill, Link, fills};
use super::message::{Draft, Pass};
use super::scan::{Item, Kind};
use super::slot::Shape;
use super::text;
use super::vocabulary::ToolWords;
use crate::catalog::List;
use crate::ground::{Change, Token, change, number_at, ordinary};

impl<'a> Pass<'a, '_> {
    pub(super) fn frames(&self, draft: &Draft<'a>) -> Vec<Frame> {
        let tool = draft.tool;
        let mut all: Vec<Fill> = fills(tool, &draft.preface, Link::Beside);
        let own: Vec<Fill> = draft.parts.iter().flat_map(|(link, items)| fills(tool, items, *link)).collect();
        // A name in front is what it is about, unless the order names its own.
        all.retain(|fill| !own.iter().any(|own| own.slot == fill.slot));
        all.extend(own);
        let laid_out = rows(&all);
        let items: Vec<Item> = draft.parts.iter().flat_map(|(_, items)| items.iter().cloned()).collect();
        let mut frames: Vec<Frame> = Vec::new();
        for row in laid_out.rows {
            let mut frame = Frame::new(tool, row);
            self.complete(&mut frame, draft, &items);
            for (slot, values) in &laid_out.open {
                frame.args.remove(slot);
                if tool.slot(slot).is_some_and(|slot| slot.required) || !values.is_empty() {
                    frame.missing.insert(slot.clone());
                }
                frame.choices.extend(values.iter().map(|value| (slot.clone(), value.clone())));
            }
            if let Some(slot) = self.unknown_place(draft, &frame) {
                frame.missing.insert(slot);
            }
            frames.push(frame);
        }
        frames.extend(self.further_phrases(draft));
        frames
    }

    /// Fills in what the clause itself does not name: text, phrases, what pronouns point at, amounts from facts.
    fn complete(&self, frame: &mut Frame, draft: &Draft<'a>, items: &[Item]) {
        let tool = draft.tool;
        if let (Some(slot), Some(value)) = (tool.text(), self.text_of(draft)) {
            frame.args.insert(slot.name.clone(), Value::String(value));
        }
        let own = draft.parts.first().map(|(_, items)| items.as_slice()).unwrap_or_default();
        for slot in tool.slots.iter().filter(|slot| slot.shape == Shape::Phrase) {
            let corrected = draft.parts.iter().rev().filter(|(link, _)| *link == Link::Instead);
            let corrected =
                corrected.filter_map(|(_, items)| items.iter().find(|item| item.is_identifier())).next();
            let mut found = corrected.map(|item| item.text.clone()).filter(|_| slot.required);
            found = found.or_else(|| text::phrase(tool, slot, own, self.reader.vocabulary));
            if found.is_none() && slot.required && points(own) {
                found = self
                    .context
                    .iter()
                    .chain(&draft.preface)
                    .find(|item| item.is_identifier())
                    .map(|item| item.text.clone());
            }
            if found.is_none() && !slot.required {
                let parts = draft.parts.iter().skip(1).map(|(_, items)| items.as_slice());
                found =
                    parts.filter_map(|items| text::phrase(tool, slot, items, self.reader.vocabulary)).next();
            }
            if let Some(found) = found {
                frame.args.insert(slot.name.clone(), Value::String(found));
            }
        }
        self.within_text(frame, draft);
        self.relative(frame, draft, items);
        frame.settle(tool);
        self.point(frame, draft, items);
        frame.settle(tool);
    }

    /// "checkout is down, it's a sev1": a severity is one even inside the text. Services and places in a text are not.
    fn within_text(&self, frame: &mut Frame, draft: &Draft<'a>) {
        let Some(range) = &draft.text else { return };
        let inside = || {
            self.heard
                .items
                .iter()
                .filter(|item| range.start <= item.span.start && item.span.end <= range.end)
        };
        for slot in draft.tool.slots.iter().filter(|slot| slot.required) {
            let Shape::Name(list) = slot.shape else { continue };
            let acted_on = matches!(list, List::Services | List::Environments | List::Targets);
            if let Some(name) = inside().find_map(|item| item.name_in(list)).filter(|_| !acted_on) {
                frame.args.entry(slot.name.clone()).or_insert_with(|| Value::String(name.to_owned()));
            }
        }
    }

    /// "one more", "double it": from the number that the bot has stated.
    fn relative(&self, frame: &mut Frame, draft: &Draft<'a>, items: &[Item]) {
        let Some(slot) = draft.tool.slots.iter().find(|slot| slot.shape == Shape::Number && slot.required)
        else {
            return;
        };
        let Some(change) = change(&tokens(items)) else { return };
        frame.args.remove(&slot.name);
        let value = self.reader.focus.number(&slot.name).and_then(|present| change.of(present));
        let same = |name: &str, list: List| {
            let said = frame.args.get(name).and_then(Value::as_str);
            let stated = self.reader.focus.name(list);
            said.is_none() || stated.is_none() || said == stated || change == Change::Same
        };
        let about_the_same = draft.tool.slots.iter().all(|slot| match slot.shape {
            Shape::Name(list) => same(&slot.name, list),
            _ => true,
        });
        if let Some(value) = value.filter(|_| about_the_same) {
            frame.args.insert(slot.name.clone(), Value::from(value));
        }
    }

    /// What "it", "there" and "that" stand for: first what this message named, then what the thread is about.
    fn point(&self, frame: &mut Frame, draft: &Draft<'a>, items: &[Item]) {
        let tool = draft.tool;
        let relative = change(&tokens(items)).is_some();
        let follows_up = !tool.mutates && self.reader.focus.is_fresh;
        let pointing = points(items) || relative || follows_up;
        let nothing_named = !items.iter().any(|item| matches!(item.kind, Kind::Name(_)));
        let context = fills(tool, &self.context, Link::Beside);
        let context = Some(rows(&context)).filter(|rows| rows.rows.len() == 1 && rows.open.is_empty());
        let context = context.and_then(|rows| rows.rows.into_iter().next()).unwrap_or_default();
        let earlier = self.heard.frames.last().map(|frame| frame.args.clone()).unwrap_or_default();
        let same_thing = self.reader.focus.is_fresh && !self.names_another(frame, tool);
        for slot in &tool.slots {
            let asked_for = frame.missing.contains(&slot.name);
            let place_word = items.iter().any(|item| item.is("there"));
            if frame.args.contains_key(&slot.name)
                || !(asked_for || (place_word && slot.shape == Shape::Name(List::Environments)))
            {
                continue;
            }
            let loosely = matches!(slot.shape, Shape::Name(list) if !matches!(list, List::Services | List::Environments | List::Targets));
            let from_context = context.get(&slot.name).filter(|_| pointing || nothing_named || loosely);
            let from_earlier = earlier.get(&slot.name).filter(|_| pointing || nothing_named);
            let from_thread = || self.reader.focus.value(slot).filter(|_| pointing && same_thing);
            let value = from_context.or(from_earlier).cloned().or_else(from_thread);
            if let Some(value) = value {
                frame.args.insert(slot.name.clone(), value);
            }
        }
    }

    /// Whether the message names another service than the thread is about.
    fn names_another(&self, frame: &Frame, tool: &ToolWords) -> bool {
        tool.slots.iter().any(|slot| match slot.shape {
            Shape::Name(list @ (List::Services | List::Targets)) => {
                let named = frame.args.get(&slot.name).and_then(Value::as_str);
                named.is_some_and(|named| self.reader.focus.name(list).is_some_and(|stated| stated != named))
            }
            Shape::Name(_)
            | Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Version
            | Shape::Identifier
            | Shape::Phrase
            | Shape::Text => false,
        })
    }

    /// "ack A and B": one call for each.
    fn further_phrases(&self, draft: &Draft<'a>) -> Vec<Frame> {
        let tool = draft.tool;
        let slot = tool.slots.iter().find(|slot| slot.shape == Shape::Phrase && slot.required);
        let Some(slot) = slot else { return Vec::new() };
        let beside = draft.parts.iter().skip(1).filter(|(link, _)| *link != Link::Instead);
        let tokens = beside
            .filter_map(|(_, items)| items.iter().find(|item| item.is_identifier() && !item.is_reference()));
        let frame = |item: &Item| {
            let value = Value::String(item.text.clone());
            Frame::new(tool, [(slot.name.clone(), value)].into_iter().collect())
        };
        tokens.map(frame).collect()
    }

    fn text_of(&self, draft: &Draft<'a>) -> Option<String> {
        let range = draft.text.clone().or_else(|| self.text_nearby(draft))?;
        let text = text::trimmed(self.message.get(range)?);
        (!text.is_empty()).then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// "p1: nobody can log in. open an incident": the sentence before the order, or the one after it.
    fn text_nearby(&self, draft: &Draft<'a>) -> Option<Range<usize>> {
        let near = [draft.sentence.checked_sub(1), Some(draft.sentence + 1)];
        near.into_iter().flatten().find_map(|index| {
            let sentence = self.sentences.get(index).filter(|sentence| !sentence.question)?;
            let told = sentence.clauses.iter().find(|clause| {
                let words = clause.items.iter().filter(|item| item.is_content()).count();
                let told =
                    matches!(clause.mood, Mood::Statement | Mood::Negated | Mood::Request | Mood::Reported);
                told && words >= 1
                    && clause.items.len() >= 2
                    && !self.orders(clause)
                    && !only_names(&clause.items, draft.tool)
                    && !clause
                        .items
                        .iter()
                        .all(|item| is_filler(&item.word) || item.is_word() && is_function(&item.word))
            })?;
            let start = told.items.first()?.span.start;
            let end = sentence.clauses.last()?.items.last()?.span.end;
            Some(start..end)
        })
    }

    /// "status of checkout in uat": a place that the catalogue does not have is asked about, not left out.
    fn unknown_place(&self, draft: &Draft<'a>, frame: &Frame) -> Option<String> {
        let tool = draft.tool;
        let slot = tool.slots.iter().find(|slot| slot.shape == Shape::Name(List::Environments))?;
        if slot.required || frame.args.contains_key(&slot.name) {
            return None;
        }
        let filter =
            frame.args.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" ").to_lowercase();
        let strange = |items: &[Item]| {
            items.windows(2).any(|pair| {
                let [place, name] = pair else { return false };
                matches!(place.word.as_str(), "in" | "on" | "at")
                    && name.is_content()
                    && !is_light(&name.word)
                    && !self.reader.vocabulary.knows(&name.word)
                    && !ordinary(&name.word)
                    && !filter.contains(&name.word)
            })
        };
        draft.parts.iter().any(|(_, items)| strange(items)).then(|| slot.name.clone())
    }
}

/// The number that a status answer states for an argument: 4 in "1 of 4 replicas ready".
pub(super) fn stated(items: &[Token], noun: &str) -> Option<i64> {
    (0..items.len()).find_map(|at| {
        let found = number_at(items, at)?;
        let next = &items.get(at + found.tokens)?.fold;
        (stem(next) == stem(noun)).then_some(found.value)
    })
}
