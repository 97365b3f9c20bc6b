//! From a sentence to calls, questions or words. Whatever the reader made of it, a call that changes something must be
//! carried by the asker's own words before it goes on.

use std::sync::Arc;

use serde_json::Value;

use super::conversation::words;
use super::{Rooms, Trouble, answer, entries};
use crate::catalog::{AdmitError, Call, Catalog};
use crate::domain::{Block, Interpretation, Origin, Proposal, Reply, Tone};
use crate::gate::{Asking, Decision, prospects};
use crate::ground::{Grounded, GroundedArg, Source, Words, ground};
use crate::interpret::{Read, Reading};
use crate::store::{ArgumentWords, RequestRow, RequestState};

/// A call and the words that carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct Worded {
    /// The call.
    pub call: Call,
    /// It as an exact command.
    pub command: String,
    /// Who made it of the words.
    pub origin: Origin,
    /// For each argument, the words that carry it.
    pub words: Vec<ArgumentWords>,
}

/// Why proposals do not come before the gate. None of them does then: nothing is done in part.
#[derive(Clone, Debug, PartialEq)]
pub enum Halted {
    /// One of them is no call.
    NotAdmitted(AdmitError),
    /// One of them would change something, and the asker's own words do not say all of it.
    Ungrounded {
        /// It as an exact command.
        command: String,
        /// The arguments that nobody has said; [`crate::ground::INTENT`] is what to do.
        missing: Vec<String>,
    },
}

/// What a reader proposed, as it may come before the gate: admitted, and carried by the asker's own words where it would
/// change something. Pure, so that the harness measures exactly what runs.
///
/// # Errors
/// The first proposal that does not hold.
pub fn carried(
    catalog: &Catalog,
    proposals: Vec<Proposal>,
    said: &Words,
) -> Result<Vec<Worded>, Box<Halted>> {
    let mut calls = Vec::new();
    for proposal in proposals {
        let call = catalog.admit(&proposal).map_err(|error| Box::new(Halted::NotAdmitted(error)))?;
        let command = catalog.render(&call);
        let Grounded { args, missing } = ground(catalog, &call, said);
        if call.effect().mutates() && !missing.is_empty() {
            return Err(Box::new(Halted::Ungrounded { command, missing }));
        }
        let words = argument_words(args, said);
        calls.push(Worded { command, call, origin: proposal.origin, words });
    }
    Ok(calls)
}

/// For each argument, the words that carry it.
fn argument_words(args: Vec<GroundedArg>, said: &Words) -> Vec<ArgumentWords> {
    let quote = |turn: usize, span: std::ops::Range<usize>| {
        let text = said.turns.get(turn).and_then(|turn| turn.text.get(span));
        text.map(|text| format!("“{text}”"))
    };
    args.into_iter()
        .map(|arg| ArgumentWords {
            argument: arg.argument,
            value: match &arg.value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
            said: match arg.source {
                Source::Asker { turn, span } => quote(turn, span),
                Source::Status { .. } => Some("from my answer above".to_owned()),
                Source::Catalogue => Some("the only one there is".to_owned()),
                Source::Default => Some("as always".to_owned()),
                Source::Missing => None,
            },
        })
        .collect()
}

