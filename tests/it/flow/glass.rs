//! Emergencies: without the approvals of others, loudly, and looked at by somebody else afterwards.

use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{BackEnd, World, policy_and, tidy};

const GLASS: &str = "[break_glass]\nroles = [\"team-lead\"]\nbypass = [\"approvals\", \"freezes\"]\nexpires_minutes = 15\n\
                     env = [\"production\"]\ntell = [\"team-lead\", \"#incidents\"]\n\n\
                     [[rule]]\nid = \"review\"\ntools = [\"review\"]\nask = \"engineer\"\n";
const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn an_emergency_runs_on_one_word_is_told_to_everybody_and_reviewed_by_somebody_else() {
    let back_end = BackEnd::well().await;
    let world = World::under(policy_and(GLASS), &back_end).await;
    let broken = format!("/break-glass {DEPLOY} --reason \"checkout is down\" --incident INC-42");
    let asked = world.say("bob", &broken).await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] bob, is this what you want?
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Reason: checkout is down
      Emergency: INC-42, as bob says; without approvals (deploy-production); it will be told to everybody, and somebody else must review it
      Rule: emergency
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Confirm] [Withdraw]
    ");
    let done = world.press("bob", &asked, Action::Confirm).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    assert_snapshot!(world.told("incidents").await.join("\n"), @r#"
    bob, carol: EMERGENCY: bob broke the glass
      /deploy order-service v2.4.1 production
      Reason: checkout is down
      Incident: INC-42, as bob says
      Done without: approvals (deploy-production)
      Somebody other than bob must look at it and say so: /review req_ID "what you found"
    "#);
    let here = world.told("deployments").await;
    assert!(here.iter().any(|text| text.contains("EMERGENCY: bob broke the glass")), "{here:#?}");
    let entries = world.rooms().ledger.entries_of(asked.id()).await.unwrap();
    let started = entries.iter().find(|entry| entry.kind.as_str() == "started").unwrap();
    assert_snapshot!(started.body["emergency"], @r#"{"by":"bob","incident":"INC-42","reason":"checkout is down","without":[{"rule":"deploy-production","what":"approvals"}]}"#);

    // It stays open: it is listed for others, brought up again each day, and not closed by whoever broke the glass.
    assert_snapshot!(world.say("carol", "/pending").await, @r#"
    = done
    [info] Nothing waits for you.
      /pending
      | Emergencies that nobody has reviewed:
      | /review req_ID "what you found"  /deploy order-service v2.4.1 production  by bob in #deployments, until 12:30 UTC
    "#);
    assert_snapshot!(world.say("bob", "/pending").await, @"
    = done
    [info] Nothing waits for you.
      /pending
    ");
    world.tick(24 * 60).await;
    assert_snapshot!(world.told("incidents").await.last().unwrap(), @r#"
    Nobody has looked at the emergency of bob for 1 d
      /deploy order-service v2.4.1 production
      Somebody other than bob must look at it and say so: /review req_ID "what you found"
    "#);
    let review = format!("/review {} it had to be, and it worked", asked.id());
    assert_snapshot!(tidy(&world.say("bob", &review).await.to_string()), @r#"
    = failed
    [failed] It did not work: bob had a hand in req_ID and cannot review it; somebody else must
      /review req_ID "it had to be, and it worked"
      Asked by: bob
      Took: SPAN
    "#);
    assert_snapshot!(tidy(&world.say("carol", &review).await.to_string()), @r#"
    = done
    [done] carol has reviewed the emergency of bob: /deploy order-service v2.4.1 production
      /review req_ID "it had to be, and it worked"
      Asked by: carol
      Took: SPAN
    "#);
    assert_snapshot!(tidy(&world.say("alice", &review).await.to_string()), @r#"
    = done
    [done] carol has reviewed it already.
      /review req_ID "it had to be, and it worked"
      Asked by: alice
      Took: SPAN
    "#);
    assert_eq!(world.rooms().store.open_reviews().await.unwrap(), []);
    let before = world.told("incidents").await.len();
    world.tick(24 * 60).await;
    assert_eq!(world.told("incidents").await.len(), before, "once closed it is not brought up again");
    world.finish().await;
}

#[tokio::test]
async fn it_is_no_emergency_without_a_reason_an_incident_the_role_or_in_time() {
    let back_end = BackEnd::well().await;
    let world = World::under(policy_and(GLASS), &back_end).await;
    let mut told = Vec::new();
    for (who, text) in [
        ("bob", format!("/break-glass {DEPLOY} --incident INC-42")),
        ("bob", format!("/break-glass {DEPLOY} --reason \"checkout is down\"")),
        ("alice", format!("/break-glass {DEPLOY} --reason \"checkout is down\" --incident INC-42")),
        ("bob", "/break-glass".to_owned()),
        ("bob", "/break-glass deploi order-service".to_owned()),
    ] {
        told.push(world.say(who, &text).await.replies[0].title.clone());
    }
    assert_snapshot!(told.join("\n"), @"
    This does not count as an emergency: it needs a reason
    This does not count as an emergency: no incident is open; open one first
    This does not count as an emergency: alice is an engineer; it takes team-lead
    `/break-glass` stands before the command that is an emergency
    There is no command `/deploi`; did you mean `/deploy`?
    ");
    let late = world
        .say("bob", &format!("/break-glass {DEPLOY} reason \"checkout is down\" --incident INC-42"))
        .await;
    assert_eq!(late.state(), RequestState::Waiting, "{late}");
    world.clock.advance(std::time::Duration::from_secs(15 * 60));
    assert_snapshot!(world.press("bob", &late, Action::Confirm).await, @"
    = refused
    [refused] Refused: this does not count as an emergency: the time for it is over; say it again if it still is one
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] bob: this was not done; this does not count as an emergency: the time for it is over; say it again if it still is one.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    world.finish().await;
}

#[tokio::test]
async fn where_the_policy_has_no_glass_nobody_breaks_it() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let broken = format!("/break-glass {DEPLOY} --reason \"checkout is down\" --incident INC-42");
    assert_snapshot!(world.say("bob", &broken).await, @"
    = refused
    [refused] This does not count as an emergency: the policy has no [break_glass]
      /deploy order-service v2.4.1 production
      Nothing was done. /help shows what you may do here.
    ");
    world.finish().await;
}
