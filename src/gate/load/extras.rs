//! `[[limit]]`, `[order]` and `[break_glass]`.

use std::collections::BTreeSet;

use super::names::Names;
use super::reader::{Source, Table};
use super::rules::{choose, pick};
use crate::domain::RoleName;
use crate::gate::{BreakGlass, Bypass, Order, Per, RateLimit, ToolWord, Tools};

impl Names<'_> {
    /// `[[limit]]`.
    pub fn read_limits(&self, source: &mut Source<'_>, tables: Vec<Table<'_>>) -> Vec<RateLimit> {
        let mut found = Vec::new();
        for mut table in tables {
            let id = source.id(&mut table);
            table.demand(source, "tools");
            let tools = self.tools(source, &mut table);
            let env = self.environments(source, &mut table);
            table.demand(source, "per");
            let per = choose(
                source,
                &mut table,
                "per",
                &[Per::Person, Per::Channel, Per::Tool].map(|per| (per.as_str(), per)),
            );
            table.demand(source, "count");
            let count = table.count(source, "count");
            let within = table.must_minutes(source, "minutes");
            table.finish(source);
            if let (Some(id), Some(per), Some(count), Some(within)) = (id, per, count, within) {
                found.push(RateLimit { id, tools, env, per, count, within });
            }
        }
        found
    }

    /// `[order]`.
    pub fn read_order(&self, source: &mut Source<'_>, table: Option<Table<'_>>) -> Option<Order> {
        let mut table = table?;
        let at = table.at();
        table.demand(source, "environments");
        let words = table.list(source, "environments").unwrap_or_default();
        table.demand(source, "tools");
        let tools = self.tool_names(source, &mut table, "tools");
        let (version, live) = (table.must(source, "version"), table.must(source, "live"));
        table.finish(source);
        let few = words.len() == 1;
        let mut environments: Vec<String> = Vec::new();
        for word in words {
            if !self.is_environment(source, &word) {
                continue;
            }
            if environments.contains(&word.text) {
                source.complain(word.at, format!("`{}` stands twice in the order", word.text));
            }
            environments.push(word.text);
        }
        if few {
            source.complain(at, "an order takes two environments or more");
        }
        let words =
            tools.iter().filter_map(|name| self.vocabulary.tools.iter().find(|tool| tool.name == *name));
        for tool in words {
            for fact in [&version, &live].into_iter().flatten() {
                self.check_held(source, tool, fact);
            }
        }
        Some(Order { environments, tools, version: version?.text, live: live?.text })
    }

    /// The order compares facts that approvals are bound to, so that they cannot move unseen.
    fn check_held(&self, source: &mut Source<'_>, tool: &ToolWord, fact: &super::reader::Word) {
        if !tool.held.contains(&fact.text) {
            let kind = format!("fact under `hold` in the tool `{}` called", tool.name);
            source.unknown(&kind, fact, tool.held.iter().map(String::as_str));
        }
    }

    /// `[break_glass]`.
    pub fn read_break_glass(&self, source: &mut Source<'_>, table: Option<Table<'_>>) -> Option<BreakGlass> {
        let mut table = table?;
        let at = table.at();
        table.demand(source, "roles");
        let roles = self.role_names(source, &mut table, "roles");
        table.demand(source, "bypass");
        let known = Bypass::ALL.map(|bypass| (bypass.as_str(), bypass));
        let words = table.list(source, "bypass").unwrap_or_default();
        let bypass = words.iter().filter_map(|word| pick(source, "bypass", word, &known)).collect();
        let lasts = table.must_minutes(source, "expires_minutes");
        let tools = if table.has("tools") { self.tools(source, &mut table) } else { Tools::All };
        let env = self.environments(source, &mut table);
        table.demand(source, "tell");
        let tell = table.list(source, "tell").unwrap_or_default();
        let tell = tell.iter().filter_map(|word| self.audience(source, word)).collect();
        table.finish(source);
        let anybody = |roles: &BTreeSet<RoleName>| self.at_most().iter().any(|held| !held.is_disjoint(roles));
        if !roles.is_empty() && !anybody(&roles) {
            source.complain(at, "nobody could ever break the glass: nobody has one of these roles");
        }
        Some(BreakGlass { roles, bypass, lasts: lasts?, tools, env, tell })
    }
}
