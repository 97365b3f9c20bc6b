use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    Action, Block, Body, Click, MessageId, PersonId, Place, Platform, Reply, RequestId, Tone,
};
use crate::store::{Author, MessageBody, MessageRow, RequestRow, RequestState};

const ONCE: &str = "0123456789abcdef";

fn noon() -> Timestamp {
    "2026-11-12T12:00:00Z".parse().unwrap()
}

fn sitting() -> Sitting {
    Sitting { sender: sender(&PersonId("alice".into()), "Alice"), at: noon(), raw: without_token(b"") }
}

fn place() -> Place {
    Place { platform: Platform::Console, workspace: String::new(), channel: "ops".into(), thread: None }
}

fn words(text: &str) -> Post {
    Post { text: text.into(), thread: String::new(), once: ONCE.into() }
}

#[test]
fn a_post_is_trimmed_and_keeps_its_lines() {
    let inbound = post(words("  one\r\ntwo \n"), "ops", sitting()).unwrap();
    assert_eq!(inbound.body, Body::Text("one\ntwo".into()));
    assert_eq!(inbound.id.0, "post:alice:ops:0123456789abcdef");
    assert_eq!(inbound.sender.identity(), "console:alice");
}

#[test]
fn a_post_that_says_nothing_or_too_much_is_refused() {
    assert_eq!(post(words(" \n"), "ops", sitting()), Err(Unfit::Empty));
    assert!(post(words(&"ä".repeat(MAX_TEXT)), "ops", sitting()).is_ok());
    let refusal = post(words(&"ä".repeat(MAX_TEXT + 1)), "ops", sitting()).unwrap_err();
    insta::assert_snapshot!(refusal, @"This message has 4001 characters; 4000 is the most one can have. Shorten it, or send it in several parts.");
    let colon = Post { once: "a:b:c:d:e".into(), ..words("hello") };
    assert_eq!(post(colon, "ops", sitting()), Err(Unfit::Malformed("once")));
}

#[test]
fn a_press_carries_request_nonce_and_note() {
    let message = MessageId::mint(noon(), [1; 10]);
    let request = RequestId::mint(noon(), [2; 10]);
    let form = Press {
        request: request.to_string(),
        nonce: "n1".into(),
        action: "deny".into(),
        note: " not now ".into(),
        typed: " ".into(),
        once: ONCE.into(),
    };
    let inbound = press(form.clone(), &message, place(), sitting()).unwrap();
    let click = Click {
        request,
        nonce: "n1".into(),
        action: Action::Deny,
        note: Some("not now".into()),
        typed: None,
    };
    assert_eq!(inbound.body, Body::Click(click));
    let odd = Press { action: "bribe".into(), ..form };
    assert_eq!(press(odd, &message, place(), sitting()), Err(Unfit::Malformed("action")));
}

