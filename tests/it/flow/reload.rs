//! The policy file is read again while we run: what is right and allows nothing more is in force at once, what is not right
//! changes nothing, and what allows more waits for people.

use countersign::domain::Action;
use countersign::gate::DEMO_POLICY;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{BackEnd, World, policy_and, tidy, with};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

fn stricter() -> String {
    with(
        DEMO_POLICY,
        "need = [\"1 of team-lead\"]\n\n# For emergencies",
        "need = [\"2 of team-lead\"]\n\n# For emergencies",
    )
    .replace("expect = \"need 1 of team-lead\"", "expect = \"need 2 of team-lead\"")
    .replace(
        "when = \"scale_down\"\nas = \"engineer\"\nin = \"#deployments\"\nexpect = \"need 2",
        "when = \"scale_down\"\nas = \"engineer\"\nin = \"#deployments\"\nexpect = \"need 1",
    )
}

/// Production is open to every engineer.
fn weaker() -> String {
    let open = with(
        DEMO_POLICY,
        "channels = [\"#deployments\", \"#incidents\"]\nneed = [\"1 of team-lead\"]\n",
        "channels = [\"#deployments\", \"#incidents\"]\n",
    );
    open.replacen("expect = \"need 1 of team-lead\"", "expect = \"allow\"", 1)
}

fn digest(world: &World) -> String {
    world.rooms().policy.load().digest().to_string()
}

#[tokio::test]
async fn a_stricter_file_is_in_force_at_once_and_what_waits_is_asked_for_again() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    let before = digest(&world);
    let asked = world.say("alice", DEPLOY).await;
    let card = world.card(asked.id()).await;
    world.save_policy(stricter()).await;
    assert_ne!(digest(&world), before);
    assert_snapshot!(world.told("incidents").await.join("\n"), @"
    policy.toml was read again and is in force; it allows nothing more than before
      Policy: HEX
      What waits is put up again under it.
    ");
    assert_snapshot!(world.look(&asked).await, @"
    = waiting
    [waiting] alice asks for this; two of team-lead must agree
      /deploy order-service v2.4.1 production
      The policy has changed, so it must be agreed to again.
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    // The old card is no good any more, and one yes is not enough.
    let stale = world.deliver(world.click("bob", &card, Action::Approve, None)).await.unwrap();
    assert!(stale.to_string().contains("the card has changed since"), "{stale}");
    let one = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(one.state(), RequestState::Waiting, "{one}");
    assert_eq!(world.press("carol", &asked, Action::Approve).await.state(), RequestState::Done);
    world.finish().await;
}

#[tokio::test]
async fn a_file_that_is_not_right_changes_nothing_and_the_operators_hear_why() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    let before = digest(&world);
    world
        .save_policy(DEMO_POLICY.replace("need = [\"1 of team-lead\"]", "need = [\"1 of team-leed\"]"))
        .await;
    assert_eq!(digest(&world), before);
    assert_snapshot!(world.told("incidents").await.join("\n"), @"
    policy.toml is not right, so the policy stays as it was
      | policy.toml:83: there is no role `team-leed`; did you mean `team-lead`?
      | policy.toml:114: there is no role `team-leed`; did you mean `team-lead`?
      Put it right and save it; it is read again at once.
    ");
    world.tick(0).await;
    assert_eq!(world.told("incidents").await.len(), 1, "told once");
    let asked = world.say("alice", DEPLOY).await;
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Done);
    // It does not come into force by a restart either, and the server starts all the same.
    world.restart().await;
    assert_eq!(digest(&world), before);
    world.finish().await;
}

