use super::Scene;

#[tokio::test]
async fn a_migration_of_production_runs_when_two_others_have_approved() {
    let Some(scene) = Scene::set() else { return };
    let [alice, other] = scene.people(["alice", "bob"]).await;

    alice.say("/migrate order-service 0004_add_order_notes production").await;
    let card = other.waiting().await;
    other.reads(&card.part(".fields"), "this cannot be taken back").await;
    other.click(&card.button("approve")).await;
    alice.reads(&card.part(".card-title"), "one more").await;
    alice.reads(&card.part(".fields"), "Agreed\nbob").await;

    other.become_somebody("carol").await;
    other.click(&card.button("approve")).await;
    for person in [&alice, &other] {
        person.reads(&card.state(), "Done").await;
        person.reads(&card.part(".card-title"), "applied 0004_add_order_notes").await;
        person.reads(&card.part(".fields"), "Approved by\nbob, carol").await;
        person.had_no_trouble().await;
    }
}
