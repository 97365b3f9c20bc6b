use super::{DEPLOY, Scene};

#[tokio::test]
async fn a_denial_tells_the_asker_why_and_the_asker_can_take_a_request_back() {
    let Some(scene) = Scene::set() else { return };
    let [alice, bob] = scene.people(["alice", "bob"]).await;

    alice.say(DEPLOY).await;
    let card = bob.waiting().await;
    bob.click(&card.part(".ask summary")).await;
    bob.fill(&card.part("[name='note']"), "the sale starts in an hour").await;
    bob.click(&card.button("deny")).await;

    alice.reads(&card.part(".card-title"), "bob said no: the sale starts in an hour").await;
    alice.reads(&card.part(".card"), "Nothing was done.").await;
    alice.reads("#messages", "alice: this was not done; bob said no: the sale starts in an hour.").await;
    alice.goes(&card.button("approve")).await;

    alice.say(DEPLOY).await;
    let card = bob.waiting().await;
    assert!(bob.all(&card.button("withdraw")).await.is_empty(), "only who asked can take it back");
    alice.click(&card.button("withdraw")).await;
    for person in [&alice, &bob] {
        person.reads(&card.part(".card-title"), "Withdrawn: alice took it back").await;
        person.had_no_trouble().await;
    }
}
