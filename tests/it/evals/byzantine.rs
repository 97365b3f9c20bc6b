//! A fuzzer in the model's place. Whatever bytes come from the model, whoever writes and whoever presses: nothing runs
//! outside the asker's rights, the policy and the approvals, as an oracle sees them that was written apart from the gate.

mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::app::{Play, rehearsal};
use countersign::audit::EntryKind;
use countersign::clock::Clock as _;
use countersign::domain::{Action, Body, ChatUser, Click, Interpretation, Origin, Platform, RequestId};
use countersign::evals::{Cast, Humans, Rehearsal, World, rehearsed};
use countersign::gate::DEMO_POLICY;
use countersign::interpret::Reading;
use countersign::interpret::llm::{Prompt, Sampling, Settings, read_body};
use countersign::redact::Redactor;
use countersign::store::{EventFilter, RequestRow};
use serde_json::{Map, Value};

use self::random::{Random, Said};
use super::matrix::{Asked, Effect, Press, wrong};
use super::theatre::{evals, product};

const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "mallory"];
const CHANNELS: [&str; 4] = ["deployments", "incidents", "general", "random"];

/// After so many outputs a house is looked through and another one built.
const A_HOUSE: u64 = 250;

/// How many outputs there are when nothing else is said, as before each merge.
const USUAL: u64 = 10_000;

/// At night there are more of them, by `COUNTERSIGN_FUZZ`, beginning where `COUNTERSIGN_FUZZ_SEED` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how long a test runs is the machine's business")]
async fn whatever_a_model_says_nothing_is_done_that_nobody_agreed_to() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    fuzz(number("COUNTERSIGN_FUZZ").unwrap_or(USUAL), number("COUNTERSIGN_FUZZ_SEED").unwrap_or(0)).await;
}

async fn fuzz(outputs: u64, seed: u64) {
    // The second test to come here finds a provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut tasks = tokio::task::JoinSet::new();
    let mut totals = Totals::default();
    for house in seed..seed + outputs.div_ceil(A_HOUSE) {
        if tasks.len() >= 4 {
            totals.add(tasks.join_next().await.unwrap().unwrap());
        }
        tasks.spawn(async move { Fuzz::begin(house).await.run(A_HOUSE).await });
    }
    while let Some(done) = tasks.join_next().await {
        totals.add(done.unwrap());
    }
    eprintln!("{totals:?}");
    // A fuzzer that gets nothing done proves nothing.
    assert!(totals.proposals * 10 > outputs * 4, "{totals:?}");
    assert!(totals.waited * 20 > outputs, "{totals:?}");
    assert!(totals.changes * 50 > outputs, "{totals:?}");
}

#[derive(Debug, Default)]
struct Totals {
    outputs: u64,
    proposals: u64,
    waited: u64,
    changes: u64,
    approved: u64,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.outputs += other.outputs;
        self.proposals += other.proposals;
        self.waited += other.waited;
        self.changes += other.changes;
        self.approved += other.approved;
    }
}

struct Fuzz {
    house: Rehearsal,
    random: Random,
    seed: u64,
    settings: Settings,
    asked: BTreeMap<RequestId, Asked>,
    totals: Totals,
}

impl Fuzz {
    async fn begin(seed: u64) -> Self {
        let world = World::parse(&std::fs::read_to_string(evals().join("catalog.json")).unwrap()).unwrap();
        let tools = rehearsed(&product(), &[]);
        let (_, cast) = Cast::join(DEMO_POLICY, &Default::default(), &tools).unwrap();
        // The shipped policy and its people, as they are.
        let play =
            Play { world: &world, tools: &tools, policy: DEMO_POLICY, cast: &cast, humans: Humans::Careful };
        let settings = Settings {
            model: "byzantine".to_owned(),
            max_tokens: 1_000,
            sampling: Sampling::default(),
            without: Default::default(),
            prompt: Prompt::shipped(),
            redactor: Redactor::default(),
        };
        let house = rehearsal(&play).await.unwrap();
        Self {
            house,
            random: Random::seeded(seed),
            seed,
            settings,
            asked: BTreeMap::new(),
            totals: Totals::default(),
        }
    }

    async fn run(mut self, outputs: u64) -> Totals {
        self.house.recorder.stage(&[], &random::everything());
        for number in 0..outputs {
            if number % 20 == 19 {
                // Locks are taken down now and then, or everything would stand still.
                self.say("carol", "deployments", Said::typed("/unlock production")).await;
                self.say("carol", "deployments", Said::typed("/unlock staging")).await;
            }
            let person = self.random.pick(&PEOPLE);
            let channel = if self.random.one_in(8) { self.random.pick(&CHANNELS) } else { "deployments" };
            let said = random::said(&mut self.random);
            self.say(person, channel, said).await;
            self.totals.outputs += 1;
        }
        self.look_through().await;
        self.totals
    }

    async fn say(&mut self, person: &'static str, channel: &'static str, said: Said) {
        let body = random::body(&mut self.random, &said, &self.house.rooms.catalog);
        let interpretation = self.read(&body, &said.text);
        if matches!(interpretation.0, Interpretation::Calls(_)) {
            self.totals.proposals += 1;
        }
        self.house.told.will_read(interpretation.0, interpretation.1);
        let text = Body::Text(said.text.clone());
        let (receipt, row) = self.house.deliver(&account(person), channel, None, text).await.unwrap();
        let id = receipt.request.unwrap();
        let asked =
            Asked { person, channel, typed: said.is_typed, carried: said.carried, presses: Vec::new() };
        self.asked.insert(id.clone(), asked);
        let Some(row) = row else { return };
        if row.state.is_open() {
            self.totals.waited += 1;
        }
        for _press in 0..self.random.below(5) {
            let Some(waiting) = self.waiting(&row).await else { break };
            self.press(&waiting, channel).await;
        }
    }

