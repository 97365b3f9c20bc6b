//! The card of a request that waits, and what is said beside it meanwhile.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::spoken::from_words;
use super::{base, clock_time, name, names, open_needs};
use crate::domain::{Action, Asks, Block, Button, ButtonStyle, Field, PersonId, Reply, Tone, human_span};
use crate::gate::{Decision, ReasonCode, Verdict, Verify, house};
use crate::pipeline::matter::Matter;
use crate::pipeline::receive::since;
use crate::pipeline::vote::News;
use crate::store::RequestRow;

/// How much of the binding a card shows: enough to tell two cards apart, and to find it on the record.
const SHOWN: usize = 12;

/// The card of a request that waits for somebody. Everything on it is made of the call, the facts and the policy.
pub(in crate::pipeline) fn waiting(matter: &Matter, verdict: &Verdict, zone: &TimeZone) -> Reply {
    let row = &matter.row;
    let asker = name(row);
    let title = if verdict.needs.iter().any(|need| need.missing > 0) {
        format!("{asker} asks for this; {} must agree", open_needs(verdict))
    } else {
        format!("{asker}, is this what you want?")
    };
    let mut fields = Vec::new();
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            fields.push(Field::new(name, value));
        }
    };
    field("Change", matter.assessment.change.clone());
    field("Reason", row.reason.clone().unwrap_or_default());
    field("Denied before", before(row));
    field("Emergency", emergency(row, verdict));
    field("Rule", rules(verdict).join(", "));
    field("Agreed", names(&row.agreed));
    if verdict.needs.iter().any(|need| need.missing > 0) {
        let may: Vec<PersonId> = others(row);
        field("Can approve", if may.is_empty() { "nobody at present".to_owned() } else { names(&may) });
        match verdict.verify {
            Verify::Chat => {}
            Verify::Type => field("Type to approve", row.target.clone().unwrap_or_default()),
            Verify::Console => field("Counts from", "the web console only".to_owned()),
        }
    }
    if let Some(until) = row.expires_at {
        field("Waits until", clock_time(until, zone));
    }
    if let Some(binding) = row.binding {
        field("Fingerprint", binding.to_string().chars().take(SHOWN).collect());
    }
    fields.extend(from_words(row));
    let mut reply = base(row, Tone::Waiting, title).text(row.note.clone().unwrap_or_default());
    if !row.unreadable.is_empty() {
        let what = row.unreadable.join(", ");
        reply = reply.text(format!("Could not be read, so the strictest rule applies: {what}."));
    }
    reply.blocks.push(Block::Fields { fields });
    reply.buttons = buttons(row, verdict);
    reply.to(row.awaits.clone())
}

/// Those who are waited for beside the asker.
fn others(row: &RequestRow) -> Vec<PersonId> {
    row.awaits.iter().filter(|person| Some(*person) != row.asker.as_ref()).cloned().collect()
}

