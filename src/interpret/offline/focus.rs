use serde_json::Value;

use super::draft::Frame;
use super::follow::follow;
use super::frames::stated;
use super::message::Reader;
use super::scan::{Item, Kind, scan};
use super::slot::{Shape, Slot};
use super::vocabulary::Vocabulary;
use super::{BotTurn, Conversation, Speaker};
use crate::catalog::List;
use crate::ground::{Token, tokenize};

/// What a thread is about so far, as far as it may carry anything: the asker's own requests and the bot's answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Focus {
    /// The asker's last request.
    pub frame: Option<Frame>,
    /// The bot's question that waits for this asker's answer.
    pub question: Option<String>,
    /// The bot's last status answer.
    facts: Vec<Item>,
    tokens: Vec<Token>,
    /// Whether the bot's answer or the asker's own request comes right before the message.
    pub is_fresh: bool,
    /// Who spoke last among people.
    asker_spoke_last: bool,
    /// What the asker wrote before.
    pub own_text: String,
}

impl Focus {
    /// Reads the turns before the last one.
    pub fn of(conversation: &Conversation, vocabulary: &Vocabulary) -> Self {
        let mut focus = Self::default();
        let before = conversation.turns.len().saturating_sub(1);
        for turn in conversation.turns.iter().take(before) {
            match turn.speaker {
                Speaker::Asker => {
                    let reader = Reader { vocabulary, bot: &conversation.bot, focus: &focus };
                    let frames = follow(&reader, &turn.text, reader.read(&turn.text)).frames;
                    focus.frame = frames.into_iter().next_back().or(focus.frame);
                    focus.question = None;
                    focus.asker_spoke_last = true;
                    focus.own_text = turn.text.clone();
                    focus.is_fresh = false;
                }
                Speaker::Bot(BotTurn::Question) => {
                    focus.question = focus.asker_spoke_last.then(|| turn.text.clone());
                    focus.is_fresh = focus.asker_spoke_last;
                }
                Speaker::Bot(BotTurn::Status) => {
                    focus.question = None;
                    focus.facts = scan(&turn.text, vocabulary);
                    focus.tokens = tokenize(&turn.text);
                    focus.is_fresh = true;
                }
                Speaker::Other => focus.asker_spoke_last = false,
                Speaker::ThirdParty => {}
            }
        }
        focus
    }

    /// The number that the bot stated for an argument.
    pub fn number(&self, noun: &str) -> Option<i64> {
        stated(&self.tokens, noun)
    }

    /// The one name of a list that the bot stated.
    pub fn name(&self, list: List) -> Option<&str> {
        let mut names = self.facts.iter().filter_map(|item| item.name_in(list));
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    /// What the thread has for an argument: from the bot's last answer, or from the asker's last request.
    pub fn value(&self, slot: &Slot) -> Option<Value> {
        let stated = match slot.shape {
            Shape::Name(list) => self.name(list).map(|name| Value::String(name.to_owned())),
            Shape::Version => {
                let mut versions = self.facts.iter().filter(|item| item.kind == Kind::Version);
                versions
                    .next()
                    .map(|item| Value::String(item.text.clone()))
                    .filter(|_| versions.next().is_none())
            }
            Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Identifier
            | Shape::Phrase
            | Shape::Text => None,
        };
        let own = || self.frame.as_ref().and_then(|frame| frame.args.get(&slot.name)).cloned();
        let names = matches!(slot.shape, Shape::Name(_));
        stated.or_else(|| own().filter(|_| names))
    }
}
