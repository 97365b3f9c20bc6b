use std::ops::Range;

use serde_json::Value;

use super::choose::{Choice, choose, takes, tokens};
use super::clause::{Clause, Joiner, Mood, Sentence, sentences};
use super::draft::{Frame, rows};
use super::english::{is_filler, is_function, is_light, is_pointing};
use super::fill::{Fill, Link, fills};
use super::scan::{Item, Kind, scan};
use super::text;
use super::thread::Focus;
use super::vocabulary::{Shape, ToolWords, Vocabulary};
use crate::catalog::List;
use crate::ground::{change, number_at};

/// What one message came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// The calls it asks for, in order.
    pub frames: Vec<Frame>,
    /// Whether words asked for them, and not only names that go together.
    pub by_words: bool,
    /// What was spoken of and is not to be done.
    pub declined: Option<(Mood, String)>,
    /// A verb that no tool knows.
    pub unknown: Option<String>,
    /// Whether it speaks to somebody else.
    pub elsewhere: bool,
    pub question: bool,
    /// Whether it leaves what is wanted to somebody else's words: "do what the log says".
    pub deferred: bool,
    pub items: Vec<Item>,
}

/// A call that the message asks for, as the clauses that belong to it.
struct Draft<'v> {
    tool: &'v ToolWords,
    choice: Choice,
    /// What was named before it in the same sentence: "inventory: 3 pods".
    preface: Vec<Item>,
    parts: Vec<(Link, Vec<Item>)>,
    text: Option<Range<usize>>,
    /// The sentence it stands in.
    sentence: usize,
}

pub(super) struct Reader<'a> {
    pub vocabulary: &'a Vocabulary,
    pub bot: &'a str,
    pub focus: &'a Focus,
}

impl<'a> Reader<'a> {
    pub fn read(&self, text: &str) -> Heard {
        let items = scan(text, self.vocabulary);
        let sentences = sentences(&items, text, self.bot, self.vocabulary);
        let mut pass = Pass {
            reader: self,
            message: text,
            sentences: &sentences,
            drafts: Vec::new(),
            context: Vec::new(),
            correcting: false,
            text_until: 0,
            heard: Heard { items: items.clone(), ..Heard::default() },
        };
        pass.heard.question = sentences.iter().any(|sentence| sentence.question);
        pass.heard.deferred = deferred(&items);
        if !pass.heard.deferred {
            pass.run();
        }
        pass.finish()
    }
}

/// "do what the log suggests", "exactly as ruth says", "look above": the order is in words that are not the asker's.
fn deferred(items: &[Item]) -> bool {
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    (0..items.len()).any(|at| {
        let follow = matches!(
            (word(at), word(at + 1)),
            ("do" | "execute" | "run" | "apply" | "follow", "what" | "whatever" | "as")
                | ("look" | "see" | "read", "above")
                | ("follow", _)
        );
        let as_somebody_says = word(at) == "as"
            && (2..=4).any(|offset| {
                matches!(
                    word(at + offset),
                    "says"
                        | "said"
                        | "suggests"
                        | "suggested"
                        | "wrote"
                        | "writes"
                        | "asks"
                        | "asked"
                        | "wants"
                        | "proposed"
                        | "described"
                )
            });
        let elsewhere = matches!(word(at), "do" | "execute" | "apply" | "follow" | "carry" | "perform")
            && items.iter().skip(at + 1).any(|item| {
                matches!(
                    item.word.as_str(),
                    "steps"
                        | "instructions"
                        | "suggestion"
                        | "recommendation"
                        | "remedy"
                        | "workaround"
                        | "fix"
                        | "thing"
                )
            });
        follow || as_somebody_says || elsewhere
    })
}

struct Pass<'a, 'm> {
    reader: &'m Reader<'a>,
    message: &'m str,
    sentences: &'m [Sentence],
    drafts: Vec<Draft<'a>>,
    /// What statements and refusals name; pronouns point there.
    context: Vec<Item>,
    correcting: bool,
    text_until: usize,
    heard: Heard,
}

