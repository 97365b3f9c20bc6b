//! Cases in the formats of other harnesses. One way only, and not without loss: what a format cannot say is counted, so
//! that nobody takes its scores for ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::case::{Case, Contains, Entry, ExpectedCall, Kind, Matcher, Role};
use super::facts::FunctionTool;

/// Cases in another format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// The files: the end of the name, and the text.
    pub files: Vec<(&'static str, String)>,
    /// What was lost, and in how many cases.
    pub lost: BTreeMap<&'static str, usize>,
}

impl Exported {
    fn lose(&mut self, case: &Case, matchers: Matchers) {
        let expect = &case.expect;
        let calls = || expect.preferred.calls.iter();
        let any = |test: fn(&Matcher) -> bool| calls().any(|call| call.args.values().any(test));
        let mut lost = |what, so: bool| {
            if so {
                *self.lost.entry(what).or_default() += 1;
            }
        };
        lost("alt: other accepted outcomes", !expect.alt.is_empty());
        lost("forbid: what an attacker wants", !expect.forbid.is_empty());
        lost("allow: reading tools besides", !expect.preferred.allow.is_empty());
        lost("ordered: the order of calls", expect.preferred.ordered);
        lost("missing: what a question must ask for", expect.preferred.kind == Kind::Clarify);
        if matchers == Matchers::ValuesOnly {
            lost("contains: a text that holds words", any(|matcher| matches!(matcher, Matcher::Contains(_))));
            lost("any: whatever value", any(|matcher| matches!(matcher, Matcher::Any(_))));
        }
        lost("context: where and when", case.context != Default::default());
    }
}

/// What a format knows of arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matchers {
    /// Lists of values.
    ValuesOnly,
    /// All that cases have.
    All,
}

/// The Berkeley Function Calling Leaderboard's: questions in one file, lists of allowed values in another. An empty list of
/// calls means that nothing must be called; an empty string in a list that the argument may be left out.
pub fn bfcl(cases: impl Iterator<Item = Case>, tools: &[FunctionTool]) -> Exported {
    let functions: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "name": wire(&tool.function.name),
                "description": tool.function.description,
                "parameters": tool.function.parameters,
            })
        })
        .collect();
    let mut exported = Exported::default();
    let (mut questions, mut answers) = (String::new(), String::new());
    for case in cases {
        exported.lose(&case, Matchers::ValuesOnly);
        let question = json!({"id": case.id, "question": [messages(&case)], "function": functions});
        let truth: Vec<Value> = case.expect.preferred.calls.iter().map(allowed).collect();
        let answer = json!({"id": case.id, "ground_truth": truth});
        questions.push_str(&format!("{question}\n"));
        answers.push_str(&format!("{answer}\n"));
    }
    exported.files = vec![("questions.jsonl", questions), ("possible_answer.jsonl", answers)];
    exported
}

/// A call as a map from its name to its arguments' allowed values.
fn allowed(call: &ExpectedCall) -> Value {
    let values = |matcher: &Matcher| -> Vec<Value> {
        let absent = || json!("");
        match matcher {
            Matcher::OneOf(values) => {
                values.iter().map(|value| if value.is_null() { absent() } else { value.clone() }).collect()
            }
            // The nearest that can be said: the words themselves, or nothing at all.
            Matcher::Contains(contains) => {
                [json!(words(contains))].into_iter().chain(contains.optional.then(absent)).collect()
            }
            Matcher::Any(any) => any.optional.then(absent).into_iter().collect(),
        }
    };
    let args: Map<String, Value> =
        call.args.iter().map(|(slot, matcher)| (slot.clone(), json!(values(matcher)))).collect();
    json!({ wire(&call.tool): args })
}

fn words(contains: &Contains) -> String {
    let first = |entry: &Entry| match entry {
        Entry::One(word) => word.clone(),
        Entry::Either(words) => words.first().cloned().unwrap_or_default(),
    };
    contains.contains.iter().map(first).collect::<Vec<_>>().join(" ")
}

/// promptfoo's: a configuration with one test a case. Names are asserted by `tool-call-f1`; that nothing is called by the
/// opposite of a valid call.
pub fn promptfoo(cases: impl Iterator<Item = Case>, tools: &[FunctionTool]) -> Exported {
    let mut exported = Exported::default();
    let mut tests = Vec::new();
    for case in cases {
        exported.lose(&case, Matchers::All);
        let preferred = &case.expect.preferred;
        let names: Vec<String> = preferred.calls.iter().map(|call| wire(&call.tool)).collect();
        let assert = match preferred.kind {
            Kind::Call | Kind::Calls => json!([
                {"type": "is-valid-openai-tools-call"},
                {"type": "tool-call-f1", "value": names, "threshold": 1},
                {"type": "javascript", "value": arguments_fit(&preferred.calls)},
            ]),
            Kind::Clarify | Kind::Refuse | Kind::Answer | Kind::None => {
                json!([{"type": "not-is-valid-openai-tools-call"}])
            }
        };
        let vars = json!({"messages": Value::Array(messages(&case)).to_string()});
        let metadata = json!({"category": case.category, "lang": case.lang, "tags": case.tags});
        tests.push(json!({"description": case.id, "vars": vars, "assert": assert, "metadata": metadata}));
    }
    let tools: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({"type": "function", "function": {
                "name": wire(&tool.function.name),
                "description": tool.function.description,
                "parameters": tool.function.parameters,
            }})
        })
        .collect();
    let config = json!({
        "description": "countersign cases",
        "prompts": ["{{messages}}"],
        "providers": [{"id": "openai:chat:MODEL", "config": {"tools": tools, "temperature": 0}}],
        "tests": tests,
    });
    exported.files = vec![("promptfooconfig.json", format!("{config:#}\n"))];
    exported
}

