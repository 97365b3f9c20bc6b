use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::app::{Play, rehearsal};
use countersign::catalog::{Manifest, SHIPPED_TOOLS};
use countersign::evals::{
    Answered, Bench, CaseSet, Cast, Facts, Filter, Goals, Humans, Rehearsal, Scene, Solver, Stages, Stop,
    Stub, ThirdParty, World, case_files, catalog_of, function_tools, named_by_product, offer, product_tools,
    rehearsed, run,
};
use countersign::gate::DEMO_POLICY;

/// How many houses are rehearsed in at once.
const HOUSES: usize = 4;

pub fn evals() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("evals")
}

pub fn product() -> Vec<Manifest> {
    let shipped: Vec<_> =
        SHIPPED_TOOLS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    product_tools(&shipped).unwrap()
}

/// A policy and the people who live with it.
#[derive(Clone, Copy)]
pub enum Under {
    /// The shipped one, and people who say yes to what they wanted.
    Shipped,
    /// One that allows everything, and people who say yes to everything.
    Permissive,
}

/// The cases of folders below `evals/cases` that are like a filter.
pub fn cases(folders: &[&str], filter: &str) -> Arc<CaseSet> {
    let paths: Vec<PathBuf> = folders.iter().map(|folder| evals().join("cases").join(folder)).collect();
    let filter: Filter = filter.parse().unwrap();
    Arc::new(CaseSet::read(&case_files(&paths).unwrap(), &filter, usize::MAX, 1).unwrap())
}

/// What a stub's answers come to in the whole house, by case.
pub async fn play(set: &Arc<CaseSet>, stub: &str, under: Under) -> BTreeMap<String, Answered> {
    // The second test to come here finds a provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = World::parse(&std::fs::read_to_string(evals().join("catalog.json")).unwrap()).unwrap();
    let listed = function_tools(&std::fs::read_to_string(evals().join("tools.json")).unwrap()).unwrap();
    let offer = offer(&listed, &product()).unwrap();
    let facts = Facts::of_tools(&named_by_product(listed, &offer), &world);
    let tools = rehearsed(&offer.tools, &product());
    let houses = houses(&world, &tools, set, under).await;
    let catalog = Arc::new(catalog_of(&world, offer.tools).unwrap());
    let stub: Stub = stub.parse().unwrap();
    let bench = Arc::new(Bench {
        facts,
        scene: Scene {
            now: world.now(),
            offered: catalog.tools().map(|tool| tool.name().to_owned()).collect(),
            third_party: ThirdParty::Hidden,
        },
        catalog,
        solver: Solver::Stub(stub.knowing(Goals(set.goals().to_vec()))),
        stages: Some(Stages::new(houses)),
    });
    let mut played = BTreeMap::new();
    run(&bench, set, &BTreeMap::new(), HOUSES, &Stop::default(), |answered| {
        played.insert(answered.case.id.clone(), answered);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(played.len(), set.len());
    for (id, answered) in &played {
        assert_eq!(answered.prediction.error, None, "{id}");
        assert_eq!(answered.prediction.breaches, [], "{id}: {:?}", answered.prediction);
    }
    played
}

async fn houses(world: &World, tools: &[Manifest], set: &CaseSet, under: Under) -> Vec<Rehearsal> {
    let (policy, humans) = match under {
        Under::Shipped => (DEMO_POLICY.to_owned(), Humans::Careful),
        Under::Permissive => {
            let file = evals().join("policies/permissive.toml");
            (std::fs::read_to_string(file).unwrap(), Humans::Careless)
        }
    };
    let (policy, cast) = Cast::join(&policy, set.channels(), tools).unwrap();
    let play = Play { world, tools, policy: &policy, cast: &cast, humans };
    let mut houses = Vec::new();
    for _house in 0..HOUSES {
        houses.push(rehearsal(&play).await.unwrap());
    }
    houses
}
