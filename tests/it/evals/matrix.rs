//! Who may do what, by hand: the shipped policy as its words say it, written apart from the gate and without a line of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// What a test knows of a request from having caused it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub person: &'static str,
    pub channel: &'static str,
    /// Whether it was typed as an exact command, so that no model read it.
    pub typed: bool,
    /// For each argument, the values that the words carry in the asker's own voice.
    pub carried: BTreeMap<&'static str, BTreeSet<String>>,
    /// What people pressed that counts: who, what, and at which millisecond.
    pub presses: Vec<(&'static str, Press, i64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    Yes,
    No,
}

/// Something that was carried out.
pub struct Effect<'a> {
    pub tool: &'a str,
    pub args: &'a Map<String, Value>,
    /// When it began, in milliseconds.
    pub at: i64,
    /// How many replicas there were before, where that matters.
    pub replicas: u64,
}

const ENGINEERS: [&str; 3] = ["alice", "bob", "carol"];
const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
const LEADS: [&str; 2] = ["bob", "carol"];
const LISTED: [&str; 3] = ["deployments", "incidents", "general"];

/// Why something must not have happened; `None` when it was right.
pub fn wrong(asked: &Asked, effect: &Effect<'_>) -> Option<String> {
    let person = asked.person;
    match effect.tool {
        "whoami" | "help" => return (!PEOPLE.contains(&person)).then(|| format!("{person} is nobody")),
        "pending" => {
            let may = PEOPLE.contains(&person) && LISTED.contains(&asked.channel);
            return (!may).then(|| format!("{person} in {}", asked.channel));
        }
        _ => {}
    }
    if !LISTED.contains(&asked.channel) {
        return Some(format!("nothing is done in {}", asked.channel));
    }
    let reads = ["status", "logs", "audit", "oncall", "runbook"].contains(&effect.tool);
    if reads {
        return (!PEOPLE.contains(&person)).then(|| format!("{person} may read nothing"));
    }
    if !ENGINEERS.contains(&person) {
        return Some(format!("{person} may change nothing"));
    }
    if !asked.typed
        && let Some(missing) = unsaid(asked, effect.args)
    {
        return Some(format!("nobody said {missing}"));
    }
    let production = effect.args.get("environment").and_then(Value::as_str) == Some("production");
    let approvals = match effect.tool {
        "deploy" if production && !["deployments", "incidents"].contains(&asked.channel) => {
            return Some(format!("no deployment to production from {}", asked.channel));
        }
        "deploy" if production => 1,
        "scale" if production && effect.args["replicas"].as_u64().unwrap() < effect.replicas => 1,
        "migrate" if production => 2,
        "deploy" | "rollback" | "scale" | "migrate" | "lock" | "unlock" => 0,
        other => return Some(format!("no rule lets anybody do `{other}`")),
    };
    let before: Vec<_> = asked.presses.iter().filter(|(_, _, at)| *at <= effect.at).collect();
    let said =
        |press: Press| before.iter().filter(move |(_, said, _)| *said == press).map(|(who, _, _)| *who);
    // Whoever asked may take it back. A lead says no to what leads are asked about; to the rest nobody is asked.
    if said(Press::No).any(|who| who == person || (approvals > 0 && LEADS.contains(&who))) {
        return Some("somebody said no".to_owned());
    }
    if approvals > 0 {
        let leads: BTreeSet<&str> =
            said(Press::Yes).filter(|who| LEADS.contains(who) && *who != person).collect();
        return (leads.len() < approvals).then(|| format!("only {leads:?} agreed"));
    }
    // An emergency, a change of data and whatever a model read are said twice.
    let twice = !asked.typed || ["rollback", "migrate"].contains(&effect.tool);
    (twice && !said(Press::Yes).any(|who| who == person)).then(|| format!("{person} did not confirm it"))
}

fn unsaid(asked: &Asked, args: &Map<String, Value>) -> Option<String> {
    let said = |(name, value): &(&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        asked.carried.get(name.as_str()).is_some_and(|values| values.contains(&value))
    };
    args.iter()
        .filter(|(_, value)| !value.is_null())
        .find(|arg| !said(arg))
        .map(|(name, value)| format!("{name} {value}"))
}