#[test]
fn each_reaction_has_one_meaning() {
    let message = MessageId::mint(noon(), [1; 10]);
    let action = |emoji: &str, set: &str| {
        let form = React { emoji: emoji.into(), set: set.into(), once: ONCE.into() };
        react(form, &message, place(), sitting()).map(|inbound| match inbound.body {
            Body::Reaction(reaction) => reaction.action,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(action("✅", "on"), Ok(Some(Action::Approve)));
    assert_eq!(action("✅", "off"), Ok(Some(Action::Retract)));
    assert_eq!(action("❌", "on"), Ok(Some(Action::Deny)));
    assert_eq!(action("❌", "off"), Ok(None));
    assert_eq!(action("🎉", "on"), Err(Unfit::Malformed("emoji")));
    assert_eq!(action("✅", "perhaps"), Err(Unfit::Malformed("set")));
}

#[test]
fn the_token_does_not_reach_the_record() {
    assert_eq!(without_token(b"csrf=secret&text=a%26csrf%3Db&once=1").0, b"text=a%26csrf%3Db&once=1");
}

#[test]
fn backticks_make_code_and_an_odd_one_stays() {
    let show = |text: &str| {
        let spans = spans(text).into_iter();
        spans.map(|span| if span.code { format!("<{}>", span.text) } else { span.text }).collect::<String>()
    };
    assert_eq!(show("a `b` c `d`"), "a <b> c <d>");
    assert_eq!(show("a `b` c ` d"), "a <b> c ` d");
    assert_eq!(show("`"), "`");
    assert_eq!(show("``"), "");
    assert_eq!(show(""), "");
}

#[test]
fn moments_are_told_from_now() {
    let seen = |seconds: i64| ago(Timestamp::from_second(noon().as_second() - seconds).unwrap(), noon());
    let said: Vec<_> = [0, 44, 45, 3_569, 3_600, 86_399, 86_400, -90, -3, -20].map(seen).into();
    let expected = [
        "just now",
        "just now",
        "1 min ago",
        "59 min ago",
        "1 h ago",
        "24 h ago",
        "11 Nov, 12:00 UTC",
        "in 2 min",
        "just now",
        "in a moment",
    ];
    assert_eq!(said, expected);
}

/// Every text of a card, with something in it that a careless page would run.
#[test]
fn a_card_is_escaped_throughout() {
    let bad = || "<img src=x onerror=alert(1)>\"'".to_owned();
    let mut reply = Reply::say(Tone::Waiting, bad())
        .text(bad())
        .with(Block::Code { text: bad() })
        .with(Block::Note { text: bad() })
        .with(Block::Fields { fields: vec![crate::domain::Field::new(bad(), bad())] })
        .with(Block::Link { label: bad(), url: "javascript:alert(1)".into() })
        .with(Block::Link { label: "good".into(), url: format!("https://example.com/{}", bad()) })
        .with(Block::Suggest { label: bad(), command: bad() });
    reply.command = Some(bad());
    reply.request = Some(waiting().id);
    reply.nonce = bad();
    reply.buttons = vec![crate::domain::Button {
        action: Action::Approve,
        label: bad(),
        style: crate::domain::ButtonStyle::Primary,
        asks: crate::domain::Asks::Words(bad()),
    }];
    let html = render(Author::Bot, MessageBody::Reply { reply });
    assert!(!html.contains("<img"), "{html}");
    assert!(!html.contains("\"'"), "{html}");
    assert!(!html.contains("href=\"javascript:"), "{html}");
    assert_eq!(html.matches("&lt;img src=x onerror=alert(1)&gt;").count(), 18, "{html}");
}

#[test]
fn a_persons_name_and_words_are_escaped() {
    let mut user = sender(&PersonId("mallory".into()), "<b>Mallory</b>");
    user.workspace = "\"><script>".into();
    let text = "</p><script>alert(1)</script> `</code><i>`".to_owned();
    let html = render(Author::User { user, person: None }, MessageBody::Text { text });
    assert!(!html.contains("<script") && !html.contains("<i>") && !html.contains("<b>M"), "{html}");
    assert!(html.contains("not linked to a person"));
}

/// A request of bob's that waits for alice.
fn waiting() -> RequestRow {
    RequestRow {
        state: RequestState::Waiting,
        asker: Some(PersonId("bob".into())),
        awaits: vec![PersonId("alice".into())],
        ..crate::store::samples::request(3)
    }
}

fn render(author: Author, body: MessageBody) -> String {
    let message = MessageRow {
        id: MessageId::mint(noon(), [1; 10]),
        place: place(),
        author,
        body,
        request: None,
        at: noon(),
        edited_at: None,
        deleted: false,
        version: 1,
        delivered: 1,
        remote: None,
    };
    let seen = Seen {
        viewer: &PersonId("alice".into()),
        now: noon(),
        names: &BTreeMap::new(),
        requests: &BTreeMap::from([(waiting().id, waiting())]),
        reactions: &[],
    };
    let mut env = minijinja::Environment::new();
    teach(&mut env).unwrap();
    let message = minijinja::value::Serde(MessageView::of(&message, &seen));
    let context = minijinja::context! { message, csrf => "token", once => ONCE };
    env.get_template("message.html").unwrap().render(context).unwrap()
}
