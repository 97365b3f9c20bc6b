//! The card of a plan.

use super::card::button;
use super::spoken::{READ_BY, from};
use super::{base, ended, name, open_needs, refused};
use crate::domain::{Action, Block, ButtonStyle, Field, Reply, Tone};
use crate::gate::{Decision, Verdict};
use crate::store::{RequestRow, RequestState};

/// The one card of several things asked for at once.
pub(in crate::pipeline) fn plan(row: &RequestRow) -> Reply {
    let done = row.steps.iter().filter(|step| step.state == Some(RequestState::Done)).count();
    let count = row.steps.len();
    let (tone, title) = match row.state {
        RequestState::Waiting => {
            (Tone::Waiting, format!("{}, is this what you want, in this order?", name(row)))
        }
        RequestState::Started => (Tone::Running, format!("Running: {done} of {count} done")),
        RequestState::Done => (Tone::Done, format!("All {count} done")),
        RequestState::Failed => (Tone::Failed, row.note.clone().unwrap_or_default()),
        RequestState::Received
        | RequestState::Approved
        | RequestState::Unknown
        | RequestState::Answered
        | RequestState::Refused
        | RequestState::Denied
        | RequestState::Expired
        | RequestState::Withdrawn
        | RequestState::Superseded => return ended(row),
    };
    let fields = row.steps.iter().zip(1u32..).map(|(step, number)| {
        let stands = match step.state {
            None if row.state == RequestState::Failed => "not done".to_owned(),
            None => step.takes.clone(),
            Some(state) => match &step.note {
                Some(note) => format!("{}: {note}", state.as_str()),
                None => state.as_str().to_owned(),
            },
        };
        Field::new(format!("{number}. {}", step.command), stands)
    });
    let mut reply = base(row, tone, title).with(Block::Fields { fields: fields.collect() });
    if row.state == RequestState::Waiting {
        let words = row.steps.iter().zip(1u32..).flat_map(|(step, number)| {
            let numbered = move |field: Field| Field::new(format!("{number}. {}", field.name), field.value);
            step.words.iter().map(from).map(numbered)
        });
        let reader = row.reader.iter().map(|reader| Field::new(READ_BY, reader));
        reply = reply.with(Block::Fields { fields: reader.chain(words).collect() });
        reply.buttons = vec![
            button(Action::Confirm, "Confirm all", ButtonStyle::Primary),
            button(Action::Withdraw, "Withdraw", ButtonStyle::Plain),
        ];
    }
    reply
}

/// What a step takes, in a few words.
pub(in crate::pipeline) fn takes(verdict: &Verdict) -> String {
    match verdict.decision {
        Decision::Allow | Decision::Confirm => "once you confirm".to_owned(),
        Decision::NeedApproval => format!("then {} must agree", open_needs(verdict)),
        Decision::Deny => "not allowed".to_owned(),
    }
}

/// One step can never run, so none does.
pub(in crate::pipeline) fn plan_refused(command: &str, sentence: &str) -> Reply {
    let mut reply = refused(sentence);
    reply.command = Some(command.to_owned());
    reply.text("You asked for several things; because this one cannot be, none of them was done.")
}

/// What was done of a plan and what was not.
pub(in crate::pipeline) fn plan_outcome(row: &RequestRow) -> String {
    let done = row.steps.iter().filter(|step| step.state == Some(RequestState::Done)).count();
    let stopped = row
        .steps
        .iter()
        .position(|step| !matches!(step.state, Some(RequestState::Done | RequestState::Answered) | None));
    match stopped {
        Some(index) => {
            format!("Stopped at step {} of {}; {done} done, the rest not", index + 1, row.steps.len())
        }
        None => format!("All {} done", row.steps.len()),
    }
}
