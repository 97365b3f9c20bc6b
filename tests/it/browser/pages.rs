use serde_json::json;

use super::{DEPLOY, Scene};
use crate::support::until;

/// The elements that stick out of a window, unless something around them scrolls or cuts on purpose.
const OUTSIDE: &str = "
    const cut = (one) => one && one !== document.body && (
        one.matches('.scroll, .page') ? false : /auto|scroll|hidden/.test(getComputedStyle(one).overflowX) || cut(one.parentElement));
    const sideways = [...document.querySelectorAll('html, .scroll, .page')].filter((one) => one.scrollWidth > one.clientWidth);
    const out = [...document.querySelectorAll('body *')]
        .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
        .filter((one) => !cut(one.parentElement));
    return [...sideways, ...out].map((one) => `${one.tagName}.${one.className}`)";

#[tokio::test]
async fn nothing_sticks_out_of_a_phone() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;
    alice.say(&format!("/deploy order-service v2.4.1 production and {}", "x".repeat(300))).await;
    alice.say("/logs order-service production").await;
    alice.say("/help").await;
    alice.say(DEPLOY).await;
    let card = alice.waiting().await;
    let story = alice.attribute(&card.part(".card-foot a"), "href").await.unwrap();
    for width in [390, 320] {
        alice.screen(width, 844).await;
        for path in ["/r", story.as_str(), "/c/random", "/c/none"] {
            alice.open(&scene.address(path)).await;
            assert_eq!(alice.script(OUTSIDE).await, json!([]), "{path} at {width}");
        }
        alice.open(&scene.address("/c/deployments")).await;
        assert_eq!(alice.script("return innerWidth").await, json!(width));
        assert_eq!(alice.script(OUTSIDE).await, json!([]), "the channel of who asked at {width}");
        bob.screen(width, 844).await;
        bob.open(&scene.address("/c/deployments")).await;
        bob.click(&card.part(".ask summary")).await;
        assert_eq!(bob.script(OUTSIDE).await, json!([]), "the channel at {width}");
        alice.fill("#text", "/").await;
        alice.comes("#completions:not([hidden])").await;
        assert_eq!(alice.script(OUTSIDE).await, json!([]), "the completions at {width}");
    }
}

#[tokio::test]
async fn the_story_of_a_request_has_the_words_that_started_it_and_what_happened() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;
    alice.say(DEPLOY).await;
    let card = bob.waiting().await;
    bob.click(&card.button("approve")).await;
    bob.reads(&card.state(), "Done").await;

    bob.click(&card.part(".card-foot a")).await;
    bob.reads(".story-head", "done").await;
    bob.reads(".story-head h2", DEPLOY).await;
    bob.reads("[aria-label='Raw message']", &format!("text: {DEPLOY}")).await;
    let story = bob.text(".story").await;
    let told = [
        "wrote in #deployments alice",
        "read it as /deploy order-service v2.4.1 production countersign",
        "asked for approval: deploy in production needs 1 of team-lead: bob or carol can agree",
        "approved it bob",
        "started /deploy order-service v2.4.1 production, approved by bob",
        "order-service v2.4.1 runs in production",
    ];
    let places: Vec<_> = told
        .iter()
        .map(|line| story.find(line).unwrap_or_else(|| panic!("no `{line}` in {story}")))
        .collect();
    assert!(places.is_sorted(), "{story}");
    bob.click(".back").await;
    bob.reads(".requests li:first-child", DEPLOY).await;
    assert_eq!(bob.complaints().await, [""; 0]);
}

#[tokio::test]
async fn markup_in_words_is_words() {
    const MARKUP: &str = "<img src=x onerror=alert(1)>";
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;
    alice.say(MARKUP).await;
    alice.say(DEPLOY).await;
    let card = bob.waiting().await;
    bob.click(&card.part(".ask summary")).await;
    bob.fill(&card.part("[name='note']"), MARKUP).await;
    bob.click(&card.button("deny")).await;
    for person in [&alice, &bob] {
        person.reads(".entry:first-child .text", MARKUP).await;
        person.reads(&card.part(".card-title"), MARKUP).await;
        person.had_no_trouble().await;
    }
    let story = bob.attribute(&card.part(".card-foot a"), "href").await.unwrap();
    for path in ["/c/deployments", story.as_str(), "/r?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"] {
        bob.open(&scene.address(path)).await;
        bob.reads("body", MARKUP).await;
        assert_eq!(bob.script("return document.images.length").await, json!(0), "{path}");
        assert_eq!(bob.complaints().await, [""; 0]);
    }
    // What got into a page all the same would not run, nor would it find anything.
    bob.script("document.body.insertAdjacentHTML('beforeend', '<img src=/x onerror=alert(1)>')").await;
    until("the policy is kept to", async || {
        bob.complaints().await.iter().any(|complaint| complaint.contains("Content Security Policy"))
    })
    .await;
    assert_eq!(bob.script("return document.cookie").await, "");
    for cookie in bob.cookies().await {
        assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&json!(true), &json!("Strict")), "{cookie}");
    }
}
