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

/// What the clocks of a zone show, minute by minute over the nights on which they are turned, against a freeze that is
/// read by an oracle which only looks at the clock.
#[test]
fn every_minute_of_a_turning_night_is_as_the_clock_shows() {
    use jiff::civil::{Time, Weekday};
    let nights = [
        ("Europe/Vienna", "2026-03-28T18:00:00Z", Weekday::Sunday),
        ("Europe/Vienna", "2026-10-24T18:00:00Z", Weekday::Sunday),
        ("America/New_York", "2026-03-08T01:00:00Z", Weekday::Sunday),
        ("America/New_York", "2026-11-01T00:00:00Z", Weekday::Sunday),
        // Half an hour, and at another time of the night.
        ("Australia/Lord_Howe", "2026-04-04T08:00:00Z", Weekday::Sunday),
        ("Australia/Lord_Howe", "2026-10-03T09:00:00Z", Weekday::Sunday),
        // A whole day that never was.
        ("Pacific/Apia", "2011-12-29T20:00:00Z", Weekday::Friday),
    ];
    let windows =
        [("00:00", "00:00"), ("01:30", "02:15"), ("02:00", "03:00"), ("22:30", "02:30"), ("02:10", "02:20")];
    for (zone, from, day) in nights {
        let tz = jiff::tz::TimeZone::get(zone).unwrap();
        let name = super::super::freeze::day_name(day);
        for (start, end) in windows {
            let policy =
                freeze(&format!("days = [\"{name}\"]\nfrom = \"{start}\"\nto = \"{end}\"\ntz = \"{zone}\""));
            let (start, end): (Time, Time) = (start.parse().unwrap(), end.parse().unwrap());
            for minute in (0..24 * 60).step_by(5) {
                let now = at(from).checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
                let shown = tz.to_datetime(now);
                let (today, time) = (shown.date().weekday(), shown.time());
                let expected = if end > start {
                    today == day && start <= time && time < end
                } else {
                    (today == day && start <= time) || (today == day.next() && time < end)
                };
                assert_eq!(frozen(&policy, &now.to_string()), expected, "{zone} {start} {end} {now}");
            }
        }
    }
}

mod anywhere {
    use jiff::civil::Weekday;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::super::super::freeze::{Window, day_name};
    use super::super::*;

    const DAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    fn zones() -> Vec<String> {
        jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .filter(|name| TimeZone::get(name).is_ok())
            .collect()
    }

    proptest! {
        #![proptest_config(cases(1_000))]

        /// In every zone there is, at any moment in thirty years: frozen is what the clock on the wall says, a freeze
        /// that is on tells an end that is later, and just before that end it is still on.
        #[test]
        fn a_freeze_goes_by_the_clock_on_the_wall(
            zone in select(zones()),
            days in subsequence(DAYS.to_vec(), 1..=7),
            from in 0..1_440_i32,
            to in 0..1_440_i32,
            second in 1_262_304_000_i64..2_208_988_800,
        ) {
            let clock = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let names: Vec<_> = days.iter().map(|day| day_name(*day)).collect();
            let policy = super::freeze(&format!(
                "days = {names:?}\nfrom = \"{}\"\nto = \"{}\"\ntz = \"{zone}\"", clock(from), clock(to),
            ));
            let Window::Weekly { .. } = policy.freezes[0].window else { panic!("{:?}", policy.freezes) };
            let now = Timestamp::from_second(second).unwrap();
            let shown = TimeZone::get(&zone).unwrap().to_datetime(now);
            let minutes = i32::from(shown.hour()) * 60 + i32::from(shown.minute());
            let (today, yesterday) = (shown.date().weekday(), shown.date().weekday().previous());
            let expected = if to > from {
                days.contains(&today) && from <= minutes && minutes < to
            } else {
                (days.contains(&today) && from <= minutes) || (days.contains(&yesterday) && minutes < to)
            };
            let end = policy.freezes[0].window.end(now);
            prop_assert_eq!(end.is_some(), expected);
            if let Some(end) = end {
                prop_assert!(now < end);
                let almost = end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap();
                prop_assert!(policy.freezes[0].window.end(almost).is_some());
            }
        }

        /// A freeze from one moment to another is on between them and at no other time.
        #[test]
        fn a_freeze_of_two_moments_has_their_borders(
            zone in select(zones()),
            start in 1_262_304_000_i64..2_208_988_800,
            long in 7_200..10_000_000_i64,
        ) {
            let tz = TimeZone::get(&zone).unwrap();
            let local = |second: i64| tz.to_datetime(Timestamp::from_second(second).unwrap());
            let (from, to) = (local(start), local(start + long));
            let policy = super::freeze(&format!("from = \"{from}\"\nto = \"{to}\"\ntz = \"{zone}\""));
            let window = &policy.freezes[0].window;
            let on = |second: i64| window.end(Timestamp::from_second(second).unwrap()).is_some();
            prop_assert!(on(start) && on(start + long - 1));
            // A time that the clocks show twice is read so that the freeze is longer: by an hour or less.
            prop_assert!(!on(start - 3 * 3_600) && !on(start + long + 3 * 3_600));
            let fixed = super::freeze(&format!(
                "from = \"{}\"\nto = \"{}\"",
                Timestamp::from_second(start).unwrap(),
                Timestamp::from_second(start + long).unwrap(),
            ));
            let on = |second: i64| fixed.freezes[0].window.end(Timestamp::from_second(second).unwrap()).is_some();
            prop_assert!(!on(start - 1) && on(start) && on(start + long - 1) && !on(start + long));
        }
    }
}
