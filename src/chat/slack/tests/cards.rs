use insta::assert_json_snapshot;
use serde_json::Value;

use super::limits::faults;
use crate::chat::slack::{Card, Commands, Names, card};
use crate::domain::{Action, Asks, Block, Button, ButtonStyle, Field, Reply, RequestId, Tone};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

fn reply(tone: Tone, title: &str) -> Reply {
    Reply {
        request: RequestId::parse("req_01HZX3V8Q00000000000000000"),
        command: Some(DEPLOY.to_owned()),
        nonce: "0123456789abcdef".to_owned(),
        ..Reply::say(tone, title)
    }
}

fn fields(fields: &[(&str, &str)]) -> Block {
    Block::Fields { fields: fields.iter().map(|(name, value)| Field::new(*name, *value)).collect() }
}

fn button(action: Action, label: &str, style: ButtonStyle) -> Button {
    Button { action, label: label.to_owned(), style, asks: Asks::Nothing }
}

fn shown(reply: &Reply) -> Card {
    let card = card(reply, &Commands::default());
    assert_eq!(faults(&card.blocks), Vec::<String>::new());
    card
}

/// The blocks, with the text that stands in their place below.
fn snapshot(card: &Card) -> Value {
    let mut blocks = card.blocks.clone();
    blocks.push(serde_json::json!({ "text for notifications": card.text.lines().collect::<Vec<_>>() }));
    Value::Array(blocks)
}

#[test]
fn a_request_that_waits_for_others() {
    let mut reply = reply(Tone::Waiting, "alice asks for this; one team-lead must agree").with(fields(&[
        ("Change", "order-service v2.4.0 → v2.4.1 in production, 3 replicas"),
        ("Can approve", "bob, carol"),
        ("Waits until", "12:30 UTC"),
    ]));
    reply.buttons = vec![
        button(Action::Approve, "Approve", ButtonStyle::Primary),
        button(Action::Deny, "Deny", ButtonStyle::Danger),
        button(Action::Withdraw, "Withdraw", ButtonStyle::Plain),
    ];
    assert_json_snapshot!("waiting", snapshot(&shown(&reply)));
}

#[test]
fn a_run_that_goes_on() {
    let reply =
        reply(Tone::Running, "Running: 2 of 3 replicas run v2.4.1").with(fields(&[("Asked by", "alice")]));
    assert_json_snapshot!("running", snapshot(&shown(&reply)));
}

#[test]
fn a_run_that_worked() {
    let reply = reply(Tone::Done, "order-service v2.4.1 runs in production")
        .with(fields(&[("Version", "v2.4.0 → v2.4.1"), ("Approved by", "bob"), ("Took", "2.1 s")]))
        .with(Block::Link { label: "Dashboard".into(), url: "https://grafana.example.com/d/1".into() })
        .with(Block::Suggest {
            label: "To undo".into(),
            command: "/rollback order-service production".into(),
        });
    assert_json_snapshot!("done", snapshot(&shown(&reply)));
}

#[test]
fn a_run_that_failed() {
    let reply = reply(Tone::Failed, "It did not work: order-service v2.5.0 did not come up in production")
        .with(Block::Suggest {
            label: "To put it right".into(),
            command: "/rollback order-service production".into(),
        });
    assert_json_snapshot!("failed", snapshot(&shown(&reply)));
}

#[test]
fn a_request_that_is_refused() {
    let reply = reply(Tone::Refused, "dave is a viewer; `deploy` is for the role engineer")
        .with(Block::Note { text: "Nothing was done. /help shows what you may do here.".into() });
    assert_json_snapshot!("refused", snapshot(&shown(&reply)));
}

#[test]
fn a_question_to_the_asker() {
    let reply = Reply::say(Tone::Asking, "Which environment?").text("development, staging, production");
    assert_json_snapshot!("asking", snapshot(&shown(&reply)));
}

#[test]
fn an_answer_with_output() {
    let reply =
        Reply { command: Some("/logs order-service".into()), ..Reply::say(Tone::Info, "The last lines") }
            .with(Block::Code { text: "GET /orders 200\n``` <!channel>\nGET /orders 500".into() });
    assert_json_snapshot!("info", snapshot(&shown(&reply)));
}

#[test]
fn long_output_begins_in_the_channel_and_is_whole_in_a_file() {
    let lines: Vec<String> = (0..2_000).map(|line| format!("{line} GET /orders/{line} 200 OK")).collect();
    let whole = lines.join("\n");
    let card = shown(&Reply::say(Tone::Info, "The last lines").with(Block::Code { text: whole }));
    let code = card.blocks[1]["elements"][0]["elements"][0]["text"].as_str().unwrap();
    assert!(code.starts_with("0 GET") && code.ends_with("200 OK"), "whole lines: {code}");
    assert!(code.len() < 4_000);
    let file = card.file.unwrap();
    assert!(file.contains("| 1999 GET /orders/1999 200 OK"));
    assert!(card.text.starts_with("The last lines\n"));
}

#[test]
fn who_decides_sees_the_whole_command_or_its_file() {
    let reason = "because ".repeat(400);
    let long = format!("/lock production --reason \"{reason}\"");
    let card = shown(&Reply {
        command: Some(long.clone()),
        ..reply(Tone::Waiting, "carol, is this what you want?")
    });
    assert!(card.blocks.iter().any(|block| block.to_string().contains(reason.trim_end())));
    assert_eq!(card.file, None);
    let longer = format!("/lock production --reason \"{}\"", "because ".repeat(900));
    let card = shown(&Reply { command: Some(longer.clone()), ..reply(Tone::Waiting, "x") });
    assert!(card.file.unwrap().contains(&longer));
}

#[test]
fn nobody_is_mentioned_whoever_wrote_it() {
    let bad = "<!channel> <@U0BOB> <https://evil.example|good> ```";
    let mut reply = Reply { command: Some(bad.into()), ..reply(Tone::Done, bad) }
        .text(bad)
        .with(Block::Code { text: bad.into() })
        .with(Block::Note { text: bad.into() })
        .with(fields(&[(bad, bad)]))
        .with(Block::Link { label: bad.into(), url: "javascript:alert(1)".into() })
        .with(Block::Suggest { label: bad.into(), command: bad.into() });
    reply.buttons = vec![button(Action::Approve, bad, ButtonStyle::Primary)];
    let card = shown(&reply);
    assert!(!card.text.contains('<'));
    for block in &card.blocks {
        let typed = matches!(block["type"].as_str(), Some("rich_text" | "actions"));
        let text = block.to_string().replace(&format!("\"value\":{}", Value::from(bad)), "");
        assert!(typed || !text.contains('<'), "{block}");
        assert!(!text.contains("\"type\":\"user\"") && !text.contains("\"type\":\"broadcast\""));
        assert!(!text.contains("\"url\":\"javascript"), "{block}");
    }
}

#[test]
fn commands_are_shown_as_they_are_typed() {
    let common = Commands { names: Names::Common, common: "/ops".into() };
    let reply = reply(Tone::Done, "done").with(Block::Suggest {
        label: "To undo".into(),
        command: "/rollback order-service production".into(),
    });
    let card = card(&reply, &common);
    assert!(card.text.contains("/ops deploy order-service") && card.text.contains("/ops rollback"));
    assert_eq!(card.blocks[2]["accessory"]["value"], "/rollback order-service production");
    assert_eq!(card.blocks[2]["text"]["text"], "To undo `/ops rollback order-service production`");
}
