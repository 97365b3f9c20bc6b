use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use minijinja::Environment;
use serde::Serialize;

use super::words::{Span, When, spans, when};
use crate::domain::{Action, Asks, Block, ButtonStyle, Field, MessageId, PersonId, Reply, RequestId, Tone};
use crate::store::{Author, MessageBody, MessageRow, ReactionRow, RequestRow, RequestState};

/// The emoji that mean something here, with the word for them.
const EMOJI: [(&str, &str); 2] = [("✅", "approve"), ("❌", "deny")];

/// Gives the templates of this room to an environment. `message.html` shows one [`MessageView`] as `message`; it needs
/// `csrf` and `once` for its forms.
///
/// # Errors
/// A template does not parse.
pub fn teach(env: &mut Environment<'static>) -> Result<(), minijinja::Error> {
    env.add_template("icons.html", include_str!("templates/icons.html"))?;
    env.add_template("card.html", include_str!("templates/card.html"))?;
    env.add_template("message.html", include_str!("templates/message.html"))
}

/// What one must know beside a message to show it to somebody.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Who looks.
    pub viewer: &'a PersonId,
    /// When.
    pub now: Timestamp,
    /// The names to show for people.
    pub names: &'a BTreeMap<PersonId, String>,
    /// The requests that the messages belong to.
    pub requests: &'a BTreeMap<RequestId, RequestRow>,
    /// The reactions on them.
    pub reactions: &'a [ReactionRow],
}

/// A message as `message.html` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    id: MessageId,
    channel: String,
    root: Option<MessageId>,
    bot: bool,
    name: String,
    stranger: bool,
    initials: String,
    hue: usize,
    at: When,
    edited: Option<When>,
    deleted: bool,
    exact: Option<String>,
    text: Vec<Span>,
    card: Option<CardView>,
    reactions: Vec<ReactionView>,
    say: String,
}

#[derive(Clone, Debug, Serialize)]
struct CardView {
    tone: &'static str,
    word: &'static str,
    reply: Reply,
    title: Vec<Span>,
    blocks: Vec<BlockView>,
    primary: Vec<ButtonView>,
    request: Option<RequestId>,
    asker: Option<String>,
    state: Option<String>,
    until: Option<When>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum BlockView {
    Text { text: Vec<Span> },
    Note { text: Vec<Span> },
    Fields { fields: Vec<Field> },
    Code { text: String, lines: usize },
    Link { label: String, url: String, safe: bool },
    Suggest { label: String, command: String },
}

#[derive(Clone, Debug, Serialize)]
struct ButtonView {
    action: &'static str,
    label: String,
    style: &'static str,
    /// Whether one may write why.
    why: bool,
    /// What one must type; empty for nothing.
    words: String,
}

#[derive(Clone, Debug, Serialize)]
struct ReactionView {
    emoji: &'static str,
    word: &'static str,
    count: usize,
    mine: bool,
    who: String,
}

impl MessageView {
    /// The view of one message.
    pub fn of(message: &MessageRow, seen: &Seen<'_>) -> Self {
        let (bot, name, stranger) = match &message.author {
            Author::Bot => (true, "countersign".to_owned(), false),
            Author::User { user, person: None } => (false, user.display.clone(), true),
            Author::User { user, person: Some(person) } => {
                (false, seen.names.get(person).unwrap_or(&user.display).clone(), false)
            }
        };
        let (text, card) = match &message.body {
            MessageBody::Text { text } => (text.as_str(), None),
            MessageBody::Reply { reply } => ("", Some(card(reply, message, seen))),
        };
        let gist = card.as_ref().map_or_else(
            || text.chars().take(140).collect(),
            |card| format!("{}: {}", card.word, card.reply.title),
        );
        Self {
            id: message.id.clone(),
            channel: message.place.channel.clone(),
            root: message.place.thread.clone(),
            bot,
            say: format!("{name}: {gist}").replace('`', ""),
            initials: initials(&name),
            hue: name.bytes().fold(0, |hue: usize, byte| hue.wrapping_mul(31) + usize::from(byte)) % 8,
            name,
            stranger,
            at: when(message.at, seen.now),
            edited: message.edited_at.filter(|_| !bot).map(|at| when(at, seen.now)),
            deleted: message.deleted,
            exact: text.starts_with('/').then(|| text.to_owned()),
            text: spans(text),
            reactions: reactions(&message.id, card.is_some(), seen),
            card,
        }
    }