#[tokio::test]
async fn a_file_that_allows_more_waits_for_people_who_are_asked_under_the_policy_in_force() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    let before = digest(&world);
    world.save_policy(weaker()).await;
    assert_eq!(digest(&world), before, "it is not in force");
    let told = world.told("incidents").await;
    assert_snapshot!(told.join("\n"), @"
    policy.toml allows more than the policy in force, in one thing
      Until people agree to that below, the policy stays as it is. To take it back, restore the file.
    countersign asks for this; two of dba or team-lead must agree
      /policy accept DIGEST
      Change: the policy allows more than before
      Rule: policy-changes
      Can approve: bob, carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      | deploy in production: approvals: 1 of team-lead → none
      [Approve] [Deny]
    ");
    // Meanwhile the policy is as it was.
    let deploy = world.say("alice", DEPLOY).await;
    assert_eq!(deploy.state(), RequestState::Waiting);

    let request = waiting_policy(&world).await;
    let asked = world.rest(&request).await;
    assert_snapshot!(world.press("dave", &asked, Action::Approve).await.replies.last().unwrap().to_text(), @"dave is a viewer; this needs 2 of dba or team-lead.");
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Waiting);
    assert_eq!(digest(&world), before);
    let done = world.press("carol", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.settle().await;
    assert_ne!(digest(&world), before);
    // What waited needs nobody any more, and runs.
    assert_eq!(world.rest(deploy.id()).await.state(), RequestState::Done);
    world.restart().await;
    assert_ne!(digest(&world), before, "it stays in force");
    let kinds: Vec<_> = policy_entries(&world).await;
    assert_eq!(kinds, ["policy.loaded", "policy.waiting", "policy.loaded"]);
    world.finish().await;
}

async fn waiting_policy(world: &World) -> countersign::domain::RequestId {
    let waiting = world.rooms().store.open_requests(RequestState::Waiting).await.unwrap();
    waiting.into_iter().find(|row| row.tool.as_deref() == Some("policy.accept")).expect("it is asked for").id
}

async fn policy_entries(world: &World) -> Vec<&'static str> {
    let kinds = vec!["policy.loaded", "policy.refused", "policy.waiting"];
    let filter = countersign::store::EventFilter { kinds, ..Default::default() };
    let mut entries = world.rooms().ledger.entries(&filter, 100).await.unwrap();
    entries.reverse();
    entries.iter().map(|entry| entry.kind.as_str()).collect()
}

#[tokio::test]
async fn a_restart_is_no_way_around_that() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    let before = digest(&world);
    world.set_policy(weaker());
    world.restart().await;
    assert_eq!(digest(&world), before);
    let request = waiting_policy(&world).await;
    // Nor are two of them: it is asked for once.
    world.restart().await;
    assert_eq!(digest(&world), before);
    assert_eq!(waiting_policy(&world).await, request);
    assert_eq!(world.rooms().store.open_requests(RequestState::Waiting).await.unwrap().len(), 1);
    let asked = world.rest(&request).await;
    let denied = world.press_with("bob", &asked, Action::Deny, "not without a reason").await;
    assert_eq!(denied.state(), RequestState::Denied);
    world.tick(1).await;
    assert_eq!(digest(&world), before);
    // Who said no is not asked the same again by the next restart.
    world.restart().await;
    assert_eq!(world.rooms().store.open_requests(RequestState::Waiting).await.unwrap(), []);
    assert_eq!(digest(&world), before);
    world.finish().await;
}

#[tokio::test]
async fn a_file_that_is_put_back_takes_the_question_back() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    world.save_policy(weaker()).await;
    let request = waiting_policy(&world).await;
    world.save_policy(DEMO_POLICY).await;
    let ended = world.rest(&request).await;
    assert_eq!(ended.state(), RequestState::Superseded, "{ended}");
    // Another text that allows more is another question, and the older one is over.
    world.save_policy(weaker()).await;
    let first = waiting_policy(&world).await;
    world.save_policy(format!("{}\n# another one\n", weaker())).await;
    let second = waiting_policy(&world).await;
    assert_ne!(first, second);
    assert_eq!(world.rest(&first).await.state(), RequestState::Superseded);
    let asked = world.rest(&second).await;
    world.press("bob", &asked, Action::Approve).await;
    world.press("carol", &asked, Action::Approve).await;
    world.settle().await;
    assert!(world.rooms().store.policy_in_force().await.unwrap().unwrap().text.contains("another one"));
    world.finish().await;
}

