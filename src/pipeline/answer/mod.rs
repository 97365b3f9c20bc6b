//! Every text that people read about a request, made by code from what is known. Pure: state in, [`Reply`] out.

mod card;
mod glass;
mod plan;
mod policy;
mod spoken;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Trouble;
use crate::catalog::AdmitError;
use crate::chat::Standing;
use crate::domain::{Block, Failure, Field, Outcome, Output, PersonId, Platform, Reply, Tone, human_span};
use crate::gate::{Decision, Requirement, Verdict};
use crate::slash::SlashProblem;
use crate::store::{RequestRow, RequestState};

pub(super) use card::{elsewhere, escalation, news, queued, reminder, waiting};
pub(super) use glass::{emergency, review_open};
pub(super) use plan::{plan, plan_outcome, plan_refused, takes};
pub(super) use policy::{policy_accepted, policy_refused, policy_waits};
pub(super) use spoken::{question, read_by, reader, ungrounded, with_note};

/// The card of a run that goes on.
pub(super) fn running(row: &RequestRow, approvers: &[PersonId], line: &str) -> Reply {
    let mut reply = base(row, Tone::Running, format!("Running: {line}"));
    reply.blocks.push(Block::Fields { fields: who(row, approvers) });
    reply
}

/// The card of a run that ended.
pub(super) fn finished(row: &RequestRow, outcome: &Outcome, approvers: &[PersonId], took: Duration) -> Reply {
    match outcome {
        Outcome::Done(output) => done(row, output, approvers, took),
        Outcome::Failed(failure) => failed(row, failure, approvers, took),
        Outcome::Unknown(doubt) => {
            let mut reply = base(row, Tone::Failed, format!("Nobody can say how it ended: {}", doubt.text));
            reply.blocks.push(Block::Fields { fields: with_time(who(row, approvers), took) });
            with_link(reply, doubt.link.as_deref())
        }
    }
}

fn done(row: &RequestRow, output: &Output, approvers: &[PersonId], took: Duration) -> Reply {
    // What changed something notifies and says who stands behind it; a read just answers.
    let changed = row.binding.is_some() && row.card.is_some();
    let tone = if changed { Tone::Done } else { Tone::Info };
    let (title, rest) = output.text.split_once('\n').unwrap_or((&output.text, ""));
    let mut reply = base(row, tone, title.to_owned()).text(rest);
    let mut fields = output.fields.clone();
    if let Some(health) = &output.health {
        fields.push(Field::new("Health", health));
    }
    if changed {
        fields = with_time([fields, who(row, approvers)].concat(), took);
    }
    if !fields.is_empty() {
        reply.blocks.push(Block::Fields { fields });
    }
    if let Some(code) = &output.code {
        reply.blocks.push(Block::Code { text: code.clone() });
    }
    reply = with_link(reply, output.link.as_deref());
    if let Some(undo) = &output.undo {
        reply.blocks.push(Block::Suggest { label: "To undo".to_owned(), command: undo.clone() });
    }
    reply
}

fn failed(row: &RequestRow, failure: &Failure, approvers: &[PersonId], took: Duration) -> Reply {
    let mut reply = base(row, Tone::Failed, format!("It did not work: {}", failure.text));
    if row.binding.is_some() {
        reply.blocks.push(Block::Fields { fields: with_time(who(row, approvers), took) });
    }
    reply = with_link(reply, failure.link.as_deref());
    if let Some(remedy) = &failure.remedy {
        reply.blocks.push(Block::Suggest { label: "To put it right".to_owned(), command: remedy.clone() });
    }
    reply
}

/// The same reply with a small remark more.
pub(super) fn noting(reply: Reply, text: String) -> Reply {
    reply.with(Block::Note { text })
}

/// The same reply, where the record could not be exported before it.
pub(super) fn not_exported(reply: Reply, missing: &[String]) -> Reply {
    if missing.is_empty() {
        return reply;
    }
    let text = format!(
        "This is on the record, but the record's checkpoint has not reached the {} yet. It is tried again; the operators \
         know.",
        missing.join(" and the ")
    );
    noting(reply, text)
}

/// The card of a run whose end is on the record, where what was to be said of it is lost.
pub(super) fn untold(row: &RequestRow) -> Reply {
    let title =
        "It has ended; how is on the record (`countersign audit show`), but not here any more".to_owned();
    base(row, Tone::Failed, title)
}

