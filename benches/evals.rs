//! What the harness itself takes, with models that answer at once: cases per second with eight under way, each written
//! down as in a run; and the report of what came of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::catalog::Catalog;
use countersign::clock::{Clock, SystemClock};
use countersign::domain::Digest;
use countersign::evals::{
    Bench, CaseSet, Facts, Filter, Hashes, Live, Prediction, Run, RunFile, RunFolder, Scene, Scorer, Solver,
    Stop, Stub, ThirdParty, World, case_files, demo_catalog, html, run,
};
use countersign::interpret::llm::{Access, Endpoint, Prompt, Sampling, Settings};
use countersign::redact::Redactor;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

/// So many cases are under way at once.
const AT_ONCE: usize = 8;

/// What a well-behaved server says to everything.
const ANSWER: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,
"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
"function":{"name":"status","arguments":"{\"service\":\"checkout\"}"}}]}}],
"usage":{"prompt_tokens":3000,"completion_tokens":20,"total_tokens":3020}}"#;

struct Ground {
    runtime: Runtime,
    set: Arc<CaseSet>,
    catalog: Arc<Catalog>,
    facts: Facts,
    scene: Scene,
}

fn ground() -> Option<Ground> {
    let evals = Path::new(env!("CARGO_MANIFEST_DIR")).join("evals");
    let folders: Vec<PathBuf> = ["dev", "safety"].map(|suite| evals.join("cases").join(suite)).into();
    let text = std::fs::read_to_string(evals.join("catalog.json")).ok()?;
    let world = World::parse(&text).ok()?;
    let catalog = Arc::new(demo_catalog(&text).ok()?);
    Some(Ground {
        runtime: Runtime::new().ok()?,
        set: Arc::new(CaseSet::read(&case_files(&folders).ok()?, &Filter::default(), usize::MAX, 1).ok()?),
        facts: Facts::of_catalog(&catalog, &world),
        scene: Scene {
            now: world.now(),
            offered: catalog.tools().map(|tool| tool.name().to_owned()).collect(),
            third_party: ThirdParty::Hidden,
        },
        catalog,
    })
}

impl Ground {
    fn bench(&self, solver: Solver) -> Arc<Bench> {
        Arc::new(Bench {
            catalog: Arc::clone(&self.catalog),
            facts: self.facts.clone(),
            scene: self.scene.clone(),
            solver,
            stages: None,
        })
    }

    /// One whole run into a folder of its own; gives the lines that it wrote.
    fn run(&self, bench: &Arc<Bench>) -> Option<Vec<Prediction>> {
        let dir = tempfile::tempdir().ok()?;
        let mut folder = RunFolder::begin(&dir.path().join("run"), &run_file()).ok()?;
        let mut came = Vec::new();
        let each = |answered: countersign::evals::Answered| {
            let written = folder.write(&answered);
            came.push(answered.prediction);
            written
        };
        let (none, stop) = (BTreeMap::new(), Stop::default());
        self.runtime.block_on(run(bench, &self.set, &none, AT_ONCE, &stop, each)).ok()?;
        Some(came)
    }

    /// A model at a server on this machine.
    fn live(&self) -> Option<Live> {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).ok()?;
        let base_url = format!("http://{}/v1", listener.local_addr().ok()?);
        let router = axum::Router::new().fallback(|| async { ANSWER });
        self.runtime.spawn(async move { axum::serve(listener, router).await });
        let access = Access {
            key: None,
            timeout: Duration::from_secs(10),
            retries: 0,
            longest_pause: Duration::ZERO,
            overall: Duration::from_secs(10),
        };
        let settings = Settings {
            model: "m".to_owned(),
            max_tokens: 1_000,
            sampling: Sampling::default(),
            without: Default::default(),
            prompt: Prompt::shipped(),
            redactor: Redactor::default(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let endpoint = Endpoint::new(&base_url, access).ok()?;
        Some(Live::new(&settings, &endpoint, 1, &self.catalog, &clock))
    }
}

fn run_file() -> RunFile {
    let none = Digest::of(b"");
    RunFile {
        name: "bench".to_owned(),
        files: Vec::new(),
        filter: String::new(),
        tags: Default::default(),
        limit: None,
        catalog: None,
        tools: None,
        model: "m".to_owned(),
        base_url: None,
        trials: 1,
        temperature: 0.0,
        seed: 7,
        max_tokens: None,
        without: Vec::new(),
        expose_third_party: false,
        through: None,
        must_pass: false,
        floors: BTreeMap::new(),
        tolerance: 0.02,
        max_infra_errors: 0.02,
        hashes: Hashes { cases: none, prompt: none, tools: none, catalog: none },
    }
}

fn measure(criterion: &mut Criterion) {
    let Some(ground) = ground() else { return };
    let cases = u64::try_from(ground.set.len()).unwrap_or(u64::MAX);
    let mut group = criterion.benchmark_group("cases");
    group.throughput(Throughput::Elements(cases)).sample_size(10);
    let stub = ground.bench(Solver::Stub(Stub::Oracle));
    group.bench_function("run, no model", |bench| bench.iter(|| ground.run(&stub)));
    if let Some(live) = ground.live() {
        let live = ground.bench(Solver::Live(Box::new(live)));
        group.bench_function("run, a model at once", |bench| bench.iter(|| ground.run(&live)));
    }
    let Some(came) = ground.run(&stub) else { return };
    group.bench_function("report", |bench| {
        bench.iter(|| {
            let mut scorer = Scorer::new(ground.set.cases(), &ground.facts);
            for prediction in &came {
                scorer.add(prediction).ok()?;
            }
            let report = scorer.report(Run::default());
            html(&report, &|id| ground.set.find(id), &ground.facts).ok()
        })
    });
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
