//! What another policy changes: every cell of the whole finite domain that asks for less, for more, or for something that
//! cannot be compared; and everything beside the cells.

mod aspects;
mod cells;
mod entries;
mod roles;
mod voters;
mod windows;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use self::cells::cells;
use self::entries::entries;
use super::Policy;
use super::words::list;
use crate::catalog::{Direction, EffectClass};

/// What a new policy changes, weaker things first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyDiff {
    /// Every change that decisions can see.
    pub changes: Vec<Change>,
}

/// One change, of one or more cells or of an entry of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which way it goes in all.
    pub way: Way,
    /// What it is of.
    pub of: Subject,
    /// What differs.
    pub parts: Vec<Part>,
}

/// What a change is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// Cells of the matrix in which the same differs.
    Cells(Vec<CellKey>),
    /// Something beside the matrix, such as `person dave` or `freeze weekend`.
    Entry(String),
}

/// A cell: everything that rules can speak about. A cell without tags stands for calls that carry none of the tags that
/// any rule speaks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CellKey {
    /// The tool.
    pub tool: String,
    /// The environment; `None` for calls that act on none.
    pub environment: Option<String>,
    /// Up or down, for tools that have a direction.
    pub direction: Option<Direction>,
    /// The effects that facts may raise it to; empty for all that the tool can have.
    pub effects: BTreeSet<EffectClass>,
    /// The tags that it carries.
    pub tags: Vec<String>,
}

/// One respect in which two policies differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Part {
    /// Which way it goes.
    pub way: Way,
    /// Which respect, such as `approvals`.
    pub what: &'static str,
    /// How it was.
    pub before: String,
    /// How it is.
    pub after: String,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Something runs that did not run before, and nothing is stopped instead.
    Weaker,
    /// It cannot be compared: something runs that did not run before, and something is stopped that ran. Counts as weaker.
    Other,
    /// Something is stopped that ran before.
    Stricter,
    /// Neither; people are told otherwise or elsewhere.
    Even,
}

/// What the new policy changes. Freezes that are over at `now` do not count, on either side.
pub fn diff(old: &Policy, new: &Policy, now: Timestamp) -> PolicyDiff {
    let mut changes = cells(old, new);
    changes.extend(entries(old, new, now));
    changes.sort_by_key(|change| (change.way, change.of.to_string()));
    PolicyDiff { changes }
}

impl PolicyDiff {
    /// Whether anything may run that might not before: then it takes approval under the old policy.
    pub fn weakens(&self) -> bool {
        self.changes.iter().any(|change| change.way.weakens())
    }
}

impl Way {
    /// From whether it is weaker in some respect, and stricter in some.
    fn of(weaker: bool, stricter: bool) -> Self {
        match (weaker, stricter) {
            (true, true) => Self::Other,
            (true, false) => Self::Weaker,
            (false, true) => Self::Stricter,
            (false, false) => Self::Even,
        }
    }

    fn of_parts(parts: &[Part]) -> Self {
        let stricter = |part: &Part| matches!(part.way, Self::Stricter | Self::Other);
        Self::of(parts.iter().any(|part| part.way.weakens()), parts.iter().any(stricter))
    }

    /// Whether it counts as weaker.
    pub fn weakens(self) -> bool {
        matches!(self, Self::Weaker | Self::Other)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weaker => "weaker",
            Self::Other => "other",
            Self::Stricter => "stricter",
            Self::Even => "even",
        }
    }
}

impl Change {
    /// A change of an entry, if its parts say anything.
    fn of_entry(name: String, parts: Vec<Part>) -> Option<Self> {
        let way = Way::of_parts(&parts);
        (!parts.is_empty()).then_some(Self { way, of: Subject::Entry(name), parts })
    }
}

impl fmt::Display for PolicyDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return f.write_str("nothing changes");
        }
        for (index, change) in self.changes.iter().enumerate() {
            let newline = if index > 0 { "\n" } else { "" };
            write!(f, "{newline}{:<9}{}", change.way.as_str(), change.of)?;
            for part in &change.parts {
                write!(f, "\n           {}: {} → {}", part.what, part.before, part.after)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(name) => f.write_str(name),
            Self::Cells(cells) => f.write_str(&told(cells)),
        }
    }
}

/// `deploy in production; scale down in production, when it is destructive`: cells that are alike but for their
/// environments stand together.
fn told(cells: &[CellKey]) -> String {
    let mut lines: Vec<(String, Vec<&str>, &str)> = Vec::new();
    for cell in cells {
        let way = match cell.direction {
            Some(Direction::Up) => " up",
            Some(Direction::Down) => " down",
            Some(Direction::Same) | None => "",
        };
        let tags =
            if cell.tags.is_empty() { String::new() } else { format!(" with {}", list(&cell.tags, "and")) };
        let name = format!("{}{way}{tags}", cell.tool);
        let effect = match (cell.effects.first(), cell.effects.last()) {
            (Some(EffectClass::Destructive), _) => ", when it is destructive",
            (Some(EffectClass::Write), Some(EffectClass::Write)) => ", when it only writes",
            (Some(EffectClass::Write), _) => ", when it changes something",
            (Some(EffectClass::Read), Some(EffectClass::Read)) => ", when it only reads",
            (Some(EffectClass::Read), _) => ", when it is not destructive",
            (None, _) => "",
        };
        let environment = cell.environment.as_deref();
        match lines.iter_mut().find(|(known, _, of)| *known == name && *of == effect) {
            Some(line) => line.1.extend(environment),
            None => lines.push((name, environment.into_iter().collect(), effect)),
        }
    }
    let line = |(name, environments, effect): (String, Vec<&str>, &str)| match environments.as_slice() {
        [] => format!("{name}{effect}"),
        names => format!("{name} in {}{effect}", list(names, "and")),
    };
    lines.into_iter().map(line).collect::<Vec<_>>().join("; ")
}
