//! Checkpoints in an object store that takes signed requests only. The store is written in another language, from the
//! documentation of such stores and without a line of ours.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use countersign::clock::{Clock as _, SystemClock};
use serde_json::Value;
use tempfile::tempdir;

use crate::support::{command, printed};

const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A store that keeps its objects in a folder.
struct Store {
    child: Child,
    port: String,
}

impl Store {
    /// `None` where there is no Python to run it.
    fn open(folder: &Path) -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/s3/store.py");
        let mut python = Command::new("python3");
        python.arg(script).arg(folder).args([ACCESS_KEY, SECRET_KEY, "eu-central-1"]);
        let mut child = match python.stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => {
                let required =
                    std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
                assert!(!required, "python3 cannot be run ({error}), and all tests are required");
                eprintln!("skipped: python3 cannot be run ({error})");
                return None;
            }
        };
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { child, port: port.trim().to_owned() })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("countersign.toml");
    command(arguments).args(["--config", config.to_str().unwrap()]).output().unwrap()
}

fn configure(folder: &Path, port: &str, secret: &str) {
    std::fs::write(folder.join("access"), ACCESS_KEY).unwrap();
    std::fs::write(folder.join("secret"), secret).unwrap();
    // A name with what has to be written otherwise in an address.
    let config = format!(
        r#"
        [[audit.sinks]]
        kind = "put"
        url = "http://127.0.0.1:{port}/bucket/log of $us/{{instance}}/{{epoch}}/{{size}}?a=b%2Bc&list-type=2"
        latest = "http://127.0.0.1:{port}/bucket/latest/{{instance}}"
        retain = "30d"
        headers = {{ x-amz-object-lock-mode = "COMPLIANCE", x-amz-object-lock-retain-until-date = "{{retain_until}}" }}
        s3 = {{ region = "eu-central-1", access_key = "file:access", secret_key = "file:secret" }}
        "#
    );
    std::fs::write(folder.join("countersign.toml"), config).unwrap();
}

/// The names of the objects, and the headers that the last one of the log was sent with.
fn objects(folder: &Path) -> (Vec<String>, Value) {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !name.ends_with(".headers"));
    names.sort();
    let last = names.iter().rfind(|name| name.contains("log")).unwrap();
    let headers = std::fs::read_to_string(folder.join(format!("{last}.headers"))).unwrap();
    (names.clone(), serde_json::from_str(&headers).unwrap())
}

#[test]
fn checkpoints_reach_a_store_that_takes_signed_requests_only() {
    let (dir, bucket) = (tempdir().unwrap(), tempdir().unwrap());
    let Some(store) = Store::open(bucket.path()) else { return };
    configure(dir.path(), &store.port, SECRET_KEY);
    let said = |words: &str| run(dir.path(), &["say", words, "--as", "alice"]);
    assert!(said("/status orders stg").status.success());
    let copy = dir.path().join("countersign-data/countersign.db");
    std::fs::copy(&copy, dir.path().join("copy.db")).unwrap();
    assert!(said("/status orders stg").status.success());

    let (names, headers) = objects(bucket.path());
    assert_eq!(names.len(), 3, "two of the log and the newest: {names:?}");
    assert!(names[1].starts_with("bucket%2Flog%20of%20%24us%2F"), "{names:?}");
    assert_eq!(headers["if-none-match"], "*");
    assert_eq!(headers["x-amz-object-lock-mode"], "COMPLIANCE");
    let until: jiff::Timestamp =
        headers["x-amz-object-lock-retain-until-date"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.duration_since(SystemClock.now()).as_hours(), 30 * 24 - 1);
    let newest = bucket.path().join(&names[0]);
    let verified = run(dir.path(), &["audit", "verify", "--against", newest.to_str().unwrap()]);
    assert!(
        printed(&verified).contains("compared with 1 exported checkpoint, which covers all"),
        "{verified:?}"
    );

    // With another key nothing is written. What people hear of it is held in the tests of the sinks.
    configure(dir.path(), &store.port, "another");
    assert!(said("/scale order-service 2 staging").status.success());
    assert_eq!(objects(bucket.path()).0, names);

    // The newest object tells a backup from the record that it is a copy of.
    configure(dir.path(), &store.port, SECRET_KEY);
    std::fs::copy(dir.path().join("copy.db"), &copy).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path().join(format!("countersign-data/countersign.db{beside}")));
    }
    let refused = said("/scale order-service 3 staging");
    assert!(printed(&refused).starts_with("Read-only: "), "{refused:?}");
}
