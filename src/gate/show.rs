use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::cell::{Cell, Demands};
use super::prospects::{cells_of, outlook};
use super::words::{channel_list, list};
use super::{Holder, Policy, Prospect, ToolWord};
use crate::catalog::{Direction, EffectClass};
use crate::domain::{PersonId, RoleName, human_span};

/// The whole policy as people look at it: the matrix, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The columns, from the role that includes least.
    pub roles: Vec<RoleName>,
    /// The rows, tool by tool.
    pub rows: Vec<Row>,
    /// What stands beside the matrix: freezes, limits and the like, a line each.
    pub beside: Vec<String>,
}

/// A row of the matrix: one cell, for each role. Rows with an effect or with tags are there only where rules speak of
/// them and something comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The tool.
    pub tool: String,
    /// Up or down, for tools that have a direction.
    pub direction: Option<Direction>,
    /// The environment; `None` for calls that act on none.
    pub environment: Option<String>,
    /// What facts raise it to, where that makes a difference.
    pub effect: Option<EffectClass>,
    /// The tag it carries, where that makes a difference.
    pub tag: Option<String>,
    /// The only channels it may be asked in; `None` for all that are listed.
    pub channels: Option<BTreeSet<String>>,
    /// What comes of asking, role by role, in a channel where it may be asked.
    pub cells: Vec<Prospect>,
}

/// The whole policy, to be looked at.
pub fn overview(policy: &Policy) -> Overview {
    let mut roles: Vec<&RoleName> = policy.roles.keys().collect();
    roles.sort_by_key(|role| (policy.roles.get(*role).map_or(0, BTreeSet::len), *role));
    let mut rows = Vec::new();
    for word in &policy.vocabulary.tools {
        for cell in cells_of(policy, word) {
            let plain = row(policy, &cell, &roles);
            let special: Vec<Row> = special(policy, (word, &cell), &roles)
                .into_iter()
                .filter(|row| (&row.cells, &row.channels) != (&plain.cells, &plain.channels))
                .collect();
            rows.push(plain);
            rows.extend(special);
        }
    }
    Overview { roles: roles.into_iter().cloned().collect(), rows, beside: beside(policy) }
}

/// The same cell with what rules speak of beside it.
fn special(policy: &Policy, (word, cell): (&ToolWord, &Cell<'_>), roles: &[&RoleName]) -> Vec<Row> {
    let rules = || policy.rules.about(cell.tool);
    let effects: BTreeSet<EffectClass> = rules().map(|rule| rule.effect).collect();
    let mut rows = Vec::new();
    for effect in effects.into_iter().filter(|effect| *effect > cell.effect && *effect <= word.worst) {
        rows.push(Row { effect: Some(effect), ..row(policy, &Cell { effect, ..*cell }, roles) });
    }
    for tag in rules().flat_map(|rule| &rule.tags).collect::<BTreeSet<_>>() {
        let tags = [tag.clone()].into();
        rows.push(Row { tag: Some(tag.clone()), ..row(policy, &Cell { tags: &tags, ..*cell }, roles) });
    }
    rows
}

fn row(policy: &Policy, cell: &Cell<'_>, roles: &[&RoleName]) -> Row {
    let demands = Demands::of(policy, cell);
    let mut channels: Option<BTreeSet<String>> = None;
    for named in demands.rules.iter().filter_map(|rule| rule.channels.as_ref()) {
        channels = Some(channels.map_or_else(|| named.clone(), |before| &before & named));
    }
    let somewhere = match &channels {
        Some(names) => names.first().cloned(),
        None => policy.channels.first().map(|channel| channel.name.clone()),
    };
    let prospect = |role: &&RoleName| {
        let (id, granted) = (PersonId(role.0.clone()), [(*role).clone()].into());
        let roles = policy.closure(&granted);
        let asker = Holder { id: &id, granted: Cow::Owned(granted), roles: Cow::Owned(roles) };
        outlook(policy, cell, &asker, somewhere.as_deref())
    };
    Row {
        tool: cell.tool.to_owned(),
        direction: cell.direction,
        environment: cell.environment.map(str::to_owned),
        effect: None,
        tag: None,
        channels,
        cells: roles.iter().map(prospect).collect(),
    }
}

fn beside(policy: &Policy) -> Vec<String> {
    let mut lines = Vec::new();
    let defaults = policy.defaults;
    let (wait, start) = (human_span(defaults.expires_after), human_span(defaults.start_within));
    lines.push(format!(
        "a request waits {wait}, and starts within {start} after the last vote, where no rule says less"
    ));
    if let Some(most) = defaults.approvals_per_hour {
        lines.push(format!("nobody approves more than {most} requests in an hour"));
    }
    let named = |roles: &BTreeSet<RoleName>| list(&roles.iter().collect::<Vec<_>>(), "and");
    for group in &policy.groups {
        lines.push(format!(
            "members of the {} group {} hold {}",
            group.key.platform,
            group.key.id,
            named(&group.roles)
        ));
    }
    for duty in &policy.on_call {
        lines.push(format!("whoever is on call for {} holds {}", duty.team, named(&duty.roles)));
    }
    lines.extend(
        policy.freezes.iter().map(|freeze| format!("freeze {}: {freeze}: {}", freeze.id, freeze.reason)),
    );
    lines.extend(policy.limits.iter().map(|limit| format!("limit {}: {limit}", limit.id)));
    if let Some(order) = &policy.order {
        let tools = list(&order.tools.iter().collect::<Vec<_>>(), "and");
        lines.push(format!("order of environments for {tools}: {}", order.environments.join(", then ")));
    }
    match &policy.break_glass {
        Some(glass) => {
            let roles = list(&glass.roles.iter().collect::<Vec<_>>(), "or");
            let bypass: Vec<_> = glass.bypass.iter().map(|bypass| bypass.as_str()).collect();
            let (bypass, lasts) = (list(&bypass, "and"), human_span(glass.lasts));
            lines.push(format!(
                "in an emergency {roles} may do without {bypass}, for {lasts} and with an open incident"
            ));
        }
        None => lines.push("nobody may do without anything in an emergency".to_owned()),
    }
    lines
}

impl Row {
    fn name(&self) -> String {
        let way = match self.direction {
            Some(Direction::Up) => " up",
            Some(Direction::Down) => " down",
            Some(Direction::Same) | None => "",
        };
        let effect = match self.effect {
            Some(EffectClass::Destructive) => ", destructive",
            Some(EffectClass::Write) => ", writing",
            Some(EffectClass::Read) | None => "",
        };
        let tag = self.tag.as_ref().map(|tag| format!(", {tag}")).unwrap_or_default();
        format!("{}{way}{effect}{tag}", self.tool)
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = vec![String::new(), String::new()];
        head.extend(self.roles.iter().map(ToString::to_string));
        let mut table = vec![head];
        for row in &self.rows {
            let mut line = vec![row.name(), row.environment.clone().unwrap_or_default()];
            line.extend(row.cells.iter().map(Prospect::summary));
            line.extend(row.channels.as_ref().map(|names| match names.len() {
                0 => "in no channel".to_owned(),
                _ => format!("in {}", channel_list(names.iter().map(String::as_str))),
            }));
            table.push(line);
        }
        let columns = table.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            table
                .iter()
                .filter_map(|line| line.get(column))
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for line in &table {
            let padded = line.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
            writeln!(f, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        for line in &self.beside {
            write!(f, "\n{line}")?;
        }
        Ok(())
    }
}