impl Rooms {
    /// Has a sentence read, and goes on with what it came to.
    pub(super) async fn interpret(self: &Arc<Self>, mut row: RequestRow) -> Result<(), Trouble> {
        let turns = self.turns(&row).await?;
        let reading = Reading {
            text: row.said.clone(),
            asker: row.asker.clone(),
            place: row.place.clone(),
            turns: turns.clone(),
            offered: self.offered(&row),
            now: self.clock.now(),
        };
        let read = self.interpreter.read(reading).await;
        row.reader = Some(answer::reader(&read));
        row.origin = Some(read.by.clone());
        if let Some(usage) = &read.usage {
            row.measures.tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
            row.measures.cost_micros = usage.cost_micros.unwrap_or_default();
        }
        let said = words(&turns, &row.said);
        match read.interpretation.clone() {
            Interpretation::Calls(proposals) => Box::pin(self.proposed(row, &read, proposals, &said)).await,
            Interpretation::Clarify(question) => {
                let reply = answer::question(&question.text, &question.choices, &read);
                self.said_instead(row, &read, question.text, reply).await
            }
            Interpretation::Refuse(reason) => {
                let reply = answer::with_note(Reply::say(Tone::Refused, &reason), &read);
                self.said_instead(row, &read, reason, reply).await
            }
            Interpretation::Answer(text) => {
                let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
                let mut reply = Reply::say(Tone::Info, title);
                if !rest.trim().is_empty() {
                    reply = reply.with(Block::Code { text: rest.trim().to_owned() });
                }
                let reply = answer::with_note(reply, &read);
                self.said_instead(row, &read, text.clone(), reply).await
            }
            Interpretation::Nothing => {
                let entry = entries::read_as_words(&row, &read, self.clock.now(), "nothing was asked");
                self.pass_over(row, entry).await
            }
        }
    }

    async fn proposed(
        self: &Arc<Self>,
        row: RequestRow,
        read: &Read,
        proposals: Vec<Proposal>,
        said: &Words,
    ) -> Result<(), Trouble> {
        let mut calls = match carried(&self.catalog, proposals, said) {
            Ok(calls) => calls,
            Err(halted) => {
                let (text, reply) = match *halted {
                    Halted::NotAdmitted(error) => {
                        (error.to_string(), answer::with_note(answer::not_admitted(&error), read))
                    }
                    Halted::Ungrounded { command, missing } => {
                        let text = answer::ungrounded(&command, &missing);
                        let reply = answer::question(&text, &[], read);
                        (text, reply)
                    }
                };
                return self.said_instead(row, read, text, reply).await;
            }
        };
        let entry = entries::read_as_calls(&row, read, self.clock.now(), &calls);
        match (calls.len(), calls.pop()) {
            (0, _) | (_, None) => self.pass_over(row, entry).await,
            (1, Some(only)) => {
                let reason = because(&row.said);
                let row = RequestRow { words: Some(only.words), reason, ..row };
                Box::pin(self.judge(row, only.call, only.origin, vec![entry])).await
            }
            (_, Some(last)) => {
                calls.push(last);
                Box::pin(self.plan(row, calls, entry)).await
            }
        }
    }

    async fn said_instead(
        self: &Arc<Self>,
        mut row: RequestRow,
        read: &Read,
        text: String,
        reply: Reply,
    ) -> Result<(), Trouble> {
        let entry = entries::read_as_words(&row, read, self.clock.now(), &text);
        row.note = text.lines().next().map(str::to_owned);
        Box::pin(self.conclude(row, RequestState::Answered, reply, vec![entry])).await
    }

    /// The tools this person may use here, by name.
    fn offered(&self, row: &RequestRow) -> Vec<String> {
        let Some(person) = &row.asker else { return Vec::new() };
        let policy = self.policy.load();
        let membership = self.roster.now();
        let asking = Asking { person, place: &row.place, membership: &membership, now: self.clock.now() };
        let open = |tool: &str| {
            let mut prospects = prospects(&policy, &asking, tool).into_iter();
            prospects.any(|prospect| prospect.decision != Decision::Deny)
        };
        // A tool without an example is for exact commands alone.
        let said = self.catalog.tools().filter(|tool| !tool.manifest().examples.is_empty());
        said.map(|tool| tool.name()).filter(|name| open(name)).map(str::to_owned).collect()
    }
}

/// Why somebody wants something, in their own words: what follows `because`.
fn because(said: &str) -> Option<String> {
    const WORD: &str = "because ";
    let lower = said.to_ascii_lowercase();
    let at = lower.match_indices(WORD).map(|(at, _)| at).find(|at| {
        said.get(..*at)
            .is_some_and(|before| before.chars().next_back().is_none_or(|last| !last.is_alphanumeric()))
    })?;
    let reason = said.get(at + WORD.len()..)?.trim().trim_end_matches(['.', '!']);
    (!reason.is_empty()).then(|| reason.to_owned())
}
