//! How long the gate takes: a decision by the shipped policy, for a call that is allowed at once, one that waits for
//! approval and one that is refused, and by a policy of a thousand rules; and the comparison of two policies.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures time, and one that cannot set up has nothing to measure"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign::app::vocabulary;
use countersign::catalog::{Assessment, Call, Catalog};
use countersign::domain::{Origin, PersonId, Place, Platform, Proposal, RequestId};
use countersign::gate::{
    Case, Choice, DEMO_POLICY, Grounding, Membership, Policy, Standing, Verify, Vote, binding, decide, diff,
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How many decisions the percentiles are of.
const SAMPLES: usize = 20_000;

/// All that a case borrows.
struct Scene {
    call: Call,
    assessment: Assessment,
    held: Map<String, Value>,
    asker: PersonId,
    request: RequestId,
    place: Place,
    standing: Standing,
    now: Timestamp,
}

impl Scene {
    fn case(&self) -> Case<'_> {
        Case {
            request: &self.request,
            call: &self.call,
            assessment: &self.assessment,
            held: &self.held,
            asker: Some(&self.asker),
            place: &self.place,
            origin: &Origin::Slash,
            grounding: &Grounding::Exact,
            standing: &self.standing,
            membership: Membership::none(),
            now: self.now,
        }
    }
}

fn deploy(catalog: &Catalog, person: &str, environment: &str) -> Scene {
    let now: Timestamp = "2030-01-15T12:00:00Z".parse().unwrap();
    let args = json!({"service": "order-service", "version": "v2.4.1", "environment": environment});
    let proposal = Proposal { tool: "deploy".to_owned(), args, origin: Origin::Slash };
    let call = catalog.admit(&proposal).unwrap();
    let facts = json!({"service": {"version": "v2.4.0", "replicas": 3, "deploying": false,
        "versions": ["v2.4.0", "v2.4.1"], "generation": 1}, "release": "v2.4.1"});
    let facts = facts.as_object().unwrap();
    Scene {
        assessment: catalog.assess(&call, facts, &[]),
        held: catalog.held(&call, facts),
        call,
        asker: PersonId(person.to_owned()),
        request: RequestId::mint(now, [7; 10]),
        place: Place {
            platform: Platform::Console,
            workspace: String::new(),
            channel: "deployments".to_owned(),
            thread: None,
        },
        standing: Standing::default(),
        now,
    }
}

/// A thousand rules beside the shipped ones: for every tool, by environment, tag and effect.
fn thousand(catalog: &Catalog) -> String {
    let tools: Vec<_> = catalog
        .tools()
        .filter(|tool| !tool.manifest().environment.is_empty())
        .map(|tool| tool.name())
        .collect();
    let mut text = DEMO_POLICY.split("[[example]]").next().unwrap().to_owned();
    let environments = ["development", "staging", "production"];
    let tags = ["to-zero", "migration", "unreadable"];
    for index in 0..1_000 {
        let tool = tools[index % tools.len()];
        writeln!(text, "[[rule]]\nid = \"r{index}\"\ntools = [\"{tool}\"]").unwrap();
        writeln!(text, "env = [\"{}\"]", environments[index / 7 % 3]).unwrap();
        match index % 5 {
            0 => writeln!(text, "ask = \"engineer\"").unwrap(),
            1 => writeln!(text, "tags = [\"{}\"]\nneed = [\"1 of team-lead\"]", tags[index / 5 % 3]).unwrap(),
            2 => writeln!(text, "channels = [\"deployments\", \"incidents\"]").unwrap(),
            3 => writeln!(text, "effect = \"destructive\"\nconfirm = true").unwrap(),
            _ => writeln!(text, "expires_minutes = {}", 20 + index % 9).unwrap(),
        }
    }
    text
}

/// The median and the 99th percentile, each decision timed by itself.
fn percentiles(name: &str, policy: &Policy, scene: &Scene) {
    let case = scene.case();
    let mut took: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            black_box(decide(policy, black_box(&case)));
            start.elapsed()
        })
        .collect();
    took.sort();
    eprintln!("{name}: p50 {:?}, p99 {:?}", took[SAMPLES / 2], took[SAMPLES * 99 / 100]);
}

fn gate(c: &mut Criterion) {
    let catalog = Catalog::demo().unwrap();
    let load = |text: &str| Policy::load("policy.toml", text, &vocabulary(&catalog)).unwrap();
    let shipped = load(DEMO_POLICY);
    let (text, now) = (thousand(&catalog), "2030-01-15T12:00:00Z".parse().unwrap());
    let large = load(&text);
    for (policy, of) in [(&shipped, "shipped policy"), (&large, "1,000 rules")] {
        let mut agreed = deploy(&catalog, "alice", "production");
        let vote = Vote {
            person: PersonId("bob".to_owned()),
            choice: Choice::Approve,
            binding: binding(policy, &agreed.case()),
            verify: Verify::Console,
            at: now,
            note: None,
        };
        agreed.standing.votes.push(vote);
        for (name, scene) in [
            ("allowed", deploy(&catalog, "alice", "staging")),
            ("waits for approval", deploy(&catalog, "alice", "production")),
            ("agreed", agreed),
            ("refused", deploy(&catalog, "dave", "production")),
        ] {
            let case = scene.case();
            c.bench_function(&format!("gate::decide, {of}, {name}"), |b| {
                b.iter(|| decide(policy, black_box(&case)))
            });
            percentiles(&format!("gate::decide, {of}, {name}"), policy, &scene);
        }
    }
    let looser = load(
        &DEMO_POLICY
            .replace("tools = [\"logs\", \"status\"]", "tools = [\"status\"]")
            .replace("confirm = true", "confirm = false")
            .replace("expect = \"confirm\"", "expect = \"allow\""),
    );
    c.bench_function("gate::diff, shipped policy", |b| b.iter(|| diff(&shipped, black_box(&looser), now)));
    let larger =
        load(&text.replacen("need = [\"1 of team-lead\"]", "need = [\"1 of dba or team-lead\"]", 40));
    c.bench_function("gate::diff, 1,000 rules", |b| b.iter(|| diff(&large, black_box(&larger), now)));
    c.bench_function("Policy::load, 1,000 rules", |b| b.iter(|| load(black_box(&text))));
}

criterion_group!(benches, gate);
criterion_main!(benches);
