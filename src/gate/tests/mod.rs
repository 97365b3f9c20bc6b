mod brute;
mod cells;
mod diffs;
mod domain;
mod glass;
mod holders;
mod house;
mod load;
mod looks;
mod machine;
mod matrix;
mod misspelt;
mod obstacles;
mod properties;
mod sentences;
mod small;
mod times;
mod votes;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::{Assessment, Call, Direction, EffectClass};
use crate::domain::{Origin, PersonId, Place, Platform, RequestId};

const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

/// The names that ship, and some tags that files of these tests speak about.
fn vocabulary() -> Vocabulary {
    static SHIPPED: LazyLock<Vocabulary> =
        LazyLock::new(|| crate::app::vocabulary(&crate::catalog::Catalog::demo().unwrap()));
    let mut vocabulary = SHIPPED.clone();
    vocabulary.tags.extend(["checks-not-green", "payments"].map(str::to_owned));
    vocabulary
}

fn load(text: &str) -> Policy {
    Policy::load("policy.toml", text, &vocabulary()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The same, where the examples would not hold.
fn without_examples(text: &str) -> Policy {
    let mut table: toml::Table = text.parse().unwrap();
    table.remove("example");
    load(&table.to_string())
}

fn demo() -> Policy {
    load(DEMO_POLICY)
}

/// The shipped policy with more at its end.
fn demo_and(more: &str) -> Policy {
    load(&format!("{DEMO_POLICY}\n{more}"))
}

/// How many cases a property is tried with. More at night, for all of them: `PROPTEST_CASES=100000`.
#[expect(clippy::disallowed_methods, reason = "how long a test runs is the machine's business")]
fn cases(usual: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    proptest::test_runner::Config {
        cases: asked.unwrap_or(usual),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}

fn person(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A case that owns its parts. Noon on a Wednesday, an exact command in #deployments.
#[derive(Clone)]
struct Scene {
    request: RequestId,
    call: Call,
    assessment: Assessment,
    held: Map<String, Value>,
    asker: Option<PersonId>,
    place: Place,
    origin: Origin,
    grounding: Grounding,
    standing: Standing,
    membership: Membership,
    now: Timestamp,
}

/// Somebody asks for something by exact command.
fn ask(who: &str, tool: &str, environment: Option<&str>) -> Scene {
    let word = vocabulary().tools.into_iter().find(|word| word.name == tool).unwrap();
    let class = word.effect;
    let args = match json!({ "service": "order-service", "environment": environment }) {
        Value::Object(args) => args,
        other => panic!("{other}"),
    };
    let target = format!("{}/order-service", environment.unwrap_or("none"));
    let now = at("2026-03-04T12:00:00Z");
    Scene {
        request: RequestId::mint(now, [7; 10]),
        call: Call::for_tests(tool, args, class, environment, &target),
        assessment: Assessment {
            class,
            direction: word.has_direction.then_some(Direction::Up),
            tags: [].into(),
            short: None,
            change: String::new(),
        },
        held: Map::new(),
        asker: Some(person(who)),
        place: place("deployments"),
        origin: Origin::Slash,
        grounding: Grounding::Exact,
        standing: Standing::default(),
        membership: Membership::default(),
        now,
    }
}

fn place(channel: &str) -> Place {
    Place { platform: Platform::Console, workspace: String::new(), channel: channel.to_owned(), thread: None }
}

impl Scene {
    fn case(&self) -> Case<'_> {
        Case {
            request: &self.request,
            call: &self.call,
            assessment: &self.assessment,
            held: &self.held,
            asker: self.asker.as_ref(),
            place: &self.place,
            origin: &self.origin,
            grounding: &self.grounding,
            standing: &self.standing,
            membership: &self.membership,
            now: self.now,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn vote(self, policy: &Policy, who: &str, choice: Choice, verify: Verify) -> Self {
        let binding = binding(policy, &self.case());
        self.with(|scene| {
            let at = scene.now;
            scene.standing.votes.push(Vote { person: person(who), choice, binding, verify, at, note: None });
        })
    }

    fn approved_by(self, policy: &Policy, who: &str) -> Self {
        self.vote(policy, who, Choice::Approve, Verify::Console)
    }

    fn confirmed_by(self, who: &str) -> Self {
        self.with(|scene| scene.standing.confirmed_by = Some(person(who)))
    }

    fn decide(&self, policy: &Policy) -> Verdict {
        decide(policy, &self.case())
    }

    fn decision(&self, policy: &Policy) -> Decision {
        let verdict = self.decide(policy);
        // The proof can be had exactly when nothing is missing.
        assert_eq!(clear(policy, &self.case()).is_ok(), verdict.decision == Decision::Allow);
        verdict.decision
    }

    fn first_reason(&self, policy: &Policy) -> &'static str {
        self.decide(policy).findings[0].reason.as_str()
    }

    fn weigh(&self, policy: &Policy, who: &str, choice: Choice, verify: Verify) -> Result<(), VoteRefusal> {
        weigh(policy, &self.case(), Some(&person(who)), choice, verify)
    }
}