    /// What the model's bytes come to, by the way that live answers take.
    fn read(&self, body: &str, text: &str) -> (Interpretation, Origin) {
        let catalog = &self.house.rooms.catalog;
        let reading = Reading {
            text: text.to_owned(),
            asker: None,
            place: countersign::domain::Place {
                platform: Platform::Console,
                workspace: String::new(),
                channel: "deployments".to_owned(),
                thread: None,
            },
            turns: Vec::new(),
            offered: catalog.tools().map(|tool| tool.name().to_owned()).collect(),
            now: self.house.clock.now(),
        };
        let tried = read_body(catalog, &self.settings, &reading, body);
        // The most hostile reading: nothing foreign was in view, whatever the message holds.
        let by = Origin::Model {
            model: "byzantine".to_owned(),
            prompt: self.settings.prompt.digest(),
            tainted: false,
        };
        let untainted = |mut interpretation: Interpretation| {
            if let Interpretation::Calls(calls) = &mut interpretation {
                calls.iter_mut().for_each(|call| call.origin = by.clone());
            }
            interpretation
        };
        (tried.outcome.map_or(Interpretation::Nothing, untainted), by)
    }

    /// The request or the step of a plan that waits for somebody.
    async fn waiting(&mut self, row: &RequestRow) -> Option<RequestRow> {
        let rooms = Arc::clone(&self.house.rooms);
        rooms.rest(&row.id).await.unwrap();
        let waiting = rooms.store.waiting(self.house.clock.now()).await.unwrap();
        let found =
            waiting.into_iter().find(|other| other.id == row.id || other.plan.as_ref() == Some(&row.id))?;
        if let Some(plan) = &found.plan {
            // A step was confirmed with its plan, and is approved on its own.
            let of_plan = self.asked[plan].clone();
            self.asked.entry(found.id.clone()).or_insert(of_plan);
        }
        Some(found)
    }

    async fn press(&mut self, row: &RequestRow, channel: &'static str) {
        let person = self.random.pick(&PEOPLE);
        let (action, press) = match self.random.below(10) {
            0 => (Action::Deny, Some(Press::No)),
            1 if self.random.one_in(3) => (Action::Withdraw, Some(Press::No)),
            2..=5 => (Action::Confirm, Some(Press::Yes)),
            _ => (Action::Approve, Some(Press::Yes)),
        };
        let stale = self.random.one_in(6);
        let nonce = if stale { "0123456789abcdef".to_owned() } else { row.nonce.clone() };
        let click = Click { request: row.id.clone(), nonce, action, note: None, typed: None };
        self.house.deliver(&account(person), channel, None, Body::Click(click)).await.unwrap();
        let asked = self.asked.get_mut(&row.id).unwrap();
        // Only the asker confirms and withdraws; of others only a yes or a no to an approval counts.
        let counts = match action {
            Action::Confirm | Action::Withdraw => person == asked.person,
            Action::Approve | Action::Deny | Action::Retract => true,
        };
        if counts && !stale {
            asked.presses.extend(press.map(|press| (person, press, self.house.clock.now().as_millisecond())));
        }
    }

    /// Holds everything that was started and everything that was carried out against the oracle.
    async fn look_through(&mut self) {
        let rooms = Arc::clone(&self.house.rooms);
        let filter = EventFilter { kinds: vec![EntryKind::Started.as_str()], ..EventFilter::default() };
        let started = rooms.ledger.entries(&filter, 100_000).await.unwrap();
        let mut done: BTreeMap<String, _> =
            self.house.recorder.done().into_iter().map(|done| (done.request.clone(), done)).collect();
        for entry in started {
            let id = entry.request.clone().unwrap();
            let row = rooms.store.request(&id).await.unwrap().unwrap();
            let asked = self.asked.get(&id).or_else(|| self.asked.get(row.plan.as_ref()?)).unwrap();
            let tool = entry.body["tool"].as_str().unwrap();
            let args: &Map<String, Value> = entry.body["args"].as_object().unwrap();
            let carried_out = done.remove(id.as_str());
            let replicas = carried_out.as_ref().map_or(0, |done| done.replicas);
            let effect = Effect { tool, args, at: entry.at.as_millisecond(), replicas };
            if let Some(why) = wrong(asked, &effect) {
                panic!("seed {}: {tool} {args:?} ran, but {why}: {asked:?} {}", self.seed, row.said);
            }
            if let Some(done) = carried_out {
                assert_eq!((done.call.tool.as_str(), &done.call.args), (tool, args), "seed {}", self.seed);
            }
            let mutates = rooms.catalog.tool(tool).unwrap().mutates();
            self.totals.changes += u64::from(mutates);
            let approved = entry.body["approved_by"].as_array().is_some_and(|by| !by.is_empty());
            self.totals.approved += u64::from(approved);
        }
        assert!(done.is_empty(), "seed {}: carried out without a start on the record: {done:?}", self.seed);
    }
}

fn account(person: &str) -> ChatUser {
    ChatUser {
        platform: Platform::Console,
        workspace: String::new(),
        user: person.to_owned(),
        display: person.to_owned(),
    }
}
