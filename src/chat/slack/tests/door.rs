use std::sync::LazyLock;

use serde_json::{Value, json};

use super::payloads::*;
use crate::catalog::Catalog;
use crate::chat::slack::door::{
    Arrival, Card, Heard, Known, Notice, Package, Pressed, Said, Sent, Wanted, Window, read,
};
use crate::domain::{Action, RequestId};

const REQUEST: &str = "req_01HZX3V8Q00000000000000000";

fn arrival(package: &Package) -> Arrival {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::demo().unwrap());
    let at = "2030-01-01T00:00:00Z".parse().unwrap();
    read(package, Known { us: US, catalog: &CATALOG, at })
}

fn of(event_payload: Value) -> Arrival {
    arrival(&event(envelope(event_payload)))
}

fn said(arrival: Arrival) -> Said {
    match arrival {
        Arrival::Said(said) | Arrival::Sent(Sent::Right(said)) => said,
        other => panic!("{other:?}"),
    }
}

fn pressed(arrival: Arrival) -> Pressed {
    match arrival {
        Arrival::Pressed(pressed) => pressed,
        other => panic!("{other:?}"),
    }
}

fn wanted(arrival: Arrival) -> Wanted {
    match arrival {
        Arrival::Wanted(wanted) => wanted,
        other => panic!("{other:?}"),
    }
}

fn ignored(arrival: Arrival) -> bool {
    matches!(arrival, Arrival::Ignored(_))
}

fn typed(name: &str, text: &str) -> Arrival {
    arrival(&Package::from_http(command(name, text).as_bytes()).unwrap())
}

#[test]
fn slack_sees_that_the_address_is_ours() {
    let body = br#"{"token":"x","challenge":"3eZb","type":"url_verification"}"#;
    let package = Package::from_http(body).unwrap();
    assert_eq!(arrival(&package), Arrival::Challenge("3eZb".to_owned()));
    let package = Package::from_http(b"ssl_check=1&token=x").unwrap();
    assert_eq!(arrival(&package), Arrival::Present);
}

#[test]
fn a_mention_is_for_us_and_counts_once() {
    let text = "<@U0BOT> ship orders 2.4.1 to stg please";
    let (as_mention, as_message) = (said(of(mention(text))), said(of(message(text))));
    assert_eq!(as_mention.text, "ship orders 2.4.1 to stg please");
    assert_eq!(as_mention.heard, Heard::Addressed);
    assert_eq!(as_mention.ts.as_deref(), Some("1893456000.000100"));
    assert_eq!(as_mention.about.key.0, "message:T0HOME:C0DEPLOY:1893456000.000100");
    assert_eq!(as_mention.about.key, as_message.about.key, "the double of one post has its key");
    assert_eq!(as_mention.about.sender.identity(), "slack:T0HOME/U0ALICE");
    assert_eq!((as_mention.about.place.channel.as_str(), as_mention.thread), ("C0DEPLOY", None));
    assert_eq!(as_message.heard, Heard::Addressed);
}

#[test]
fn people_who_talk_to_each_other_are_left_alone() {
    assert!(ignored(of(message("who deploys order-service today?"))));
    assert!(ignored(of(message("<@U0CAROL> will"))));
    assert_eq!(said(of(in_thread("which one?"))).heard, Heard::InThread);
}

#[test]
fn an_exact_command_may_follow_a_mention_also_in_a_thread() {
    let said = said(of(in_thread("<@U0BOT> /deploy order-service v2.4.1 staging")));
    assert_eq!(said.text, "/deploy order-service v2.4.1 staging");
    assert_eq!((said.heard, said.thread.as_deref()), (Heard::Addressed, Some("1893455000.000100")));
}

#[test]
fn a_direct_message_is_for_us() {
    let answer = said(of(direct("what waits for me?")));
    assert_eq!((answer.heard, answer.about.place.channel.as_str()), (Heard::Addressed, "D0ALICE"));
    // Older deliveries do not say what kind of channel it is.
    let answer = said(of(with(direct("hello"), &[("channel_type", Value::Null)])));
    assert_eq!(answer.heard, Heard::Addressed);
    let in_a_group = with(direct("hello"), &[("channel", "G0X".into()), ("channel_type", "mpim".into())]);
    assert!(ignored(of(in_a_group)));
}

