//! What people ask for in their own words, read without a model.

use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

#[tokio::test]
async fn a_sentence_is_shown_as_the_command_it_amounts_to_with_the_words_it_came_from() {
    let world = World::of(&["order-service"], &["staging"]).await;
    let asked = world.say("alice", "ship orders 2.4.1 to stg please").await;
    assert_snapshot!(asked);
    assert_snapshot!(world.press("bob", &asked, Action::Confirm).await);
    let done = world.press("alice", &asked, Action::Confirm).await;
    assert_snapshot!(done);
    assert_eq!(world.playground("environments/staging/services/order-service").await["version"], "v2.4.1");
    world.finish().await;
}

#[tokio::test]
async fn a_question_is_asked_and_only_the_same_person_answers_it() {
    let world = World::of(&["order-service"], &["staging", "production"]).await;
    let asked = world.say("alice", "deploy orders v2.4.1").await;
    assert_snapshot!(asked);
    let other = world.reply("carol", &asked, "staging").await;
    assert!(other.row().tool.is_none(), "another person's answer fills nothing: {other}");
    let asked = world.say("alice", "deploy orders v2.4.1").await;
    let answered = world.reply("alice", &asked, "staging").await;
    assert_eq!(answered.row().command.as_deref(), Some("/deploy order-service v2.4.1 staging"), "{answered}");
    assert_eq!(answered.state(), RequestState::Waiting);
    world.finish().await;
}

#[tokio::test]
async fn where_others_must_agree_anyway_the_asker_need_not_confirm() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", "please deploy order-service v2.4.1 to production").await;
    assert_snapshot!(asked);
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn several_things_are_a_plan_that_runs_in_order() {
    let world = World::of(&["order-service", "checkout"], &["staging"]).await;
    let asked =
        world.say("alice", "deploy orders v2.4.1 to staging and then scale checkout to 2 on staging").await;
    assert_snapshot!(asked);
    let done = world.press("alice", &asked, Action::Confirm).await;
    assert_snapshot!(done);
    assert_eq!(world.playground("environments/staging/services/checkout").await["replicas"], 2);
    world.settle().await;
    world.finish().await;
}

#[tokio::test]
async fn a_plan_stops_at_the_first_failure_and_says_what_was_done() {
    let world = World::of(&["order-service", "checkout"], &["staging"]).await;
    let words = "scale checkout to 2 on staging, deploy orders v2.5.0 to staging and then scale checkout to 3 on staging";
    let asked = world.say("alice", words).await;
    let stopped = world.press("alice", &asked, Action::Confirm).await;
    assert_snapshot!(stopped);
    assert_eq!(world.playground("environments/staging/services/checkout").await["replicas"], 2);
    world.settle().await;
    world.finish().await;
}

#[tokio::test]
async fn a_plan_waits_where_a_step_needs_others_and_goes_on_when_they_agree() {
    let world = World::of(&["order-service", "checkout"], &["production", "staging"]).await;
    let words = "deploy orders v2.4.1 to production and then scale checkout to 2 on staging";
    let asked = world.say("alice", words).await;
    assert_snapshot!(asked);
    let row = world.press("alice", &asked, Action::Confirm).await;
    let step = row.row().steps[0].request.clone().expect("the first step has become a request");
    let waits = world.rest(&step).await;
    assert_eq!(waits.state(), RequestState::Waiting, "{waits}");
    let agreed = world.press("bob", &waits, Action::Approve).await;
    assert_eq!(agreed.state(), RequestState::Done, "{agreed}");
    let whole = world.rest(asked.id()).await;
    assert_eq!(whole.state(), RequestState::Done, "{whole}");
    world.settle().await;
    world.finish().await;
}

#[tokio::test]
async fn if_one_step_can_never_run_none_does() {
    let world = World::of(&["order-service", "checkout"], &["staging"]).await;
    let asked =
        world.say("alice", "scale checkout to 2 on staging and then deploy orders v9.9.9 to staging").await;
    assert_snapshot!(asked);
    assert_eq!(world.playground("environments/staging/services/checkout").await["replicas"], 1);
    world.finish().await;
}

#[tokio::test]
async fn what_is_no_request_does_nothing() {
    let world = World::of(&["order-service"], &["staging", "production"]).await;
    for words in [
        "don't deploy order-service v2.4.1 to staging",
        "did you deploy order-service v2.4.1 to staging?",
        "bob said we should deploy order-service v2.4.1 to staging",
        "what would happen if we deployed order-service v2.4.1 to staging",
        "> deploy order-service v2.4.1 to staging",
        "```\ndeploy order-service v2.4.1 to staging\n```",
        "the ticket says \"deploy order-service v2.4.1 to staging\"",
    ] {
        let said = world.say("alice", words).await;
        assert_eq!(said.state(), RequestState::Answered, "{words}: {said}");
        assert!(said.row().tool.is_none(), "{words}: {said}");
    }
    assert_eq!(world.playground("environments/staging/services/order-service").await["version"], "v2.4.0");
    world.finish().await;
}
