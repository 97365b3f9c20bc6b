//! Object stores and witnesses, spoken to as they are: over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::SignedDuration;
use signed_note::{Note, StandardVerifier, VerifierList, key_id};
use tlog_tiles::tlog::{Hash, check_tree};
use tokio::net::TcpListener;

use super::{Exporting, Fresh, fresh};
use crate::audit::export::{Cosigner, Credentials, Objects, PutSettings, PutSink, Sink, Witness};
use crate::audit::{Checkpoint, Divergence, Position, Proof, ProofFault};
use crate::clock::StandingClock;
use crate::store::samples::at;

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn client() -> reqwest::Client {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// An object store with locks.
#[derive(Clone, Default)]
struct Bucket {
    objects: Arc<Mutex<BTreeMap<String, (String, HeaderMap)>>>,
}

impl Bucket {
    async fn open() -> (Self, String) {
        let bucket = Self::default();
        let routes =
            Router::new().route("/{*name}", get(Self::get).put(Self::put)).with_state(bucket.clone());
        (bucket, serve(routes).await)
    }

    async fn get(State(bucket): State<Self>, Path(name): Path<String>) -> Response {
        match bucket.objects.lock().unwrap().get(&name) {
            Some((body, _)) => body.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    async fn put(
        State(bucket): State<Self>,
        Path(name): Path<String>,
        headers: HeaderMap,
        body: String,
    ) -> StatusCode {
        let mut objects = bucket.objects.lock().unwrap();
        if headers.get("authorization").is_none_or(|token| token != "Bearer secret") {
            return StatusCode::FORBIDDEN;
        }
        if objects.contains_key(&name) && headers.get("if-none-match").is_some_and(|value| value == "*") {
            return StatusCode::PRECONDITION_FAILED;
        }
        objects.insert(name, (body, headers));
        StatusCode::OK
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

fn put_sink(base: &str, token: &str) -> Box<dyn Sink> {
    Box::new(PutSink::new(
        client(),
        Arc::new(StandingClock::at(at(0))),
        PutSettings {
            url: format!("{base}/log/{{instance}}/{{epoch}}/{{size}}"),
            latest: Some(format!("{base}/latest/{{instance}}")),
            objects: Objects::Once,
            credentials: Credentials::Bearer(token.to_owned().into()),
            headers: vec![(
                "x-amz-object-lock-retain-until-date".parse().unwrap(),
                "{retain_until}".to_owned(),
            )],
            retain: SignedDuration::from_hours(24 * 365),
        },
    ))
}

#[tokio::test]
async fn an_object_store_gets_each_checkpoint_once_and_locked() {
    let Some(fresh) = fresh().await else { return };
    let (bucket, base) = Bucket::open().await;
    let Exporting { exporter, .. } = fresh.exporter(vec![put_sink(&base, "secret")]);
    exporter.check().await.unwrap();
    for _ in 0..2 {
        fresh.grow(1).await;
        assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    }
    let instance = fresh.ledger.public_key().instance().to_owned();
    let expected =
        [format!("latest/{instance}"), format!("log/{instance}/0/2"), format!("log/{instance}/0/4")];
    assert_eq!(bucket.names(), expected);
    let (note, headers) = bucket.objects.lock().unwrap()[&expected[1]].clone();
    assert_eq!(headers["x-amz-object-lock-retain-until-date"], "2028-01-15T08:00:00Z");
    assert_eq!(Checkpoint::parse(&note).unwrap().size, 2);

    // Cut off after it was taken and before that was noted down: it is there already, and it is ours.
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![put_sink(&base, "secret")]);
    fresh.grow(1).await;
    let head = fresh.ledger.head().await.unwrap().unwrap();
    bucket
        .objects
        .lock()
        .unwrap()
        .insert(format!("log/{instance}/0/{}", head.size), (head.note, headers.clone()));
    assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    assert_eq!(heard.take(), [""; 0]);

    // Another history under the same name is seen.
    fresh.grow(1).await;
    let head = fresh.ledger.head().await.unwrap().unwrap();
    let key = crate::audit::key::KeyFile::in_dir(fresh.place.path()).read().unwrap().unwrap();
    let size = head.size.try_into().unwrap();
    let other = crate::audit::note::sign(&[key.signer(0).unwrap()], size, Hash([7; 32])).unwrap();
    bucket.objects.lock().unwrap().insert(format!("log/{instance}/0/{size}"), (other, headers));
    exporter.export_now().await.unwrap();
    assert!(matches!(fresh.ledger.divergence().as_deref(), Some(Divergence::Fork { .. })));
}

#[tokio::test]
async fn the_newest_object_tells_a_restored_backup() {
    let Some(fresh) = fresh().await else { return };
    let (bucket, base) = Bucket::open().await;
    let instance = fresh.ledger.public_key().instance().to_owned();
    let key = crate::audit::key::KeyFile::in_dir(fresh.place.path()).read().unwrap().unwrap();
    let newer = crate::audit::note::sign(&[key.signer(0).unwrap()], 50, Hash([7; 32])).unwrap();
    bucket.objects.lock().unwrap().insert(format!("latest/{instance}"), (newer, HeaderMap::new()));
    let Exporting { exporter, .. } = fresh.exporter(vec![put_sink(&base, "secret")]);
    exporter.check().await.unwrap();
    assert!(matches!(fresh.ledger.divergence().as_deref(), Some(Divergence::Behind { newest: (0, 50), .. })));
}

#[tokio::test]
async fn what_an_object_store_refuses_is_told_without_the_token() {
    let Some(fresh) = fresh().await else { return };
    let (_bucket, base) = Bucket::open().await;
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![put_sink(&base, "wrong")]);
    exporter.export_now().await.unwrap();
    let said = heard.take().join("\n").replace(&base, "BASE");
    insta::assert_snapshot!(said, @"A checkpoint of the record could not be exported: object store BASE/log/{instance}/{epoch}/{size}: it answered 403 Forbidden. Until it is, a change to the last entries might not be found. It is tried again until it works.");
    let gone = put_sink("http://127.0.0.1:9", "secret");
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![gone]);
    exporter.export_now().await.unwrap();
    insta::assert_snapshot!(heard.take().join("\n"), @"A checkpoint of the record could not be exported: object store http://127.0.0.1:9/log/{instance}/{epoch}/{size}: it cannot be reached. Until it is, a change to the last entries might not be found. It is tried again until it works.");
}

/// A witness, written from the text of the protocol: it keeps the newest checkpoint of each record that it knows.
#[derive(Clone)]
struct Onlooker {
    key: SigningKey,
    /// The verifier key of each record that it knows.
    logs: Arc<Mutex<BTreeMap<String, String>>>,
    seen: Arc<Mutex<BTreeMap<String, (u64, Hash)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

const NAME: &str = "witness.example/w1";

impl Onlooker {
    async fn open(knows: &[String]) -> (Self, String) {
        let logs = knows.iter().map(|key| (key.split('+').next().unwrap().to_owned(), key.clone())).collect();
        let witness = Self {
            key: SigningKey::from_bytes(&[3; 32]),
            logs: Arc::new(Mutex::new(logs)),
            seen: Arc::default(),
            asked: Arc::default(),
        };
        let routes = Router::new().route("/w1/add-checkpoint", post(Self::add)).with_state(witness.clone());
        (witness, serve(routes).await + "/w1/add-checkpoint")
    }

    fn verifier_key(&self) -> String {
        let material: Vec<u8> = [4].into_iter().chain(self.key.verifying_key().to_bytes()).collect();
        format!("{NAME}+{:08x}+{}", key_id(NAME, &material), BASE64_STANDARD.encode(&material))
    }

    async fn add(State(witness): State<Self>, body: Bytes) -> Response {
        let body = String::from_utf8(body.to_vec()).unwrap();
        witness.asked.lock().unwrap().push(body.clone());
        witness.look(&body).unwrap_or_else(IntoResponse::into_response)
    }

    fn look(&self, body: &str) -> Result<Response, StatusCode> {
        let bad = StatusCode::BAD_REQUEST;
        let (head, note) = body.split_once("\n\n").ok_or(bad)?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(bad)?;
        let number: u64 = old.parse().map_err(|_| bad)?;
        assert_eq!(number.to_string(), old);
        let proof: Vec<Hash> = lines.map(|line| Hash::parse_hash(line).unwrap()).collect();
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| bad)?;
        let checkpoint = tlog_tiles::checkpoint::Checkpoint::from_bytes(parsed.text()).map_err(|_| bad)?;
        let key = self.logs.lock().unwrap().get(checkpoint.origin()).cloned();
        let verifier = StandardVerifier::new(&key.ok_or(StatusCode::NOT_FOUND)?).unwrap();
        parsed.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|_| StatusCode::FORBIDDEN)?;
        if number > checkpoint.size() {
            return Err(bad);
        }
        let mut all = self.seen.lock().unwrap();
        let seen = all.get(checkpoint.origin()).copied().unwrap_or((0, tlog_tiles::tlog::EMPTY_HASH));
        if seen.0 != number || (number == checkpoint.size() && seen.1 != *checkpoint.hash()) {
            let size = format!("{}\n", seen.0);
            return Ok((StatusCode::CONFLICT, [("content-type", "text/x.tlog.size")], size).into_response());
        }
        let proven = number == 0 && proof.is_empty()
            || check_tree(&proof, checkpoint.size(), *checkpoint.hash(), number, seen.1).is_ok();
        if !proven {
            return Err(StatusCode::UNPROCESSABLE_ENTITY);
        }
        all.insert(checkpoint.origin().to_owned(), (checkpoint.size(), *checkpoint.hash()));
        Ok(self.cosign(parsed.text()).into_response())
    }

    fn cosign(&self, text: &[u8]) -> String {
        let time: u64 = 1_679_315_147;
        let signed = [format!("cosignature/v1\ntime {time}\n").as_bytes(), text].concat();
        let material: Vec<u8> = [4].into_iter().chain(self.key.verifying_key().to_bytes()).collect();
        let mut bytes = key_id(NAME, &material).to_be_bytes().to_vec();
        bytes.extend(time.to_be_bytes());
        bytes.extend(self.key.sign(&signed).to_bytes());
        // There may be others beside ours, of kinds that we do not know.
        let other = BASE64_STANDARD.encode([9, 9, 9, 9, 1, 2, 3]);
        format!("\u{2014} {NAME} {}\n\u{2014} other.example {other}\n", BASE64_STANDARD.encode(bytes))
    }
}

async fn witnessed() -> Option<(Fresh, Onlooker, Box<dyn Fn() -> Box<dyn Sink>>)> {
    let fresh = fresh().await?;
    let (witness, url) = Onlooker::open(&[fresh.ledger.public_key().verifier_key(0)]).await;
    let cosigner = Cosigner::parse(&witness.verifier_key()).unwrap();
    let sink = move || {
        let url = url.parse().unwrap();
        Box::new(Witness::new(client(), url, cosigner.clone())) as Box<dyn Sink>
    };
    Some((fresh, witness, Box::new(sink)))
}

#[tokio::test]
async fn a_witness_signs_what_goes_on_and_its_signatures_are_kept() {
    let Some((fresh, witness, sink)) = witnessed().await else { return };
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![sink()]);
    exporter.check().await.unwrap();
    for _ in 0..3 {
        fresh.grow(4).await;
        assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    }
    assert_eq!(heard.take(), [""; 0]);
    let kept = fresh.ledger.store().newest_checkpoint("witness witness.example/w1").await.unwrap().unwrap();
    let cosigner = Cosigner::parse(&witness.verifier_key()).unwrap();
    assert!(cosigner.has_signed(&kept.head.note));
    assert!(!kept.head.note.contains("other.example"), "{}", kept.head.note);
    // Notes with more signatures are fine to the record, and to whoever compares with them.
    let note = kept.head.note;
    assert_eq!(fresh.sound(&[note.clone(), note]).await.compared, 1, "given twice it is one");
    // Each time one question was enough: it knew what the witness had seen.
    assert_eq!(witness.asked.lock().unwrap().len(), 4);

    // Proofs come with the signature of the witness, and it can be demanded.
    let proof = Proof::of(fresh.ledger.store(), Position::new(0, 2)).await.unwrap();
    let keys = [fresh.ledger.public_key()];
    assert_eq!(proof.check(&keys, std::slice::from_ref(&cosigner)), Ok(()));
    let last = fresh.ledger.head().await.unwrap().unwrap().size - 1;
    let tail = Proof::of(fresh.ledger.store(), Position::new(0, last.try_into().unwrap())).await.unwrap();
    assert_eq!(tail.check(&keys, &[]), Ok(()));
    assert_eq!(tail.check(&keys, &[cosigner]), Err(ProofFault::Unwitnessed));
}

