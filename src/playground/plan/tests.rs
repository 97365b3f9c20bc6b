use proptest::prelude::*;

use super::*;
use crate::playground::state::Target;

fn wanted(replicas: usize, slots: &[(&str, bool)]) -> Wanted {
    let slot = |(at, (version, failed)): (usize, &(&str, bool))| Slot {
        ordinal: at + 1,
        version: (*version).to_owned(),
        failed: *failed,
    };
    Wanted {
        target: Target { service: "order-service".to_owned(), environment: "production".to_owned() },
        version: "new".to_owned(),
        whole: false,
        earlier: vec!["old".to_owned()],
        replicas,
        generation: 2,
        slots: slots.iter().enumerate().map(slot).collect(),
    }
}

/// Carries out every step and notes the number of replicas after each.
fn carry_out(wanted: &mut Wanted) -> Vec<usize> {
    let mut counts = Vec::new();
    for _ in 0..200 {
        match next(wanted) {
            Step::Start => drop(wanted.add("new")),
            Step::Stop(slot) => wanted.slots.retain(|kept| *kept != slot),
            Step::Done => return counts,
        }
        counts.push(wanted.slots.len());
    }
    panic!("no end to it: {wanted:?}");
}

#[test]
fn a_new_replica_starts_before_an_old_one_stops() {
    let mut three = wanted(3, &[("old", false), ("old", false), ("old", false)]);
    assert_eq!(carry_out(&mut three), [4, 3, 4, 3, 4, 3]);
    assert_eq!(describe(&three), "3/3 replicas on new");
}

#[test]
fn after_a_failure_a_rollback_only_takes_the_failed_one_away() {
    let mut broken = wanted(3, &[("new", false), ("new", false), ("new", false), ("bad", true)]);
    assert_eq!(carry_out(&mut broken), [3]);
}

#[test]
fn a_service_scaled_to_nothing_needs_no_replica() {
    assert_eq!(carry_out(&mut wanted(0, &[])), [0; 0]);
}

proptest! {
    #[test]
    fn every_start_ends_with_the_wanted_replicas_and_never_passes_below(
        replicas in 0_usize..6,
        versions in proptest::collection::vec((prop_oneof![Just("old"), Just("older"), Just("new")], any::<bool>()), 0..9),
    ) {
        let mut wanted = wanted(replicas, &versions);
        let serving = wanted.slots.iter().filter(|slot| !slot.failed).count();
        let mut floor = wanted.slots.len();
        for count in carry_out(&mut wanted) {
            floor = floor.min(count);
        }
        prop_assert!(floor >= serving.min(replicas));
        prop_assert_eq!(wanted.slots.len(), replicas);
        prop_assert!(wanted.slots.iter().all(|slot| slot.version == "new"));
        let mut ordinals: Vec<usize> = wanted.slots.iter().map(|slot| slot.ordinal).collect();
        ordinals.dedup();
        prop_assert_eq!(ordinals.len(), replicas);
    }
}
