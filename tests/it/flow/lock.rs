use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

#[tokio::test]
async fn a_lock_stops_deployments_with_its_reason_until_it_is_taken_away() {
    let world = World::of(&["order-service"], &["production"]).await;
    let waiting = world.say("alice", "/deploy order-service v2.4.1 production").await;
    assert_snapshot!(world.say("alice", r#"/lock production --reason "audit" --until 18:00"#).await, @"
    = done
    [done] production is locked until 18:00 UTC: audit
      /lock production --reason audit --until 18:00
      Asked by: alice
      Took: SPAN
      To undo: /unlock production
    ");

    assert_snapshot!(world.say("bob", "/deploy order-service v2.4.1 production").await, @"
    = refused
    [refused] Production is locked by alice until 18:00 UTC: audit
      /deploy order-service v2.4.1 production
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.press("bob", &waiting, Action::Approve).await, @"
    = waiting
    [info] bob: production is locked by alice until 18:00 UTC: audit; agree again when that is over.
    ");
    // Rollback is exempt.
    let back = world.say("alice", "/rollback order-service production").await;
    let back = world.press("alice", &back, Action::Confirm).await;
    assert_eq!(back.state(), RequestState::Done, "{back}");

    assert_snapshot!(world.say("bob", "/unlock production").await, @"
    = done
    [done] production is open again. It was locked by alice: audit
      /unlock production
      Asked by: bob
      Took: SPAN
    ");
    let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
    assert_eq!(asked.state(), RequestState::Waiting, "{asked}");
    assert_snapshot!(world.say("bob", "/unlock production").await, @"
    = done
    [done] production is not locked.
      /unlock production
      Asked by: bob
      Took: SPAN
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_lock_ends_by_itself() {
    let world = World::of(&["order-service"], &["staging"]).await;
    // Phones type curly quotes.
    let lock = world.say("alice", "/lock staging --reason “load test” --until 12:30").await;
    assert_eq!(lock.state(), RequestState::Done, "{lock}");
    world.tick(29).await;
    let early = world.say("alice", "/deploy order-service v2.4.1 staging").await;
    assert_eq!(early.state(), RequestState::Refused, "{early}");
    world.tick(1).await;
    let late = world.say("alice", "/deploy order-service v2.4.1 staging").await;
    assert_eq!(late.state(), RequestState::Done, "{late}");
    world.finish().await;
}

#[tokio::test]
async fn a_lock_needs_a_reason_and_a_time_that_is_one() {
    let world = World::of(&["order-service"], &["staging"]).await;
    assert_snapshot!(world.say("alice", "/lock staging").await, @r#"
    = answered
    [info] `/lock` also needs `reason`
      | /lock <environment> --reason <reason> [--service <service>] [--until <until>]
      | Example: /lock production --reason "warehouse migration" --until 18:00
    "#);
    assert_snapshot!(world.say("alice", "/lock staging --reason audit --until teatime").await, @"
    = failed
    [failed] It did not work: `teatime` is no time; write 18:00, 2h, or TIME
      /lock staging --reason audit --until teatime
      Asked by: alice
      Took: SPAN
    ");
    assert_snapshot!(world.say("dave", "/lock staging --reason audit").await, @"
    = refused
    [refused] dave is a viewer; `lock` in staging is for the role engineer
      /lock staging --reason audit
      Nothing was done. /help shows what you may do here.
    ");
    let open = world.say("alice", "/deploy order-service v2.4.1 staging").await;
    assert_eq!(open.state(), RequestState::Done, "{open}");
    world.finish().await;
}
