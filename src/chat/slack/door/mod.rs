//! From a delivery to what it means here. Pure: who Slack is was checked on the bytes before, the time and our own
//! catalogue come as arguments, and Slack's own ids of messages are looked up afterwards.

mod command;
mod event;
mod interactive;
mod text;
mod wire;

use jiff::Timestamp;

use crate::catalog::Catalog;
use crate::chat::slack::ResponseUrl;
use crate::domain::{Action, ChatUser, DedupeKey, Place, RawMessage, RequestId};

pub(super) use command::head;
pub use wire::{Kind, Package, Unreadable};

/// What must be known to read a delivery.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Our own user id in Slack; empty while it is not known.
    pub us: &'a str,
    /// What can be asked.
    pub catalog: &'a Catalog,
    /// Now.
    pub at: Timestamp,
}

/// What a delivery means.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// Slack wants this text back, to see that the address is ours.
    Challenge(String),
    /// Slack looks whether somebody is there.
    Present,
    /// Somebody said something.
    Said(Said),
    /// Somebody pressed a button of a card, or sent off what is written beside it.
    Pressed(Pressed),
    /// Somebody set a reaction or took it away.
    Reacted(Reacted),
    /// Somebody changed a message of theirs.
    Edited(Changed),
    /// Somebody deleted a message of theirs.
    Deleted(Changed),
    /// Somebody wants a window.
    Wanted(Wanted),
    /// Somebody sent a window off.
    Sent(Sent),
    /// Something about the installation; nobody asks for anything.
    Notice(Notice),
    /// Not for us, or nothing new; and why, for the log.
    Ignored(&'static str),
}

/// What every event says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// What makes a second delivery of it recognisable.
    pub key: DedupeKey,
    /// The channel; the thread is Slack's own id of its first message, see `thread`.
    pub place: Place,
    /// Who.
    pub sender: ChatUser,
    /// The bytes, without what opens something.
    pub raw: RawMessage,
    /// Where it can be answered, for commands and presses.
    pub answer_at: Option<ResponseUrl>,
}

/// Words, or an exact command.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Where, who, when.
    pub about: About,
    /// What was typed.
    pub text: String,
    /// Slack's id of the message; a slash command leaves none.
    pub ts: Option<String>,
    /// Slack's id of the message that opened the thread, where it stands in one.
    pub thread: Option<String>,
    /// Why we think it is for us.
    pub heard: Heard,
}

/// Why a message could be for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A slash command or a form of ours.
    Command,
    /// It mentions us, or was written to us alone.
    Addressed,
    /// It stands in a thread; for us only if we take part in that one.
    InThread,
}

/// A button on a card. Bound to the message it stands on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressed {
    /// Where, who, when.
    pub about: About,
    /// Slack's id of the card.
    pub ts: String,
    /// The request that the button names.
    pub request: RequestId,
    /// What the card was made with.
    pub nonce: String,
    /// Which button.
    pub action: Action,
    /// What was written beside it.
    pub note: Option<String>,
    /// The words that the card asked for, as they were typed.
    pub typed: Option<String>,
}

/// A reaction that means something here.
#[derive(Clone, Debug, PartialEq)]
pub struct Reacted {
    /// Where, who, when.
    pub about: About,
    /// Slack's id of the message.
    pub ts: String,
    /// ✅ or ❌.
    pub emoji: &'static str,
    /// What it means.
    pub action: Option<Action>,
}

/// A message that is not any more what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Where, who, when.
    pub about: About,
    /// Slack's id of the message.
    pub ts: String,
    /// What it says now; empty for a deleted one.
    pub text: String,
}

/// A window somebody wants to see. It must open within three seconds of the press.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Who.
    pub sender: ChatUser,
    /// Where it was asked for; outside of channels there is none.
    pub place: Option<Place>,
    /// What opens it, once.
    pub trigger: String,
    /// Which.
    pub window: Window,
    /// Where it can be answered, where that came with it.
    pub answer_at: Option<ResponseUrl>,
}

/// The windows there are.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// The form of the tool that an exact command names, filled in as far as it says.
    Form(String),
    /// The list of tools.
    Tools,
    /// What is to be written beside a button.
    Beside(Card),
    /// The home of somebody; it is not opened but shown anew.
    Home,
    /// A new conversation with the assistant: what one could ask.
    Prompts {
        /// Slack's id of the conversation.
        thread: String,
    },
}

/// A card, as a window about it refers to it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Card {
    /// The request.
    pub request: RequestId,
    /// What the card was made with.
    pub nonce: String,
    /// The channel.
    pub channel: String,
    /// Slack's id of the card.
    pub ts: String,
    /// Which button.
    pub action: Action,
    /// The words that must be typed, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What came of a window.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Sent {
    /// A tool was chosen from the list; its form is next.
    Chosen {
        /// The tool.
        tool: String,
        /// The channel it was asked for in.
        channel: String,
    },
    /// A filled-in form that makes no call: what is wrong, by argument.
    Wrong(Vec<(String, String)>),
    /// A filled-in form, as the exact command it amounts to.
    Right(Said),
}

/// Something about the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Who belongs to what may have changed: what we remember of it is void.
    PeopleChanged,
    /// Something about one account has changed, if only a picture.
    AccountChanged {
        /// The account.
        user: String,
    },
    /// The app was taken out of a workspace, or its tokens were.
    Gone {
        /// The workspace.
        workspace: String,
    },
    /// Slack has stopped delivering for this minute.
    RateLimited {
        /// The workspace.
        workspace: String,
    },
    /// A channel has another id now, so the policy does not know it any more.
    ChannelMoved {
        /// What it was.
        old: String,
        /// What it is.
        new: String,
    },
}

/// What a package means.
pub fn read(package: &Package, known: Known<'_>) -> Arrival {
    match package.kind {
        Kind::TlsCheck => Arrival::Present,
        Kind::Event => event::read(package, known),
        Kind::Command => command::read(package, known),
        Kind::Interactive => interactive::read(package, known),
    }
}

/// The meaning of an emoji, by Slack's name of it. Skin tones follow behind `::` and mean nothing.
fn emoji(name: &str) -> Option<(&'static str, Action)> {
    match name.split("::").next().unwrap_or_default() {
        "white_check_mark" | "heavy_check_mark" | "+1" | "thumbsup" => Some(("✅", Action::Approve)),
        "x" | "negative_squared_cross_mark" | "-1" | "thumbsdown" => Some(("❌", Action::Deny)),
        _ => None,
    }
}