#[tokio::test]
async fn giving_somebody_a_role_is_more_too_and_they_do_not_approve_it_themselves() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    let promoted =
        with(DEMO_POLICY, "id = \"dave\"\nroles = [\"viewer\"]", "id = \"dave\"\nroles = [\"team-lead\"]");
    let promoted = promoted.replace(
        "as = \"dave\"\nin = \"#deployments\"\nexpect = \"deny role\"",
        "as = \"dave\"\nin = \"#deployments\"\nexpect = \"allow\"",
    );
    world.save_policy(promoted).await;
    let asked = world.rest(&waiting_policy(&world).await).await;
    assert_snapshot!(tidy(&asked.replies[0].to_text()), @"
    countersign asks for this; two of dba or team-lead must agree
      /policy accept DIGEST
      Change: the policy allows more than before
      Rule: policy-changes
      Can approve: bob, carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      | person dave: roles: viewer → team-lead
      [Approve] [Deny]
    ");
    let dave = world.press("dave", &asked, Action::Approve).await;
    assert!(dave.to_string().contains("dave is a viewer"), "{dave}");
    world.press("bob", &asked, Action::Deny).await;
    world.finish().await;
}

#[tokio::test]
async fn a_policy_rule_for_policy_files_says_who_must_agree() {
    let back_end = BackEnd::well().await;
    let rule =
        "[[rule]]\nid = \"policy\"\ntools = [\"policy.accept\"]\nask = \"engineer\"\nneed = [\"1 of dba\"]\n";
    let mut world = World::under(policy_and(rule), &back_end).await;
    world.save_policy(format!("{}\n{rule}", weaker())).await;
    let asked = world.rest(&waiting_policy(&world).await).await;
    assert_eq!(
        asked.row().awaits.iter().map(|person| person.0.as_str()).collect::<Vec<_>>(),
        ["bob", "carol"]
    );
    // The file's own rule asks for two, this one for a dba among them: both hold.
    world.press("bob", &asked, Action::Approve).await;
    let done = world.press("carol", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn somebody_can_ask_for_a_file_that_waits_again_and_then_does_not_agree_to_it() {
    let back_end = BackEnd::well().await;
    let mut world = World::under(DEMO_POLICY, &back_end).await;
    world.save_policy(weaker()).await;
    let first = waiting_policy(&world).await;
    world.tick(31).await;
    assert_eq!(world.rest(&first).await.state(), RequestState::Expired);
    let digest = world.rest(&first).await.row().args["digest"].as_str().unwrap().to_owned();
    let again = world.say("bob", &format!("/policy accept {digest}")).await;
    assert_eq!(
        again.row().awaits.iter().map(|person| person.0.as_str()).collect::<Vec<_>>(),
        ["carol"],
        "{again}"
    );
    let unknown = world.say("bob", &format!("/policy accept {}", "0".repeat(64))).await;
    assert_snapshot!(unknown, @"
    = refused
    [refused] No policy file with this digest waits; the file may have changed since, and is asked about anew when it does
      /policy accept DIGEST
      Nothing was done.
    ");
    world.press("bob", &again, Action::Withdraw).await;
    world.finish().await;
}

#[tokio::test]
async fn a_database_that_names_another_policy_is_not_trusted() {
    let back_end = BackEnd::well().await;
    let world = World::under(DEMO_POLICY, &back_end).await;
    let text = weaker().replace('\'', "''");
    let digest = countersign::domain::Digest::labelled("countersign/policy/v1", weaker().as_bytes());
    world.sql(&format!("UPDATE policy_in_force SET digest = '{digest}', body = '{text}'")).await;
    assert_snapshot!(world.does_not_start().await, @"the policy in the database is not the one that was accepted according to the record: somebody changed the database; bring back a backup that `countersign audit verify` finds sound");
    let world = World::under(DEMO_POLICY, &back_end).await;
    world.sql("DELETE FROM policy_in_force").await;
    assert_snapshot!(world.does_not_start().await, @"the policy in the database is not the one that was accepted according to the record: somebody changed the database; bring back a backup that `countersign audit verify` finds sound");
}
