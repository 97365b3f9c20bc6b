//! How long a decision takes: `gate::decide` on the shipped policy, for a call that is allowed at once, one that waits for
//! approval, and one that is refused.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set up has nothing to measure")]

use std::hint::black_box;

use countersign::app::vocabulary;
use countersign::catalog::Catalog;
use countersign::domain::{Origin, PersonId, Place, Platform, Proposal, RequestId};
use countersign::gate::{Case, DEMO_POLICY, Grounding, Membership, Policy, Standing, decide};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::json;

fn decisions(c: &mut Criterion) {
    let catalog = Catalog::demo().unwrap();
    let policy = Policy::load("policy.toml", DEMO_POLICY, &vocabulary(&catalog)).unwrap();
    let now: Timestamp = "2030-01-15T12:00:00Z".parse().unwrap();
    let request = RequestId::mint(now, [7; 10]);
    let place = Place {
        platform: Platform::Console,
        workspace: String::new(),
        channel: "deployments".to_owned(),
        thread: None,
    };
    for (name, person, environment) in [
        ("allowed", "alice", "staging"),
        ("waits for approval", "alice", "production"),
        ("refused", "dave", "production"),
    ] {
        let args = json!({"service": "order-service", "version": "v2.4.1", "environment": environment});
        let proposal = Proposal { tool: "deploy".to_owned(), args, origin: Origin::Slash };
        let call = catalog.admit(&proposal).unwrap();
        let facts = json!({"service": {"version": "v2.4.0", "replicas": 3, "deploying": false,
            "versions": ["v2.4.0", "v2.4.1"], "generation": 1}, "release": "v2.4.1"});
        let facts = facts.as_object().unwrap();
        let (assessment, held) = (catalog.assess(&call, facts, &[]), catalog.held(&call, facts));
        let (asker, standing) = (PersonId(person.to_owned()), Standing::default());
        let case = Case {
            request: &request,
            call: &call,
            assessment: &assessment,
            held: &held,
            asker: Some(&asker),
            place: &place,
            origin: &Origin::Slash,
            grounding: &Grounding::Exact,
            standing: &standing,
            membership: Membership::none(),
            now,
        };
        c.bench_function(&format!("gate::decide, {name}"), |b| b.iter(|| decide(&policy, black_box(&case))));
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
