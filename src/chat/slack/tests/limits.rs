//! Slack's limits, written down once and held for whatever a reply, a window or a home may hold.

use proptest::prelude::*;
use serde_json::Value;

use crate::chat::slack::{Commands, MOST_JSON, card};
use crate::domain::{Action, Asks, Block, Button, ButtonStyle, Field, Reply, RequestId, Tone};

/// Where Slack's documentation sets a limit on a text: the field and the most it may hold.
fn most(kind: &str, field: &str) -> usize {
    match (kind, field) {
        ("header", "text") => 150,
        ("button", "text") | ("option", "text") => 75,
        ("button", "value") | ("label", _) | ("hint", _) => 2_000,
        ("field", _) => 2_000,
        ("url", _) => 3_000,
        _ => 3_000,
    }
}

/// Everything in which blocks go beyond what Slack takes.
pub fn faults(blocks: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let whole = Value::Array(blocks.to_vec()).to_string();
    if whole.len() > MOST_JSON {
        faults.push(format!("{} bytes of blocks", whole.len()));
    }
    if blocks.is_empty() || blocks.len() > 50 {
        faults.push(format!("{} blocks", blocks.len()));
    }
    for block in blocks {
        of_block(block, &mut faults);
    }
    faults
}

pub fn of_block(block: &Value, faults: &mut Vec<String>) {
    let kind = block["type"].as_str().unwrap_or_default();
    let elements = block["elements"].as_array().map_or(0, Vec::len);
    match kind {
        "section" => {
            let fields = block["fields"].as_array().map_or(0, Vec::len);
            if fields > 10 || (fields == 0 && block.get("text").is_none()) {
                faults.push(format!("a section with {fields} fields and no text"));
            }
            for field in block["fields"].as_array().into_iter().flatten() {
                text(field, "field", faults);
            }
            if let Some(inside) = block.get("text") {
                text(inside, "section", faults);
            }
        }
        "context" if elements == 0 || elements > 10 => faults.push(format!("{elements} in a context")),
        "actions" if elements == 0 || elements > 25 => faults.push(format!("{elements} actions")),
        "header" => text(&block["text"], "header", faults),
        "input" => {
            text(&block["label"], "label", faults);
            if let Some(hint) = block.get("hint") {
                text(hint, "hint", faults);
            }
        }
        "context" | "actions" | "divider" | "rich_text" => {}
        other => faults.push(format!("a block of the kind `{other}`")),
    }
    walk(block, faults);
}

/// What holds for every object of some kind, wherever it stands.
fn walk(value: &Value, faults: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| walk(one, faults)),
        Value::Object(map) => {
            if map.get("type").and_then(Value::as_str) == Some("button") {
                button(value, faults);
            }
            if map.get("type").and_then(Value::as_str) == Some("mrkdwn") {
                let shown = map["text"].as_str().unwrap_or_default();
                if shown.contains(['<', '>']) || map["verbatim"] != true {
                    faults.push(format!("markup that could mention somebody: {shown}"));
                }
            }
            for (name, empty) in [("text", true), ("name", true), ("url", true)] {
                if map.get(name).and_then(Value::as_str).is_some_and(|text| text.is_empty() == empty) {
                    faults.push(format!("an empty `{name}`"));
                }
            }
            if let Some(options) = map.get("options").and_then(Value::as_array) {
                if options.is_empty() || options.len() > 100 {
                    faults.push(format!("{} options", options.len()));
                }
                for option in options {
                    text(&option["text"], "option", faults);
                    if units(option["value"].as_str().unwrap_or_default()) > 150 {
                        faults.push("a long value of an option".to_owned());
                    }
                }
            }
            map.values().for_each(|one| walk(one, faults));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn button(button: &Value, faults: &mut Vec<String>) {
    text(&button["text"], "button", faults);
    if button["text"]["type"] != "plain_text" {
        faults.push("a button with markup".to_owned());
    }
    for (field, most) in [("value", most("button", "value")), ("url", most("url", "")), ("action_id", 255)] {
        if units(button[field].as_str().unwrap_or_default()) > most {
            faults.push(format!("a button whose {field} is too long"));
        }
    }
}

fn text(object: &Value, kind: &str, faults: &mut Vec<String>) {
    let shown = object["text"].as_str().unwrap_or_default();
    if shown.is_empty() || units(shown) > most(kind, "text") {
        faults.push(format!("a {kind} with a text of {}", units(shown)));
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Texts as people and back ends write them: empty, long, hostile, wide.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z `*_~\n]{0,80}",
        1 => Just(String::new()),
        1 => Just("<!channel> <@U0BOB> <https://evil.example|click> &lt; @here ``` \"\\".repeat(3)),
        1 => (1usize..9).prop_map(|times| "<&>\"🦀\n".repeat(times * 400)),
        1 => (1usize..60_000).prop_map(|length| "x".repeat(length)),
        1 => any::<String>(),
    ]
}

fn any_block() -> impl Strategy<Value = Block> {
    let fields = prop::collection::vec((any_text(), any_text()), 0..25);
    prop_oneof![
        any_text().prop_map(|text| Block::Text { text }),
        any_text().prop_map(|text| Block::Note { text }),
        any_text().prop_map(|text| Block::Code { text }),
        (any_text(), any_text()).prop_map(|(label, url)| Block::Link { label, url }),
        any_text()
            .prop_map(|path| Block::Link { label: "x".into(), url: format!("https://a.example/{path}") }),
        (any_text(), any_text()).prop_map(|(label, command)| Block::Suggest { label, command }),
        fields.prop_map(|fields| Block::Fields {
            fields: fields.into_iter().map(|(name, value)| Field::new(name, value)).collect()
        }),
    ]
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let tone = prop::sample::select(vec![
        Tone::Info,
        Tone::Asking,
        Tone::Waiting,
        Tone::Running,
        Tone::Done,
        Tone::Failed,
        Tone::Refused,
    ]);
    let blocks = prop::collection::vec(any_block(), 0..60);
    let labels = prop::collection::vec(any_text(), 0..4);
    let command = prop::option::of(any_text());
    (tone, any_text(), command, blocks, labels).prop_map(|(tone, title, command, blocks, labels)| {
        let button = |label| Button {
            action: Action::Approve,
            label,
            style: ButtonStyle::Primary,
            asks: Asks::Nothing,
        };
        Reply {
            request: RequestId::parse("req_01HZX3V8Q00000000000000000"),
            tone,
            to: Vec::new(),
            title,
            command,
            blocks,
            buttons: labels.into_iter().map(button).collect(),
            nonce: "0123456789abcdef".to_owned(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_reply_is_a_card_that_slack_takes(reply in any_reply()) {
        let card = card(&reply, &Commands::default());
        prop_assert_eq!(faults(&card.blocks), Vec::<String>::new());
        prop_assert!(units(&card.text) <= 4_000 && !card.text.contains(['<', '>']));
        let last = card.blocks.last().unwrap();
        prop_assert_eq!(reply.buttons.is_empty(), last["type"] != "actions", "the buttons always fit");
        // What the card does not hold is in the file, whole.
        if let Some(file) = &card.file {
            prop_assert!(file.contains(&reply.title));
        }
    }

    #[test]
    fn what_is_short_is_whole(title in "[a-z ]{1,60}", text in "[a-z ]{1,200}") {
        let reply = Reply::say(Tone::Done, title).text(text.clone()).with(Block::Code { text });
        prop_assert_eq!(card(&reply, &Commands::default()).file, None);
    }
}
