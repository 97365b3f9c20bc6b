//! Roles that come from outside the file: they hold while they are known to, and not a moment longer.

use super::*;
use crate::domain::ChatUser;

/// The shipped policy, with people who have accounts elsewhere, a group and a team on call.
fn lent() -> Policy {
    demo_and(
        r#"
        [[person]]
        id = "erin"
        roles = ["engineer"]
        identities = ["slack:T01/U05", "console:erin"]
        [[person]]
        id = "frank"
        identities = ["slack:T01/U06"]
        [[group]]
        platform = "slack"
        workspace = "T01"
        id = "S01"
        roles = ["team-lead"]
        [[on_call]]
        team = "payments"
        roles = ["dba"]
        "#,
    )
}

fn account(workspace: &str, user: &str) -> ChatUser {
    ChatUser {
        platform: Platform::Slack,
        workspace: workspace.to_owned(),
        user: user.to_owned(),
        display: "erin".to_owned(),
    }
}

fn key(workspace: &str) -> GroupKey {
    GroupKey { platform: Platform::Slack, workspace: workspace.to_owned(), id: "S01".to_owned() }
}

fn roles(policy: &Policy, who: &str, membership: &Membership, now: &str) -> String {
    let roles = policy.roles_of(&person(who), membership, at(now));
    roles.into_iter().map(|role| role.0).collect::<Vec<_>>().join(" ")
}

const NOON: &str = "2026-03-04T12:00:00Z";
const LATER: &str = "2026-03-04T12:15:00Z";

#[test]
fn a_member_of_the_group_holds_its_roles_until_the_reading_is_stale() {
    let policy = lent();
    let mut membership = Membership::default();
    assert_eq!(roles(&policy, "erin", &membership, NOON), "engineer viewer", "nothing was read");
    membership.set_group(key("T01"), [&account("T01", "U05"), &account("T01", "U06")], at(LATER));
    assert_eq!(roles(&policy, "erin", &membership, NOON), "engineer team-lead viewer");
    assert_eq!(roles(&policy, "erin", &membership, "2026-03-04T12:14:59Z"), "engineer team-lead viewer");
    assert_eq!(roles(&policy, "erin", &membership, LATER), "engineer viewer", "stale");
    assert_eq!(roles(&policy, "frank", &membership, NOON), "engineer team-lead viewer", "none in the file");
    assert_eq!(roles(&policy, "nobody", &membership, NOON), "");
    // A fresh reading takes the place of the one before.
    membership.set_group(key("T01"), [&account("T01", "U06")], at("2026-03-04T13:00:00Z"));
    assert_eq!(roles(&policy, "erin", &membership, NOON), "engineer viewer");
    assert_eq!(
        policy.people_in(&crate::domain::RoleName("team-lead".into()), &membership, at(NOON)),
        [person("bob"), person("carol"), person("frank")]
    );
}

#[test]
fn a_group_is_one_of_its_workspace_and_of_linked_accounts() {
    let policy = lent();
    let mut membership = Membership::default();
    membership.set_group(key("T02"), [&account("T01", "U05")], at(LATER));
    membership.set_group(key("T01"), [&account("T02", "U05"), &account("T01", "U99")], at(LATER));
    assert_eq!(roles(&policy, "erin", &membership, NOON), "engineer viewer");
}

#[test]
fn whoever_is_on_call_holds_the_roles_for_their_shift() {
    let policy = lent();
    let mut membership = Membership::default();
    membership.set_on_call("orders", [(person("dave"), at(LATER))]);
    assert_eq!(roles(&policy, "dave", &membership, NOON), "viewer", "another team lends nothing");
    membership.set_on_call("payments", [(person("dave"), at(LATER)), (person("erin"), at(NOON))]);
    assert_eq!(roles(&policy, "dave", &membership, NOON), "dba engineer viewer");
    assert_eq!(roles(&policy, "dave", &membership, LATER), "viewer", "the shift is over");
    assert_eq!(roles(&policy, "erin", &membership, NOON), "engineer viewer", "it was over before");
}

/// The facts are kept, and the policy of the moment says what they give.
#[test]
fn another_policy_gives_other_roles_for_the_same_facts() {
    let mut membership = Membership::default();
    membership.set_on_call("payments", [(person("dave"), at(LATER))]);
    assert_eq!(roles(&lent(), "dave", &membership, NOON), "dba engineer viewer");
    assert_eq!(roles(&demo(), "dave", &membership, NOON), "viewer");
}

