use super::*;

fn reason(refused: Result<(), VoteRefusal>) -> &'static str {
    refused.map_or_else(|refusal| refusal.reason.as_str(), |()| "counts")
}

#[test]
fn who_may_vote() {
    let policy = demo();
    let deploy = ask("bob", "deploy", Some("production"));
    let yes = |scene: &Scene, who| reason(scene.weigh(&policy, who, Choice::Approve, Verify::Chat));
    let no = |scene: &Scene, who| reason(scene.weigh(&policy, who, Choice::Deny, Verify::Chat));
    assert_eq!(yes(&deploy, "bob"), "own");
    assert_eq!(no(&deploy, "bob"), "own");
    assert_eq!(yes(&deploy, "alice"), "role");
    assert_eq!(no(&deploy, "dave"), "role");
    assert_eq!(yes(&deploy, "mallory"), "stranger");
    assert_eq!(reason(weigh(&policy, &deploy.case(), None, Choice::Approve, Verify::Console)), "stranger");
    assert_eq!(yes(&deploy, "carol"), "counts");
    assert_eq!(no(&deploy, "carol"), "counts");
    assert_eq!(yes(&ask("bob", "deploy", Some("staging")), "carol"), "not-asked");

    let agreed = deploy.clone().approved_by(&policy, "carol");
    assert_eq!(yes(&agreed, "carol"), "repeated");
    assert_eq!(no(&agreed, "carol"), "counts");
    let denied = deploy.vote(&policy, "carol", Choice::Deny, Verify::Chat);
    assert_eq!(yes(&denied, "carol"), "ended");
    let done = ask("alice", "deploy", Some("production")).approved_by(&policy, "carol");
    assert_eq!(yes(&done, "bob"), "complete");
    let outdated = agreed.with(|scene| drop(scene.held.insert("service.version".to_owned(), json!("v9"))));
    assert_eq!(yes(&outdated, "carol"), "counts");
    let late =
        ask("alice", "deploy", Some("production")).with(|scene| scene.standing.expires_at = Some(scene.now));
    assert_eq!(yes(&late, "bob"), "expired");
}

#[test]
fn whoever_had_a_hand_in_it_does_not_approve_it() {
    let policy = demo();
    let caused =
        ask("alice", "deploy", Some("production")).with(|scene| scene.standing.cause.push(person("bob")));
    assert_eq!(reason(caused.weigh(&policy, "bob", Choice::Approve, Verify::Console)), "own");
    assert_eq!(caused.clone().approved_by(&policy, "bob").decision(&policy), Decision::NeedApproval);
    let confirmed = ask("alice", "deploy", Some("production")).confirmed_by("bob");
    assert_eq!(confirmed.approved_by(&policy, "bob").decision(&policy), Decision::NeedApproval);
}

#[test]
fn a_step_up_vote_counts_only_from_the_console() {
    let policy = demo();
    let migrate = ask("alice", "migrate", Some("production"));
    assert_eq!(reason(migrate.weigh(&policy, "bob", Choice::Approve, Verify::Chat)), "step-up");
    assert_eq!(reason(migrate.weigh(&policy, "bob", Choice::Deny, Verify::Chat)), "counts");
    assert_eq!(reason(migrate.weigh(&policy, "bob", Choice::Approve, Verify::Console)), "counts");
    let chat = migrate.vote(&policy, "bob", Choice::Approve, Verify::Chat).vote(
        &policy,
        "carol",
        Choice::Approve,
        Verify::Console,
    );
    assert_eq!(chat.decide(&policy).needs[0].missing, 1);
    // A vote that did not count is no reason to refuse the one that does.
    assert_eq!(reason(chat.weigh(&policy, "bob", Choice::Approve, Verify::Console)), "counts");
}

