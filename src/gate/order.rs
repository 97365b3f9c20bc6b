use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, Policy};

/// The order of environments: what is to run in one of them must be live in the one before. `[order]`; off where the
/// file has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// First to last.
    pub environments: Vec<String>,
    /// The tools that must keep to it.
    pub tools: BTreeSet<String>,
    /// The held fact that is the version to run, such as `release`.
    pub version: String,
    /// The held fact that is the version that runs, such as `service.version`.
    pub live: String,
}

impl Order {
    /// The environment that comes before, for a tool that must keep to the order.
    pub fn before(&self, tool: &str, environment: &str) -> Option<&str> {
        let place = self.environments.iter().position(|name| name == environment)?;
        let before = self.environments.get(place.checked_sub(1)?)?;
        self.tools.contains(tool).then_some(before.as_str())
    }
}

/// The environment whose facts must be read for the order of environments, if it has a say here: the held facts of the
/// same call in that environment go into [`super::Standing::earlier`].
pub fn earlier_environment<'p>(policy: &'p Policy, case: &Case<'_>) -> Option<&'p str> {
    policy.order.as_ref()?.before(case.call.tool(), case.call.environment()?)
}

/// Why the order of environments stands in the way, if it does. What was not read is not live.
pub(super) fn out_of_order(policy: &Policy, case: &Case<'_>) -> Option<String> {
    let order = policy.order.as_ref()?;
    let before = earlier_environment(policy, case)?;
    let wanted = case.held.get(&order.version).filter(|version| !version.is_null());
    let earlier = case.standing.earlier.as_ref();
    let live = earlier.and_then(|facts| facts.get(&order.live)).filter(|version| !version.is_null());
    match (wanted, live) {
        (Some(wanted), Some(live)) if wanted == live => None,
        (Some(wanted), Some(live)) => Some(format!(
            "{} must be live in {before} first, which runs {}; deploy it there, then ask again",
            plain(wanted),
            plain(live)
        )),
        (Some(wanted), None) => Some(format!(
            "{} must be live in {before} first, and what runs there is not known",
            plain(wanted)
        )),
        (None, _) => Some(format!("it must be live in {before} first, and its version is not known")),
    }
}

fn plain(version: &Value) -> String {
    version.as_str().map_or_else(|| version.to_string(), str::to_owned)
}