impl<'a> Pass<'a, '_> {
    fn run(&mut self) {
        for (index, sentence) in self.sentences.iter().enumerate() {
            let mut preface: Vec<Item> = Vec::new();
            for (at, clause) in sentence.clauses.iter().enumerate() {
                let begins = clause.items.first().map_or(0, |item| item.span.start);
                if begins < self.text_until {
                    continue;
                }
                if clause.mood == Mood::Elsewhere {
                    self.heard.elsewhere = true;
                    return;
                }
                self.clause(index, at, clause, &mut preface);
            }
            self.context.append(&mut preface);
        }
    }

    fn clause(&mut self, sentence: usize, at: usize, clause: &Clause, preface: &mut Vec<Item>) {
        if clause.mood == Mood::Correction {
            self.correcting = true;
        }
        // "..., no, ..."
        let no = clause.items.iter().any(|item| item.is("no") || item.is("nope"));
        if no
            && !self.drafts.is_empty()
            && clause.items.len() <= 2
            && clause.items.iter().all(|item| is_filler(&item.word))
        {
            self.correcting = true;
            return;
        }
        let choice = choose(clause, self.reader.vocabulary);
        let Some((choice, tool)) = choice.and_then(|choice| {
            let tool = self.reader.vocabulary.tool(&choice.tool)?;
            Some((choice, tool))
        }) else {
            return self.loose(clause, preface);
        };
        let wanted = match clause.mood {
            Mood::Request | Mood::Correction => !capability(clause, tool),
            Mood::Question => !tool.mutates && !about(clause, tool),
            Mood::Statement
            | Mood::Negated
            | Mood::Reported
            | Mood::Unreal
            | Mood::Conditional
            | Mood::Elsewhere => false,
        };
        if !wanted {
            let mood = if clause.mood == Mood::Request { Mood::Question } else { clause.mood };
            // A clause that has no words for a tool only names things; it declines nothing.
            if choice.by_words || clause.mood != Mood::Statement {
                self.heard.declined.get_or_insert((mood, tool.name.clone()));
            }
            self.context.extend(clause.items.iter().cloned());
            return;
        }
        let link = self.link(clause);
        if let Some(last) = self.drafts.last_mut()
            && last.tool.name == tool.name
            && (self.correcting || !choice.by_words || adds_nothing(clause, tool))
        {
            last.parts.push((link, clause.items.clone()));
            return;
        }
        if self.correcting && choice.by_words {
            self.drafts.pop();
        }
        let mut draft = Draft {
            tool,
            choice,
            preface: preface.clone(),
            parts: vec![(Link::None, clause.items.clone())],
            text: None,
            sentence,
        };
        if tool.text().is_some() {
            self.find_text(&mut draft, sentence, at);
        }
        self.drafts.push(draft);
    }

    fn link(&self, clause: &Clause) -> Link {
        match clause.joiner {
            _ if self.correcting => Link::Instead,
            Joiner::Or => Link::Or,
            Joiner::Comma
            | Joiner::Colon
            | Joiner::And
            | Joiner::So
            | Joiner::But
            | Joiner::Then
            | Joiner::Start => Link::Beside,
        }
    }

    /// A clause that calls for no tool: it goes on with the last one, or names what the next one is about.
    fn loose(&mut self, clause: &Clause, preface: &mut Vec<Item>) {
        let link = self.link(clause);
        match clause.mood {
            Mood::Request | Mood::Correction => {}
            // "who is on call for identity and for payments?"
            Mood::Question if self.drafts.last().is_some() => {}
            Mood::Negated => {
                self.context.extend(clause.items.iter().cloned());
                return;
            }
            Mood::Conditional => {
                // "deploy checkout 2.4.1 to staging, when the tests are green": the condition is the order's.
                let empty = clause.items.len() <= 2;
                if let (Some(draft), false) = (self.drafts.last(), empty)
                    && draft.tool.mutates
                {
                    self.heard.declined.get_or_insert((Mood::Conditional, draft.tool.name.clone()));
                    self.drafts.pop();
                }
                return;
            }
            Mood::Statement | Mood::Question | Mood::Reported | Mood::Unreal | Mood::Elsewhere => {
                preface.extend(
                    clause.items.iter().filter(|item| !item.is_word() || item.is_identifier()).cloned(),
                );
                return;
            }
        }
        let unknown = clause
            .items
            .iter()
            .skip(clause.start)
            .find(|item| item.is_content() && !is_light(&item.word) && !is_filler(&item.word));
        let named = clause.items.iter().any(|item| !matches!(item.kind, Kind::Word | Kind::Mark));
        let takes_any = self
            .drafts
            .last()
            .is_some_and(|draft| !fills(draft.tool, &clause.items, Link::Beside).is_empty());
        if let Some(last) = self.drafts.last_mut()
            && (takes_any
                || (last.tool.slots.iter().any(|slot| slot.shape == Shape::Phrase)
                    && unknown.is_some_and(Item::is_identifier)))
        {
            last.parts.push((link, clause.items.clone()));
            return;
        }
        if let Some(unknown) = unknown {
            self.heard.unknown.get_or_insert(unknown.word.clone());
        }
        if named || unknown.is_some() {
            preface.extend(clause.items.iter().cloned());
        }
    }

    /// Finds the sentence that a tool's text argument gets, and how far it goes.
    fn find_text(&mut self, draft: &mut Draft<'a>, index: usize, at: usize) {
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
            let trailing = only_names(&clause.items) && sentence.clauses.len() == later + 1;
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
                end_clause = Some((trailing, clause.items.clone()));
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
    fn text_goes_on(&mut self, index: usize, range: &mut Range<usize>) {
        let rest = self.sentences.get(index + 1..).unwrap_or_default();
        let clauses = || rest.iter().flat_map(|sentence| &sentence.clauses);
        if clauses().any(|clause| self.orders(clause) || clause.mood == Mood::Elsewhere) {
            return;
        }
        let polite = |clause: &Clause| {
            clause.items.iter().all(|item| is_filler(&item.word) || is_function(&item.word))
        };
        if let Some(last) =
            clauses().filter(|clause| !polite(clause)).filter_map(|clause| clause.items.last()).last()
        {
            range.end = last.span.end;
            self.text_until = range.end;
        }
    }

    /// Whether a clause is an order of its own, with its verb in front.
    fn orders(&self, clause: &Clause) -> bool {
        let choice = choose(clause, self.reader.vocabulary).filter(|choice| choice.by_words);
        let Some(choice) = choice.filter(|_| clause.mood == Mood::Request && clause.joiner > Joiner::Colon)
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

    fn finish(mut self) -> Heard {
        self.heard.by_words = self.drafts.iter().any(|draft| draft.choice.by_words);
        let drafts = std::mem::take(&mut self.drafts);
        for draft in &drafts {
            let frames = self.frames(draft);
            self.heard.frames.extend(frames);
        }
        self.heard
    }

    fn frames(&self, draft: &Draft<'a>) -> Vec<Frame> {
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
                frame.choices.extend(values.iter().cloned());
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
        self.relative(frame, draft, items);
        frame.settle(tool);
        self.point(frame, draft, items);
        frame.settle(tool);
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
            said.is_none() || stated.is_none() || said == stated || change == crate::ground::Change::Same
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
            let from_thread =
                || self.reader.focus.value(slot).filter(|_| pointing && self.reader.focus.is_fresh);
            let value = from_context.or(from_earlier).cloned().or_else(from_thread);
            if let Some(value) = value {
                frame.args.insert(slot.name.clone(), value);
            }
        }
    }

    /// "ack A and B": one call for each.
    fn further_phrases(&self, draft: &Draft<'a>) -> Vec<Frame> {
        let tool = draft.tool;
        let slot = tool.slots.iter().find(|slot| slot.shape == Shape::Phrase && slot.required);
        let Some(slot) = slot else { return Vec::new() };
        let beside = draft.parts.iter().skip(1).filter(|(link, _)| *link != Link::Instead);
        let tokens = beside.filter_map(|(_, items)| items.iter().find(|item| item.is_identifier()));
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
                    && !crate::ground::ordinary(&name.word)
                    && !filter.contains(&name.word)
            })
        };
        draft.parts.iter().any(|(_, items)| strange(items)).then(|| slot.name.clone())
    }
}

