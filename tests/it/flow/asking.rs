//! How people are asked, reminded and told: nobody for what they cannot decide, and the asker of everything.

use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{BackEnd, World, policy_and, rule_and, with};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";
const MIGRATE: &str = "/migrate order-service latest production";

#[tokio::test]
async fn those_who_are_waited_for_are_reminded_once_before_the_end() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    world.tick(24).await;
    assert_eq!(world.look(&asked).await.replies.len(), 1, "not yet");
    world.tick(1).await;
    assert_snapshot!(world.look(&asked).await.replies[1].to_text(), @"
    bob, carol: this of alice still waits; one team-lead must agree. It expires at 12:30 UTC, in 5 min.
      /deploy order-service v2.4.1 production
    ");
    world.tick(1).await;
    assert_eq!(world.look(&asked).await.replies.len(), 2, "once");
    world.press("bob", &asked, Action::Approve).await;
    world.finish().await;
}

#[tokio::test]
async fn nobody_is_reminded_of_what_has_ended_or_is_agreed_to() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    world.press("bob", &asked, Action::Deny).await;
    let other = world.say("alice", "/scale order-service 2 production").await;
    world.press("alice", &other, Action::Withdraw).await;
    world.tick(26).await;
    assert_eq!(world.look(&asked).await.replies.len(), 2, "the card, and what the asker was told");
    assert_eq!(world.look(&other).await.replies.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_asker_hears_of_each_vote_and_of_each_end() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", MIGRATE).await;
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await.replies[1].to_text(), @"alice: bob agreed; one more (two of dba or team-lead) must agree too.");
    assert_snapshot!(world.press("bob", &asked, Action::Retract).await.replies[1].to_text(), @"alice: bob took the approval back; two of dba or team-lead must agree.");
    world.press("carol", &asked, Action::Approve).await;
    let told = |said: &crate::support::Said| said.replies.last().unwrap().to_text();
    assert_snapshot!(told(&world.press_with("bob", &asked, Action::Deny, "not on a Friday").await), @"alice: this was not done; bob said no: not on a Friday.");
    let addressed = world.look(&asked).await.replies.last().unwrap().to.clone();
    assert_eq!(addressed.iter().map(|person| person.0.as_str()).collect::<Vec<_>>(), ["alice"]);

    let replaced = world.say("alice", DEPLOY).await;
    let expired = world.say("bob", DEPLOY).await;
    assert_snapshot!(told(&world.look(&replaced).await), @"alice: this was not done; bob asked anew: /deploy order-service v2.4.1 production.");
    world.tick(30).await;
    assert_snapshot!(told(&world.look(&expired).await), @"bob: this was not done; nobody said yes in time.");
    world.finish().await;
}

