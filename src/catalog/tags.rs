use std::collections::BTreeSet;

use serde_json::Value;

use super::{Call, Catalog, List, Tool, UNREADABLE};

impl Catalog {
    /// Every word that a service or a fact can put on a call, for the policy's rules.
    pub fn tags(&self) -> BTreeSet<String> {
        let services = self.landscape.services.values().flat_map(|service| &service.tags);
        let rules = self.tools().flat_map(|tool| &tool.manifest().effects.rules);
        let facts = rules.flat_map(|rule| &rule.tags);
        services.chain(facts).cloned().chain([UNREADABLE.to_owned()]).collect()
    }

    /// The words of the services that a call names.
    pub(super) fn service_tags(&self, tool: &Tool, call: &Call) -> BTreeSet<String> {
        let params = tool.params().iter().filter(|param| match param.list {
            Some(List::Services | List::Targets | List::Owners) => true,
            Some(List::Environments | List::Severities | List::Teams | List::People) | None => false,
        });
        let named = params.filter_map(|param| call.args().get(&param.name).and_then(Value::as_str));
        let services = named.filter_map(|name| self.landscape.services.get(name));
        services.flat_map(|service| &service.tags).cloned().collect()
    }
}
