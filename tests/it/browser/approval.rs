use super::{DEPLOY, Scene};
use crate::support::until;
use crate::support::webdriver::{ENTER, TAB};

#[tokio::test]
async fn a_deployment_to_production_is_asked_for_by_one_and_approved_by_another() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;

    alice.fill("#text", "/depl").await;
    alice.reads("#completions", "/deploy").await;
    alice.fill("#text", TAB).await;
    assert_eq!(alice.script("return document.querySelector('#text').value").await, "/deploy ");
    alice.fill("#text", &format!("order-service v2.4.1 production{ENTER}")).await;

    let card = alice.waiting().await;
    bob.reads(&card.state(), "Waiting").await;
    bob.reads(&card.part(".command"), DEPLOY).await;
    bob.reads(&card.part(".fields"), "order-service v2.4.0 → v2.4.1 in production, 3 replicas").await;
    bob.picture("approval-card.png", 1000, 640).await;
    bob.picture("approval-card-phone.png", 390, 760).await;

    bob.comes(&card.tick()).await;
    assert!(alice.all(&card.tick()).await.is_empty(), "who asked has no vote");
    assert!(alice.text(&card.state()).await.contains("Waiting"));

    let before = [alice.messages().await, bob.messages().await];
    assert_eq!(before[0], before[1]);
    bob.click(&card.button("approve")).await;
    for person in [&alice, &bob] {
        person.reads(&card.state(), "Done").await;
        person.reads(&card.part(".card-title"), "order-service v2.4.1 runs in production").await;
        person.reads(&card.part(".fields"), "Approved by\nbob").await;
        person.goes(&card.button("approve")).await;
        assert_eq!(person.messages().await, before[0], "the card has changed in its place");
        person.had_no_trouble().await;
    }
}

#[tokio::test]
async fn a_tick_below_the_card_counts_as_the_button_does() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;
    alice.say("/migrate order-service 0004_add_order_notes production").await;
    let card = bob.waiting().await;

    bob.click(&card.tick()).await;
    alice.reads(&card.part(".fields"), "Agreed\nbob").await;
    bob.click(&card.part(".reaction[aria-pressed='true']")).await;
    bob.comes(&card.part("[aria-label='approve, 0']")).await;
    until("bob's word is taken back", async || !alice.text(&card.part(".fields")).await.contains("Agreed"))
        .await;

    alice.say(DEPLOY).await;
    bob.reads(".entry:last-child .command", DEPLOY).await;
    let card = super::Card {
        id: bob.attribute(".entry:last-child article:has(.tone-waiting)", "id").await.unwrap(),
    };
    bob.click(&card.tick()).await;
    alice.reads(&card.state(), "Done").await;
    alice.reads(&card.part(".fields"), "Approved by\nbob").await;
    for person in [&alice, &bob] {
        person.had_no_trouble().await;
    }
}
