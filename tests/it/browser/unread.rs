use super::Scene;

const COUNT: &str = "[data-tab='general'] .count:not([hidden])";

#[tokio::test]
async fn what_is_said_elsewhere_is_counted_until_it_has_been_seen() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;
    assert!(bob.all(COUNT).await.is_empty());

    alice.open(&scene.address("/c/general")).await;
    alice.say("Lunch?").await;
    bob.comes(COUNT).await;
    bob.had_no_trouble().await;

    bob.click("[data-tab='general']").await;
    bob.reads("#messages", "Lunch?").await;
    bob.goes(COUNT).await;
    bob.click("[data-tab='deployments']").await;
    bob.comes("[data-tab='deployments'][aria-current]").await;
    assert!(bob.all(COUNT).await.is_empty(), "it has been read for good");

    alice.say("At noon, then.").await;
    bob.comes(COUNT).await;
    bob.click("[data-tab='general']").await;
    bob.reads(".entry:has(#new)", "At noon, then.").await;
    bob.goes(COUNT).await;
    assert!(alice.all(COUNT).await.is_empty(), "nobody is told of their own words");
}
