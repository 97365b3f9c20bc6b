use super::*;

fn frozen(policy: &Policy, now: &str) -> bool {
    let scene = ask("alice", "deploy", Some("production")).with(|scene| scene.now = at(now));
    scene.decide(policy).findings.iter().any(|finding| finding.reason == ReasonCode::Freeze)
}

fn freeze(window: &str) -> Policy {
    demo_and(&format!("[[freeze]]\nid = \"f\"\nenv = [\"production\"]\nreason = \"r\"\n{window}\n"))
}

/// The first moment is in, the last is out, on the clocks of the zone, whatever they do that night.
#[test]
fn windows_have_exact_borders() {
    let vienna = "tz = \"Europe/Vienna\"";
    let cases = [
        // (window, in, in, out, out)
        (
            "from = 2026-12-24T18:00:00+01:00\nto = 2026-12-27T08:00:00+01:00".to_owned(),
            ["2026-12-24T17:00:00Z", "2026-12-27T06:59:59Z"],
            ["2026-12-24T16:59:59Z", "2026-12-27T07:00:00Z"],
        ),
        (
            format!("from = \"2026-07-01T00:00\"\nto = \"2026-07-02T00:00\"\n{vienna}"),
            ["2026-06-30T22:00:00Z", "2026-07-01T21:59:59Z"],
            ["2026-06-30T21:59:59Z", "2026-07-01T22:00:00Z"],
        ),
        (
            format!("days = [\"fri\"]\nfrom = \"16:00\"\nto = \"18:00\"\n{vienna}"),
            ["2026-03-06T15:00:00Z", "2026-03-06T16:59:59Z"],
            ["2026-03-06T14:59:59Z", "2026-03-06T17:00:00Z"],
        ),
        // Past midnight: Friday evening to Saturday morning, and not Thursday to Friday.
        (
            format!("days = [\"fri\"]\nfrom = \"22:00\"\nto = \"06:00\"\n{vienna}"),
            ["2026-03-06T21:00:00Z", "2026-03-07T04:59:59Z"],
            ["2026-03-06T04:00:00Z", "2026-03-07T05:00:00Z"],
        ),
        // The Sunday on which clocks go forward has 23 hours.
        (
            format!("days = [\"sun\"]\nfrom = \"00:00\"\nto = \"00:00\"\n{vienna}"),
            ["2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"],
            ["2026-03-28T22:59:59Z", "2026-03-29T22:00:00Z"],
        ),
        // The Sunday on which they go back has 25.
        (
            format!("days = [\"sun\"]\nfrom = \"00:00\"\nto = \"00:00\"\n{vienna}"),
            ["2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"],
            ["2026-10-24T21:59:59Z", "2026-10-25T23:00:00Z"],
        ),
        // No clock shows 02:30 that night; the first time after it is 03:00.
        (
            format!("days = [\"sun\"]\nfrom = \"02:30\"\nto = \"04:00\"\n{vienna}"),
            ["2026-03-29T01:00:00Z", "2026-03-29T01:59:59Z"],
            ["2026-03-29T00:59:59Z", "2026-03-29T02:00:00Z"],
        ),
        // The clocks show 02:15 twice that night, and it is frozen both times; 02:45 is not, in between.
        (
            format!("days = [\"sun\"]\nfrom = \"02:00\"\nto = \"02:30\"\n{vienna}"),
            ["2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z"],
            ["2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z"],
        ),
    ];
    for (window, inside, outside) in cases {
        let policy = freeze(&window);
        for now in inside {
            assert!(frozen(&policy, now), "{window} {now}");
        }
        for now in outside {
            assert!(!frozen(&policy, now), "{window} {now}");
        }
    }
}

#[test]
fn a_freeze_stops_changes_where_it_is_and_spares_the_exempt() {
    let always = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nfrom = \"00:00\"\nto = \"00:00\"";
    let reasons = |policy: &Policy, tool, environment| {
        let verdict = ask("alice", tool, Some(environment)).decide(policy);
        verdict.findings.iter().any(|finding| finding.reason == ReasonCode::Freeze)
    };
    let policy = freeze(always);
    assert!(reasons(&policy, "deploy", "production"));
    assert!(!reasons(&policy, "deploy", "staging"));
    assert!(!reasons(&policy, "rollback", "production"));
    assert!(!reasons(&policy, "status", "production"));
    let own = freeze(&format!("{always}\nexempt = [\"scale\"]"));
    assert!(reasons(&own, "rollback", "production"));
    assert!(!reasons(&own, "scale", "production"));
    // It is looked at again when everything else is done.
    let agreed = ask("alice", "deploy", Some("production")).approved_by(&policy, "bob");
    assert_eq!(agreed.decision(&policy), Decision::Deny);
}
