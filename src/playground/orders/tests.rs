use super::*;
use crate::playground::PlaygroundConfig;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn state() -> State {
    let mut state = State::default();
    state.settle(&PlaygroundConfig::demo("program".into(), "dir".into(), "token".to_owned().into()));
    state
}

fn order(key: Option<&str>, generation: Option<u64>) -> Order {
    let target = Target { service: "order-service".to_owned(), environment: "production".to_owned() };
    Order { target, generation, key: key.map(str::to_owned) }
}

fn wanted(state: &State) -> &Wanted {
    state.wanted(&order(None, None).target).unwrap()
}

/// Begins a deployment and ends it.
fn deployed(state: &mut State, version: &str, outcome: Progress) {
    let Begun::New(deployment) = state.deploy(&order(None, None), version, NOW).unwrap() else {
        panic!("repeated")
    };
    state.deployment_mut(&deployment.id).unwrap().state = outcome;
    state.wanted_mut(&deployment.target).unwrap().whole = outcome == Progress::Succeeded;
}

#[test]
fn the_demonstration_set_is_whole() {
    let state = state();
    assert_eq!(state.services.len(), 24);
    assert_eq!(state.services.values().map(|wanted| wanted.slots.len()).sum::<usize>(), 35);
    assert!(
        state
            .services
            .values()
            .all(|wanted| wanted.slots.len() == wanted.replicas && wanted.previous().is_some())
    );
    assert_eq!((wanted(&state).version.as_str(), wanted(&state).replicas), ("v2.4.0", 3));
}

#[test]
fn a_deployment_is_begun_once_per_key() {
    let mut state = state();
    let Begun::New(first) = state.deploy(&order(Some("k"), Some(1)), "v2.4.1", NOW).unwrap() else {
        panic!()
    };
    let Begun::Repeated(again) = state.deploy(&order(Some("k"), Some(1)), "v2.4.1", NOW).unwrap() else {
        panic!()
    };
    assert_eq!(first.id, again.id);
    assert_eq!(wanted(&state).generation, 2);
    let refusal = state.deploy(&order(Some("k"), None), "v2.4.0", NOW).unwrap_err();
    assert_eq!(refusal.status, 422);
    let refusal = state.deploy(&order(Some("other"), None), "v2.4.1", NOW).unwrap_err();
    assert_eq!(refusal.status, 409);
    assert!(refusal.sentence.contains(&first.id), "{}", refusal.sentence);
}

#[test]
fn who_looked_at_an_older_generation_is_refused_and_nothing_changes() {
    let mut state = state();
    state.scale(&order(None, Some(1)), 4).unwrap();
    let refusal = state.deploy(&order(None, Some(1)), "v2.4.1", NOW).unwrap_err();
    assert_eq!(
        (refusal.status.as_u16(), refusal.sentence.as_str()),
        (412, "`order-service` in `production` is at generation 2, no longer 1; look at it again")
    );
    assert_eq!(wanted(&state).version, "v2.4.0");
    assert!(state.deployments.is_empty());
}

#[test]
fn a_rollback_goes_to_the_last_version_that_was_whole() {
    let mut state = state();
    deployed(&mut state, "v2.4.1", Progress::Succeeded);
    deployed(&mut state, "v2.5.0", Progress::Failed);
    assert_eq!(wanted(&state).previous(), Some("v2.4.1"));
    assert_eq!(wanted(&state).serving(), "v2.4.1");
    let Begun::New(back) = state.roll_back(&order(None, None), NOW).unwrap() else { panic!() };
    assert_eq!((back.version.as_str(), back.from_version.as_str()), ("v2.4.1", "v2.5.0"));
    assert_eq!(wanted(&state).previous(), Some("v2.4.0"));
}

#[test]
fn a_rollback_can_itself_be_rolled_back() {
    let mut state = state();
    deployed(&mut state, "v2.4.1", Progress::Succeeded);
    deployed(&mut state, "v2.4.0", Progress::Succeeded);
    assert_eq!(wanted(&state).previous(), Some("v2.4.1"));
}

#[test]
fn a_first_version_has_nothing_to_go_back_to() {
    let mut state = state();
    state.wanted_mut(&order(None, None).target).unwrap().earlier.clear();
    let refusal = state.roll_back(&order(None, None), NOW).unwrap_err();
    assert_eq!(refusal.sentence, "`order-service` in `production` has no version before `v2.4.0`");
}

#[test]
fn scaling_adds_and_takes_away_the_highest() {
    let mut state = state();
    state.scale(&order(Some("up"), None), 5).unwrap();
    state.scale(&order(Some("up"), Some(1)), 5).unwrap();
    assert_eq!((wanted(&state).slots.len(), wanted(&state).generation), (5, 2));
    state.scale(&order(None, None), 2).unwrap();
    assert_eq!(wanted(&state).slots.iter().map(|slot| slot.ordinal).collect::<Vec<_>>(), [1, 2]);
    state.scale(&order(None, None), 2).unwrap();
    assert_eq!(wanted(&state).generation, 3);
    for impossible in [21, -1] {
        assert_eq!(state.scale(&order(None, None), impossible).unwrap_err().status, 422);
    }
}

#[test]
fn after_a_failed_deployment_further_replicas_get_the_version_that_works() {
    let mut state = state();
    deployed(&mut state, "v2.5.0", Progress::Failed);
    let target = order(None, None).target;
    let kept = state.wanted_mut(&target).unwrap();
    kept.add("v2.5.0");
    kept.slots.last_mut().unwrap().failed = true;
    state.scale(&order(None, None), 4).unwrap();
    let on = |version: &str| wanted(&state).slots.iter().filter(|slot| slot.version == version).count();
    assert_eq!((on("v2.4.0"), on("v2.5.0")), (4, 1));
    state.scale(&order(None, None), 0).unwrap();
    assert!(wanted(&state).slots.is_empty());
}

#[test]
fn what_does_not_exist_is_answered_with_what_does() {
    let missing = |service: &str, environment: &str| {
        let target = Target { service: service.to_owned(), environment: environment.to_owned() };
        state().existing(&target).unwrap_err().sentence
    };
    insta::assert_snapshot!(missing("ordr", "production"), @"there is no service `ordr`; there are api-gateway, checkout, inventory-service, notification-worker, order-service, payment-service, search-indexer, user-service");
    insta::assert_snapshot!(missing("order-service", "prd"), @"there is no environment `prd`; there are development, production, staging");
}

#[test]
fn the_oldest_is_forgotten_but_never_what_is_running() {
    let mut state = state();
    state.deploy(&order(Some("first"), None), "v2.4.1", NOW).unwrap();
    let running = state.deployments[0].clone();
    for at in 0..600 {
        let ended = Deployment { id: format!("dep_{at}"), state: Progress::Failed, ..running.clone() };
        state.deployments.push(ended);
    }
    state.forget_oldest();
    assert_eq!(state.deployments.len(), 501);
    assert_eq!(state.deployments[0].id, running.id);
    assert_eq!(state.deployments[500].id, "dep_599");
}
