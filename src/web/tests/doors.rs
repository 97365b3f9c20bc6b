use super::super::fake::console;
use super::*;
use crate::domain::{Action, Asks, Body, Button, ButtonStyle, Reply, Tone};
use crate::store::RequestState;

const GUARDED: [&str; 6] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "x-frame-options",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
];

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let mut desk = Desk::playground();
    let page = desk.get("/c/ops").await;
    let text = page.text.replace("&#x2f;", "/");
    let css = text.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".css")).unwrap();
    let mut answers = vec![page];
    for path in ["/", "/c/nowhere", "/r", "/r/req_1", "/nowhere", "/assets/0/console.css", css] {
        answers.push(desk.get(path).await);
    }
    answers.push(desk.post("/c/ops/messages", "text=hello").await);
    answers.push(desk.post("/c/ops", "").await);
    let mut elsewhere = desk.request("GET", "/c/ops", "");
    elsewhere.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
    answers.push(desk.send(elsewhere).await);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 303, 404, 200, 404, 404, 404, 200, 403, 404, 421]);
    for answer in &answers {
        for name in GUARDED {
            assert!(answer.headers.contains_key(name), "{name} is missing from {}", answer.status);
        }
    }
    insta::assert_snapshot!(answers[0].headers["content-security-policy"].to_str().unwrap(), @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    let kept = |answer: &Answered| answer.headers["cache-control"].to_str().unwrap().to_owned();
    assert_eq!(kept(&answers[0]), "no-store");
    assert_eq!(kept(&answers[7]), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn pages_need_no_inline_code_or_style() {
    let mut desk = Desk::playground();
    let root = desk.fake.says("alice", console("ops", None), "hello", noon());
    for path in ["/c/ops".to_owned(), format!("/c/ops/t/{root}"), "/r".to_owned()] {
        let page = desk.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.text.matches("<script").count(), 1, "only the one with a source");
        for inline in ["<style", " style=", " onclick", "javascript:", "http://", "https://"] {
            assert!(!page.text.contains(inline), "{inline} in {path}");
        }
    }
}

#[tokio::test]
async fn only_our_own_hosts_are_answered() {
    let mut desk = Desk::playground();
    for (host, status) in [
        ("127.0.0.1:8080", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:8081", 421),
        ("localhost:8080", 421),
        ("127.0.0.1:8080.evil.example", 421),
        ("", 421),
    ] {
        let mut request = desk.request("GET", "/c/ops", "");
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        assert_eq!(desk.send(request).await.status.as_u16(), status, "{host}");
    }
    let mut nameless = desk.request("GET", "/c/ops", "");
    nameless.headers_mut().remove(header::HOST);
    assert_eq!(desk.send(nameless).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_form_from_another_origin_is_refused() {
    let mut desk = Desk::playground();
    let form = format!("csrf={}&once={ONCE}&text=hello", desk.csrf("/c/ops").await);
    for (origin, fetched, status) in [
        (Some("http://evil.example"), None, 403),
        (Some("null"), None, 403),
        (Some("https://127.0.0.1:8080"), None, 403),
        (Some(SITE), Some("cross-site"), 403),
        (None, Some("same-site"), 403),
        (None, Some("none"), 403),
        (None, None, 403),
        (Some(SITE), None, 303),
        (None, Some("same-origin"), 303),
    ] {
        let mut request = desk.request("POST", "/c/ops/messages", &form);
        request.headers_mut().remove(header::ORIGIN);
        request.headers_mut().remove("sec-fetch-site");
        origin.map(|origin| request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap()));
        fetched.map(|fetched| request.headers_mut().insert("sec-fetch-site", fetched.parse().unwrap()));
        assert_eq!(desk.send(request).await.status.as_u16(), status, "{origin:?} {fetched:?}");
    }
    assert_eq!(desk.fake.rooms().received.len(), 1, "both that passed were the same message");
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_browser() {
    let mut desk = Desk::playground();
    let mine = desk.csrf("/c/ops").await;
    let theirs = Desk::at(Arc::clone(&desk.fake), |_| Mode::Playground).csrf("/c/ops").await;
    for token in ["", "csrf=&", "csrf=0&", &format!("csrf={theirs}&")] {
        let answer = desk.post("/c/ops/messages", &format!("{token}once={ONCE}&text=hello")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{token}");
    }
    assert!(desk.fake.rooms().received.is_empty());
    let answer = desk.post("/c/ops/messages", &format!("csrf={mine}&once={ONCE}&text=hello")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sent_twice_is_one_message_and_its_raw_form_has_no_token() {
    let mut desk = Desk::playground();
    let page = desk.get("/c/ops").await;
    let form = format!("csrf={}&once={}&thread=&text=hello+there", page.field("csrf"), page.field("once"));
    let first = desk.post("/c/ops/messages", &form).await;
    let second = desk.post("/c/ops/messages", &form).await;
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert!(first.location().starts_with("/c/ops#msg_"), "{}", first.location());
    let rooms = desk.fake.rooms();
    let [only] = rooms.received.as_slice() else { panic!("{:?}", rooms.received) };
    assert_eq!(only.body, Body::Text("hello there".into()));
    assert_eq!(only.raw.0, format!("once={}&thread=&text=hello+there", page.field("once")).into_bytes());
}

#[tokio::test]
async fn what_people_write_stays_text() {
    let mut desk = Desk::playground();
    let csrf = desk.csrf("/c/ops").await;
    let form = format!("csrf={csrf}&once={ONCE}&text=%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    desk.post("/c/ops/messages", &form).await;
    let page = desk.get("/c/ops").await;
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "{}", page.text);
    assert_eq!(page.text.matches("<script").count(), 1);
    let page = desk.get("/r?q=%22%3E%3Cscript%3E").await;
    assert_eq!(page.text.matches("<script").count(), 1, "{}", page.text);
}

#[tokio::test]
async fn what_is_too_long_or_too_large_is_refused_kindly() {
    let mut desk = Desk::playground();
    let csrf = desk.csrf("/c/ops").await;
    let form = |length| format!("csrf={csrf}&once={ONCE}&text={}", "a".repeat(length));
    let long = desk.post("/c/ops/messages", &form(4_001)).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(long.text.contains("4000 is the most one can have"), "{}", long.text);
    let large = desk.post("/c/ops/messages", &form(70_000)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut scripted = desk.request("POST", "/c/ops/messages", &form(4_001));
    scripted.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
    let answer = desk.send(scripted).await;
    let problem: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(problem["title"], "That could not be sent");
    assert!(desk.fake.rooms().received.is_empty());
}

#[tokio::test]
async fn one_is_another_person_in_the_playground_alone() {
    let mut desk = Desk::playground();
    let csrf = desk.csrf("/c/ops").await;
    let answer = desk.post("/session/person", &format!("csrf={csrf}&person=bob&channel=ops")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/c/ops"));
    desk.post("/c/ops/messages", &format!("csrf={csrf}&once={ONCE}&text=hello")).await;
    assert_eq!(desk.fake.rooms().received[0].sender.identity(), "console:bob");
    let answer = desk.post("/session/person", &format!("csrf={csrf}&person=eve")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);

    let mut desk = Desk::accounts();
    desk.account("alice", "correct");
    assert_eq!(desk.sign_in("alice", "correct").await.status, StatusCode::SEE_OTHER);
    let page = desk.get("/c/ops").await;
    assert!(!page.text.contains("/session/person") && !page.text.contains("playground"));
    let csrf = page.field("csrf");
    let answer = desk.post("/session/person", &format!("csrf={csrf}&person=bob")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    desk.cookies.push(("countersign_person".into(), "bob".into()));
    desk.post("/c/ops/messages", &format!("csrf={csrf}&once={ONCE}&text=hello")).await;
    assert_eq!(desk.fake.rooms().received[0].sender.identity(), "console:alice");
}

#[tokio::test]
async fn channels_one_does_not_see_do_not_exist() {
    let mut desk = Desk::playground();
    desk.cookies.push(("countersign_person".into(), "bob".into()));
    let hidden = desk.fake.says("carol", console("security", None), "secret", noon());
    let asked = desk.fake.asks("carol", &hidden, "/status", RequestState::Answered);
    let csrf = desk.csrf("/c/ops").await;
    let read = [
        "/c/security".to_owned(),
        format!("/c/security/t/{hidden}"),
        format!("/c/ops/t/{hidden}"),
        format!("/r/{asked}"),
    ];
    for path in read {
        assert_eq!(desk.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/r", "/usage", "/usage.json"] {
        let page = desk.get(path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!page.text.contains(asked.as_str()));
    }
    for (path, form) in [
        ("/c/security/messages".to_owned(), "text=hello".to_owned()),
        ("/c/ops/messages".to_owned(), format!("text=hello&thread={hidden}")),
        (format!("/m/{hidden}/react"), "emoji=%E2%9C%85&set=on".to_owned()),
        ("/c/security/read".to_owned(), format!("upto={hidden}")),
    ] {
        let answer = desk.post(&path, &format!("csrf={csrf}&once={ONCE}&{form}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(desk.fake.rooms().received.is_empty());
}

#[tokio::test]
async fn the_buttons_of_a_card_come_back_as_they_were_shown() {
    let mut desk = Desk::playground();
    let root = desk.fake.says("bob", console("ops", None), "/deploy api v2 production", noon());
    let request = desk.fake.asks("bob", &root, "/deploy api v2 production", RequestState::Waiting);
    let people: Vec<_> = ["alice", "carol"].map(|name| PersonId(name.into())).into();
    desk.fake.rooms().requests[0].awaits.clone_from(&people);
    desk.fake.rooms().requests[0].may_deny = people;
    let mut reply = Reply::say(Tone::Waiting, "Deploy?");
    reply.request = Some(request.clone());
    reply.nonce = "n1".into();
    reply.buttons = vec![Button {
        action: Action::Deny,
        label: "Deny".into(),
        style: ButtonStyle::Danger,
        asks: Asks::Why,
    }];
    let card = desk.fake.replies(console("ops", Some(root)), reply, noon());
    let page = desk.get("/c/ops").await;
    assert!(
        page.text.contains(&format!("/m/{card}/press")) && page.text.contains("Asked by <b>Bob Tanaka</b>")
    );
    let fields =
        ["csrf", "once", "request", "nonce", "action"].map(|name| format!("{name}={}", page.field(name)));
    let form = format!("{}&note=not+today", fields.join("&"));
    let mut pressed = desk.request("POST", &format!("/m/{card}/press"), &form);
    pressed.headers_mut().insert(header::REFERER, format!("{SITE}//evil.example").parse().unwrap());
    let answer = desk.send(pressed).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/c/ops"));
    let rooms = desk.fake.rooms();
    let Body::Click(click) = &rooms.received[0].body else { panic!("{:?}", rooms.received) };
    assert_eq!((click.request.clone(), click.action), (request, Action::Deny));
    assert_eq!((click.nonce.as_str(), click.note.as_deref()), ("n1", Some("not today")));
    assert_eq!(rooms.received[0].place.thread, rooms.messages[1].place.thread);
}

#[tokio::test]
async fn what_is_new_is_marked_until_it_was_read() {
    let mut desk = Desk::playground();
    let old = desk.fake.says("bob", console("ops", None), "old", noon());
    desk.fake.rooms().read.insert((PersonId("alice".into()), "ops".into()), old);
    let later = noon().saturating_add(std::time::Duration::from_secs(60)).unwrap();
    let new = desk.fake.says("bob", console("ops", None), "new", later);
    let page = desk.get("/c/ops").await;
    let divider = page.text.find("id=\"new\"").unwrap();
    assert!(page.text.find(">old<").unwrap() < divider && divider < page.text.find(">new<").unwrap());
    let form = format!("csrf={}&upto={}", page.field("csrf"), page.field("upto"));
    assert_eq!(page.field("upto"), new.as_str());
    assert_eq!(desk.post("/c/ops/read", &form).await.status, StatusCode::SEE_OTHER);
    assert!(!desk.get("/c/ops").await.text.contains("id=\"new\""));
}