#[tokio::test]
async fn a_no_is_remembered_for_ten_minutes_with_who_and_why() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    world.press_with("bob", &asked, Action::Deny, "the sale starts in an hour").await;
    world.tick(4).await;
    let again = world.say("alice", DEPLOY).await;
    assert_snapshot!(again, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Denied before: by bob, 4 min 1 s ago: the sale starts in an hour
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:34 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    let entries = world.rooms().ledger.entries_of(again.id()).await.unwrap();
    let judged = entries.iter().find(|entry| entry.kind.as_str() == "judged").unwrap();
    let findings = judged.body["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["rule"] == "memory"), "{findings:?}");
    world.press("alice", &again, Action::Withdraw).await;

    // Another version is another question, and after ten minutes it is forgotten.
    let other = world.say("alice", "/deploy order-service v2.3.1 production").await;
    assert!(!other.to_string().contains("said no"), "{other}");
    world.tick(6).await;
    let later = world.say("alice", DEPLOY).await;
    assert!(!later.to_string().contains("said no"), "{later}");
    world.finish().await;
}

#[tokio::test]
async fn pending_lists_exactly_what_waits_for_oneself() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    world.say("alice", DEPLOY).await;
    let migration = world.say("bob", MIGRATE).await;
    world.say("alice", "/rollback order-service production").await;
    assert_snapshot!(world.say("alice", "/pending").await, @"
    = done
    [info] One request waits for you.
      /pending
      | /rollback order-service production  by alice in #deployments, until 12:30 UTC
      | Yours, waiting for others:
      | /deploy order-service v2.4.1 production  by alice in #deployments, until 12:30 UTC  waits for bob, carol
    ");
    assert_snapshot!(world.say("bob", "/pending").await, @"
    = done
    [info] One request waits for you.
      /pending
      | /deploy order-service v2.4.1 production  by alice in #deployments, until 12:30 UTC
      | Yours, waiting for others:
      | /migrate order-service latest production  by bob in #deployments, until 12:30 UTC  waits for carol
    ");
    assert_snapshot!(world.say("dave", "/pending").await, @"
    = done
    [info] Nothing waits for you.
      /pending
    ");
    // Two are needed and one is the asker, so carol alone can agree; once she has, it waits for nobody present.
    world.press("carol", &migration, Action::Approve).await;
    assert_snapshot!(world.say("carol", "/pending").await, @"
    = done
    [info] One request waits for you.
      /pending
      | /deploy order-service v2.4.1 production  by alice in #deployments, until 12:30 UTC
    ");
    world.finish().await;
}

#[tokio::test]
async fn only_those_are_asked_whose_vote_can_count() {
    let back_end = BackEnd::well().await;
    // Erin leads too, but has no account on the console, from which alone a vote on a migration counts; frank has none.
    let more = "[[person]]\nid = \"erin\"\nroles = [\"team-lead\"]\nidentities = [\"slack:T1/U1\"]\n\n\
                [[person]]\nid = \"frank\"\nroles = [\"team-lead\"]\n";
    let world = World::under(policy_and(more), &back_end).await;
    let names = |said: &crate::support::Said| {
        said.row().awaits.iter().map(|person| person.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world.say("alice", MIGRATE).await), ["bob", "carol"]);
    assert_eq!(names(&world.say("alice", DEPLOY).await), ["bob", "carol", "erin"]);
    assert_eq!(names(&world.say("bob", DEPLOY).await), ["carol", "erin"]);
    world.finish().await;
}

#[tokio::test]
async fn after_a_while_others_are_told() {
    let back_end = BackEnd::well().await;
    let policy = rule_and("deploy-production", "escalate = { after_minutes = 10, to = \"dba\" }");
    let policy = with(
        &policy,
        "id = \"migrate-production\"\n",
        "id = \"migrate-production\"\nescalate = { after_minutes = 5, to = \"#incidents\" }\n",
    );
    let world = World::under(policy, &back_end).await;
    let deploy = world.say("alice", DEPLOY).await;
    let migrate = world.say("alice", MIGRATE).await;
    world.tick(5).await;
    assert_snapshot!(world.told("incidents").await.join("\n"), @"
    nobody has decided this for 5 min; two of dba or team-lead must agree, and bob or carol can.
      /migrate order-service latest production
      Asked by alice in #deployments (req_ID)
    ");
    assert_eq!(world.look(&deploy).await.replies.len(), 1);
    world.tick(5).await;
    assert_snapshot!(world.look(&deploy).await.replies[1].to_text(), @"
    carol: nobody has decided this for 10 min 1 s; one team-lead must agree, and bob or carol can.
      /deploy order-service v2.4.1 production
    ");
    world.tick(5).await;
    assert_eq!(world.look(&deploy).await.replies.len(), 2, "once");
    assert_eq!(world.told("incidents").await.len(), 1, "once");
    for asked in [deploy, migrate] {
        world.press("bob", &asked, Action::Deny).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_agreed_and_waits_for_its_turn_can_still_be_stopped() {
    let back_end = BackEnd::well().await;
    back_end.deployment("running", "2 of 3");
    let world = World::facing(&back_end).await;
    let running = world
        .hand_in(world.inbound("deployments", "alice", countersign::domain::Body::Text(DEPLOY.to_owned())))
        .await;
    world.rest(&running).await;
    let card = world.card(&running).await;
    world.hand_in(world.click("bob", &card, Action::Approve, None)).await;
    world.card_says(&running, "2 of 3").await;

    let scale = world.say("alice", "/scale order-service 2 production").await;
    assert_snapshot!(world.press("bob", &scale, Action::Approve).await, @"
    = approved
    [waiting] Agreed; it starts when what runs there now has ended
      /scale order-service 2 production
      Running now: /deploy order-service v2.4.1 production
      Agreed: bob
      Must start by: 12:05 UTC
      [Deny] [Take back my approval] [Withdraw]
    ");
    // Taken back, it waits for people again, and is not started when the turn comes.
    assert_snapshot!(world.press("bob", &scale, Action::Retract).await, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /scale order-service 2 production
      Change: order-service 3 → 2 replicas in production
      Rule: scale-down-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    [info] alice: bob took the approval back; one team-lead must agree.
    ");
    world.press("carol", &scale, Action::Approve).await;
    let denied = world.press_with("bob", &scale, Action::Deny, "not two things at once").await;
    assert_eq!(denied.state(), RequestState::Denied, "{denied}");

    back_end.deployment("succeeded", "3 of 3");
    assert_eq!(world.rest(&running).await.state(), RequestState::Done);
    assert_eq!(back_end.asked(BackEnd::SCALE), 0);
    world.finish().await;
}