#[test]
fn files_broadcasts_and_me_messages_are_messages() {
    for subtype in ["file_share", "thread_broadcast", "me_message"] {
        let message = with(message("<@U0BOT> hello"), &[("subtype", subtype.into())]);
        assert_eq!(said(of(message)).text, "hello", "{subtype}");
    }
    for subtype in ["channel_join", "channel_topic", "reminder_add", "huddle_thread", "something_new"] {
        assert!(ignored(of(with(message("<@U0BOT> hello"), &[("subtype", subtype.into())]))), "{subtype}");
    }
    let picture = with(direct(""), &[("subtype", "file_share".into()), ("files", json!([{ "id": "F1" }]))]);
    assert!(ignored(of(picture)));
}

#[test]
fn a_bare_mention_asks_what_there_is() {
    assert_eq!(said(of(mention("<@U0BOT>"))).text, "/help");
}

#[test]
fn what_bots_say_is_not_heard() {
    assert!(ignored(of(by_a_bot())));
    assert!(ignored(of(by_an_old_bot())));
    assert!(ignored(of(with(mention("<@U0BOT> hello"), &[("user", US.into())]))));
    assert!(ignored(of(with(mention("<@U0BOT> hello"), &[("user", Value::Null)]))));
    assert!(ignored(of(reaction("reaction_added", "white_check_mark", US))));
}

#[test]
fn we_are_known_also_without_authorizations() {
    let mut payload = envelope(message("<@U0BOT> hello"));
    payload.as_object_mut().unwrap().remove("authorizations");
    assert_eq!(said(arrival(&event(payload))).text, "hello");
}

#[test]
fn an_organisation_leaves_the_workspace_to_the_event() {
    let mention = said(arrival(&event(of_an_organisation(mention("<@U0BOT> hello")))));
    assert_eq!(
        (mention.about.place.workspace.as_str(), mention.about.sender.workspace.as_str()),
        (TEAM, TEAM)
    );
    let reacted = arrival(&event(of_an_organisation(reaction("reaction_added", "x", "U0BOB"))));
    let Arrival::Reacted(reacted) = reacted else { panic!("{reacted:?}") };
    assert_eq!(reacted.about.sender.identity(), "slack:E0ORG/U0BOB", "who cannot be told is nobody linked");
}

#[test]
fn a_stranger_of_a_shared_channel_keeps_their_own_workspace() {
    let shared =
        with(mention("<@U0BOT> /whoami"), &[("team", "T0AWAY".into()), ("user_team", "T0AWAY".into())]);
    let said = said(of(shared));
    assert_eq!(said.about.sender.identity(), "slack:T0AWAY/U0ALICE");
    assert_eq!(said.about.place.workspace, TEAM);
}

#[test]
fn an_edit_is_told_and_asks_for_nothing() {
    let Arrival::Edited(edited) = of(changed("<@U0BOT> deploy a", "<@U0BOT> deploy b")) else { panic!() };
    assert_eq!((edited.ts.as_str(), edited.text.as_str()), ("1893456000.000100", "deploy b"));
    assert_eq!(edited.about.key.0, "edit:T0HOME:C0DEPLOY:1893456000.000100:1893456100.000000");
    assert!(ignored(of(changed("same", "same"))), "a link was unfurled");
    let mention =
        with(mention("<@U0BOT> deploy b"), &[("edited", json!({ "user": "U0ALICE", "ts": "1.2" }))]);
    assert!(ignored(of(mention)), "Slack mentions us again");
}

#[test]
fn a_deleted_message_is_gone_and_so_is_one_with_a_thread() {
    let Arrival::Deleted(gone) = of(deleted()) else { panic!() };
    assert_eq!((gone.ts.as_str(), gone.about.sender.user.as_str()), ("1893456000.000100", "U0ALICE"));
    let mut tombstone = changed("x", "This message was deleted.");
    tombstone["message"]["subtype"] = "tombstone".into();
    tombstone["message"]["user"] = "USLACKBOT".into();
    let Arrival::Deleted(also) = of(tombstone) else { panic!() };
    assert_eq!(gone.about.key, also.about.key);
    let mut ours = deleted();
    ours["previous_message"]["bot_id"] = "B0BOT".into();
    assert!(ignored(of(ours)));
}