    /// The message.
    pub const fn id(&self) -> &MessageId {
        &self.id
    }
}

fn card(reply: &Reply, message: &MessageRow, seen: &Seen<'_>) -> CardView {
    let request = reply.request.as_ref().or(message.request.as_ref());
    // A remark beside the card stays as it was said; how the request stands is told on the card alone.
    let row = request
        .and_then(|id| seen.requests.get(id))
        .filter(|row| row.card.as_ref().is_none_or(|card| *card == message.id));
    let (tone, word) = tone(reply.tone);
    CardView {
        tone,
        word,
        title: spans(&reply.title),
        blocks: reply.blocks.iter().map(block).collect(),
        primary: reply
            .buttons
            .iter()
            .filter(|button| offered(button.action, row, seen.viewer))
            .map(button)
            .collect(),
        request: request.cloned(),
        // From its start on the card itself says who asked.
        asker: row.filter(|row| row.started_at.is_none()).map(|row| asker(row, seen.names)),
        state: row.map(|row| standing(row, seen.names)),
        until: row
            .filter(|row| row.state == RequestState::Waiting)
            .and_then(|row| row.expires_at)
            .map(|at| when(at, seen.now)),
        reply: reply.clone(),
    }
}

fn asker(row: &RequestRow, names: &BTreeMap<PersonId, String>) -> String {
    row.asker.as_ref().and_then(|person| names.get(person)).unwrap_or(&row.sender.display).clone()
}

/// The state in words; of a request that waits also for whom, as long as that is a handful.
fn standing(row: &RequestRow, names: &BTreeMap<PersonId, String>) -> String {
    let name = |person: &PersonId| names.get(person).unwrap_or(&person.0).clone();
    match (row.state, row.awaits.as_slice()) {
        (RequestState::Waiting, [first, rest @ ..]) if rest.len() < 4 => rest
            .iter()
            .fold(format!("waiting for {}", name(first)), |said, one| format!("{said} or {}", name(one))),
        (state, _) => state_word(state).to_owned(),
    }
}

const fn tone(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Info => ("info", "Answer"),
        Tone::Asking => ("asking", "Question"),
        Tone::Waiting => ("waiting", "Waiting"),
        Tone::Running => ("running", "Running"),
        Tone::Done => ("done", "Done"),
        Tone::Failed => ("failed", "Failed"),
        Tone::Refused => ("refused", "Not done"),
    }
}

/// The state of a request in words that fit behind "asked by Alice".
pub const fn state_word(state: RequestState) -> &'static str {
    match state {
        RequestState::Received => "being read",
        RequestState::Waiting => "waiting for a yes",
        RequestState::Approved => "agreed, about to start",
        RequestState::Started => "running",
        RequestState::Done => "done",
        RequestState::Failed => "failed",
        RequestState::Unknown => "end unknown",
        RequestState::Answered => "answered",
        RequestState::Refused => "refused",
        RequestState::Denied => "denied",
        RequestState::Expired => "expired",
        RequestState::Withdrawn => "withdrawn",
        RequestState::Superseded => "superseded",
    }
}

fn block(block: &Block) -> BlockView {
    match block {
        Block::Text { text } => BlockView::Text { text: spans(text) },
        Block::Note { text } => BlockView::Note { text: spans(text) },
        Block::Fields { fields } => BlockView::Fields { fields: fields.clone() },
        Block::Code { text } => BlockView::Code { text: text.clone(), lines: text.lines().count() },
        Block::Link { label, url } => BlockView::Link {
            label: label.clone(),
            url: url.clone(),
            // Anything else, `javascript:` above all, is shown and not linked.
            safe: url.starts_with("https://") || url.starts_with("http://"),
        },
        Block::Suggest { label, command } => {
            BlockView::Suggest { label: label.clone(), command: command.clone() }
        }
    }
}

/// Whether a button does anything for the viewer. Nobody is asked for what they cannot decide.
fn offered(action: Action, row: Option<&RequestRow>, viewer: &PersonId) -> bool {
    let Some(row) = row else { return false };
    let asks = row.asker.as_ref() == Some(viewer);
    match action {
        Action::Confirm | Action::Withdraw => asks,
        Action::Approve => !asks && row.awaits.contains(viewer),
        Action::Deny => row.may_deny.contains(viewer),
        Action::Retract => row.agreed.contains(viewer),
    }
}

/// Whether a reaction of the viewer would be a vote.
fn votes(row: &RequestRow, viewer: &PersonId) -> bool {
    let asks = row.asker.as_ref() == Some(viewer);
    if asks { row.awaits == [viewer.clone()] } else { row.may_deny.contains(viewer) }
}

fn button(button: &crate::domain::Button) -> ButtonView {
    let style = match button.style {
        ButtonStyle::Primary => "primary",
        ButtonStyle::Danger => "danger",
        ButtonStyle::Plain => "plain",
    };
    let (why, words) = match &button.asks {
        Asks::Nothing => (false, String::new()),
        Asks::Why => (true, String::new()),
        Asks::Words(words) => (false, words.clone()),
    };
    ButtonView { action: button.action.as_str(), label: button.label.clone(), style, why, words }
}

/// The reactions below a message: both where the viewer can cast a vote, otherwise those that somebody has set.
fn reactions(message: &MessageId, card: bool, seen: &Seen<'_>) -> Vec<ReactionView> {
    let votable = card
        && seen.requests.values().any(|row| {
            row.card.as_ref() == Some(message)
                && row.state == RequestState::Waiting
                && votes(row, seen.viewer)
        });
    EMOJI
        .into_iter()
        .map(|(emoji, word)| {
            let who: BTreeSet<_> = seen
                .reactions
                .iter()
                .filter(|row| row.message == *message && row.emoji == emoji)
                .map(|row| &row.person)
                .collect();
            let names: Vec<_> = who
                .iter()
                .map(|person| seen.names.get(person).map_or(person.0.as_str(), |name| name))
                .collect();
            ReactionView {
                emoji,
                word,
                count: who.len(),
                mine: who.contains(seen.viewer),
                who: names.join(", "),
            }
        })
        .filter(|view| votable || view.count > 0)
        .collect()
}

fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}
