use std::sync::Arc;

use super::receive::Work;
use super::{Rooms, Trouble, answer, entries};
use crate::domain::{Interpretation, Proposal, Reply, Tone};
use crate::gate::{Decision, prospects};
use crate::interpret::Reading;
use crate::slash::{self, Parsed};
use crate::store::{RequestRow, RequestState};

impl Rooms {
    /// Does what an event is about. What breaks on the way is told to the person and to the operators; the request
    /// stays on the record as it stood.
    pub(super) async fn work(self: &Arc<Self>, work: Work) {
        let (request, done) = match work {
            Work::Asked(row) => (Some(row.id.clone()), self.asked(*row).await),
            Work::Pressed(press) => (Some(press.request.clone()), self.pressed(press).await),
            Work::Agreed(row) => (Some(row.id.clone()), self.agreed(*row).await),
            Work::Gone(message, by) => (None, self.gone(&message, &by).await),
            Work::Edited(message) => (None, self.edited(&message).await),
        };
        if let Err(trouble) = done {
            tracing::error!(request = ?request, "{trouble}");
            self.apologise(request, &trouble).await;
        }
    }

    /// Makes a call of the words and brings it before the gate.
    pub(super) async fn asked(self: &Arc<Self>, mut row: RequestRow) -> Result<(), Trouble> {
        match slash::parse(&row.said, &self.catalog) {
            Parsed::Proposal(proposal) => self.admit(row, proposal).await,
            Parsed::Problem(problem) => {
                let reply = answer::problem(&problem);
                row.note = Some(problem.sentence.clone());
                let entry = entries::not_understood(&row, self.clock.now(), "slash", &problem.sentence);
                self.conclude(row, RequestState::Answered, reply, vec![entry]).await
            }
            Parsed::NotSlash => self.interpret(row).await,
        }
    }

    async fn interpret(self: &Arc<Self>, mut row: RequestRow) -> Result<(), Trouble> {
        let reading = Reading {
            text: row.said.clone(),
            asker: row.asker.clone(),
            place: row.place.clone(),
            turns: Vec::new(),
            offered: self.offered(&row),
            now: self.clock.now(),
        };
        let reader = self.interpreter.name();
        let said = match self.interpreter.read(reading).await.interpretation {
            Interpretation::Calls(mut calls) if calls.len() == 1 => {
                let Some(proposal) = calls.pop() else { return Ok(()) };
                return self.admit(row, proposal).await;
            }
            Interpretation::Calls(_) => Some("One thing at a time, please.".to_owned()),
            Interpretation::Clarify(question) => Some(question.text),
            Interpretation::Refuse(reason) => Some(reason),
            Interpretation::Answer(text) => Some(text),
            Interpretation::Nothing => None,
        };
        let now = self.clock.now();
        let entry =
            entries::not_understood(&row, now, reader, said.as_deref().unwrap_or("nothing was asked"));
        match said {
            Some(text) => {
                let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
                row.note = Some(title.to_owned());
                let mut reply = Reply::say(Tone::Info, title);
                if !rest.is_empty() {
                    reply = reply.with(crate::domain::Block::Code { text: rest.to_owned() });
                }
                self.conclude(row, RequestState::Answered, reply, vec![entry]).await
            }
            None => self.pass_over(row, entry).await,
        }
    }

    /// The tools this person may use here, by name.
    fn offered(&self, row: &RequestRow) -> Vec<String> {
        let Some(person) = &row.asker else { return Vec::new() };
        let policy = self.policy.load();
        self.catalog
            .tools()
            .filter(|tool| {
                prospects(&policy, person, &row.place, tool.name())
                    .iter()
                    .any(|prospect| prospect.decision != Decision::Deny)
            })
            .map(|tool| tool.name().to_owned())
            .collect()
    }

    async fn admit(self: &Arc<Self>, mut row: RequestRow, proposal: Proposal) -> Result<(), Trouble> {
        match self.catalog.admit(&proposal) {
            Ok(call) => self.judge(row, call, proposal.origin).await,
            Err(error) => {
                row.origin = Some(proposal.origin.clone());
                row.note = Some(error.to_string());
                let reply = answer::not_admitted(&error);
                let entry = entries::not_understood(&row, self.clock.now(), "admit", &error.to_string());
                self.conclude(row, RequestState::Answered, reply, vec![entry]).await
            }
        }
    }
}