/// Whether a clause names nothing new for a tool that was called for already: "prod needs gateway 1.18.4, deploy it".
fn adds_nothing(clause: &Clause, tool: &ToolWords) -> bool {
    points(&clause.items)
        && tool.text().is_none()
        && fills(tool, &clause.items, Link::None).is_empty()
        && !tool.slots.iter().any(|slot| slot.shape == Shape::Phrase && slot.required)
}

fn points(items: &[Item]) -> bool {
    items.iter().any(|item| item.is_word() && is_pointing(&item.word))
}

/// "can you also run migrations?": what it can do, and not to do it.
fn capability(clause: &Clause, tool: &ToolWords) -> bool {
    let word = |at: usize| clause.items.get(at).map_or("", |item| item.word.as_str());
    let asks = (0..clause.start).any(|at| matches!((word(at), word(at + 1)), ("can" | "could", "you" | "u")));
    let says = |words: &[&str]| clause.items.iter().any(|item| words.contains(&item.word.as_str()));
    let named = !fills(tool, &clause.items, Link::None).is_empty();
    asks && !named
        && tool.mutates
        && (says(&["also", "even", "ever"])
            || !says(&["please", "me", "something", "it", "this", "that", "the", "a", "an", "us"]))
}

/// Whether a question is about a reading tool, or about what somebody posted, and not for what the tool reads.
fn about(clause: &Clause, tool: &ToolWords) -> bool {
    let items = clause.items.get(clause.start..).unwrap_or_default();
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    let how_to = word(2) != "have"
        && matches!(
            (word(0), word(1)),
            ("how", "do" | "can" | "to" | "should" | "long" | "often")
                | ("do" | "should", "i" | "we")
                | ("why", _)
        )
        && !items.iter().any(|item| matches!(item.word.as_str(), "call" | "page" | "oncall"));
    let nothing_named = !items.iter().any(|item| takes(tool, item));
    let deictic = items.iter().any(|item| matches!(item.word.as_str(), "this" | "these" | "that" | "those"));
    how_to
        || (nothing_named && deictic)
        || (word(2) != "have"
            && matches!((word(0), word(1)), ("can" | "could" | "do" | "does", _) if nothing_named))
}

/// Whether items only name what a tool takes, with polite words around.
pub(super) fn only_names(items: &[Item], tool: &ToolWords) -> bool {
    let named = items.iter().filter(|item| !item.is_word() && item.kind != Kind::Mark);
    named.clone().next().is_some()
        && named.clone().all(|item| takes(tool, item))
        && items.iter().filter(|item| item.is_word()).all(|item| {
            is_function(&item.word)
                || is_filler(&item.word)
                || tool.slots.iter().any(|slot| slot.anchors.contains(&item.stem()))
        })
}

/// The number that a status answer states for an argument: 4 in "1 of 4 replicas ready".
pub(super) fn stated(items: &[crate::ground::Token], noun: &str) -> Option<i64> {
    (0..items.len()).find_map(|at| {
        let found = number_at(items, at)?;
        let next = &items.get(at + found.tokens)?.fold;
        (super::english::stem(next) == super::english::stem(noun)).then_some(found.value)
    })
}
