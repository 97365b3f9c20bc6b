//! From a reply to Block Kit, within every limit that Slack sets. What does not fit goes into a file below.

use serde_json::{Value, json};

use super::Commands;
use super::text::{beginning, code, cut, escaped};
use crate::chat::console::spans;
use crate::domain::{Action, Block, Button, ButtonStyle, Field, Reply, RequestId, Tone};

/// The button that puts a command into a form.
pub(super) const FORM_BUTTON: &str = "cs.form";

/// What our other buttons begin with.
const PREFIX: &str = "cs.";

/// The most of the blocks as JSON, in bytes. Slack refuses more from about 13,200 on, although it says so nowhere.
pub const MOST_JSON: usize = 12_000;

/// The most blocks in a message; Slack takes 50.
const MOST_BLOCKS: usize = 46;

/// The most of a fixed-width text that is shown in the channel, in bytes of JSON: more is for a file.
const MOST_CODE: usize = 4_000;

/// The most of a command that is shown. Longer ones are in the file, whole.
const MOST_COMMAND: usize = 6_000;

/// The most of the text for notifications and screen readers; an edited message takes no more than 4,000.
const MOST_TEXT: usize = 3_900;

/// A reply as Slack shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Everything it says as text, for notifications and screen readers.
    pub text: String,
    /// The blocks.
    pub blocks: Vec<Value>,
    /// The whole text, where the blocks do not hold all of it.
    pub file: Option<String>,
}

/// The card of a reply, with its commands as they are typed here.
pub fn card(reply: &Reply, commands: &Commands) -> Card {
    let buttons = actions(reply);
    let tail = buttons.as_ref().map_or(0, |block| block.to_string().len());
    let mut draft = Draft { blocks: Vec::new(), room: MOST_JSON.saturating_sub(tail + 400), whole: true };
    draft.title(reply.tone, &reply.title);
    if let Some(command) = &reply.command {
        draft.fixed(&commands.typed(command), MOST_COMMAND);
    }
    for block in &reply.blocks {
        draft.block(block, commands);
    }
    let said = typed(reply, commands).to_text();
    let file = (!draft.whole).then(|| said.clone());
    if file.is_some() {
        draft.blocks.push(remark("There is more; the whole text is in the file below."));
    }
    draft.blocks.extend(buttons);
    Card { text: escaped(&said, MOST_TEXT), blocks: draft.blocks, file }
}

/// The reply with its commands as they are typed here.
fn typed(reply: &Reply, commands: &Commands) -> Reply {
    let mut reply = reply.clone();
    reply.command = reply.command.map(|command| commands.typed(&command));
    for block in &mut reply.blocks {
        if let Block::Suggest { command, .. } = block {
            *command = commands.typed(command);
        }
    }
    reply
}

/// The blocks so far and what there is room for.
struct Draft {
    blocks: Vec<Value>,
    room: usize,
    whole: bool,
}

impl Draft {
    fn push(&mut self, block: Value) {
        let size = block.to_string().len() + 1;
        if size > self.room || self.blocks.len() >= MOST_BLOCKS {
            self.whole = false;
            return;
        }
        self.room -= size;
        self.blocks.push(block);
    }

    fn title(&mut self, tone: Tone, title: &str) {
        let shown = self.shortened(title, 2_500);
        let mut elements =
            vec![json!({ "type": "emoji", "name": sign(tone) }), json!({ "type": "text", "text": " " })];
        elements.extend(words(shown, Weight::Bold));
        self.push(rich("rich_text_section", elements));
    }

    fn block(&mut self, block: &Block, commands: &Commands) {
        match block {
            Block::Text { text } => {
                let room = self.room.saturating_sub(300).min(3_000);
                let shown = self.shortened(text, room);
                if !shown.trim().is_empty() {
                    self.push(rich("rich_text_section", words(shown, Weight::Plain)));
                }
            }
            Block::Note { text } => self.push(remark(text)),
            Block::Fields { fields } => {
                for ten in fields.chunks(10) {
                    let fields: Vec<Value> = ten.iter().map(field).collect();
                    self.push(json!({ "type": "section", "fields": fields }));
                }
            }
            Block::Code { text } => self.fixed(text, MOST_CODE),
            Block::Link { label, url } => self.push(rich("rich_text_section", vec![link(label, url)])),
            Block::Suggest { label, command } => self.push(suggestion(label, command, commands)),
        }
    }

    /// Fixed-width text: typed as such, so that nothing in it can end it.
    fn fixed(&mut self, text: &str, most: usize) {
        let shown = self.shortened(text, self.room.saturating_sub(150).min(most));
        if !shown.is_empty() {
            let text = json!({ "type": "text", "text": shown });
            self.push(rich("rich_text_preformatted", vec![text]));
        }
    }