#[test]
fn a_no_of_an_approver_ends_it_and_of_nobody_else() {
    let policy = demo();
    let agreed = ask("alice", "deploy", Some("production")).approved_by(&policy, "bob");
    let denied = agreed.clone().vote(&policy, "carol", Choice::Deny, Verify::Chat);
    assert_eq!(denied.first_reason(&policy), "denied");
    let heckled = agreed.vote(&policy, "dave", Choice::Deny, Verify::Console);
    assert_eq!(heckled.decision(&policy), Decision::Allow);
}

#[test]
fn any_change_voids_the_votes() {
    let policy = demo();
    let agreed = ask("alice", "deploy", Some("production")).approved_by(&policy, "bob");
    assert_eq!(agreed.decision(&policy), Decision::Allow);
    let changes: [fn(&mut Scene); 7] = [
        |scene| scene.request = RequestId::mint(scene.now, [8; 10]),
        |scene| {
            let args = [("version".to_owned(), json!("v2"))].into_iter().collect();
            let target = "production/order-service";
            scene.call = Call::for_tests("deploy", args, EffectClass::Write, Some("production"), target);
        },
        |scene| drop(scene.held.insert("service.version".to_owned(), json!("v1"))),
        |scene| scene.asker = Some(person("carol")),
        |scene| scene.place.channel = "incidents".to_owned(),
        |scene| scene.place.workspace = "T1".to_owned(),
        |scene| scene.origin = Origin::Offline,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let before = binding(&policy, &agreed.case());
        let changed = agreed.clone().with(change);
        assert_ne!(binding(&policy, &changed.case()), before, "{index}");
        assert_ne!(changed.decision(&policy), Decision::Allow, "{index}");
    }
    let newer = demo_and("# a remark makes another file\n");
    assert_eq!(agreed.decision(&newer), Decision::NeedApproval);
    let mut thread = agreed.clone();
    thread.place.thread = crate::domain::MessageId::parse(&format!("msg_{}", "0".repeat(26)));
    assert!(thread.place.thread.is_some());
    assert_eq!(thread.decision(&policy), Decision::Allow);
}

#[test]
fn the_binding_tells_facts_apart_that_look_alike() {
    let policy = demo();
    let facts = [
        json!({ "a": 1 }),
        json!({ "a": "1" }),
        json!({ "a": 1.0 }),
        json!({ "a": { "text": "1" } }),
        json!({ "a": [1] }),
        json!({ "a": null }),
        json!({ "ä": 9_007_199_254_740_993_u64 }),
        json!({ "ä": 9_007_199_254_740_992_u64 }),
    ];
    let digests: std::collections::BTreeSet<_> = facts
        .iter()
        .map(|facts| {
            let held = facts.as_object().cloned().unwrap();
            binding(
                &policy,
                &ask("alice", "deploy", Some("production")).with(|scene| scene.held = held).case(),
            )
        })
        .collect();
    assert_eq!(digests.len(), facts.len());
}

#[test]
fn roles_are_those_of_today() {
    let policy = demo();
    let agreed = ask("alice", "deploy", Some("production")).approved_by(&policy, "bob");
    let text = DEMO_POLICY.replacen("roles = [\"team-lead\"]", "roles = [\"engineer\"]", 1);
    let demoted = load(&text.replace("2 of dba or team-lead", "1 of dba or team-lead"));
    let again = agreed.with(|scene| scene.standing.votes.clear()).approved_by(&demoted, "bob");
    assert_eq!(again.decision(&demoted), Decision::NeedApproval);
}

