use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fill::{Fill, Link};
use super::vocabulary::ToolWords;

/// A call in the making: what was said so far, and what is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub tool: String,
    pub args: Map<String, Value>,
    /// Required arguments that were not said.
    pub missing: BTreeSet<String>,
    /// What was said where one value is needed and several were given.
    pub choices: Vec<(String, Value)>,
}

impl Frame {
    pub fn new(tool: &ToolWords, args: Map<String, Value>) -> Self {
        let mut frame = Self { tool: tool.name.clone(), args, ..Self::default() };
        frame.settle(tool);
        frame
    }

    /// Finds out what is missing.
    pub fn settle(&mut self, tool: &ToolWords) {
        let required = tool.slots.iter().filter(|slot| slot.required && !self.args.contains_key(&slot.name));
        self.missing = required.map(|slot| slot.name.clone()).collect();
    }
}

/// What can be made of several values for one argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rows {
    pub rows: Vec<Map<String, Value>>,
    /// Arguments for which one of several values has to be chosen, with the values.
    pub open: Vec<(String, Vec<Value>)>,
}

/// Lays out values as calls: a second value for the same argument begins a second call, which shares with its
/// neighbours what it does not say itself.
pub(super) fn rows(fills: &[Fill]) -> Rows {
    let mut rows: Vec<Map<String, Value>> = vec![Map::new()];
    let mut open: Vec<(String, Vec<Value>)> = Vec::new();
    let mut link = Link::Beside;
    for fill in fills {
        if fill.link != Link::None {
            link = fill.link;
        }
        let Some(row) = rows.last_mut() else { continue };
        match row.get(&fill.slot) {
            None => {
                row.insert(fill.slot.clone(), fill.value.clone());
            }
            Some(same) if *same == fill.value => {}
            Some(_) if link == Link::Instead => {
                row.insert(fill.slot.clone(), fill.value.clone());
            }
            // "staging or production", or two names in a row with nothing between: which one?
            Some(other) if link == Link::Or || fill.link == Link::None => {
                let values = vec![other.clone(), fill.value.clone()];
                match open.iter_mut().find(|(slot, _)| *slot == fill.slot) {
                    Some((_, known)) => known.push(fill.value.clone()),
                    None => open.push((fill.slot.clone(), values)),
                }
            }
            Some(_) => rows.push([(fill.slot.clone(), fill.value.clone())].into_iter().collect()),
        }
    }
    for (slot, _) in &open {
        rows.iter_mut().for_each(|row| {
            row.remove(slot);
        });
    }
    share(&mut rows, &open);
    cross(&rows, &mut open);
    Rows { rows, open }
}

/// "orders 3.12.0 and inventory 0.10.0 to staging": what one does not say, it has from the one before, or else from the
/// one after.
fn share(rows: &mut [Map<String, Value>], open: &[(String, Vec<Value>)]) {
    let slots: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    for slot in slots.iter().filter(|slot| !open.iter().any(|(known, _)| known == *slot)) {
        let said: Vec<Option<Value>> = rows.iter().map(|row| row.get(slot).cloned()).collect();
        for (at, row) in rows.iter_mut().enumerate() {
            if row.contains_key(slot) {
                continue;
            }
            let earlier = said.iter().take(at).rev().flatten().next();
            let later = said.iter().skip(at + 1).flatten().next();
            if let Some(value) = earlier.or(later) {
                row.insert(slot.clone(), value.clone());
            }
        }
    }
}

/// "checkout and orders to dev and staging": more pairs than were said. Which ones?
fn cross(rows: &[Map<String, Value>], open: &mut Vec<(String, Vec<Value>)>) {
    let slots: BTreeSet<&String> = rows.iter().flat_map(Map::keys).collect();
    let distinct = |slot: &str| {
        rows.iter().filter_map(|row| row.get(slot)).map(Value::to_string).collect::<BTreeSet<_>>().len()
    };
    let several: Vec<&String> = slots.into_iter().filter(|slot| distinct(slot) > 1).collect();
    let uneven = several.iter().any(|slot| distinct(slot) < rows.len());
    if rows.len() > 2 && several.len() > 1 && uneven {
        for slot in several {
            let mut values: Vec<Value> = Vec::new();
            for value in rows.iter().filter_map(|row| row.get(slot)) {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
            open.push((slot.clone(), values));
        }
    }
}
