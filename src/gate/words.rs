//! How the gate speaks: the parts that its sentences share.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::cell::Cell;
use super::{Channel, Need, Verify};
use crate::catalog::Direction;
use crate::domain::RoleName;

/// A longer list of names is cut.
const MOST_NAMES: usize = 5;

/// `` `scale` down in production``.
pub(super) fn action(cell: &Cell<'_>) -> String {
    let way = match cell.direction {
        Some(Direction::Up) => " up",
        Some(Direction::Down) => " down",
        Some(Direction::Same) | None => "",
    };
    let place = cell.environment.map(|environment| format!(" in {environment}")).unwrap_or_default();
    format!("`{}`{way}{place}", cell.tool)
}

/// `dave is a viewer`.
pub(super) fn who_is(name: &str, granted: &BTreeSet<RoleName>) -> String {
    let roles: Vec<_> = granted.iter().map(|role| with_article(&role.0)).collect();
    if roles.is_empty() {
        format!("{name} has no role")
    } else {
        format!("{name} is {}", list(&roles, "and"))
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// `bob, carol or erin`; of many names the first few.
pub(super) fn list(names: &[impl Display], last: &str) -> String {
    let mut shown: Vec<_> = names.iter().take(MOST_NAMES).map(ToString::to_string).collect();
    if names.len() > MOST_NAMES {
        shown.push(format!("{} others", names.len() - MOST_NAMES));
    }
    match shown.pop() {
        Some(end) if !shown.is_empty() => format!("{} {last} {end}", shown.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

/// `#deployments or #incidents`.
pub(super) fn channel_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: BTreeSet<_> = names.into_iter().map(|name| format!("#{name}")).collect();
    list(&names.into_iter().collect::<Vec<_>>(), "or")
}

pub(super) fn all_channels(channels: &[Channel]) -> String {
    channel_list(channels.iter().map(|channel| channel.name.as_str()))
}

/// What an unmet requirement waits for, and whether it can be met at all.
pub(super) fn waiting_for(need: &Need, verify: Verify) -> String {
    let agreed = match need.agreed.as_slice() {
        [] => String::new(),
        agreed => format!("{} agreed, ", list(agreed, "and")),
    };
    let verified = match verify {
        Verify::Chat => "",
        Verify::Type => ", by typing the target's name",
        Verify::Console => ", in the console",
    };
    let may = list(&need.may, "or");
    let short = usize::try_from(need.missing).is_ok_and(|missing| need.may.len() < missing);
    match need.may.len() {
        0 => format!(
            "{agreed}and nobody else has the role, so an administrator must give it to somebody first"
        ),
        _ if short => {
            format!("{agreed}only {may} can still agree, which is not enough; let somebody else ask")
        }
        _ => format!("{agreed}{may} can agree{verified}"),
    }
}
