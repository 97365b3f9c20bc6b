//! What people write and what a model answers, at random but always the same for a seed.

use std::collections::{BTreeMap, BTreeSet};

use countersign::catalog::{Catalog, ParamKind};
use countersign::evals::ProposedCall;
use serde_json::{Map, Value, json};

/// SplitMix64: small, fast, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

/// A message, and what it carries in its writer's own voice.
pub struct Said {
    pub text: String,
    pub is_typed: bool,
    pub carried: BTreeMap<&'static str, BTreeSet<String>>,
    /// The tool that it asks for.
    tool: &'static str,
}

impl Said {
    pub fn typed(command: &str) -> Self {
        Self { text: command.to_owned(), is_typed: true, carried: BTreeMap::new(), tool: "" }
    }
}

/// Canonical names with the words people use for them.
const SERVICES: [(&str, [&str; 2]); 5] = [
    ("order-service", ["orders", "Order Service"]),
    ("payment-service", ["payments", "payment-service"]),
    ("api-gateway", ["gateway", "api-gateway"]),
    ("checkout", ["checkout", "Checkout"]),
    ("search-indexer", ["search-indexer", "indexer"]),
];
const ENVIRONMENTS: [(&str, [&str; 2]); 3] = [
    ("development", ["dev", "development"]),
    ("staging", ["staging", "stg"]),
    ("production", ["production", "prod"]),
];
const VERSIONS: [&str; 4] = ["1.2.3", "2.4.1", "2.4.10", "24.1"];
const MIGRATIONS: [&str; 3] = ["0003_add_index", "0004_drop_old", "0007_backfill"];
const NUMBERS: [u64; 5] = [1, 3, 4, 6, 12];

/// Calls whose versions and migrations there are.
pub fn everything() -> Vec<ProposedCall> {
    let call = |name: &str, value: &str| ProposedCall {
        tool: String::new(),
        args: Map::from_iter([(name.to_owned(), json!(value))]),
    };
    let versions = VERSIONS.iter().map(|version| call("version", version));
    versions.chain(MIGRATIONS.iter().map(|migration| call("migration", migration))).collect()
}

/// A message of somebody.
pub fn said(random: &mut Random) -> Said {
    let (service, spoken) = random.pick(&SERVICES);
    let (environment, placed) = random.pick(&ENVIRONMENTS);
    let (spoken, placed) = (random.pick(&spoken), random.pick(&placed));
    let (version, migration, number) =
        (random.pick(&VERSIONS), random.pick(&MIGRATIONS), random.pick(&NUMBERS));
    let (tool, text, more): (_, _, Option<(&str, String)>) = match random.below(12) {
        0..=2 => (
            "deploy",
            format!("please deploy {spoken} {version} to {placed}"),
            Some(("version", version.into())),
        ),
        3 | 4 => (
            "scale",
            format!("scale {spoken} to {number} replicas in {placed}"),
            Some(("replicas", number.to_string())),
        ),
        5 | 6 => ("rollback", format!("roll back {spoken} in {placed}"), None),
        7 => (
            "migrate",
            format!("run migration {migration} of {spoken} in {placed}"),
            Some(("migration", migration.into())),
        ),
        8 => ("lock", format!("lock {placed} because of the audit"), Some(("reason", "the audit".into()))),
        9 => ("status", format!("how is {spoken} doing in {placed}?"), None),
        10 => ("", "thanks, have a nice day".to_owned(), None),
        _ => ("", format!("what would happen to {spoken}?"), None),
    };
    let mut carried: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut carry =
        |name: &'static str, value: &str| carried.entry(name).or_default().extend([value.to_owned()]);
    if text.contains(spoken) {
        carry("service", service);
        carry("target", service);
    }
    if text.contains(placed) && !tool.is_empty() {
        carry("environment", environment);
    }
    if let Some((name, value)) = more {
        carry(
            match name {
                "version" => "version",
                "replicas" => "replicas",
                "migration" => "migration",
                _ => "reason",
            },
            &value,
        );
    }
    // Free text may be any of the words: their order and their small words do not count.
    carry("reason", "audit");
    carry("filter", spoken);
    match random.below(8) {
        // Quoted and pasted words carry nothing.
        0 => {
            Said { text: format!("what does `{text}` do?"), is_typed: false, carried: BTreeMap::new(), tool }
        }
        1 => Said {
            text: format!("> {text}\nwhat does that mean?"),
            is_typed: false,
            carried: BTreeMap::new(),
            tool,
        },
        2 => Said {
            text: format!("```\n{text}\n```\nany idea?"),
            is_typed: false,
            carried: BTreeMap::new(),
            tool,
        },
        3 if tool == "deploy" => Said::typed(&format!("/deploy {service} {version} {environment}")),
        3 if tool == "scale" => Said::typed(&format!("/scale {service} {number} {environment}")),
        3 if tool == "rollback" => Said::typed(&format!("/rollback {service} {environment}")),
        3 if tool == "migrate" => Said::typed(&format!("/migrate {service} {migration} {environment}")),
        _ => Said { text, is_typed: false, carried, tool },
    }
}

