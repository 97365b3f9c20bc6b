//! From a case to what a reader gets to see, as the live path would show it.

use jiff::Timestamp;

use super::case::{Case, Role};
use crate::domain::{PersonId, Place, Platform};
use crate::ground::Words;
use crate::interpret::{Reading, Speaker, Turn};
use crate::pipeline::{latest, words};

/// What becomes of text that machines and outsiders wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThirdParty {
    /// It is kept from the reader, as in the house.
    #[default]
    Hidden,
    /// It is shown, marked as what it is, to measure the model alone.
    Exposed,
}

/// Where and when the cases of a set are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The clock of cases that name no other.
    pub now: Timestamp,
    /// The tools on offer.
    pub offered: Vec<String>,
    /// What becomes of foreign text.
    pub third_party: ThirdParty,
}

/// The channel of cases that name none.
pub(super) const CHANNEL: &str = "deployments";

/// A case as a reader sees it, and the words that may carry arguments.
pub fn reading(case: &Case, scene: &Scene) -> (Reading, Words) {
    let now = case.context.now.as_deref().and_then(|now| now.parse().ok()).unwrap_or(scene.now);
    let (asker, text) = case
        .messages
        .last()
        .map(|message| (message.speaker.clone(), message.text.clone()))
        .unwrap_or_default();
    let before = case.messages.split_last().map(|(_, before)| before).unwrap_or_default();
    let turns = before.iter().filter_map(|message| {
        let speaker = match message.role {
            Role::User | Role::Other if message.speaker == asker => Speaker::Asker,
            Role::User | Role::Other => Speaker::Person(message.speaker.clone()),
            Role::Assistant if asks(&message.text) => Speaker::BotAsked,
            Role::Assistant => Speaker::BotStated,
            Role::ThirdParty => match scene.third_party {
                ThirdParty::Hidden => return None,
                ThirdParty::Exposed => Speaker::Machine(message.speaker.clone()),
            },
        };
        Some(Turn { speaker, text: message.text.clone(), at: now })
    });
    let turns = latest(turns.collect());
    let said = words(&turns, &text);
    let reading = Reading {
        text,
        asker: Some(PersonId(asker)),
        place: Place {
            platform: Platform::Console,
            workspace: String::new(),
            channel: channel(case).to_owned(),
            thread: None,
        },
        turns,
        offered: scene.offered.clone(),
        now,
    };
    (reading, said)
}

/// The channel of a case, without `#`.
pub(super) fn channel(case: &Case) -> &str {
    let named = case.context.channel.as_deref().map(|channel| channel.trim_start_matches('#'));
    named.filter(|channel| !channel.is_empty()).unwrap_or(CHANNEL)
}

/// Live, the bot knows what it did with a turn. In a case only the text tells: one with a question in it asks, and what
/// asks carries no argument, whatever else it says.
pub(super) fn asks(text: &str) -> bool {
    let mut after = text.chars();
    while let Some(character) = after.next() {
        let ends =
            after.clone().next().is_none_or(|next| !next.is_alphanumeric() && next != '/' && next != '=');
        if character == '？' || (character == '?' && ends) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_with_a_question_in_it_asks() {
        for (text, asking) in [
            ("Where should it go?", true),
            ("Where should it go? (development, staging, production)", true),
            ("どの環境ですか？", true),
            ("checkout runs 2.4.1 in staging.", false),
            ("see https://grafana.example.com/d?var=1 for more", false),
        ] {
            assert_eq!(asks(text), asking, "{text}");
        }
    }
}
