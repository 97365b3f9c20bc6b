use std::ops::Range;

use super::asked::{about, adds_nothing, asks, capability, deferred, retracts, takes_time};
use super::choose::{Choice, choose};
use super::clause::{Clause, Joiner, Mood, Sentence, sentences};
use super::draft::Frame;
use super::english::{is_filler, is_light};
use super::fill::{Link, fills};
use super::focus::Focus;
use super::scan::{Item, Kind, scan};
use super::slot::Shape;
use super::vocabulary::{ToolWords, Vocabulary};

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
pub(super) struct Draft<'v> {
    pub(super) tool: &'v ToolWords,
    pub(super) choice: Choice,
    /// What was named before it in the same sentence: "inventory: 3 pods".
    pub(super) preface: Vec<Item>,
    pub(super) parts: Vec<(Link, Vec<Item>)>,
    pub(super) text: Option<Range<usize>>,
    /// The sentence it stands in.
    pub(super) sentence: usize,
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
            struck: false,
            text_until: 0,
            heard: Heard { items: items.clone(), ..Heard::default() },
        };
        pass.heard.question = sentences.iter().any(asks);
        pass.heard.deferred = deferred(&items);
        if !pass.heard.deferred {
            pass.run();
        }
        pass.finish()
    }
}

pub(super) struct Pass<'a, 'm> {
    pub(super) reader: &'m Reader<'a>,
    pub(super) message: &'m str,
    pub(super) sentences: &'m [Sentence],
    pub(super) drafts: Vec<Draft<'a>>,
    /// What statements and refusals name; pronouns point there.
    pub(super) context: Vec<Item>,
    pub(super) correcting: bool,
    /// Whether the last order was struck out and nothing has replaced it: "scratch that", "wait, no".
    pub(super) struck: bool,
    pub(super) text_until: usize,
    pub(super) heard: Heard,
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
            self.struck = clause.items.iter().any(|item| matches!(item.word.as_str(), "scratch" | "wait"));
        }
        // "..., no, ..."
        let no = clause.items.iter().any(|item| item.is("no") || item.is("nope"));
        if no
            && !self.drafts.is_empty()
            && clause.items.len() <= 2
            && clause.items.iter().all(|item| is_filler(&item.word))
        {
            self.correcting = true;
            self.struck = true;
            return;
        }
        if retracts(clause) && !self.drafts.is_empty() {
            return self.retract();
        }
        // "..., but only if staging is healthy": the condition is the order's, whatever it is about.
        if clause.mood == Mood::Conditional
            && clause.joiner != Joiner::Start
            && let Some(draft) = self.drafts.last().filter(|draft| draft.tool.mutates)
        {
            self.heard.declined.get_or_insert((Mood::Conditional, draft.tool.name.clone()));
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
            Mood::Request | Mood::Correction => {
                !capability(clause, tool) && (!tool.mutates || !self.doubted(sentence, clause))
            }
            Mood::Question => !tool.mutates && !about(clause, tool),
            Mood::Conditional => takes_time(clause, tool),
            Mood::Statement | Mood::Negated | Mood::Reported | Mood::Unreal | Mood::Elsewhere => false,
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
            self.struck = false;
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
        self.struck = false;
        self.drafts.push(draft);
    }

    /// "roll back payments in prod?": an order with a question mark is none.
    fn doubted(&self, sentence: usize, clause: &Clause) -> bool {
        let polite = |item: &Item| matches!(item.word.as_str(), "please" | "pls" | "plz");
        let asked = clause
            .items
            .iter()
            .take(clause.start)
            .any(|item| matches!(item.word.as_str(), "can" | "could" | "would" | "will" | "you"));
        self.sentences.get(sentence).is_some_and(|sentence| {
            sentence.question
                && asks(sentence)
                && !asked
                && !sentence.clauses.iter().flat_map(|clause| &clause.items).any(polite)
        })
    }

    fn link(&self, clause: &Clause) -> Link {
        match clause.joiner {
            _ if self.correcting => Link::Instead,
            Joiner::Or => Link::Or,
            Joiner::Comma
            | Joiner::Colon
            | Joiner::Because
            | Joiner::And
            | Joiner::So
            | Joiner::But
            | Joiner::Then
            | Joiner::Start => Link::Beside,
        }
    }

    /// "..., forget it", "... just kidding": it is not to be done after all.
    fn retract(&mut self) {
        if let Some(draft) = self.drafts.pop() {
            self.heard.declined.get_or_insert((Mood::Negated, draft.tool.name.clone()));
        }
        self.correcting = false;
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
            Mood::Conditional => return,
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
            self.struck = false;
            return;
        }
        // "..., but have jonas approve it first"
        let precedes = clause.items.iter().any(|item| item.is("first") || item.is("beforehand"));
        if let Some(draft) =
            self.drafts.last().filter(|draft| precedes && draft.tool.mutates && unknown.is_some())
        {
            self.heard.declined.get_or_insert((Mood::Conditional, draft.tool.name.clone()));
            return;
        }
        if let Some(unknown) = unknown {
            self.heard.unknown.get_or_insert(unknown.word.clone());
        }
        if named || unknown.is_some() {
            preface.extend(clause.items.iter().cloned());
        }
    }

    fn finish(mut self) -> Heard {
        if self.struck {
            self.retract();
        }
        // Nothing is done in part: what hangs on a time or a condition takes the rest with it.
        if matches!(self.heard.declined, Some((Mood::Conditional, _))) {
            self.drafts.clear();
        }
        self.heard.by_words = self.drafts.iter().any(|draft| draft.choice.by_words);
        let drafts = std::mem::take(&mut self.drafts);
        for draft in &drafts {
            let frames = self.frames(draft);
            self.heard.frames.extend(frames);
        }
        self.heard
    }
}
