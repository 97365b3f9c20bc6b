//! The whole finite domain, cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use super::aspects::{Said, compare};
use super::roles::Side;
use super::{CellKey, Change, Part, Subject, Way};
use crate::catalog::{Direction, EffectClass};
use crate::gate::cell::{Cell, UNREADABLE};
use crate::gate::rule::Rule;
use crate::gate::{Policy, ToolWord};

const EFFECTS: [EffectClass; 3] = [EffectClass::Read, EffectClass::Write, EffectClass::Destructive];

/// Tags count together up to so many. More add nothing: what is weaker with many tags is weaker with three of them, one
/// that brought the demand that is gone, and one for each policy that names the cell.
const MOST_TAGS: usize = 3;

/// Every cell in which the policies differ; cells in which the same differs are one change.
pub(super) fn cells(old: &Policy, new: &Policy) -> Vec<Change> {
    let (before, after) = Side::pair(old, new);
    let mut environments: BTreeSet<Option<&str>> = [None].into();
    let names = old.vocabulary.environments.iter().chain(&new.vocabulary.environments);
    environments.extend(names.map(|name| Some(name.as_str())));
    let mut changes: BTreeMap<Vec<Part>, BTreeMap<CellKey, BTreeSet<EffectClass>>> = BTreeMap::new();
    for (name, word) in tools(old, new) {
        let tags = tag_sets(old, new, name);
        for environment in &environments {
            if environment.is_some() && !word.has_environment {
                continue;
            }
            for (direction, effect) in kinds(&word) {
                let mut found: Vec<(&BTreeSet<String>, Vec<Part>)> = Vec::new();
                for tags in &tags {
                    // What could not be read is never surely up.
                    if direction == Some(Direction::Up) && tags.contains(UNREADABLE) {
                        continue;
                    }
                    let cell = Cell { tool: name, environment: *environment, direction, effect, tags };
                    let parts = compare(&Said::of(&before, &cell), &Said::of(&after, &cell));
                    // The same difference with fewer tags tells of it already.
                    let told = |(fewer, same): &(&BTreeSet<String>, Vec<Part>)| {
                        *same == parts && fewer.is_subset(tags)
                    };
                    if !parts.is_empty() && !found.iter().any(told) {
                        found.push((tags, parts));
                    }
                }
                for (tags, parts) in found {
                    let key = CellKey {
                        tool: name.to_owned(),
                        environment: environment.map(str::to_owned),
                        direction,
                        effects: BTreeSet::new(),
                        tags: tags.iter().cloned().collect(),
                    };
                    changes.entry(parts).or_default().entry(key).or_default().insert(effect);
                }
            }
        }
    }
    let words = tools(old, new);
    let change = |(parts, cells): (Vec<Part>, BTreeMap<CellKey, BTreeSet<EffectClass>>)| {
        let of = cells.into_iter().map(|(key, effects)| {
            let all = words.get(key.tool.as_str()).map_or(0, |word| effects_of(word).count());
            let effects = if effects.len() < all { effects } else { BTreeSet::new() };
            CellKey { effects, ..key }
        });
        Change { way: Way::of_parts(&parts), of: Subject::Cells(of.collect()), parts }
    };
    changes.into_iter().map(change).collect()
}

/// The tools of both; of one that both know, whatever either says of it.
fn tools<'p>(old: &'p Policy, new: &'p Policy) -> BTreeMap<&'p str, ToolWord> {
    let mut found: BTreeMap<&str, ToolWord> = BTreeMap::new();
    for word in old.vocabulary.tools.iter().chain(&new.vocabulary.tools) {
        let known = found.entry(&word.name).or_insert_with(|| word.clone());
        known.effect = known.effect.min(word.effect);
        known.worst = known.worst.max(word.worst);
        known.has_direction |= word.has_direction;
        known.has_environment |= word.has_environment;
    }
    found
}

/// Directions and effects of a tool.
fn kinds(word: &ToolWord) -> Vec<(Option<Direction>, EffectClass)> {
    let directions =
        if word.has_direction { vec![Some(Direction::Up), Some(Direction::Down)] } else { vec![None] };
    effects_of(word).flat_map(|effect| directions.iter().map(move |direction| (*direction, effect))).collect()
}

fn effects_of(word: &ToolWord) -> impl Iterator<Item = EffectClass> {
    let range = word.effect..=word.worst;
    EFFECTS.into_iter().filter(move |effect| range.contains(effect))
}

/// Sets of tags that rules tell apart: one tag for all that the same rules speak about.
fn tag_sets(old: &Policy, new: &Policy, tool: &str) -> Vec<BTreeSet<String>> {
    let rules: Vec<&Rule> = old.rules.about(tool).chain(new.rules.about(tool)).collect();
    let mut alike: BTreeMap<Vec<usize>, &String> = BTreeMap::new();
    for tag in rules.iter().flat_map(|rule| &rule.tags).collect::<BTreeSet<_>>().into_iter().rev() {
        let speak = rules.iter().enumerate().filter(|(_, rule)| rule.tags.contains(tag));
        alike.insert(speak.map(|(index, _)| index).collect(), tag);
    }
    let tags: BTreeSet<&String> = alike.into_values().collect();
    let mut sets: Vec<BTreeSet<String>> = vec![BTreeSet::new()];
    let mut last = sets.clone();
    for _size in 0..MOST_TAGS {
        // Each set is built once, by taking its tags in order.
        let larger = |set: &BTreeSet<String>| {
            let greatest = set.last().cloned();
            let more =
                tags.iter().filter(move |tag| greatest.as_ref().is_none_or(|greatest| **tag > greatest));
            let set = set.clone();
            more.map(move |tag| set.iter().cloned().chain([(*tag).clone()]).collect()).collect::<Vec<_>>()
        };
        last = last.iter().flat_map(larger).collect();
        sets.extend(last.iter().cloned());
    }
    sets
}
