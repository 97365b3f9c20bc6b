//! What a request can be found by: one short text per property and per word.
//!
//! Terms only grow. They may tell of what was true once, so whoever finds a row by them looks at the row again.

use std::collections::BTreeSet;

use super::{RequestFilter, RequestRow};
use crate::domain::{PersonId, Platform};

/// Words of one request that are kept; a pasted log is not searched to its end.
const WORDS: usize = 64;

/// The longest word that is kept, in bytes; longer ones are passwords, hashes and noise.
const LONGEST: usize = 48;

/// All terms of a request.
pub(super) fn terms(row: &RequestRow) -> BTreeSet<String> {
    let mut terms = words(&words_of(row));
    let properties = [
        row.asker.as_ref().map(by),
        row.tool.as_deref().map(tool),
        row.target.as_deref().map(target),
        row.environment.as_deref().map(environment),
        row.incident().map(incident),
        Some(channel(&row.place.channel)),
        Some(platform(row.place.platform)),
        // An open one is found by its state column, which has an index of its own.
        row.state.is_final().then(|| state(row.state.as_str())),
    ];
    terms.extend(properties.into_iter().flatten());
    terms
}

/// What a filter asks for: each group must be met, by any of its terms.
pub(super) fn groups(filter: &RequestFilter) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = [
        filter.asker.as_ref().map(by),
        filter.target.as_deref().map(target),
        filter.environment.as_deref().map(environment),
        filter.channel.as_deref().map(channel),
        filter.incident.as_deref().map(incident),
        filter.platform.map(platform),
    ]
    .into_iter()
    .flatten()
    .map(|term| vec![term])
    .collect();
    groups.push(filter.tools.iter().map(|name| tool(name)).collect());
    groups.push(filter.states.iter().map(|one| state(one.as_str())).collect());
    let text = filter.text.as_deref().unwrap_or_default();
    groups.extend(asked(text).into_iter().map(|word| vec![word]));
    groups.retain(|group| !group.is_empty());
    groups
}

/// Whether a request is what a filter describes.
pub(super) fn matches(filter: &RequestFilter, row: &RequestRow) -> bool {
    let terms = terms(row);
    let state = filter.states.is_empty() || filter.states.contains(&row.state);
    let others = groups(&RequestFilter { states: Vec::new(), ..filter.clone() });
    state
        && others.iter().all(|group| group.iter().any(|term| terms.contains(term)))
        && filter.since.is_none_or(|since| row.created_at >= since)
        && filter.until.is_none_or(|until| row.created_at < until)
        && filter.before.as_ref().is_none_or(|before| row.id < *before)
}

/// The text that is searched.
fn words_of(row: &RequestRow) -> String {
    let command = row.command.as_deref().unwrap_or_default();
    format!("{}\n{command}\n{}\n{}", row.said, row.note.as_deref().unwrap_or_default(), row.id)
}

/// The words of a text, whole and in their parts: `order-service` is also found by `order`.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for whole in asked(text) {
        for part in whole.split(|letter: char| !letter.is_alphanumeric()) {
            if !part.is_empty() && part.len() < whole.len() {
                words.insert(part.to_owned());
            }
        }
        // A version is looked for with and without its letter.
        if let Some(number) =
            whole.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            words.insert(number.to_owned());
        }
        words.insert(whole);
        if words.len() >= WORDS {
            break;
        }
    }
    words
}

/// The words that somebody asks for, without what stands around them.
fn asked(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty() && word.len() <= LONGEST)
        .take(WORDS)
        .collect()
}

// The prefixes keep properties and words apart: no word holds a space.

fn by(person: &PersonId) -> String {
    format!("by {person}")
}

fn tool(name: &str) -> String {
    format!("tool {name}")
}

fn target(name: &str) -> String {
    format!("on {name}")
}

fn environment(name: &str) -> String {
    format!("in {name}")
}

fn channel(name: &str) -> String {
    format!("at {name}")
}

/// People write its name as they like, and as long: what follows a hundred letters does not tell incidents apart.
fn incident(name: &str) -> String {
    let name: String = name.trim().to_lowercase().chars().take(100).collect();
    format!("for {name}")
}

fn platform(platform: Platform) -> String {
    format!("via {}", platform.as_str())
}

fn state(name: &str) -> String {
    format!("is {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RequestState;
    use crate::store::samples::request;

    #[test]
    fn a_request_is_found_by_its_words_their_parts_and_its_properties() {
        let row = RequestRow {
            said: "please deploy Order-Service (2.4.1) to prod!".to_owned(),
            command: Some("/deploy order-service v2.4.1 production".to_owned()),
            tool: Some("deploy".to_owned()),
            environment: Some("production".to_owned()),
            state: RequestState::Done,
            ..request(1)
        };
        let found = |filter: RequestFilter| matches(&filter, &row);
        let text = |text: &str| RequestFilter { text: Some(text.to_owned()), ..RequestFilter::default() };
        for query in ["order-service", "ORDER", "2.4.1", "deploy 2.4.1", "prod", row.id.as_str(), ""] {
            assert!(found(text(query)), "{query}");
        }
        for query in ["order-services", "2.4", "rollback", "deploy rollback"] {
            assert!(!found(text(query)), "{query}");
        }
        let tools = |names: &[&str]| RequestFilter {
            tools: names.iter().map(|name| (*name).to_owned()).collect(),
            ..RequestFilter::default()
        };
        assert!(found(tools(&["rollback", "deploy"])));
        assert!(!found(tools(&["rollback", "scale"])));
        assert!(found(RequestFilter { states: vec![RequestState::Done], ..RequestFilter::default() }));
        assert!(!found(RequestFilter { states: vec![RequestState::Failed], ..RequestFilter::default() }));
    }

    #[test]
    fn every_term_that_a_filter_asks_for_is_kept_for_a_row_that_it_fits() {
        let incident = Some("INC-42".to_owned());
        let row = RequestRow { state: RequestState::Denied, incident, ..request(2) };
        let filter = RequestFilter {
            states: vec![RequestState::Denied],
            asker: row.asker.clone(),
            tools: row.tool.iter().cloned().collect(),
            target: row.target.clone(),
            environment: row.environment.clone(),
            platform: Some(row.place.platform),
            channel: Some(row.place.channel.clone()),
            incident: Some(" inc-42".to_owned()),
            text: Some(row.said.clone()),
            ..RequestFilter::default()
        };
        let terms = terms(&row);
        assert!(groups(&filter).iter().all(|group| group.iter().any(|term| terms.contains(term))));
        assert!(matches(&filter, &row));
    }

    #[test]
    fn a_pasted_log_does_not_fill_the_index() {
        let row = RequestRow {
            said: (0..10_000).map(|n| format!("word{n} ")).collect::<String>() + &"x".repeat(500),
            ..request(3)
        };
        assert!(terms(&row).len() < WORDS * 2);
        assert!(terms(&row).iter().all(|term| term.len() <= LONGEST + 8));
    }
}
