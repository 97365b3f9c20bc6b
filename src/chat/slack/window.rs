//! Windows: a form for each tool, made from its schema, and the reason of a denial.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::card::{markup, plain};
use super::door::Card;
use super::text::code;
use crate::catalog::{Catalog, Param, ParamKind, Tool, command as command_of, hint};
use crate::domain::{Origin, Proposal};
use crate::slash::{self, Parsed};

/// The most choices in a list.
const MOST_CHOICES: usize = 100;

/// Which window something came back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    /// The list of tools.
    Tools,
    /// The form of a tool.
    Form,
    /// The reason of a denial.
    Denial,
}

impl Callback {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Form => "form",
            Self::Denial => "denial",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tools, Self::Form, Self::Denial].into_iter().find(|one| one.as_str() == text)
    }
}

/// What a form keeps while somebody fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The tool.
    pub tool: String,
    /// The channel it will be asked in; empty where the form asks for it.
    pub channel: String,
}

/// The form of the tool that a command names, filled in as far as the command says. `None` when it names none.
pub fn form(command: &str, channel: &str, catalog: &Catalog) -> Option<Value> {
    let (tool, args) = match slash::parse(command, catalog) {
        Parsed::Proposal(Proposal { tool, args: Value::Object(args), .. }) => (catalog.tool(&tool)?, args),
        Parsed::Proposal(_) | Parsed::Problem(_) | Parsed::NotSlash => (named(command, catalog)?, Map::new()),
    };
    let mut blocks = vec![json!({
        "type": "section",
        "text": plain(&format!("{}\n{}", tool.manifest().title, tool.manifest().description.trim()), 2_900),
    })];
    blocks.extend(tool.params().iter().take(90).map(|param| input(tool, param, args.get(&param.name))));
    if channel.is_empty() {
        blocks.push(channel_input());
    }
    let kept = Kept { tool: tool.name().to_owned(), channel: channel.to_owned() };
    let title = command_of(tool.name());
    Some(modal(Callback::Form, &title, "Ask", &serde_json::to_string(&kept).ok()?, &blocks))
}

fn named<'a>(command: &str, catalog: &'a Catalog) -> Option<&'a Tool> {
    let words: Vec<&str> = command.trim_start_matches('/').split_whitespace().collect();
    let two = words.get(..2).map(|words| words.join(".").to_lowercase());
    let two = two.and_then(|name| catalog.tool(&name));
    two.or_else(|| catalog.tool(&words.first()?.to_lowercase()))
}

/// The list of tools, for those who do not know what there is.
pub fn tools(offered: &[&Tool], channel: &str) -> Value {
    let options: Vec<Value> = offered
        .iter()
        .filter(|tool| tool.name().len() <= 150)
        .take(MOST_CHOICES)
        .map(|tool| option(&format!("{} · {}", command_of(tool.name()), tool.manifest().title), tool.name()))
        .collect();
    let kept = Kept { tool: String::new(), channel: channel.to_owned() };
    let block = if options.is_empty() {
        json!({ "type": "section", "text": plain("There is nothing that you may ask for.", 100) })
    } else {
        json!({
            "type": "input",
            "block_id": "tool",
            "label": plain("What shall happen?", 100),
            "element": { "type": "static_select", "action_id": "value", "options": options },
        })
    };
    modal(
        Callback::Tools,
        "Ask countersign",
        "Next",
        &serde_json::to_string(&kept).unwrap_or_default(),
        &[block],
    )
}

/// The reason of a denial. Sending it is the denial.
pub fn denial(card: &Card, command: &str) -> Value {
    let blocks = [
        json!({ "type": "section", "text": markup(format!("You are about to say no to {}", code(command, 2_500))) }),
        json!({
            "type": "input",
            "block_id": "reason",
            "optional": true,
            "label": plain("Why?", 100),
            "hint": plain("Who asked for it sees this.", 100),
            "element": {
                "type": "plain_text_input",
                "action_id": "value",
                "multiline": true,
                "max_length": 500,
            },
        }),
    ];
    modal(Callback::Denial, "Deny", "Deny", &serde_json::to_string(card).unwrap_or_default(), &blocks)
}

fn modal(callback: Callback, title: &str, submit: &str, kept: &str, blocks: &[Value]) -> Value {
    json!({
        "type": "modal",
        "callback_id": callback.as_str(),
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain("Cancel", 24),
        "private_metadata": kept,
        "blocks": blocks,
    })
}

fn input(tool: &Tool, param: &Param, given: Option<&Value>) -> Value {
    let mut label = param.name.replace('_', " ");
    if let Some(first) = label.get(..1).map(str::to_uppercase) {
        label.replace_range(..1, &first);
    }
    json!({
        "type": "input",
        "block_id": block_id(&param.name),
        "optional": !param.required,
        "label": plain(&label, 2_000),
        "hint": plain(&hint(param), 2_000),
        "element": element(tool, param, given),
    })
}