#[test]
fn waiting_ends_and_so_does_readiness() {
    let policy = demo();
    let fresh = ask("alice", "deploy", Some("production"))
        .with(|scene| scene.standing.expires_at = Some(at("2026-03-04T12:30:00Z")));
    let agreed = fresh.clone().approved_by(&policy, "bob");
    let later = |scene: &Scene, now| scene.clone().with(|scene| scene.now = at(now));
    assert_eq!(later(&fresh, "2026-03-04T12:29:59Z").first_reason(&policy), "approval");
    assert_eq!(later(&fresh, "2026-03-04T12:30:00Z").first_reason(&policy), "expired");
    assert_eq!(later(&agreed, "2026-03-04T12:30:00Z").first_reason(&policy), "expired");
    let ready = agreed.with(|scene| scene.standing.start_by = Some(at("2026-03-04T12:34:00Z")));
    assert_eq!(later(&ready, "2026-03-04T12:33:59Z").decision(&policy), Decision::Allow);
    assert_eq!(later(&ready, "2026-03-04T12:34:00Z").first_reason(&policy), "expired");
    // A vote of after the end does not count, whenever it is looked at.
    let late = later(&fresh, "2026-03-04T12:31:00Z").approved_by(&policy, "bob");
    assert_eq!(later(&late, "2026-03-04T12:10:00Z").decision(&policy), Decision::NeedApproval);
    // What asks nobody does not wait, and so does not expire.
    let free =
        ask("alice", "deploy", Some("staging")).with(|scene| scene.standing.expires_at = Some(scene.now));
    assert_eq!(free.decision(&policy), Decision::Allow);
    let rollback =
        ask("alice", "rollback", Some("staging")).with(|scene| scene.standing.expires_at = Some(scene.now));
    assert_eq!(rollback.clone().confirmed_by("alice").first_reason(&policy), "expired");
    // What is confirmed has until it must start; what is not has until it expires, whatever else is written beside it.
    let soon = rollback.with(|scene| scene.standing.start_by = Some(at("2026-03-04T23:00:00Z")));
    assert_eq!(soon.clone().confirmed_by("alice").decision(&policy), Decision::Allow);
    assert_eq!(soon.first_reason(&policy), "expired");
}

#[test]
fn only_the_asker_confirms() {
    let policy = demo();
    let rollback = ask("alice", "rollback", Some("production"));
    assert_eq!(rollback.clone().confirmed_by("bob").decision(&policy), Decision::Confirm);
    let cleared = clear(&policy, &rollback.confirmed_by("alice").case()).unwrap();
    assert_eq!(cleared.confirmed_by(), Some(&person("alice")));
    assert_eq!(cleared.approved_by(), []);
    let meddled = ask("alice", "deploy", Some("staging")).confirmed_by("bob");
    assert_eq!(clear(&policy, &meddled.case()).unwrap().confirmed_by(), None);
}

#[test]
fn the_proof_carries_what_was_decided() {
    let policy = demo();
    let scene = ask("alice", "migrate", Some("production"))
        .with(|scene| drop(scene.held.insert("plan".to_owned(), json!("abc"))))
        .approved_by(&policy, "carol")
        .approved_by(&policy, "bob");
    let cleared = clear(&policy, &scene.case()).unwrap();
    assert_eq!(cleared.approved_by(), [person("bob"), person("carol")]);
    assert_eq!(cleared.binding(), binding(&policy, &scene.case()));
    assert_eq!(
        (
            cleared.request(),
            cleared.call(),
            cleared.assessment(),
            cleared.held(),
            cleared.asker(),
            cleared.place()
        ),
        (&scene.request, &scene.call, &scene.assessment, &scene.held, &person("alice"), &scene.place)
    );
    assert_eq!((cleared.policy(), cleared.confirmed_by()), (policy.digest(), None));
}

