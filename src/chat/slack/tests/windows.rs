use insta::assert_json_snapshot;
use serde_json::Value;

use super::limits::of_block;
use crate::catalog::{Catalog, Tool};
use crate::chat::slack::door::Card;
use crate::chat::slack::{Commands, Delivered, Desk, Names, beside, form, home, manifest, prompts, tools};
use crate::domain::{Action, PersonId, RequestId};
use crate::store::samples::{at, moved, request};
use crate::store::{HeldLock, RequestState};

fn catalog() -> Catalog {
    Catalog::demo().unwrap()
}

/// The view, if Slack takes it.
fn taken(view: Value) -> Value {
    let mut faults = Vec::new();
    let blocks = view["blocks"].as_array().unwrap();
    blocks.iter().for_each(|block| of_block(block, &mut faults));
    assert_eq!(faults, Vec::<String>::new());
    assert!(blocks.len() <= 100 && view.to_string().len() < 250_000);
    if view["type"] == "modal" {
        for part in ["title", "submit", "close"] {
            let text = view[part]["text"].as_str().unwrap();
            assert!(!text.is_empty() && text.encode_utf16().count() <= 24, "{text}");
        }
        assert!(view["private_metadata"].as_str().unwrap().len() <= 3_000);
    }
    view
}

#[test]
fn a_form_is_made_from_the_schema() {
    assert_json_snapshot!("form-deploy", taken(form("/deploy", "C0DEPLOY", &catalog()).unwrap()));
    assert_json_snapshot!("form-lock", taken(form("/lock", "", &catalog()).unwrap()));
}

#[test]
fn a_form_is_filled_in_as_far_as_the_command_says() {
    let view = taken(form("/scale order-service 6 staging", "C0DEPLOY", &catalog()).unwrap());
    let blocks = view["blocks"].as_array().unwrap();
    assert_eq!(blocks[1]["element"]["initial_option"]["value"], "order-service");
    assert_eq!(blocks[2]["element"]["initial_value"], "6");
    assert_eq!(blocks[3]["element"]["initial_option"]["value"], "staging");
    assert_eq!(form("/nothing", "C0DEPLOY", &catalog()), None);
    assert_eq!(form("", "C0DEPLOY", &catalog()), None);
}

#[test]
fn every_tool_has_a_form_that_slack_takes() {
    let catalog = catalog();
    for tool in catalog.tools() {
        taken(form(&tool.manifest().slash.example, "", &catalog).unwrap());
        taken(form(&format!("/{}", tool.name()), "C0DEPLOY", &catalog).unwrap());
    }
}

#[test]
fn the_tools_are_a_list() {
    let catalog = catalog();
    let all: Vec<&Tool> = catalog.tools().collect();
    let view = taken(tools(&all, "C0DEPLOY"));
    assert_eq!(view["blocks"][0]["element"]["options"].as_array().unwrap().len(), all.len());
    assert_json_snapshot!("tools", taken(tools(&all[..2], "C0DEPLOY")));
    taken(tools(&[], ""));
}

#[test]
fn a_button_asks_why_or_for_words() {
    let request = RequestId::parse("req_01HZX3V8Q00000000000000000").unwrap();
    let why = Card {
        request,
        nonce: "0a1b".into(),
        channel: "C0DEPLOY".into(),
        ts: "1.5".into(),
        action: Action::Deny,
        words: None,
    };
    let command = "/deploy order-service v2.4.1 production";
    assert_json_snapshot!("beside-why", taken(beside(&why, "Deny", command)));
    let words =
        Card { action: Action::Approve, words: Some("production/order-service".into()), ..why.clone() };
    assert_json_snapshot!("beside-words", taken(beside(&words, "Approve", command)));
    taken(beside(&why, "Deny", &"<!channel>".repeat(900)));
}

#[test]
fn a_home_shows_what_waits_what_was_asked_and_what_is_locked() {
    let mut waiting = moved(&request(1), RequestState::Waiting);
    waiting.expires_at = Some(at(1_700_000));
    let lock = HeldLock {
        request: waiting.id.clone(),
        environment: "production".into(),
        service: None,
        reason: "the sale <!here>".into(),
        by: PersonId("carol".into()),
        since: at(0),
        until: Some(at(3_600_000)),
    };
    let waiting = [(waiting, Some("https://home.slack.example/archives/C1/p1".to_owned()))];
    let asked = [(moved(&request(2), RequestState::Done), None)];
    let desk = Desk {
        person: Some("bob"),
        barred: None,
        identity: "slack:T0HOME/U0BOB",
        waiting: &waiting,
        asked: &asked,
        locks: std::slice::from_ref(&lock),
        now: at(60_000),
    };
    assert_json_snapshot!("home", taken(home(&desk, &Commands::default())));
    let empty = Desk { waiting: &[], asked: &[], locks: &[], ..desk };
    taken(home(&empty, &Commands::default()));
    let many: Vec<_> = (0..200).map(|n| (request(n), None)).collect();
    taken(home(
        &Desk { waiting: &many, asked: &many, locks: &vec![lock.clone(); 200], ..desk },
        &Commands::default(),
    ));
    let guest = Desk { barred: Some("your account is a guest's <@U1>"), ..desk };
    assert_json_snapshot!("home-of-a-guest", taken(home(&guest, &Commands::default())));
    assert_json_snapshot!(
        "home-of-a-stranger",
        taken(home(&Desk { person: None, ..desk }, &Commands::default()))
    );
}

#[test]
fn a_conversation_begins_with_what_one_could_ask() {
    let offered = ["status", "deploy", "whoami", "logs", "scale", "rollback"].map(str::to_owned);
    assert_json_snapshot!("prompts", prompts(&catalog(), &offered));
}

#[test]
fn the_manifest_follows_the_tools() {
    let each = manifest(&catalog(), &Commands::default(), &Delivered::Socket);
    assert_json_snapshot!("manifest-socket", each);
    let common = Commands { names: Names::Common, common: "/ops".into() };
    let http = manifest(&catalog(), &common, &Delivered::Http("https://ops.example.com/slack".into()));
    assert_eq!(http["features"]["slash_commands"].as_array().unwrap().len(), 1);
    for path in [
        "/settings/event_subscriptions/request_url",
        "/settings/interactivity/request_url",
        "/features/slash_commands/0/url",
    ] {
        assert_eq!(http.pointer(path).unwrap(), "https://ops.example.com/slack", "{path}");
    }
    assert_eq!(http["settings"]["socket_mode_enabled"], false);
}