#[test]
fn reactions_mean_yes_no_or_nothing() {
    let meaning = |kind: &str, name: &str| match of(reaction(kind, name, "U0BOB")) {
        Arrival::Reacted(reacted) => Some((reacted.emoji, reacted.action)),
        Arrival::Ignored(_) => None,
        other => panic!("{other:?}"),
    };
    for name in ["white_check_mark", "heavy_check_mark", "+1", "+1::skin-tone-4", "thumbsup"] {
        assert_eq!(meaning("reaction_added", name), Some(("✅", Some(Action::Approve))), "{name}");
        assert_eq!(meaning("reaction_removed", name), Some(("✅", Some(Action::Retract))), "{name}");
    }
    for name in ["x", "-1::skin-tone-2"] {
        assert_eq!(meaning("reaction_added", name), Some(("❌", Some(Action::Deny))), "{name}");
        assert_eq!(meaning("reaction_removed", name), Some(("❌", None)), "{name}");
    }
    for name in ["tada", "white_check_mark_", "", "1"] {
        assert_eq!(meaning("reaction_added", name), None, "{name}");
    }
    let mut on_a_file = reaction("reaction_added", "x", "U0BOB");
    on_a_file["item"] = json!({ "type": "file", "file": "F1" });
    assert!(ignored(of(on_a_file)));
}

#[test]
fn setting_and_taking_away_are_two_events() {
    let key = |kind: &str| match of(reaction(kind, "x", "U0BOB")) {
        Arrival::Reacted(reacted) => reacted.about.key,
        other => panic!("{other:?}"),
    };
    assert_ne!(key("reaction_added"), key("reaction_removed"));
}

#[test]
fn a_command_is_exact_under_its_name_and_behind_the_common_one() {
    for (name, text, meant) in [
        ("/deploy", "order-service v2.4.1 staging", "/deploy order-service v2.4.1 staging"),
        ("/Deploy", "order-service", "/deploy order-service"),
        ("/ops", "deploy order-service v2.4.1 staging", "/deploy order-service v2.4.1 staging"),
        ("/ops", "/deploy order-service v2.4.1", "/deploy order-service v2.4.1"),
        ("/ops", "dploy order-service v2.4.1", "/dploy order-service v2.4.1"),
        ("/ops", "status order-service", "/status order-service"),
        ("/ops", "please ship orders to staging", "please ship orders to staging"),
        ("/ops", "", "/help"),
        ("/anything", "help", "/help"),
        ("/lock", "production --reason \"R&amp;D &lt;3\"", "/lock production --reason \"R&D <3\""),
        ("/whoami", "", "/whoami"),
    ] {
        let said = said(typed(name, text));
        assert_eq!(said.text, meant, "{name} {text}");
        assert_eq!((said.heard, said.ts, said.thread), (Heard::Command, None, None));
        assert_eq!(said.about.key.0, "command:T0HOME:1.2.abc");
        assert_eq!(said.about.sender.display, "alice");
    }
}

#[test]
fn a_command_without_what_it_needs_opens_its_form() {
    for (name, text, command) in
        [("/deploy", "", "/deploy"), ("/ops", "deploy", "/deploy"), ("/ops", "scale ", "/scale")]
    {
        let wanted = wanted(typed(name, text));
        assert_eq!(wanted.window, Window::Form(command.to_owned()));
        assert_eq!(
            (wanted.trigger.as_str(), wanted.place.unwrap().channel.as_str()),
            ("1.2.abc", "C0DEPLOY")
        );
    }
}

#[test]
fn a_button_carries_the_request_and_stands_on_its_card() {
    let press_of = |action: &str| arrival(&interactive(press(action, &format!("{REQUEST}.0a1b"))));
    let pressed = pressed(press_of("cs.approve"));
    assert_eq!((pressed.request.as_str(), pressed.nonce.as_str()), (REQUEST, "0a1b"));
    assert_eq!((pressed.ts.as_str(), pressed.action), ("1893456000.000500", Action::Approve));
    assert_eq!(pressed.about.sender.identity(), "slack:T0HOME/U0BOB");
    assert_eq!(pressed.about.key.0, "click:C0DEPLOY:1893456000.000500:U0BOB:cs.approve:1893456400.123456");
    let wanted = wanted(press_of("cs.deny.ask"));
    let card = Card {
        request: RequestId::parse(REQUEST).unwrap(),
        nonce: "0a1b".into(),
        channel: "C0DEPLOY".into(),
        ts: "1893456000.000500".into(),
        action: Action::Deny,
        words: None,
    };
    assert_eq!(wanted.window, Window::Beside(card), "a no asks for its reason first");
}

