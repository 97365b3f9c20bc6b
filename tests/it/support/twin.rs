use std::path::Path;
use std::sync::Arc;

use super::exporter;
use arc_swap::ArcSwap;
use countersign::app::{catalog, open_store, policy, texts, vocabulary};
use countersign::audit::Ledger;
use countersign::chat::{Answer, Directory, Duty, Standing, Unknown};
use countersign::clock::{Clock, Mint, SystemEntropy};
use countersign::config::Source;
use countersign::domain::ChatUser;
use countersign::execute::{Candidates, Connections, Hands, Reach, client};
use countersign::gate::GroupKey;
use countersign::interpret::offline::Offline;
use countersign::pipeline::{PolicyFile, Rooms, Roster, open_policy};
use countersign::redact::Redactor;
use futures::FutureExt as _;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;

struct Nobody;

impl Directory for Nobody {
    fn members<'a>(&'a self, _group: &'a GroupKey) -> Answer<'a, Vec<ChatUser>> {
        std::future::ready(Err(Unknown("nobody knows".to_owned()))).boxed()
    }

    fn standing<'a>(&'a self, _account: &'a ChatUser) -> Answer<'a, Standing> {
        std::future::ready(Ok(Standing::Member)).boxed()
    }

    fn on_call<'a>(&'a self, _team: &'a str) -> Answer<'a, Vec<Duty>> {
        std::future::ready(Err(Unknown("nobody knows".to_owned()))).boxed()
    }
}

/// Another set of rooms over a data directory that somebody else has as well: a replica, without its own doors and back
/// ends. The lock that keeps two servers from one directory is not taken, on purpose.
pub async fn twin(source: &Source, clock: Arc<dyn Clock>) -> Arc<Rooms> {
    let data_dir = source.data_dir();
    let texts = texts(source).unwrap();
    let catalog = Arc::new(catalog(&texts).unwrap());
    assert!(policy(&texts, &catalog).is_ok());
    let store = open_store(source).await.unwrap();
    let entropy = Arc::new(SystemEntropy);
    let ledger = Ledger::open(store.clone(), &data_dir, Arc::clone(&clock), entropy.clone()).await.unwrap();
    let (name, text) = &texts.policy;
    let policy = open_policy(&ledger, (name, text), &vocabulary(&catalog), clock.now()).await.unwrap();
    let policy = Arc::new(ArcSwap::from_pointee(policy));
    let roster = Roster::new(Arc::new(Nobody));
    let candidates = Candidates::default();
    let reach = Reach {
        redactor: Redactor::default(),
        catalog: Arc::clone(&catalog),
        policy: Arc::clone(&policy),
        store: store.clone(),
        connections: Arc::new(Connections::default()),
        candidates: Arc::clone(&candidates),
        membership: roster.membership(),
        clock: Arc::clone(&clock),
    };
    // The client is made only so that what it needs of the machine is there as in the real one.
    drop(client().unwrap());
    let exporter = exporter(&ledger, &clock);
    Arc::new(Rooms {
        exporter,
        hands: Hands::new(reach),
        interpreter: Arc::new(Offline::new(Arc::clone(&catalog))),
        policy_file: PolicyFile::new("policy.toml".to_owned(), None),
        operators_channel: None,
        candidates,
        roster,
        catalog,
        policy,
        store,
        ledger,
        mint: Mint::new(Arc::clone(&clock), entropy.clone()),
        clock,
        entropy,
        changed: broadcast::channel(1024).0,
        tasks: TaskTracker::new(),
    })
}

/// A source that has nothing but a data directory and a policy file.
pub fn bare_source(data_dir: &Path, policy: &Path) -> Source {
    let mut config =
        countersign::config::Config { data_dir: Some(data_dir.to_owned()), ..Default::default() };
    config.playground.enabled = false;
    config.files.policy = Some(policy.to_owned());
    Source { config, file: None }
}