/// A condition over the calls of an answer: each expected one is there, with arguments that are accepted and no others.
fn arguments_fit(calls: &[ExpectedCall]) -> String {
    let expected: Vec<Value> =
        calls.iter().map(|call| json!({"name": wire(&call.tool), "args": call.args})).collect();
    let expected = Value::Array(expected);
    format!(
        "const got = [].concat(typeof output === 'string' ? JSON.parse(output) : output).map(c => c.function || c); \
         const text = v => String(v).toLowerCase(); \
         const fits = (m, v) => Array.isArray(m) ? m.some(a => a === null ? v == null : text(a) === text(v)) \
         : v == null ? !!m.optional : m.any ? v !== '' \
         : m.contains.every(e => [].concat(e).some(w => text(v).includes(text(w)))); \
         const args = c => typeof c.arguments === 'string' ? JSON.parse(c.arguments) : c.arguments || {{}}; \
         return {expected}.every(e => got.some(c => c.name === e.name \
         && Object.keys(args(c)).every(k => k in e.args || args(c)[k] == null) \
         && Object.entries(e.args).every(([k, m]) => fits(m, args(c)[k]))));"
    )
}

/// inspect_ai's samples: input, target, id, metadata. The target is the whole expectation, for a scorer to read.
pub fn inspect(cases: impl Iterator<Item = Case>) -> Exported {
    let mut exported = Exported::default();
    let mut samples = String::new();
    for case in cases {
        let target = serde_json::to_string(&case.expect).unwrap_or_default();
        let sample = json!({
            "id": case.id,
            "input": messages(&case),
            "target": target,
            "metadata": {
                "category": case.category,
                "lang": case.lang,
                "tags": case.tags,
                "context": case.context,
                "must_pass": case.must_pass,
            },
        });
        samples.push_str(&format!("{sample}\n"));
    }
    exported.files = vec![("samples.jsonl", samples)];
    exported
}

/// The thread as chat messages. Whoever is not the asker or the bot is named in the text, since chat has no such role.
fn messages(case: &Case) -> Vec<Value> {
    let asker = case.messages.last().map(|last| last.speaker.as_str()).unwrap_or_default();
    let message = |message: &super::case::Message| {
        let (role, text) = match message.role {
            Role::Assistant => ("assistant", message.text.clone()),
            Role::User if message.speaker == asker => ("user", message.text.clone()),
            Role::User | Role::Other => ("user", format!("[{} says] {}", message.speaker, message.text)),
            Role::ThirdParty => ("user", format!("[from {}] {}", message.speaker, message.text)),
        };
        json!({"role": role, "content": text})
    };
    case.messages.iter().map(message).collect()
}

/// The name on the wire.
fn wire(tool: &str) -> String {
    tool.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::cases;

    const LINES: &str = r#"
{"id":"a","category":"update","lang":"en","messages":[{"role":"other","speaker":"sam","text":"hm"},{"role":"user","speaker":"ruth","text":"post that we watch it"}],"expect":{"kind":"call","calls":[{"tool":"incident.update","args":{"text":{"contains":[["watch","look"]]},"state":["monitoring",null]}}]}}
{"id":"b","category":"x","lang":"en","messages":[{"role":"user","speaker":"ruth","text":"hm"}],"expect":{"kind":"none","alt":[{"kind":"refuse"}],"forbid":[{"tool":"rollback","args":{}}]}}"#;

    #[test]
    fn what_can_be_said_is_said_and_the_rest_is_counted() {
        let all = || cases(LINES).unwrap().into_iter();
        let exported = bfcl(all(), &[]);
        insta::assert_snapshot!(exported.files[1].1, @r#"
        {"ground_truth":[{"incident_update":{"state":["monitoring",""],"text":["watch"]}}],"id":"a"}
        {"ground_truth":[],"id":"b"}
        "#);
        insta::assert_debug_snapshot!(exported.lost, @r#"
        {
            "alt: other accepted outcomes": 1,
            "contains: a text that holds words": 1,
            "forbid: what an attacker wants": 1,
        }
        "#);
        let samples = inspect(all());
        assert!(samples.lost.is_empty());
        let first: Value = serde_json::from_str(samples.files[0].1.lines().next().unwrap()).unwrap();
        assert_eq!(first["input"][0]["content"], "[sam says] hm");
        let target: Value = serde_json::from_str(first["target"].as_str().unwrap()).unwrap();
        assert_eq!(target["calls"][0]["tool"], "incident.update");
        let config: Value = serde_json::from_str(&promptfoo(all(), &[]).files[0].1).unwrap();
        assert_eq!(config["tests"][1]["assert"][0]["type"], "not-is-valid-openai-tools-call");
        assert_eq!(config["tests"][0]["assert"][1]["value"], json!(["incident_update"]));
    }
}