    fn shortened<'t>(&mut self, text: &'t str, most: usize) -> &'t str {
        let text = text.trim_end();
        let shown = beginning(text, most);
        self.whole &= shown.len() == text.len();
        shown.trim_end()
    }
}

const fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Info => "speech_balloon",
        Tone::Asking => "grey_question",
        Tone::Waiting => "hourglass_flowing_sand",
        Tone::Running => "gear",
        Tone::Done => "white_check_mark",
        Tone::Failed => "warning",
        Tone::Refused => "no_entry_sign",
    }
}

#[derive(Clone, Copy)]
enum Weight {
    Plain,
    Bold,
}

/// Text and what stands between backticks, typed: Slack reads no markup in it.
fn words(text: &str, weight: Weight) -> Vec<Value> {
    let spans = spans(text).into_iter().filter(|span| !span.text.is_empty());
    spans
        .map(|span| match (span.code, weight) {
            (true, _) => json!({ "type": "text", "text": span.text, "style": { "code": true } }),
            (false, Weight::Bold) => json!({ "type": "text", "text": span.text, "style": { "bold": true } }),
            (false, Weight::Plain) => json!({ "type": "text", "text": span.text }),
        })
        .collect()
}

fn rich(kind: &str, elements: Vec<Value>) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": kind, "elements": elements }] })
}

/// Marked-up text in which nothing is linked by itself. Slack refuses an empty one.
pub(super) fn markup(text: String) -> Value {
    let text = if text.trim().is_empty() { "–".to_owned() } else { text };
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

pub(super) fn remark(text: &str) -> Value {
    json!({ "type": "context", "elements": [markup(escaped(text, 2_000))] })
}

fn field(field: &Field) -> Value {
    let value = if field.value.trim().is_empty() { "–" } else { &field.value };
    markup(format!("*{}*\n{}", escaped(&field.name, 300), escaped(value, 1_600)))
}

fn link(label: &str, url: &str) -> Value {
    // Anything else, `javascript:` above all, is shown and not linked.
    let safe = (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= 3_000;
    if safe {
        let label = if label.trim().is_empty() { url } else { label };
        json!({ "type": "link", "url": url, "text": cut(label, 300) })
    } else {
        json!({ "type": "text", "text": cut(&format!("{label}: {url}"), 2_000) })
    }
}

fn suggestion(label: &str, command: &str, commands: &Commands) -> Value {
    let text = format!("{} {}", escaped(label, 300), code(&commands.typed(command), 2_600));
    let mut block = json!({ "type": "section", "text": markup(text) });
    if let (true, Some(block)) = (command.len() <= 2_000, block.as_object_mut()) {
        let text = plain("Fill in", 75);
        block.insert(
            "accessory".to_owned(),
            json!({ "type": "button", "action_id": FORM_BUTTON, "text": text, "value": command }),
        );
    }
    block
}

/// Text without markup, cut. Slack refuses an empty one.
pub(super) fn plain(text: &str, most: usize) -> Value {
    let text = if text.trim().is_empty() { "–" } else { text };
    json!({ "type": "plain_text", "text": cut(text, most), "emoji": false })
}

fn actions(reply: &Reply) -> Option<Value> {
    let request = reply.request.as_ref().filter(|_request| !reply.nonce.is_empty())?;
    let value = format!("{request}.{}", reply.nonce);
    let buttons: Vec<Value> = reply.buttons.iter().map(|one| button(one, &value)).collect();
    (!buttons.is_empty()).then(|| json!({ "type": "actions", "elements": buttons }))
}

fn button(button: &Button, value: &str) -> Value {
    let mut shown = json!({
        "type": "button",
        "action_id": format!("{PREFIX}{}", button.action.as_str()),
        "text": plain(&button.label, 75),
        "value": value,
    });
    let style = match button.style {
        ButtonStyle::Primary => Some("primary"),
        ButtonStyle::Danger => Some("danger"),
        ButtonStyle::Plain => None,
    };
    if let (Some(style), Some(shown)) = (style, shown.as_object_mut()) {
        shown.insert("style".to_owned(), style.into());
    }
    shown
}

/// Which of our buttons this is.
pub(super) fn action_of(action_id: &str) -> Option<Action> {
    Action::parse(action_id.strip_prefix(PREFIX)?)
}

/// The request and the nonce that a button carries, and nothing else.
pub(super) fn button_value(value: &str) -> Option<(RequestId, String)> {
    let (request, nonce) = value.split_once('.')?;
    let plain =
        !nonce.is_empty() && nonce.len() <= 128 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some((RequestId::parse(request)?, nonce.to_owned())).filter(|_| plain)
}