#[test]
fn typing_the_name_is_between_a_click_and_the_console() {
    let policy = load(
        &DEMO_POLICY
            .replace("verify = \"console\"", "verify = \"type\"")
            .replace("verify console", "verify type"),
    );
    let migrate = ask("alice", "migrate", Some("production"));
    let weighed = |verify| reason(migrate.weigh(&policy, "bob", Choice::Approve, verify));
    assert_eq!([Verify::Chat, Verify::Type, Verify::Console].map(weighed), ["step-up", "counts", "counts"]);
    let refusal = migrate.weigh(&policy, "bob", Choice::Approve, Verify::Chat).unwrap_err();
    insta::assert_snapshot!(refusal.sentence, @"for this a yes counts only with the target's name typed beside it");
    let sentence = migrate.decide(&policy).sentence().to_owned();
    insta::assert_snapshot!(sentence, @"`migrate` in production needs 2 of dba or team-lead: bob or carol can agree, by typing the target's name");
    let one = migrate.vote(&policy, "bob", Choice::Approve, Verify::Type);
    let two = one.vote(&policy, "carol", Choice::Approve, Verify::Console);
    assert_eq!(two.decision(&policy), Decision::Allow);
    let console = demo();
    let typed =
        ask("alice", "migrate", Some("production")).vote(&console, "bob", Choice::Approve, Verify::Type);
    assert_eq!(typed.decide(&console).needs[0].missing, 2, "typing is not the console");
    for verify in Verify::ALL {
        assert_eq!(Verify::parse(verify.as_str()), Some(verify));
    }
    assert_eq!(Verify::parse("phone"), None);
}

#[test]
fn others_can_be_named_whose_no_ends_it() {
    let text = DEMO_POLICY.replace(
        "need = [\"1 of team-lead\"]",
        "need = [\"1 of team-lead\"]\ndenied_by = [\"dba\", \"viewer\"]",
    );
    let policy = load(&text);
    let deploy = ask("alice", "deploy", Some("production"));
    assert_eq!(reason(deploy.weigh(&policy, "dave", Choice::Deny, Verify::Chat)), "counts");
    assert_eq!(reason(deploy.weigh(&policy, "dave", Choice::Approve, Verify::Console)), "role");
    assert_eq!(reason(deploy.weigh(&policy, "alice", Choice::Deny, Verify::Chat)), "own");
    let agreed = deploy.approved_by(&policy, "bob");
    assert_eq!(agreed.decision(&policy), Decision::Allow);
    let denied = agreed.clone().vote(&policy, "dave", Choice::Deny, Verify::Chat);
    assert_eq!(denied.first_reason(&policy), "denied");
    assert_eq!(reason(denied.weigh(&policy, "bob", Choice::Approve, Verify::Chat)), "ended");
    // Their yes fills no place.
    let yes = agreed.with(|scene| scene.standing.votes.clear()).approved_by(&policy, "dave");
    assert_eq!(yes.decision(&policy), Decision::NeedApproval);
    // A yes beside it does not count as a no.
    let both =
        ask("alice", "deploy", Some("production")).approved_by(&policy, "bob").approved_by(&policy, "dave");
    assert_eq!(both.decision(&policy), Decision::Allow);
}

#[test]
fn nobody_agrees_to_more_in_an_hour_than_they_can_look_at() {
    let policy = load(&DEMO_POLICY.replace("[defaults]", "[defaults]\napprovals_per_hour = 3"));
    let given = |count| {
        ask("alice", "deploy", Some("production"))
            .with(|scene| scene.standing.approvals.extend([(person("bob"), count)]))
    };
    assert_eq!(reason(given(2).weigh(&policy, "bob", Choice::Approve, Verify::Chat)), "counts");
    let refusal = given(3).weigh(&policy, "bob", Choice::Approve, Verify::Chat).unwrap_err();
    assert_eq!(refusal.reason.as_str(), "too-many");
    insta::assert_snapshot!(refusal.sentence, @"you have approved 3 requests within the hour, which is as many as one person may; let somebody else look at this one");
    assert_eq!(reason(given(3).weigh(&policy, "bob", Choice::Deny, Verify::Chat)), "counts");
    assert_eq!(reason(given(3).weigh(&policy, "carol", Choice::Approve, Verify::Chat)), "counts");
    assert_eq!(reason(given(900).weigh(&demo(), "bob", Choice::Approve, Verify::Chat)), "counts");
}
