//! What is said, loudly, of a run that went ahead without the usual approvals.

use std::time::Duration;

use super::{base, name, names};
use crate::domain::{Block, Field, PersonId, Reply, Tone, human_span};
use crate::gate::Emergency;
use crate::store::RequestRow;

/// Somebody broke the glass.
pub(in crate::pipeline) fn emergency(row: &RequestRow, emergency: &Emergency, people: &[PersonId]) -> Reply {
    let glass = &emergency.glass;
    let addressed = if people.is_empty() { String::new() } else { format!("{}: ", names(people)) };
    let title = format!("{addressed}EMERGENCY: {} broke the glass", glass.by);
    let without: Vec<String> = emergency
        .bypassed
        .iter()
        .map(|bypassed| format!("{} ({})", bypassed.what.as_str(), bypassed.rule))
        .collect();
    let mut fields = vec![Field::new("Reason", &glass.reason)];
    // There is no register of incidents to look it up in, and the card says so.
    let incident = glass.incident.as_deref().unwrap_or("none");
    fields.push(Field::new("Incident", format!("{incident}, as {} says", glass.by)));
    if !without.is_empty() {
        fields.push(Field::new("Done without", without.join(", ")));
    }
    base(row, Tone::Failed, title)
        .with(Block::Fields { fields })
        .with(Block::Suggest {
            label: format!("Somebody other than {} must look at it and say so", glass.by),
            command: review_command(row),
        })
        .to(people.to_vec())
}

/// A review that nobody has closed.
pub(in crate::pipeline) fn review_open(row: &RequestRow, open: Duration) -> Reply {
    let title = format!("Nobody has looked at the emergency of {} for {}", name(row), human_span(open));
    base(row, Tone::Waiting, title).with(Block::Suggest {
        label: format!("Somebody other than {} must look at it and say so", name(row)),
        command: review_command(row),
    })
}

fn review_command(row: &RequestRow) -> String {
    format!("/review {} \"what you found\"", row.id)
}
