use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::{
    Action, Body, ChatUser, Click, DedupeKey, Inbound, MessageId, PersonId, Place, Platform, RawMessage,
    Reaction, RequestId,
};

/// How many characters a message may have.
pub const MAX_TEXT: usize = 4_000;

/// How many characters the note beside a button may have.
const MAX_NOTE: usize = 500;

/// The form of the composer.
#[derive(Clone, Debug, Deserialize)]
pub struct Post {
    /// The words.
    pub text: String,
    /// The message whose thread they belong to; empty outside threads.
    #[serde(default)]
    pub thread: String,
    /// A random word made when the form was shown, so that sending it twice is one message.
    pub once: String,
}

/// The form around a button of a card.
#[derive(Clone, Debug, Deserialize)]
pub struct Press {
    /// The request.
    pub request: String,
    /// What the card was made with.
    pub nonce: String,
    /// Which button.
    pub action: String,
    /// What was written beside it.
    #[serde(default)]
    pub note: String,
    /// The words that the card asked to type.
    #[serde(default)]
    pub typed: String,
    /// As in [`Post`].
    pub once: String,
}

/// The form around a reaction.
#[derive(Clone, Debug, Deserialize)]
pub struct React {
    /// The emoji: ✅ or ❌.
    pub emoji: String,
    /// `on` to set it, `off` to take it away.
    pub set: String,
    /// As in [`Post`].
    pub once: String,
}

/// What a form does not say itself: who sits there, what time it is, and the bytes it came as.
#[derive(Clone, Debug)]
pub struct Sitting {
    /// The account.
    pub sender: ChatUser,
    /// Now.
    pub at: Timestamp,
    /// The form as it came, see [`without_token`].
    pub raw: RawMessage,
}

/// Why a form does not become an inbound event. Said to the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing but spaces.
    #[error("There is nothing in this message yet. Write something and send it again.")]
    Empty,
    /// See [`MAX_TEXT`].
    #[error(
        "This message has {0} characters; 4000 is the most one can have. Shorten it, or send it in several parts."
    )]
    TooLong(usize),
    /// See `MAX_NOTE`.
    #[error("This reason has {0} characters; 500 is the most one can have. A sentence is enough.")]
    LongNote(usize),
    /// A field that no form of ours would send like this.
    #[error("This form is damaged (its field `{0}`). Reload the page and try again.")]
    Malformed(&'static str),
}

/// The console account of a person.
pub fn sender(person: &PersonId, name: &str) -> ChatUser {
    ChatUser {
        platform: Platform::Console,
        workspace: String::new(),
        user: person.0.clone(),
        display: name.to_owned(),
    }
}

/// The form's bytes for the record, without the anti-forgery token: that is a secret of the session, not something the
/// person said.
pub fn without_token(form: &[u8]) -> RawMessage {
    let kept: Vec<_> = form.split(|byte| *byte == b'&').filter(|pair| !pair.starts_with(b"csrf=")).collect();
    RawMessage(kept.join(&b'&'))
}

/// A message for a channel or a thread of it.
///
/// # Errors
/// Empty, too long, or no form of ours.
pub fn post(form: Post, channel: &str, sitting: Sitting) -> Result<Inbound, Unfit> {
    let once = once(&form.once)?;
    // Browsers send line ends as CR LF.
    let text = form.text.replace("\r\n", "\n").trim().to_owned();
    let length = text.chars().count();
    if length == 0 {
        return Err(Unfit::Empty);
    }
    if length > MAX_TEXT {
        return Err(Unfit::TooLong(length));
    }
    let thread = match form.thread.as_str() {
        "" => None,
        id => Some(MessageId::parse(id).ok_or(Unfit::Malformed("thread"))?),
    };
    let key = format!("post:{}:{channel}:{once}", sitting.sender.user);
    let place =
        Place { platform: Platform::Console, workspace: String::new(), channel: channel.to_owned(), thread };
    Ok(inbound(key, place, Body::Text(text), sitting))
}

/// A button on the card `message`, which stands at `place`.
///
/// The key has the form's random word beside the nonce: whoever approves, takes it back and approves again on the same
/// card has said three things, while a double click has said one.
///
/// # Errors
/// The note is too long, or it is no form of ours.
pub fn press(form: Press, message: &MessageId, place: Place, sitting: Sitting) -> Result<Inbound, Unfit> {
    let once = once(&form.once)?;
    let request = RequestId::parse(&form.request).ok_or(Unfit::Malformed("request"))?;
    let action = Action::parse(&form.action).ok_or(Unfit::Malformed("action"))?;
    let nonce = word(&form.nonce, 128).ok_or(Unfit::Malformed("nonce"))?.to_owned();
    let written = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (note, typed) = (written(&form.note), written(&form.typed));
    let length = [&note, &typed].into_iter().flatten().map(|text| text.chars().count()).max().unwrap_or(0);
    if length > MAX_NOTE {
        return Err(Unfit::LongNote(length));
    }
    let key = format!("press:{}:{message}:{nonce}:{}:{once}", sitting.sender.user, action.as_str());
    Ok(inbound(key, place, Body::Click(Click { request, nonce, action, note, typed }), sitting))
}

/// A reaction set on or taken from `message`, which stands at `place`. Each pair of emoji and action has one meaning:
/// ✅ is `Approve` when set and `Retract` when taken away, ❌ is `Deny` when set and nothing when taken away.
///
/// # Errors
/// It is no form of ours.
pub fn react(form: React, message: &MessageId, place: Place, sitting: Sitting) -> Result<Inbound, Unfit> {
    let once = once(&form.once)?;
    let action = match (form.emoji.as_str(), form.set.as_str()) {
        ("✅", "on") => Some(Action::Approve),
        ("✅", "off") => Some(Action::Retract),
        ("❌", "on") => Some(Action::Deny),
        ("❌", "off") => None,
        ("✅" | "❌", _) => return Err(Unfit::Malformed("set")),
        _ => return Err(Unfit::Malformed("emoji")),
    };
    let key = format!("react:{}:{message}:{}:{}:{once}", sitting.sender.user, form.emoji, form.set);
    let reaction = Reaction { message: message.clone(), emoji: form.emoji, action };
    Ok(inbound(key, place, Body::Reaction(reaction), sitting))
}

fn inbound(key: String, place: Place, body: Body, sitting: Sitting) -> Inbound {
    let Sitting { sender, at, raw } = sitting;
    Inbound { id: DedupeKey(key), at, place, sender, body, remote: None, raw }
}

fn once(text: &str) -> Result<&str, Unfit> {
    word(text, 64).filter(|word| word.len() >= 8).ok_or(Unfit::Malformed("once"))
}

fn word(text: &str, longest: usize) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (plain && !text.is_empty() && text.len() <= longest).then_some(text)
}