#[test]
fn what_is_not_our_button_does_nothing() {
    for (action, value) in [
        ("cs.approve", "req_short.n"),
        ("cs.approve", REQUEST),
        ("cs.approve", "req_01HZX3V8Q00000000000000000."),
        ("cs.approve", "req_01HZX3V8Q00000000000000000.a b"),
        ("cs.bribe", "req_01HZX3V8Q00000000000000000.n"),
        ("approve", "req_01HZX3V8Q00000000000000000.n"),
    ] {
        assert!(ignored(arrival(&interactive(press(action, value)))), "{action} {value}");
    }
    let nothing = with(press("cs.approve", "x"), &[("actions", json!([]))]);
    assert!(ignored(arrival(&interactive(nothing))));
    for kind in ["view_closed", "block_suggestion", "message_action", "workflow_step_edit", "new"] {
        assert!(ignored(arrival(&interactive(json!({ "type": kind })))), "{kind}");
    }
}

#[test]
fn what_is_written_beside_a_button_is_the_press() {
    let kept = |more: &str| {
        format!(
            r#"{{"request":"{REQUEST}","nonce":"0a1b","channel":"C0DEPLOY","ts":"1.5","action":"deny"{more}}}"#
        )
    };
    let values =
        |note: Value| json!({ "beside": { "value": { "type": "plain_text_input", "value": note } } });
    let sent = |kept: &str, note: Value| arrival(&interactive(submission("beside", kept, values(note))));
    let denied = pressed(sent(&kept(""), " the sale starts in an hour ".into()));
    assert_eq!((denied.action, denied.note.as_deref()), (Action::Deny, Some("the sale starts in an hour")));
    assert_eq!((denied.ts.as_str(), denied.about.place.channel.as_str()), ("1.5", "C0DEPLOY"));
    assert_eq!(pressed(sent(&kept(""), Value::Null)).note, None);
    assert_eq!(pressed(sent(&kept(""), "x".repeat(900).into())).note.map(|note| note.len()), Some(500));
    assert!(ignored(sent("{}", "x".into())));
    // Where words must be typed, only those are the press.
    let words = kept(r#","words":"production/order-service""#);
    let typed = pressed(sent(&words, "production/order-service".into()));
    assert_eq!((typed.note, typed.typed.as_deref()), (None, Some("production/order-service")));
    let sentence = "this is not production/order-service; look at the card again".to_owned();
    let wrong = Arrival::Sent(Sent::Wrong(vec![("beside".to_owned(), sentence)]));
    assert_eq!(sent(&words, "production/orders".into()), wrong);
    assert_eq!(sent(&words, Value::Null), wrong);
}

#[test]
fn a_form_becomes_the_exact_command() {
    let kept = r#"{"tool":"scale","channel":"C0DEPLOY"}"#;
    let values = |replicas: &str| {
        json!({
            "arg.service": { "value": { "type": "static_select", "selected_option": { "value": "order-service" } } },
            "arg.replicas": { "value": { "type": "number_input", "value": replicas } },
            "arg.environment": { "value": { "type": "static_select", "selected_option": { "value": "staging" } } },
        })
    };
    let said = said(arrival(&interactive(submission("form", kept, values("6")))));
    assert_eq!((said.text.as_str(), said.heard), ("/scale order-service 6 staging", Heard::Command));
    assert_eq!(said.about.key.0, "window:V0001:U0BOB");
    for (replicas, sentence) in [
        ("-1", "`replicas` must be at least 0, not `-1`"),
        ("six", "`replicas` must be a whole number, not `\"six\"`"),
        ("", "`scale` also needs `replicas`"),
    ] {
        let wrong = arrival(&interactive(submission("form", kept, values(replicas))));
        let expected = Sent::Wrong(vec![("arg.replicas".into(), sentence.into())]);
        assert_eq!(wrong, Arrival::Sent(expected));
    }
}

#[test]
fn a_shortcut_leads_to_the_tools_and_their_forms() {
    assert_eq!(wanted(arrival(&interactive(shortcut("tools")))).window, Window::Tools);
    assert!(ignored(arrival(&interactive(shortcut("other")))));
    let values = json!({ "tool": { "value": { "selected_option": { "value": "deploy" } } } });
    let chosen = arrival(&interactive(submission("tools", r#"{"channel":""}"#, values)));
    assert_eq!(chosen, Arrival::Sent(Sent::Chosen { tool: "deploy".into(), channel: String::new() }));
    // Without a channel of its own the form asks for one.
    let kept = r#"{"tool":"whoami","channel":""}"#;
    let values = json!({ "channel": { "value": { "selected_conversation": "C0OTHER" } } });
    assert_eq!(said(arrival(&interactive(submission("form", kept, values)))).about.place.channel, "C0OTHER");
    assert!(ignored(arrival(&interactive(submission("form", kept, json!({}))))));
}

#[test]
fn homes_and_conversations_open() {
    let home = wanted(of(home_opened("home")));
    assert_eq!((home.window, home.sender.user.as_str()), (Window::Home, "U0ALICE"));
    assert!(ignored(of(home_opened("messages"))));
    let started = wanted(of(assistant_started()));
    assert_eq!(started.window, Window::Prompts { thread: "1893456000.000700".into() });
    assert_eq!(started.place.unwrap().channel, "D0ALICE");
    assert!(ignored(of(with(assistant_started(), &[("type", "assistant_thread_context_changed".into())]))));
}

#[test]
fn what_concerns_the_installation_is_noticed() {
    let workspace = || TEAM.to_owned();
    for (payload, notice) in [
        (json!({ "type": "subteam_members_changed", "subteam_id": "S1" }), Notice::PeopleChanged),
        (
            json!({ "type": "user_change", "user": { "id": "U1" } }),
            Notice::AccountChanged { user: "U1".to_owned() },
        ),
        (json!({ "type": "app_uninstalled" }), Notice::Gone { workspace: workspace() }),
        (
            json!({ "type": "tokens_revoked", "tokens": { "bot": ["U0BOT"] } }),
            Notice::Gone { workspace: workspace() },
        ),
        (
            json!({ "type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1" }),
            Notice::ChannelMoved { old: "G1".into(), new: "C1".into() },
        ),
    ] {
        assert_eq!(of(payload), Arrival::Notice(notice));
    }
    let limited =
        json!({ "type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1, "api_app_id": "A" });
    assert_eq!(arrival(&event(limited)), Arrival::Notice(Notice::RateLimited { workspace: workspace() }));
    assert!(ignored(of(json!({ "type": "something_new", "user": 5 }))));
    assert!(ignored(arrival(&event(json!({ "type": "something_new" })))));
}

/// Slack adds fields and turns others into null: nothing of that may be an error.
#[test]
fn no_field_is_needed_to_go_on() {
    let whole: Vec<Value> = vec![
        envelope(mention("<@U0BOT> hello")),
        envelope(changed("a", "b")),
        envelope(deleted()),
        envelope(reaction("reaction_added", "x", "U0BOB")),
        envelope(assistant_started()),
    ];
    for payload in whole {
        every_hole(&payload, &mut |holed| drop(arrival(&event(holed))));
    }
    for payload in
        [press("cs.approve", &format!("{REQUEST}.n")), submission("form", "{}", json!({})), shortcut("tools")]
    {
        every_hole(&payload, &mut |holed| drop(arrival(&interactive(holed))));
    }
}

/// Calls `with` once for each field of `payload`, with that field null, a number, and gone.
fn every_hole(payload: &Value, with: &mut dyn FnMut(Value)) {
    let mut paths = Vec::new();
    paths_of(payload, String::new(), &mut paths);
    for path in paths {
        for hole in [Value::Null, json!(7), json!("x"), json!([]), json!({})] {
            let mut holed = payload.clone();
            *holed.pointer_mut(&path).unwrap() = hole;
            with(holed);
        }
    }
}

fn paths_of(value: &Value, path: String, paths: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, child)| (format!("{path}/{name}"), child)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, child)| (format!("{path}/{index}"), child)).collect()
        }
        _ => Vec::new(),
    };
    for (path, child) in children {
        paths.push(path.clone());
        paths_of(child, path, paths);
    }
}