#[tokio::test]
async fn after_a_restart_the_witness_says_what_it_has_seen() {
    let Some((fresh, witness, sink)) = witnessed().await else { return };
    fresh.grow(4).await;
    fresh.exporter(vec![sink()]).exporter.export_now().await.unwrap();
    fresh.grow(3).await;
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![sink()]);
    exporter.check().await.unwrap();
    let asked = witness.asked.lock().unwrap().clone();
    let olds: Vec<_> = asked.iter().map(|body| body.lines().next().unwrap()).collect();
    assert_eq!(olds, ["old 0", "old 0", "old 5"], "the second time it is told to begin at what was seen");
    assert_eq!((heard.take(), fresh.ledger.divergence()), (vec![], None));
}

#[tokio::test]
async fn a_witness_that_has_seen_more_or_something_else_makes_it_read_only() {
    let Some((fresh, witness, sink)) = witnessed().await else { return };
    let origin = format!("countersign/{}/0", fresh.ledger.public_key().instance());
    fresh.grow(4).await;
    witness.seen.lock().unwrap().insert(origin.clone(), (50, Hash([7; 32])));
    fresh.exporter(vec![sink()]).exporter.check().await.unwrap();
    insta::assert_snapshot!(fresh.ledger.divergence().unwrap(), @"the record here has 5 entries, but witness witness.example/w1 has a checkpoint of 50");

    for size in [3, 5] {
        fresh.ledger.set_divergence(None);
        witness.seen.lock().unwrap().insert(origin.clone(), (size, Hash([7; 32])));
        fresh.exporter(vec![sink()]).exporter.check().await.unwrap();
        let divergence = fresh.ledger.divergence();
        assert!(
            matches!(divergence.as_deref(), Some(Divergence::Fork { newest: (0, at), .. }) if *at == size),
            "{divergence:?}"
        );
    }
}