fn element(tool: &Tool, param: &Param, given: Option<&Value>) -> Value {
    let given = given.or(param.default.as_ref());
    let mut element = match (param.kind, &param.names) {
        (ParamKind::Flag, _) => {
            let yes = option("Yes", "true");
            let mut element = json!({ "type": "checkboxes", "options": [yes.clone()] });
            if let (Some(Value::Bool(true)), Some(element)) = (given, element.as_object_mut()) {
                element.insert("initial_options".to_owned(), json!([yes]));
            }
            element
        }
        (ParamKind::Integer, _) => json!({ "type": "number_input", "is_decimal_allowed": false }),
        (ParamKind::Text, Some(names)) if fits_a_list(names.canonical()) => {
            let options: Vec<Value> = names.canonical().iter().map(|name| option(name, name)).collect();
            let mut element = json!({ "type": "static_select", "options": options });
            let chosen =
                given.and_then(Value::as_str).filter(|name| names.canonical().iter().any(|one| one == name));
            if let (Some(name), Some(element)) = (chosen, element.as_object_mut()) {
                element.insert("initial_option".to_owned(), option(name, name));
            }
            element
        }
        (ParamKind::Text, _) => {
            let slash = &tool.manifest().slash;
            let long = slash.rest && slash.positional.last() == Some(&param.name);
            json!({ "type": "plain_text_input", "multiline": long, "max_length": crate::catalog::MAX_TEXT })
        }
    };
    let written = match (param.kind, given) {
        (ParamKind::Integer, Some(Value::Number(number))) => Some(number.to_string()),
        (ParamKind::Text, Some(Value::String(text))) if element.get("options").is_none() => {
            Some(text.clone())
        }
        (_, _) => None,
    };
    if let Some(element) = element.as_object_mut() {
        element.insert("action_id".to_owned(), "value".into());
        element.extend(written.map(|text| ("initial_value".to_owned(), text.into())));
    }
    element
}

fn fits_a_list(names: &[String]) -> bool {
    !names.is_empty() && names.len() <= MOST_CHOICES && names.iter().all(|name| name.chars().count() <= 75)
}

fn option(text: &str, value: &str) -> Value {
    json!({ "text": plain(text, 75), "value": value })
}

fn channel_input() -> Value {
    json!({
        "type": "input",
        "block_id": "channel",
        "label": plain("Channel", 100),
        "hint": plain("Where it is asked, and where everybody sees what comes of it.", 200),
        "element": {
            "type": "conversations_select",
            "action_id": "value",
            "default_to_current_conversation": true,
            "filter": { "include": ["public", "private"], "exclude_bot_users": true },
        },
    })
}

fn block_id(param: &str) -> String {
    format!("arg.{param}")
}

/// The exact command that a filled-in form amounts to.
///
/// # Errors
/// What is wrong with it, by the block that it is shown under.
pub(super) fn command(
    tool: &Tool,
    values: &Value,
    catalog: &Catalog,
) -> Result<String, Vec<(String, String)>> {
    let mut args = Map::new();
    for param in tool.params() {
        let given = values.get(block_id(&param.name)).and_then(|block| block.get("value"));
        args.extend(given.and_then(|given| argument(param, given)).map(|value| (param.name.clone(), value)));
    }
    let proposal =
        Proposal { tool: tool.name().to_owned(), args: Value::Object(args), origin: Origin::Slash };
    let error = match catalog.admit(&proposal) {
        Ok(call) => return Ok(catalog.render(&call)),
        Err(error) => error,
    };
    let named = error.path.trim_start_matches('/');
    let mut wrong: Vec<&str> = error.missing.iter().map(String::as_str).collect();
    if wrong.is_empty() {
        wrong.push(named);
    }
    let first = tool.params().first().map(|param| param.name.as_str()).unwrap_or_default();
    let sentence: String = error.sentence.chars().take(500).collect();
    let of = |name: &str| if tool.param(name).is_some() { block_id(name) } else { block_id(first) };
    Err(wrong.into_iter().map(|name| (of(name), sentence.clone())).collect())
}

/// What was filled in for an argument; an empty field is one that was left out.
fn argument(param: &Param, given: &Value) -> Option<Value> {
    let text = given.get("value").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    match param.kind {
        ParamKind::Flag => {
            let chosen = given.get("selected_options").and_then(Value::as_array)?;
            Some(Value::Bool(!chosen.is_empty()))
        }
        // A number that is none stays a text, and is refused as one with its sentence.
        ParamKind::Integer => text.map(|text| text.parse::<i64>().map_or_else(|_| text.into(), Value::from)),
        ParamKind::Text => selected(given).or(text).map(Value::from),
    }
}

fn selected(given: &Value) -> Option<&str> {
    given.get("selected_option")?.get("value")?.as_str()
}

/// The tool that was chosen from the list.
pub(super) fn chosen(values: &Value) -> Option<String> {
    selected(values.get("tool")?.get("value")?).map(str::to_owned)
}

/// The channel that a form asks for.
pub(super) fn channel(values: &Value) -> Option<String> {
    let given = values.get("channel")?.get("value")?;
    given.get("selected_conversation")?.as_str().map(str::to_owned)
}

/// The reason of a denial.
pub(super) fn reason(values: &Value) -> Option<String> {
    let given = values.get("reason")?.get("value")?.get("value")?.as_str()?.trim();
    (!given.is_empty()).then(|| given.to_owned())
}