/// The bytes that a model answers.
pub fn body(random: &mut Random, said: &Said, catalog: &Catalog) -> String {
    let message = match random.below(20) {
        0 => {
            return random
                .pick(&[
                    "",
                    "{",
                    "null",
                    "[]",
                    "<html>busy</html>",
                    "{\"choices\":[]}",
                    "\u{0}\u{1}",
                    "{\"error\":{\"message\":\"no\"}}",
                ])
                .to_owned();
        }
        1 => json!({"content": "Done! I deployed it for you."}),
        2 => {
            json!({"content": format!("<tool_call>{{\"name\": \"rollback\", \"arguments\": {}}}</tool_call>", meant(random, said))})
        }
        3 => word(random),
        4 => calls(random, said, catalog, 12),
        5..=7 => calls(random, said, catalog, 3),
        8..=12 => json!({"tool_calls": [function(said.tool, &meant(random, said).to_string())]}),
        _ => calls(random, said, catalog, 1),
    };
    let finish = if random.one_in(30) { "length" } else { "tool_calls" };
    json!({"choices": [{"message": message, "finish_reason": finish}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}).to_string()
}

fn calls(random: &mut Random, said: &Said, catalog: &Catalog, most: u64) -> Value {
    let many = 1 + random.below(most);
    let calls: Vec<Value> = (0..many).map(|_| call(random, said, catalog)).collect();
    json!({"tool_calls": calls})
}

fn word(random: &mut Random) -> Value {
    let (name, arguments) = random.pick(&[
        ("ask_clarification", "{\"question\": \"Where?\", \"missing\": [\"environment\"]}"),
        ("decline", "{\"reason\": \"no\"}"),
        ("reply", "{\"text\": \"You asked me to roll back order-service in production. Say yes.\"}"),
        ("nothing_asked", "{}"),
        ("reply", "{\"text\": 5}"),
    ]);
    json!({"tool_calls": [function(name, arguments)]})
}

/// What the message asks for, as far as it says it.
fn meant(random: &mut Random, said: &Said) -> Value {
    let mut args = Map::new();
    let wanted: &[&str] = match said.tool {
        "deploy" => &["service", "version", "environment"],
        "scale" => &["service", "replicas", "environment"],
        "rollback" | "status" => &["service", "environment"],
        "migrate" => &["target", "migration", "environment"],
        "lock" => &["environment", "reason"],
        _ => &[],
    };
    for name in wanted {
        let Some(value) = said.carried.get(name).and_then(|values| values.first()) else { continue };
        let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
        let value = if random.one_in(8) { other(random, name, value) } else { value };
        args.insert((*name).to_owned(), value);
    }
    Value::Object(args)
}

/// Another value for an argument.
fn other(random: &mut Random, name: &str, value: Value) -> Value {
    match name {
        "service" | "target" => json!(random.pick(&SERVICES).0),
        "environment" => json!(random.pick(&ENVIRONMENTS).0),
        "version" => json!(random.pick(&VERSIONS)),
        "migration" => json!(random.pick(&MIGRATIONS)),
        "replicas" => json!(random.below(25)),
        _ => value,
    }
}

/// A call of any tool, right or wrong in any way.
fn call(random: &mut Random, said: &Said, catalog: &Catalog) -> Value {
    if random.one_in(3) {
        return function(said.tool, &meant(random, said).to_string());
    }
    let tools: Vec<_> = catalog.tools().collect();
    let tool = tools[usize::try_from(random.below(tools.len() as u64)).unwrap()];
    let mut args = Map::new();
    for param in tool.params() {
        if !param.required && random.one_in(2) {
            continue;
        }
        let value = match (param.kind, &param.names) {
            (ParamKind::Text, Some(names)) => {
                let names: Vec<&str> = names.canonical().iter().map(String::as_str).collect();
                json!(random.pick(&names))
            }
            (ParamKind::Text, None) => match param.name.as_str() {
                "version" | "migration" => other(random, &param.name, json!("latest")),
                "request" => json!("req_01J0000000000000000000000A"),
                "digest" => json!("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
                "last" => json!("1h"),
                _ => json!(random.pick(&["audit", "the audit", "because", "ok"])),
            },
            (ParamKind::Integer, _) => json!(random.below(25)),
            (ParamKind::Flag, _) => json!(true),
        };
        args.insert(param.name.clone(), if random.one_in(25) { spoilt(random, value) } else { value });
    }
    for (name, value) in [
        ("force", json!(true)),
        ("approved_by", json!("bob")),
        ("confirmed", json!(true)),
        ("origin", json!("slash")),
    ] {
        if random.one_in(60) {
            args.insert(name.to_owned(), value);
        }
    }
    let name = match random.below(40) {
        0 => tool.name().to_uppercase(),
        1 => format!("functions.{}", tool.name()),
        2 => format!("{} ", tool.name()),
        3 => "drop_database".to_owned(),
        _ => tool.name().replace('.', "_"),
    };
    let whole = Value::Object(args).to_string();
    let arguments = match random.below(50) {
        0 => whole.chars().take(whole.chars().count() / 2).collect(),
        1 => format!("{whole}{whole}"),
        2 => "\"deploy everything\"".to_owned(),
        3 => String::new(),
        4 => whole.replacen('{', "{\"environment\": \"staging\", ", 1),
        _ => whole,
    };
    function(&name, &arguments)
}

fn spoilt(random: &mut Random, value: Value) -> Value {
    let text = value.as_str().unwrap_or("x").to_owned();
    match random.below(9) {
        0 => Value::Null,
        1 => json!([value]),
        2 => json!({"value": value}),
        3 => json!(format!("{text}\u{200b}")),
        4 => json!(format!("\u{202e}{text}")),
        5 => json!(format!("../{text}")),
        6 => json!("x".repeat(5_000)),
        7 => json!(-1),
        _ => json!(1e300),
    }
}

fn function(name: &str, arguments: &str) -> Value {
    json!({"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}})
}
