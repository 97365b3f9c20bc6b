use serde::{Deserialize, Serialize};

use super::{Action, Field, PersonId, RequestId};

/// What the bot says, before a platform's cards are made of it. Edited in place as things move on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request it belongs to; `None` for notices.
    pub request: Option<RequestId>,
    /// How it looks and whether it notifies.
    pub tone: Tone,
    /// The first line: what, in one sentence.
    pub title: String,
    /// The exact slash command that the action amounts to.
    pub command: Option<String>,
    /// The rest, in order.
    pub blocks: Vec<Block>,
    /// Whom it is addressed to. Platforms mention them, so that they hear of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<PersonId>,
    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// What the buttons carry, so that a press on an outdated card does not count.
    pub nonce: String,
}

/// The state a reply shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// An answer to a question; does not notify.
    Info,
    /// The bot asks the asker something; an answer in the thread goes on from it.
    Asking,
    /// Somebody has to do something.
    Waiting,
    /// It is under way.
    Running,
    /// It worked.
    Done,
    /// It did not, or may not have.
    Failed,
    /// It will not be done: refused, denied, expired, withdrawn.
    Refused,
}

/// A part of a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// Sentences. Never markup: the card maker escapes it.
    Text {
        /// The sentences.
        text: String,
    },
    /// Named values.
    Fields {
        /// The values.
        fields: Vec<Field>,
    },
    /// Fixed-width text, untrusted.
    Code {
        /// The text.
        text: String,
    },
    /// A page to look at.
    Link {
        /// What it is.
        label: String,
        /// Where it is.
        url: String,
    },
    /// A command one can run next; a platform may make a button of it that puts the command into the composer.
    Suggest {
        /// Why one would.
        label: String,
        /// The exact command.
        command: String,
    },
    /// A small remark.
    Note {
        /// The remark.
        text: String,
    },
}

/// Something to press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it does.
    pub action: Action,
    /// What it says.
    pub label: String,
    /// How it looks.
    pub style: ButtonStyle,
    /// What must be written beside it.
    #[serde(default)]
    pub asks: Asks,
}

/// What must be written beside a button for the press to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    /// Nothing.
    #[default]
    Nothing,
    /// Why; a press without it counts all the same.
    Why,
    /// Exactly these words, so that nobody agrees without looking.
    Words(String),
}

/// The look of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ButtonStyle {
    /// The expected answer.
    Primary,
    /// Ends something.
    Danger,
    /// Anything else.
    Plain,
}

impl Reply {
    /// A reply that is one sentence.
    pub fn say(tone: Tone, title: impl Into<String>) -> Self {
        Self {
            request: None,
            tone,
            title: title.into(),
            command: None,
            blocks: Vec::new(),
            to: Vec::new(),
            buttons: Vec::new(),
            nonce: String::new(),
        }
    }

    /// The same reply with a block more.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The same reply, addressed to these people.
    #[must_use]
    pub fn to(mut self, people: impl IntoIterator<Item = PersonId>) -> Self {
        self.to.extend(people);
        self
    }

    /// The same reply with sentences more, unless there are none.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { self } else { self.with(Block::Text { text }) }
    }

    /// The same reply with fixed-width text, if there is any.
    #[must_use]
    pub fn code(self, text: Option<String>) -> Self {
        text.into_iter().fold(self, |reply, text| reply.with(Block::Code { text }))
    }

    /// Everything it says as plain text: for the command line, notifications and screen readers.
    pub fn to_text(&self) -> String {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.command.iter().map(|command| format!("  {command}")));
        for block in &self.blocks {
            match block {
                Block::Text { text } | Block::Note { text } => lines.push(indent(text)),
                Block::Fields { fields } => {
                    lines.extend(fields.iter().map(|field| format!("  {}: {}", field.name, field.value)));
                }
                Block::Code { text } => lines.extend(text.lines().map(|line| format!("  | {line}"))),
                Block::Link { label, url } => lines.push(format!("  {label}: {url}")),
                Block::Suggest { label, command } => lines.push(format!("  {label}: {command}")),
            }
        }
        if !self.buttons.is_empty() {
            let labels: Vec<_> = self.buttons.iter().map(|button| format!("[{}]", button.label)).collect();
            lines.push(format!("  {}", labels.join(" ")));
        }
        lines.join("\n")
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
