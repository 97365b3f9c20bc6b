//! From what a reader made of the words to the two lines of a run: what was proposed, and what came to the gate.

use crate::catalog::{AdmitError, Builtin, Catalog, Run};
use crate::domain::{Interpretation, Origin, Proposal};
use crate::ground::Words;
use crate::pipeline::{Halted, Worded, carried};
use crate::slash::{self, Parsed};

use super::prediction::{Got, Prediction, ProposedCall};

/// What a message is before anybody reads it.
pub(super) enum Typed {
    /// A sentence.
    Sentence,
    /// An exact command, which no reader sees.
    Command(Interpretation),
}

/// What an exact command comes to; live it takes this way, too.
pub(super) fn typed(text: &str, catalog: &Catalog) -> Typed {
    match slash::parse(text, catalog) {
        Parsed::NotSlash => Typed::Sentence,
        Parsed::Proposal(proposal) => Typed::Command(Interpretation::Calls(vec![proposal])),
        Parsed::Problem(problem) if problem.about.is_empty() => {
            Typed::Command(Interpretation::Answer(problem.sentence))
        }
        Parsed::Problem(problem) => Typed::Command(Interpretation::Clarify(crate::domain::Question {
            text: problem.sentence,
            missing: problem.about,
            choices: Vec::new(),
        })),
    }
}

/// Puts what was proposed into a line.
pub(super) fn propose(line: Prediction, interpretation: &Interpretation, catalog: &Catalog) -> Prediction {
    match interpretation {
        Interpretation::Calls(proposals) => with_calls(
            line,
            proposals.iter().map(|proposal| (proposal.tool.as_str(), proposal.args.as_object().cloned())),
            catalog,
        ),
        Interpretation::Clarify(question) => Prediction {
            outcome: Got::Clarify,
            missing: Some(question.missing.clone()),
            text: question.text.clone(),
            ..line
        },
        Interpretation::Refuse(text) => Prediction { outcome: Got::Refuse, text: text.clone(), ..line },
        Interpretation::Answer(text) => Prediction { outcome: Got::Answer, text: text.clone(), ..line },
        Interpretation::Nothing => Prediction { outcome: Got::None, ..line },
    }
}

/// Puts what came to the gate into a line: after admission, and after grounding where the words were read.
pub(super) fn pass_on(
    line: Prediction,
    interpretation: &Interpretation,
    words: &Words,
    catalog: &Catalog,
) -> Prediction {
    let Interpretation::Calls(proposals) = interpretation else {
        return propose(line, interpretation, catalog);
    };
    match admitted(proposals, words, catalog) {
        Ok(calls) => {
            let calls = calls.iter().map(|worded| (worded.call.tool(), Some(worded.call.args().clone())));
            with_calls(line, calls, catalog)
        }
        Err(halted) => {
            let (missing, text) = match *halted {
                Halted::NotAdmitted(error) => (slots(&error), error.sentence),
                Halted::Ungrounded { command, missing } => {
                    let text = format!("your words do not say {} of {command}", missing.join(" and "));
                    (missing, text)
                }
            };
            Prediction { outcome: Got::Clarify, missing: Some(missing), text, ..line }
        }
    }
}

/// An exact command is those words, so only its admission counts.
fn admitted(proposals: &[Proposal], words: &Words, catalog: &Catalog) -> Result<Vec<Worded>, Box<Halted>> {
    match proposals {
        [only] if only.origin == Origin::Slash => {
            let call = catalog.admit(only).map_err(|error| Box::new(Halted::NotAdmitted(error)))?;
            let (command, origin) = (catalog.render(&call), Origin::Slash);
            Ok(vec![Worded { call, command, origin, words: Vec::new() }])
        }
        proposals => carried(catalog, proposals.to_vec(), words),
    }
}

/// The arguments that a mistake is about.
fn slots(error: &AdmitError) -> Vec<String> {
    if error.missing.is_empty() {
        Some(error.path.trim_start_matches('/').to_owned())
            .filter(|slot| !slot.is_empty())
            .into_iter()
            .collect()
    } else {
        error.missing.to_vec()
    }
}

/// A built-in that only says something is an answer, and no action.
fn with_calls<'a>(
    line: Prediction,
    calls: impl Iterator<Item = (&'a str, Option<serde_json::Map<String, serde_json::Value>>)>,
    catalog: &Catalog,
) -> Prediction {
    let (mut acts, mut says) = (Vec::new(), false);
    for (tool, args) in calls {
        if says_only(tool, catalog) {
            says = true;
        } else {
            acts.push(ProposedCall { tool: tool.to_owned(), args: args.unwrap_or_default() });
        }
    }
    let outcome = match (acts.is_empty(), says) {
        (false, _) => Got::Call,
        (true, true) => Got::Answer,
        (true, false) => Got::None,
    };
    Prediction { outcome, calls: acts, ..line }
}

fn says_only(tool: &str, catalog: &Catalog) -> bool {
    catalog.tool(tool).is_some_and(|tool| match tool.manifest().run {
        Run::Builtin(Builtin::Whoami | Builtin::Help | Builtin::Pending | Builtin::Audit) => true,
        Run::Builtin(Builtin::Lock | Builtin::Unlock | Builtin::Policy | Builtin::Review) | Run::Http(_) => {
            false
        }
    })
}