/// The card of a request that ended before it ran.
pub(super) fn ended(row: &RequestRow) -> Reply {
    let what = match row.state {
        RequestState::Denied => "Denied",
        RequestState::Expired => "Expired",
        RequestState::Withdrawn => "Withdrawn",
        RequestState::Superseded => "Replaced",
        RequestState::Refused => "Refused",
        RequestState::Received
        | RequestState::Waiting
        | RequestState::Approved
        | RequestState::Started
        | RequestState::Done
        | RequestState::Failed
        | RequestState::Unknown
        | RequestState::Answered => "Ended",
    };
    let note = row.note.as_deref().unwrap_or_default();
    base(row, Tone::Refused, format!("{what}: {note}")).text("Nothing was done.")
}

/// The line that tells the asker how their request ended.
pub(super) fn tell_asker(row: &RequestRow) -> Reply {
    let note = row.note.as_deref().unwrap_or_default();
    Reply::say(Tone::Refused, format!("{}: this was not done; {note}.", name(row))).to(row.asker.clone())
}

/// No, and why, and what would be allowed.
pub(super) fn denied_by_gate(row: &RequestRow, verdict: &Verdict) -> Reply {
    let mut sentences = verdict.findings.iter().filter(|finding| finding.decision == Decision::Deny);
    let first = sentences.next().map_or("this is not allowed", |finding| finding.sentence.as_str());
    let mut reply = base(row, Tone::Refused, begun(first, row));
    for finding in sentences {
        reply = reply.text(begun(&finding.sentence, row));
    }
    if row.asker.is_none() {
        // What an administrator has to add.
        reply = reply.text(format!("Your account is {}.", row.sender.identity()));
    }
    reply.with(Block::Note { text: "Nothing was done. /help shows what you may do here.".to_owned() })
}

/// What was asked for cannot be, whoever asks.
pub(super) fn refused(sentence: &str) -> Reply {
    Reply::say(Tone::Refused, capital(sentence)).with(Block::Note { text: "Nothing was done.".to_owned() })
}

/// Why an account may do nothing, and how its owner gets access.
pub(super) fn barred(standing: Standing, platform: Platform) -> Option<String> {
    let name = platform.title();
    match standing {
        Standing::Member => None,
        Standing::Guest => Some(format!(
            "your account is a guest's in {name}, and guests may do nothing here; ask an administrator of {name} to make \
             you a full member"
        )),
        Standing::Closed => {
            Some(format!("your account is closed in {name}; ask an administrator of {name} to open it again"))
        }
        Standing::Bot => {
            Some("this account is a program's, and only people may do something here".to_owned())
        }
        Standing::Elsewhere => Some(format!(
            "your account is of another organisation in {name}, and only members of this one may do something here; ask \
             one of them"
        )),
    }
}

/// How an account stands cannot be found out.
pub(super) fn standing_unknown(platform: Platform) -> String {
    format!(
        "{} does not say now whether your account is a full member's; try again in a moment",
        platform.title()
    )
}

/// Whoever asked may do nothing any more.
pub(super) fn member_no_more(row: &RequestRow) -> String {
    let asker = name(row);
    format!(
        "the account from which {asker} asked is not a full member's in {} any more",
        row.sender.platform.title()
    )
}

/// How an account stands of somebody who asked or agreed cannot be found out.
pub(super) fn standing_not_said(platform: Platform, person: &str) -> String {
    format!("{} does not say now whether the account of {person} is still a full member's", platform.title())
}

/// It is so already.
pub(super) fn already_so(sentence: &str) -> Reply {
    Reply::say(Tone::Info, capital(sentence)).with(Block::Note { text: "Nothing to do.".to_owned() })
}

/// The command was not understood.
pub(super) fn problem(problem: &SlashProblem) -> Reply {
    let mut reply = Reply::say(Tone::Info, capital(&problem.sentence));
    if let Some(command) = &problem.suggestion {
        reply.blocks.push(Block::Suggest { label: "Did you mean".to_owned(), command: command.clone() });
    }
    if !problem.usage.is_empty() {
        reply.blocks.push(Block::Code { text: problem.usage.clone() });
    }
    reply
}

/// The command was understood, but a value in it is not right.
pub(super) fn not_admitted(error: &AdmitError) -> Reply {
    Reply::say(Tone::Info, capital(&error.to_string()))
        .with(Block::Note { text: "Nothing was done.".to_owned() })
}

