use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Demands};
use super::decide::bars;
use super::{Decision, Holder, Membership, Policy, ReasonCode, Requirement, ToolWord, Verify};
use crate::catalog::Direction;
use crate::domain::{PersonId, Place, RoleName};

/// What would come of asking for one cell of the matrix, by exact command and with nothing in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospect {
    /// The environment; `None` for calls that act on none.
    pub environment: Option<String>,
    /// Up or down, for tools that have a direction.
    pub direction: Option<Direction>,
    /// The decision on a fresh request.
    pub decision: Decision,
    /// The first reason for it.
    pub reason: ReasonCode,
    /// The approvals it would need.
    pub needs: Vec<Requirement>,
    /// Whether the asker would have to confirm.
    pub confirm: bool,
    /// Whether the asker would have to say why.
    pub say_why: bool,
    /// How the approvals would have to be verified.
    pub verify: Verify,
}

impl Prospect {
    /// In the words of the policy's examples: `allow`, `confirm`, `need 2 of dba or team-lead, verify console`,
    /// `deny role`.
    pub fn summary(&self) -> String {
        let needs: Vec<_> = self.needs.iter().map(ToString::to_string).collect();
        let confirm = if self.confirm { ", confirm" } else { "" };
        let verify = match self.verify {
            Verify::Chat => "",
            Verify::Type => ", verify type",
            Verify::Console => ", verify console",
        };
        let why = if self.say_why { ", reason" } else { "" };
        match self.decision {
            Decision::Deny => format!("deny {}", self.reason.as_str()),
            Decision::NeedApproval => format!("need {}{confirm}{verify}{why}", needs.join(" plus ")),
            Decision::Confirm => format!("confirm{why}"),
            Decision::Allow => format!("allow{why}"),
        }
    }
}

/// Who would ask, where and when.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who.
    pub person: &'a PersonId,
    /// Where.
    pub place: &'a Place,
    /// Who is in which group and on call, as last read.
    pub membership: &'a Membership,
    /// When.
    pub now: Timestamp,
}

/// What a person may do with a tool in a place. All `Deny`, or empty: better not offer it.
pub fn prospects(policy: &Policy, asking: &Asking<'_>, tool: &str) -> Vec<Prospect> {
    let Some(asker) = policy.holder_of(asking.person, asking.membership, asking.now) else {
        return Vec::new();
    };
    let channel = policy.channel_at(asking.place).map(|channel| channel.name.as_str());
    foresee(policy, &asker, channel, tool)
}

/// The same for anybody who has one role and what it includes, in a channel by its name: a row of the printed matrix.
pub fn prospects_of_role(policy: &Policy, role: &RoleName, channel: &str, tool: &str) -> Vec<Prospect> {
    policy.roles.get(role).map_or_else(Vec::new, |roles| {
        let id = PersonId(role.0.clone());
        let granted = [role.clone()].into();
        let asker = Holder { id: &id, granted: Cow::Borrowed(&granted), roles: Cow::Borrowed(roles) };
        foresee(policy, &asker, Some(channel), tool)
    })
}

fn foresee(policy: &Policy, asker: &Holder<'_>, channel: Option<&str>, tool: &str) -> Vec<Prospect> {
    let Some(tool) = policy.tool(tool) else { return Vec::new() };
    cells_of(policy, tool).iter().map(|cell| outlook(policy, cell, asker, channel)).collect()
}

/// The cells of the plain matrix that a tool has.
pub(super) fn cells_of<'p>(policy: &'p Policy, tool: &'p ToolWord) -> Vec<Cell<'p>> {
    let mut environments: Vec<Option<&str>> = Vec::new();
    if tool.has_environment {
        environments.extend(policy.vocabulary.environments.iter().map(|name| Some(name.as_str())));
    }
    // What reads may be asked without an environment, too; what changes something must name one if it has one.
    if !tool.has_environment || !tool.effect.mutates() {
        environments.push(None);
    }
    let directions = directions(tool);
    let each = environments.into_iter();
    each.flat_map(|environment| directions.iter().map(move |direction| cell(tool, environment, *direction)))
        .collect()
}

fn directions(tool: &ToolWord) -> Vec<Option<Direction>> {
    if tool.has_direction { vec![Some(Direction::Up), Some(Direction::Down)] } else { vec![None] }
}

/// A cell of the plain matrix.
pub(super) fn cell<'a>(
    tool: &'a ToolWord,
    environment: Option<&'a str>,
    direction: Option<Direction>,
) -> Cell<'a> {
    Cell::plain(&tool.name, environment, direction, tool.effect)
}

/// Decides a cell for somebody who asks by exact command.
pub(super) fn outlook(
    policy: &Policy,
    cell: &Cell<'_>,
    asker: &Holder<'_>,
    channel: Option<&str>,
) -> Prospect {
    let demands = Demands::of(policy, cell);
    let barred = bars(policy, cell, asker, channel, &demands)
        .into_iter()
        .filter(|finding| finding.decision == Decision::Deny)
        .map(|finding| finding.reason)
        .min();
    let (decision, reason) = match barred {
        Some(reason) => (Decision::Deny, reason),
        None if !demands.needs.is_empty() => (Decision::NeedApproval, ReasonCode::Approval),
        None if demands.confirm => (Decision::Confirm, ReasonCode::Confirm),
        None => (Decision::Allow, ReasonCode::Permitted),
    };
    Prospect {
        environment: cell.environment.map(str::to_owned),
        direction: cell.direction,
        decision,
        reason,
        needs: demands.needs.into_iter().cloned().collect(),
        confirm: demands.confirm,
        say_why: demands.rules.iter().any(|rule| rule.reason),
        verify: demands.verify,
    }
}
