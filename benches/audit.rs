//! What it takes to check the record and to take it away: seconds and memory, for so many entries as
//! `COUNTERSIGN_BENCH_ENTRIES` says. A million entries need some 600 MB of disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench measures time, and one that cannot set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::sync::Arc;
use std::time::Instant;

use countersign::audit::{
    Actor, Check, Entry, EntryKind, Ledger, Position, Proof, Step, Verification, dump_entries, verify,
};
use countersign::clock::{Clock as _, Mint, SystemClock, SystemEntropy};
use countersign::domain::{PersonId, RequestId};
use countersign::store::{Guard, Store};

/// Entries that are written in one step while the record is made.
const STEP: u64 = 1_000;

/// Entries of a request.
const STORY: u64 = 7;

fn main() {
    let wanted = std::env::var("COUNTERSIGN_BENCH_ENTRIES").ok().and_then(|text| text.parse().ok());
    let entries: u64 = wanted.unwrap_or(50_000);
    // `cargo test` runs benches too, to see that they run.
    let entries = if std::env::args().any(|argument| argument == "--bench") { entries } else { 2_000 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(entries));
}

async fn measure(entries: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let ledger = Ledger::open(store.clone(), dir.path(), clock, entropy).await.unwrap();
    let began = Instant::now();
    fill(&ledger, entries).await;
    told("written in steps of a thousand", entries, began);

    let keys = [ledger.public_key()];
    let mut progress = |_done, _total| {};
    forget_peak();
    let began = Instant::now();
    let check = Check { keys: &keys, against: &[], progress: &mut progress };
    let Verification::Sound(sound) = verify(&store, check).await else { panic!("it is not sound") };
    told("verified", sound.size, began);
    println!("{:<34} {}", "memory at most while it was verified", peak());

    forget_peak();
    let (mut bytes, mut lines) = (0, 0);
    let began = Instant::now();
    let taken = dump_entries(&store, |line| {
        (bytes, lines) = (bytes + line.len() + 1, lines + 1);
        Ok(())
    });
    taken.await.unwrap();
    told("exported as they were hashed", lines, began);
    println!("{:<34} {:.0} MB, memory at most {}", "that is", bytes as f64 / 1e6, peak());

    let mut times = Vec::new();
    for n in 0..200 {
        let began = Instant::now();
        let proof = Proof::of(&store, Position::new(0, n * entries / 200)).await.unwrap();
        times.push(began.elapsed());
        proof.check(&keys, &[]).unwrap();
    }
    times.sort_unstable();
    println!(
        "{:<34} {:.2} ms in the middle",
        "the proof of an entry is made in",
        times[100].as_secs_f64() * 1e3
    );
}

/// Writes entries as they are on a real record: some two hundred bytes, a message on one in seven.
async fn fill(ledger: &Ledger, entries: u64) {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let alice = Actor {
        person: Some(PersonId("alice".to_owned())),
        identity: "slack:T024BE7LD:U024BE7LH".to_owned(),
    };
    let mut request = mint.request_id().unwrap();
    let mut left = entries;
    while left > 0 {
        let count = left.min(STEP);
        let mut step = Vec::new();
        for n in 0..count {
            if n.is_multiple_of(STORY) {
                request = mint.request_id().unwrap();
            }
            step.push(entry(&request, &alice, n));
        }
        let step = Step { guard: Guard::Open, rows: Vec::new(), entries: step };
        ledger.write(step).await.unwrap().unwrap();
        left -= count;
    }
}

fn entry(request: &RequestId, by: &Actor, n: u64) -> Entry {
    let kind = if n.is_multiple_of(STORY) { EntryKind::Received } else { EntryKind::Judged };
    let entry = Entry::new(kind, SystemClock.now()).about(request).by(by.clone(), "slack");
    let entry = entry
        .with("command", "/deploy order-service v2.4.1 production")
        .with("decision", "need-approval")
        .with("reason", "deploy in production needs 1 of team-lead: bob or carol can agree");
    if n.is_multiple_of(STORY) {
        entry.carrying("raw", "text=%2Fdeploy+order-service+v2.4.1+production")
    } else {
        entry
    }
}

fn told(what: &str, entries: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let rate = entries as f64 / seconds;
    println!("{what:<34} {entries} entries in {seconds:.1} s, {rate:.0}/s");
}

/// Begins to measure the most memory anew.
fn forget_peak() {
    // Only Linux has this; elsewhere the peak is of the whole run, or there is none.
    let _elsewhere = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that was in use, as the kernel tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<f64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{:.0} MB", kilobytes / 1024.0))
}