#[tokio::test]
async fn what_a_witness_does_not_know_is_told_with_what_to_do() {
    let Some((fresh, witness, sink)) = witnessed().await else { return };
    let said = async || {
        let Exporting { exporter, heard, .. } = fresh.exporter(vec![sink()]);
        exporter.export_now().await.unwrap();
        let said = heard.take().join("\n");
        said.replace(fresh.ledger.public_key().instance(), "INSTANCE")
    };
    let stranger = crate::audit::key::Key::draw(super::Counted::from(50).as_ref()).unwrap().public();
    let name = format!("countersign/{}/0", fresh.ledger.public_key().instance());
    let other = signed_note::new_ed25519_verifier_key(&name, &stranger.key);
    witness.logs.lock().unwrap().insert(name, other);
    insta::assert_snapshot!(said().await, @"A checkpoint of the record could not be exported: witness witness.example/w1: it does not know the key; give it the one of `countersign audit key`. Until it is, a change to the last entries might not be found. It is tried again until it works.");
    witness.logs.lock().unwrap().clear();
    insta::assert_snapshot!(said().await, @"A checkpoint of the record could not be exported: witness witness.example/w1: it does not know the record `countersign/INSTANCE/0`; have it added there. Until it is, a change to the last entries might not be found. It is tried again until it works.");
}

#[tokio::test]
async fn a_witness_that_signs_with_another_key_has_not_signed() {
    let Some(fresh) = fresh().await else { return };
    let (witness, url) = Onlooker::open(&[fresh.ledger.public_key().verifier_key(0)]).await;
    let other = Onlooker { key: SigningKey::from_bytes(&[4; 32]), ..witness };
    let cosigner = Cosigner::parse(&other.verifier_key()).unwrap();
    let sink = Box::new(Witness::new(client(), url.parse().unwrap(), cosigner));
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![sink]);
    assert_eq!(exporter.export_now().await.unwrap().len(), 1);
    assert!(heard.take().join("\n").contains("it did not sign with its key"));
}

#[test]
fn only_keys_for_cosignatures_are_keys_of_witnesses() {
    let log = crate::audit::key::Key::draw(super::Counted::from(1).as_ref()).unwrap().public().to_string();
    for text in [log.as_str(), "", "witness+0+", "witness+00000000+BA=="] {
        assert_eq!(Cosigner::parse(text), None, "{text}");
    }
}