#[test]
fn lent_roles_ask_and_agree_and_are_looked_at_again() {
    let policy = lent();
    let mut membership = Membership::default();
    membership.set_on_call("payments", [(person("dave"), at(LATER))]);
    membership.set_group(key("T01"), [&account("T01", "U05")], at(LATER));
    let asked = ask("dave", "deploy", Some("production"));
    assert_eq!(asked.first_reason(&policy), "role");
    let asked = asked.with(|scene| scene.membership = membership.clone());
    assert_eq!(asked.first_reason(&policy), "approval");
    let may: Vec<_> = asked.decide(&policy).needs[0].may.iter().map(|person| person.0.clone()).collect();
    assert_eq!(may, ["bob", "carol", "erin"]);
    assert_eq!(asked.weigh(&policy, "erin", Choice::Approve, Verify::Chat), Ok(()));
    let agreed = asked.clone().approved_by(&policy, "erin");
    assert_eq!(agreed.decision(&policy), Decision::Allow);
    // By the time it starts the reading is stale: neither may dave ask nor does erin's yes count.
    let stale = agreed.with(|scene| scene.now = at(LATER));
    let verdict = stale.decide(&policy);
    assert_eq!(verdict.decision, Decision::Deny);
    assert_eq!(verdict.needs[0].missing, 1);
    let refusal =
        asked.with(|scene| scene.now = at(LATER)).weigh(&policy, "erin", Choice::Approve, Verify::Chat);
    assert_eq!(refusal.unwrap_err().sentence, "erin is an engineer; this needs 1 of team-lead");
}

/// Several accounts are one person: one vote, and no vote for what any of them asked.
#[test]
fn a_person_with_accounts_everywhere_counts_once() {
    let platforms = [
        ("console:alice", Platform::Console, "", "alice"),
        ("slack:T01/U01", Platform::Slack, "T01", "U01"),
        ("discord:G01/D01", Platform::Discord, "G01", "D01"),
        ("teams:X01/A01", Platform::Teams, "X01", "A01"),
        ("mattermost:m01", Platform::Mattermost, "", "m01"),
    ];
    let accounts = |name: &str| -> String {
        let named: Vec<_> = platforms
            .iter()
            .map(|(link, ..)| {
                format!("\"{}\"", link.replace("alice", name).replace("01", &format!("0{}", name.len())))
            })
            .collect();
        named.join(", ")
    };
    let text = DEMO_POLICY
        .replace("[\"console:bob\"]", &format!("[{}]", accounts("bob")))
        .replace("[\"console:carol\"]", &format!("[{}]", accounts("carol")));
    let policy = load(&text);
    let who = |name: &str| -> Vec<PersonId> {
        let each = platforms.iter().map(|(_, platform, workspace, user)| ChatUser {
            platform: *platform,
            workspace: workspace.replace("01", &format!("0{}", name.len())),
            user: user.replace("alice", name).replace("01", &format!("0{}", name.len())),
            display: "somebody else".to_owned(),
        });
        each.map(|account| policy.person_of(&account).unwrap().clone()).collect()
    };
    assert_eq!(who("bob"), vec![person("bob"); 5]);
    let migrate = ask("alice", "migrate", Some("production"));
    for first in who("bob") {
        for second in who("bob") {
            let once = migrate.clone().approved_by(&policy, &first.0);
            let refusal = once.weigh(&policy, &second.0, Choice::Approve, Verify::Console).unwrap_err();
            assert_eq!(refusal.reason, VoteReason::Repeated);
            let twice = once.approved_by(&policy, &second.0);
            assert_eq!(twice.decision(&policy), Decision::NeedApproval);
            assert_eq!(twice.decide(&policy).needs[0].missing, 1);
            // And whichever account asked, none of them agrees.
            let own = ask(&first.0, "deploy", Some("production"));
            let refusal = own.weigh(&policy, &second.0, Choice::Approve, Verify::Console).unwrap_err();
            assert_eq!(refusal.reason, VoteReason::Own);
            assert_eq!(own.approved_by(&policy, &second.0).decision(&policy), Decision::NeedApproval);
        }
        let both = migrate.clone().approved_by(&policy, &first.0).approved_by(&policy, "carol");
        assert_eq!(both.decision(&policy), Decision::Allow);
    }
}
