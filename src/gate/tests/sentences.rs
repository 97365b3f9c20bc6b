//! What people read.

use super::matrix::lock;
use super::*;

fn said(scene: &Scene, policy: &Policy) -> String {
    let verdict = scene.decide(policy);
    let lines = verdict.findings.iter();
    lines
        .map(|finding| format!("[{} {}] {}", finding.rule, finding.reason.as_str(), finding.sentence))
        .collect::<Vec<_>>()
        .join("\n")
}

fn refused(scene: &Scene, policy: &Policy, who: &str, choice: Choice, verify: Verify) -> String {
    scene.weigh(policy, who, choice, verify).unwrap_err().sentence
}

#[test]
fn verdicts_speak_plainly() {
    let policy = demo();
    let deploy = ask("alice", "deploy", Some("production"));
    insta::assert_snapshot!(said(&deploy, &policy), @"[deploy-production approval] `deploy` in production needs 1 of team-lead: bob or carol can agree");
    insta::assert_snapshot!(said(&deploy.clone().approved_by(&policy, "bob"), &policy), @"[deploy-production permitted] alice is an engineer, who may use `deploy` in production; bob agreed");
    insta::assert_snapshot!(said(&ask("dave", "deploy", Some("production")), &policy), @"
    [deploy-production role] dave is a viewer; `deploy` in production is for the role engineer
    [deploy-production approval] `deploy` in production needs 1 of team-lead: bob or carol can agree
    ");
    let migrate = ask("alice", "migrate", Some("production"));
    insta::assert_snapshot!(said(&migrate, &policy), @"[migrate-production approval] `migrate` in production needs 2 of dba or team-lead: bob or carol can agree, in the console");
    insta::assert_snapshot!(said(&migrate.approved_by(&policy, "bob"), &policy), @"[migrate-production approval] `migrate` in production needs 2 of dba or team-lead: bob agreed, carol can agree, in the console");
    insta::assert_snapshot!(said(&ask("bob", "migrate", Some("production")), &policy), @"[migrate-production approval] `migrate` in production needs 2 of dba or team-lead: only carol can still agree, which is not enough; let somebody else ask");
    insta::assert_snapshot!(said(&ask("alice", "rollback", Some("production")), &policy), @"[rollback confirm] `rollback` in production waits for alice to confirm it");
    let confirmed = ask("alice", "rollback", Some("production")).confirmed_by("alice");
    insta::assert_snapshot!(said(&confirmed, &policy), @"[rollback permitted] alice is an engineer, who may use `rollback` in production; alice confirmed");
    insta::assert_snapshot!(said(&ask("alice", "whoami", None), &policy), @"[about-yourself permitted] alice is an engineer, who may use `whoami`");
    insta::assert_snapshot!(said(&ask("mallory", "status", None), &policy), @"[people stranger] this account is linked to nobody in the policy; ask an administrator to add it, then ask again");
    let general = |scene: Scene| scene.with(|scene| scene.place = place("general"));
    insta::assert_snapshot!(said(&general(ask("bob", "deploy", Some("production"))), &policy), @"
    [deploy-production channel] `deploy` in production is not for this channel; ask in #deployments or #incidents
    [deploy-production approval] `deploy` in production needs 1 of team-lead: carol can agree
    ");
    let random = ask("bob", "status", None).with(|scene| scene.place = place("random"));
    insta::assert_snapshot!(said(&random, &policy), @"
    [channels unlisted-channel] this channel is not listed in the policy; go to #deployments, #general or #incidents
    [read permitted] bob is a team-lead, who may use `status`
    ");
    let denied = deploy.clone().vote(&policy, "bob", Choice::Deny, Verify::Chat);
    let denied = denied.with(|scene| scene.standing.votes[0].note = Some("not before the sale".to_owned()));
    insta::assert_snapshot!(said(&denied, &policy), @"
    [votes denied] bob said no: not before the sale
    [deploy-production approval] `deploy` in production needs 1 of team-lead: bob or carol can agree
    ");
    let expired = deploy.with(|scene| scene.standing.expires_at = Some(scene.now));
    insta::assert_snapshot!(said(&expired, &policy), @"
    [time expired] nobody decided in time; ask again if it is still wanted
    [deploy-production approval] `deploy` in production needs 1 of team-lead: bob or carol can agree
    ");
}

#[test]
fn what_stands_in_the_way_speaks_plainly() {
    let policy = demo_and(
        r#"
        [[freeze]]
        id = "year-end"
        env = ["production"]
        from = 2026-03-01T00:00:00Z
        to = 2026-03-06T08:00:00Z
        reason = "the books are being closed"
        "#,
    );
    let scale = ask("alice", "scale", Some("production"));
    insta::assert_snapshot!(said(&scale, &policy), @"
    [year-end freeze] production is frozen until 2026-03-06 08:00 UTC: the books are being closed; still allowed: lock, rollback and unlock
    [scale-up-production permitted] alice is an engineer, who may use `scale` up in production
    ");
    let policy = demo();
    insta::assert_snapshot!(said(&scale.with(|scene| scene.standing.locks.push(lock(None))), &policy), @"
    [locks lock] production is locked by bob until 18:00 UTC: audit
    [scale-up-production permitted] alice is an engineer, who may use `scale` up in production
    ");
    let service = ask("alice", "scale", Some("production"))
        .with(|scene| scene.standing.locks.push(Lock { until: None, ..lock(Some("order-service")) }));
    insta::assert_snapshot!(said(&service, &policy), @"
    [locks lock] order-service in production is locked by bob: audit
    [scale-up-production permitted] alice is an engineer, who may use `scale` up in production
    ");
    let missing = ask("alice", "deploy", Some("staging")).with(|scene| {
        scene.origin = Origin::Model { model: "m".to_owned(), prompt: policy.digest(), tainted: true };
        scene.grounding = Grounding::Missing(vec!["version".to_owned(), "environment".to_owned()]);
    });
    insta::assert_snapshot!(said(&missing, &policy), @"
    [language ungrounded] your words do not say version and environment; say it in full, or type the exact command
    [language tainted] this was read with text from outside in view; say it again in your own words, or type the exact command
    [language confirm] `deploy` in staging waits for alice to confirm it
    [deploy-elsewhere permitted] alice is an engineer, who may use `deploy` in staging
    ");
    let words = ask("alice", "deploy", Some("staging")).with(|scene| scene.origin = Origin::Offline);
    insta::assert_snapshot!(said(&words, &policy), @"
    [language confirm] `deploy` in staging waits for alice to confirm it
    [deploy-elsewhere permitted] alice is an engineer, who may use `deploy` in staging
    ");
    let policy = load(&DEMO_POLICY.replace(
        "id = \"scale-elsewhere\"\ntools = [\"scale\"]\nenv = [\"development\", \"staging\"]",
        "id = \"scale-elsewhere\"\ntools = [\"scale\"]\nenv = [\"development\"]",
    ));
    insta::assert_snapshot!(said(&ask("alice", "scale", Some("staging")), &policy), @"[default no-rule] no rule of the policy allows `scale` up in staging, so the answer is no");
}

#[test]
fn refused_votes_speak_plainly() {
    let policy = demo();
    let deploy = ask("bob", "deploy", Some("production"));
    insta::assert_snapshot!(refused(&deploy, &policy, "bob", Choice::Approve, Verify::Chat), @"you asked for this, so your own approval does not count");
    insta::assert_snapshot!(refused(&deploy, &policy, "bob", Choice::Deny, Verify::Chat), @"you asked for this; take it back instead of denying it");
    insta::assert_snapshot!(refused(&deploy, &policy, "dave", Choice::Approve, Verify::Chat), @"dave is a viewer; this needs 1 of team-lead");
    insta::assert_snapshot!(refused(&deploy, &policy, "mallory", Choice::Approve, Verify::Chat), @"this account is linked to nobody in the policy, so its vote does not count");
    let migrate = ask("alice", "migrate", Some("production"));
    insta::assert_snapshot!(refused(&migrate, &policy, "bob", Choice::Approve, Verify::Chat), @"for this a yes counts only from the console; log in there to agree");
    let caused = migrate.clone().with(|scene| scene.standing.cause.push(person("bob")));
    insta::assert_snapshot!(refused(&caused, &policy, "bob", Choice::Approve, Verify::Console), @"you had a hand in this, so your own approval does not count");
    let agreed = migrate.clone().approved_by(&policy, "bob");
    insta::assert_snapshot!(refused(&agreed, &policy, "bob", Choice::Approve, Verify::Console), @"you have agreed already; one person counts once");
    let denied = migrate.clone().vote(&policy, "carol", Choice::Deny, Verify::Chat);
    insta::assert_snapshot!(refused(&denied, &policy, "bob", Choice::Approve, Verify::Console), @"carol said no already, which ended it");
    let late = migrate.with(|scene| scene.standing.expires_at = Some(scene.now));
    insta::assert_snapshot!(refused(&late, &policy, "bob", Choice::Approve, Verify::Console), @"this has expired; it must be asked again");
    let complete = ask("alice", "deploy", Some("production")).approved_by(&policy, "carol");
    insta::assert_snapshot!(refused(&complete, &policy, "bob", Choice::Approve, Verify::Chat), @"enough people have agreed already");
    let free = ask("alice", "deploy", Some("staging"));
    insta::assert_snapshot!(refused(&free, &policy, "bob", Choice::Approve, Verify::Chat), @"this needs nobody's approval");
}