/// A press that does not count.
pub(super) fn not_counted(display: &str, sentence: &str) -> Reply {
    if sentence.starts_with(display) {
        return Reply::say(Tone::Info, format!("{sentence}."));
    }
    Reply::say(Tone::Info, format!("{display}: {sentence}."))
}

/// Why a press on a request that has moved on does nothing.
pub(super) fn too_late(row: &RequestRow) -> String {
    match row.state {
        RequestState::Started => "it is running already".to_owned(),
        RequestState::Received
        | RequestState::Waiting
        | RequestState::Approved
        | RequestState::Done
        | RequestState::Failed
        | RequestState::Unknown
        | RequestState::Answered
        | RequestState::Refused
        | RequestState::Denied
        | RequestState::Expired
        | RequestState::Withdrawn
        | RequestState::Superseded => format!("it has ended already ({})", row.state.as_str()),
    }
}

/// Something of ours is broken.
pub(super) fn trouble(trouble: &Trouble) -> Reply {
    Reply::say(Tone::Failed, "Something of ours is broken, so nothing was done")
        .text(format!("{}. The operators can see it in the log.", capital(&trouble.to_string())))
}

/// What a fact that cannot be read means for who asked.
pub(super) fn unread(why: &str) -> String {
    format!("what this would change cannot be read now, and without that nothing is decided: {why}")
}

/// The same, with what to do.
pub(super) fn try_again(reply: Reply) -> Reply {
    reply.with(Block::Note { text: "What was agreed to stands: press again to try once more.".to_owned() })
}

fn base(row: &RequestRow, tone: Tone, title: String) -> Reply {
    Reply { command: row.command.clone(), ..Reply::say(tone, title) }
}

fn who(row: &RequestRow, approvers: &[PersonId]) -> Vec<Field> {
    let mut fields = vec![Field::new("Asked by", name(row))];
    if !approvers.is_empty() {
        fields.push(Field::new("Approved by", names(approvers)));
    } else if row.confirmed_by.is_some() {
        fields.push(Field::new("Confirmed by", name(row)));
    }
    fields
}

fn with_time(mut fields: Vec<Field>, took: Duration) -> Vec<Field> {
    fields.push(Field::new("Took", human_span(took)));
    fields
}

fn with_link(reply: Reply, link: Option<&str>) -> Reply {
    match link {
        Some(url) => reply.with(Block::Link { label: "Dashboard".to_owned(), url: url.to_owned() }),
        None => reply,
    }
}

fn open_needs(verdict: &Verdict) -> String {
    let open: Vec<String> = verdict
        .needs
        .iter()
        .filter(|need| need.missing > 0)
        .map(|need| {
            let whole = in_words(&need.requirement);
            if need.agreed.is_empty() { whole } else { format!("{} more ({whole})", number(need.missing)) }
        })
        .collect();
    open.join(" and ")
}

/// `one team-lead`, `two of dba or team-lead`, `one sre and one security`.
fn in_words(requirement: &Requirement) -> String {
    let clauses = requirement.clauses().iter().map(|clause| {
        let roles: Vec<&str> = clause.roles.iter().map(|role| role.0.as_str()).collect();
        let count = u32::try_from(clause.count).unwrap_or(u32::MAX);
        let of = if count > 1 || roles.len() > 1 { "of " } else { "" };
        format!("{} {of}{}", number(count), roles.join(" or "))
    });
    clauses.collect::<Vec<_>>().join(" and ")
}

fn number(count: u32) -> String {
    match count {
        1 => "one".to_owned(),
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        more => more.to_string(),
    }
}

fn names(people: &[PersonId]) -> String {
    people.iter().map(|person| person.0.as_str()).collect::<Vec<_>>().join(", ")
}

/// Who asked, by their name in the policy or, for a stranger, on their platform.
pub(super) fn name(row: &RequestRow) -> String {
    row.asker.as_ref().map_or_else(|| row.sender.display.clone(), |person| person.0.clone())
}

fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M %Z").to_string()
}

/// A sentence about the asker keeps their name as it is written; any other begins with a capital letter.
fn begun(sentence: &str, row: &RequestRow) -> String {
    if sentence.starts_with(&name(row)) { sentence.to_owned() } else { capital(sentence) }
}

/// A sentence as it stands alone: with a capital letter, unless it begins with a name such as `api-gateway`.
fn capital(sentence: &str) -> String {
    let first = sentence.split_whitespace().next().unwrap_or_default();
    if !first.chars().all(char::is_alphabetic) {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