/// The rules that ask somebody.
fn rules(verdict: &Verdict) -> Vec<&str> {
    let asking = verdict.findings.iter().filter(|finding| {
        matches!(finding.reason, ReasonCode::Approval | ReasonCode::Confirm) && finding.rule != "language"
    });
    let mut rules: Vec<&str> = asking.map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Who said no to the same a short while ago.
fn before(row: &RequestRow) -> String {
    let Some(denied) = &row.denied else { return String::new() };
    let ago = human_span(since(denied.at, row.waits_since.unwrap_or(row.created_at)));
    let note = denied.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    format!("by {}, {ago} ago{note}", denied.by)
}

/// What an emergency does without, once the asker has confirmed it.
fn emergency(row: &RequestRow, verdict: &Verdict) -> String {
    let Some(glass) = &row.glass else { return String::new() };
    let without: Vec<String> = verdict
        .bypassed
        .iter()
        .map(|bypassed| format!("{} ({})", bypassed.what.as_str(), bypassed.rule))
        .collect();
    let without =
        if without.is_empty() { String::new() } else { format!("; without {}", without.join(", ")) };
    let incident = glass.incident.as_deref().unwrap_or("no incident");
    format!(
        "{incident}, as {} says{without}; it will be told to everybody, and somebody else must review it",
        glass.by
    )
}

/// What can be pressed. A platform that knows who looks shows each of them only to those for whom it does something.
fn buttons(row: &RequestRow, verdict: &Verdict) -> Vec<Button> {
    let mut buttons = Vec::new();
    if verdict.confirm {
        buttons.push(button(Action::Confirm, "Confirm", ButtonStyle::Primary));
    }
    if verdict.needs.iter().any(|need| need.missing > 0) {
        let asks = match (verdict.verify, &row.target) {
            (Verify::Type, Some(target)) => Asks::Words(target.clone()),
            (Verify::Chat | Verify::Type | Verify::Console, _) => Asks::Nothing,
        };
        buttons.push(Button { asks, ..button(Action::Approve, "Approve", ButtonStyle::Primary) });
        buttons.push(Button { asks: Asks::Why, ..button(Action::Deny, "Deny", ButtonStyle::Danger) });
    }
    if !row.agreed.is_empty() {
        buttons.push(button(Action::Retract, "Take back my approval", ButtonStyle::Plain));
    }
    // What the house asks for nobody takes back: the file is put back instead.
    if row.asker.as_ref() != Some(house()) {
        buttons.push(button(Action::Withdraw, "Withdraw", ButtonStyle::Plain));
    }
    buttons
}

pub(super) fn button(action: Action, label: &str, style: ButtonStyle) -> Button {
    Button { action, label: label.to_owned(), style, asks: Asks::Nothing }
}

/// The card of a request that waits for its turn. Until it starts it can be stopped.
pub(in crate::pipeline) fn queued(row: &RequestRow, ahead: &str, zone: &TimeZone) -> Reply {
    let mut reply =
        base(row, Tone::Waiting, "Agreed; it starts when what runs there now has ended".to_owned())
            .text(format!("Running now: {ahead}"));
    let mut fields = Vec::new();
    if !row.agreed.is_empty() {
        fields.push(Field::new("Agreed", names(&row.agreed)));
        let deny = button(Action::Deny, "Deny", ButtonStyle::Danger);
        reply.buttons.push(Button { asks: Asks::Why, ..deny });
        reply.buttons.push(button(Action::Retract, "Take back my approval", ButtonStyle::Plain));
    }
    fields.extend(row.start_by.map(|until| Field::new("Must start by", clock_time(until, zone))));
    reply.buttons.push(button(Action::Withdraw, "Withdraw", ButtonStyle::Plain));
    reply.with(Block::Fields { fields })
}

/// What the asker hears of a vote that did not decide it.
pub(in crate::pipeline) fn news(row: &RequestRow, news: &News, verdict: &Verdict) -> Option<Reply> {
    let (asker, open) = (name(row), open_needs(verdict));
    let said = match news {
        News::Nothing => return None,
        News::Agreed(person) if open.is_empty() => format!("{asker}: {person} agreed; it waits for you."),
        News::Agreed(person) => format!("{asker}: {person} agreed; {open} must agree too."),
        News::TookBack(person) => format!("{asker}: {person} took the approval back; {open} must agree."),
    };
    Some(Reply::say(Tone::Info, said).to(row.asker.clone()))
}

/// What those who are waited for hear shortly before it expires.
pub(in crate::pipeline) fn reminder(
    row: &RequestRow,
    verdict: &Verdict,
    now: Timestamp,
    zone: &TimeZone,
) -> Reply {
    let until = row.expires_at.map_or_else(String::new, |end| {
        format!(" It expires at {}, in {}.", clock_time(end, zone), human_span(since(now, end)))
    });
    let waits = match verdict.decision {
        Decision::Confirm => "this still waits for your word.".to_owned(),
        Decision::NeedApproval | Decision::Allow | Decision::Deny => {
            format!("this of {} still waits; {} must agree.", name(row), open_needs(verdict))
        }
    };
    let title = format!("{}: {waits}{until}", names(&row.awaits));
    base(row, Tone::Waiting, title).to(row.awaits.clone())
}

/// What is said when nobody has decided for a while.
pub(in crate::pipeline) fn escalation(
    row: &RequestRow,
    verdict: &Verdict,
    people: &[PersonId],
    now: Timestamp,
) -> Reply {
    let waited = human_span(since(row.waits_since.unwrap_or(row.created_at), now));
    let addressed = if people.is_empty() { String::new() } else { format!("{}: ", names(people)) };
    let title = format!(
        "{addressed}nobody has decided this for {waited}; {} must agree, and {} can.",
        open_needs(verdict),
        either(&others(row))
    );
    base(row, Tone::Waiting, title).to(people.iter().chain(&row.awaits).cloned())
}

/// The same message in another channel, where the thread is not in view.
pub(in crate::pipeline) fn elsewhere(row: &RequestRow, reply: Reply) -> Reply {
    let said = format!("Asked by {} in #{} ({})", name(row), row.place.channel, row.id);
    Reply { request: Some(row.id.clone()), ..reply.with(Block::Note { text: said }) }
}

fn either(people: &[PersonId]) -> String {
    match people {
        [] => "nobody".to_owned(),
        [only] => only.0.clone(),
        [most @ .., last] => format!("{} or {last}", names(most)),
    }
}
