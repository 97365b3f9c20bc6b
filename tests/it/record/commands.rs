//! The commands, on data that the program itself has made.

use std::path::Path;
use std::process::Output;

use insta::assert_snapshot;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::tempdir;

use crate::support::{command, printed, tidy};

fn run(data: &Path, arguments: &[&str]) -> Output {
    command(arguments).args(["--data", data.to_str().unwrap()]).output().unwrap()
}

/// What a command says and how it ends.
fn told(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let text = format!("{}{}", printed(&output), String::from_utf8_lossy(&output.stderr));
    let text = text.replace(&data.parent().unwrap().display().to_string(), "DIR");
    format!("{}\n= {}", hushed(&tidy(text.trim_end())), output.status.code().unwrap())
}

/// Hashes, keys and instances are others each time.
fn hushed(text: &str) -> String {
    let base64 = |word: &str| {
        word.len() >= 40
            && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/=".contains(letter))
    };
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let words = line.split(' ').map(|word| {
                if let Some(rest) = word.strip_prefix("countersign/") {
                    let (instance, epoch) = rest.split_once('/').unwrap();
                    let epoch = epoch.split('+').next().unwrap();
                    let key = if word.contains('+') { "+KEY" } else { "" };
                    return if instance.len() == 16 {
                        format!("countersign/INSTANCE/{epoch}{key}")
                    } else {
                        word.to_owned()
                    };
                }
                if base64(word) { "HASH".to_owned() } else { word.to_owned() }
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.join("\n")
}

async fn sql(data: &Path, statement: impl Into<String>) {
    let path = data.join("countersign.db");
    let mut connection = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.into())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Says something without a server, and returns its request.
fn say(data: &Path, person: &str, words: &str) -> String {
    let said = run(data, &["say", "--json", words, "--as", person]);
    let said: Value = serde_json::from_str(&printed(&said)).unwrap();
    said["request"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_command_does_what_it_says() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let first = say(&data, "dave", "/status orders stg");
    let scaled = say(&data, "alice", "/scale order-service 2 staging --incident INC-42");
    let refused = say(&data, "dave", "/deploy order-service v2.4.1 staging");

    // Sound, and compared with what was exported when each `say` ended.
    assert_snapshot!(told(&data, &["audit", "verify"]), @"
    sound: 22 entries, root HASH
    compared with 3 exported checkpoints, which cover all but the last entry
    = 0
    ");
    let json: Value = serde_json::from_str(&printed(&run(&data, &["audit", "verify", "--json"]))).unwrap();
    assert_eq!(
        (&json["result"], &json["compared"], &json["since_newest_checkpoint"]),
        (&"sound".into(), &3.into(), &1.into())
    );

    // Lists by page, by person, by result, by time, by words.
    let ids = |arguments: &[&str]| -> Vec<String> {
        let listed = run(&data, &[&["audit", "list"], arguments].concat());
        assert!(listed.status.success(), "{listed:?}");
        let id = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
        printed(&listed).lines().filter(|line| line.contains("  req_")).map(id).collect()
    };
    assert_eq!(ids(&[]).len(), 3);
    assert_eq!(ids(&["--result", "refused"]), std::slice::from_ref(&refused));
    assert_eq!(ids(&["--by", "dave", "--tool", "status"]), std::slice::from_ref(&first));
    assert_eq!(ids(&["--text", "ORDERS stg"]), std::slice::from_ref(&first));
    assert_eq!(ids(&["--channel", "#deployments", "--environment", "staging", "--since", "1h"]).len(), 3);
    assert_eq!(ids(&["--until", "2020-01-01"]).len(), 0);
    assert_eq!(ids(&["--incident", "inc-42"]), std::slice::from_ref(&scaled));
    let page = printed(&run(&data, &["audit", "list", "--limit", "2"]));
    let more = page.lines().last().unwrap().strip_prefix("There may be more: add --before ").unwrap();
    assert_eq!(ids(&["--before", more]), std::slice::from_ref(&first));
    assert_snapshot!(told(&data, &["audit", "list", "--result", "great"]), @"
    error: invalid value 'great' for '--result <RESULT>': results are received, waiting, approved, started, done, failed, unknown, answered, refused, denied, expired, withdrawn, superseded

    For more information, try '--help'.
    = 2
    ");

    // Proofs, checked where the database is not.
    let proof = path("entry-7.tlog-proof");
    assert_snapshot!(told(&data, &["audit", "prove", "7", "--out", &proof]), @"
    The proof of entry 7 is in DIR/entry-7.tlog-proof.
    = 0
    ");
    let key = printed(&run(&data, &["audit", "key"])).trim().to_owned();
    let elsewhere = dir.path().join("elsewhere");
    let checked = run(&elsewhere, &["audit", "check-proof", &proof, "--key", &key]);
    assert!(checked.status.success() && printed(&checked).starts_with("holds: entry 7 of "), "{checked:?}");
    assert!(!elsewhere.exists());
    assert_snapshot!(told(&elsewhere, &["audit", "check-proof", &proof]), @"
    cannot decide: there is no key here to check with: give the record's with --key; `countersign audit key` prints it where the record is
    = 2
    ");
    let text = std::fs::read_to_string(&proof).unwrap();
    std::fs::write(&proof, text.replace("index 7", "index 6")).unwrap();
    assert_snapshot!(told(&data, &["audit", "check-proof", &proof]), @"
    does not hold: the entry is not one of those that its checkpoint was made of
    = 1
    ");
    std::fs::write(&proof, "hello").unwrap();
    assert_snapshot!(told(&data, &["audit", "check-proof", &proof]), @"
    cannot decide: `DIR/entry-7.tlog-proof` is no proof: it has no checkpoint
    = 2
    ");
    assert_snapshot!(told(&data, &["audit", "prove", "700"]), @"
    countersign: there is no entry 700 on the record
    = 1
    ");

    assert_snapshot!(told(&data, &["audit", "consistency", "3", "8"]), @"
    consistent: the first 3 of 8 entries are unchanged
    root of 3: HASH
    root of 8: HASH
    proof (RFC 6962):
    HASH
    HASH
    HASH
    HASH
    = 0
    ");
    let checkpoints = data.join("checkpoints").display().to_string();
    assert!(told(&data, &["audit", "consistency", "3", &checkpoints]).ends_with("= 0"));
    assert_snapshot!(told(&data, &["audit", "consistency", "3", "800"]), @"
    cannot decide: the record here has 22 entries, not 800
    = 2
    ");
    assert_snapshot!(told(&data, &["audit", "consistency", "8", "3"]), @"
    cannot decide: 8 is not earlier than 3
    = 2
    ");

    // What was asked, as reviewers want it.
    let csv = printed(&run(&data, &["audit", "export", "--format", "csv", "--by", "dave"]));
    let csv: Vec<_> = csv
        .lines()
        .map(|line| {
            line.split(',')
                .skip(1)
                .filter(|cell| !cell.contains('.') || cell.contains('/'))
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    assert_snapshot!(csv.join("\n"), @"
    user,command,approved_by,result,duration_seconds,channel
    dave,/deploy order-service v2.4.1 staging,,refused,,deployments
    dave,/status order-service staging,,done,deployments
    ");
    let flat = printed(&run(&data, &["audit", "export", "--format", "flat"]));
    assert_eq!(flat, printed(&run(&data, &["audit", "list", "--json"])));
    assert_snapshot!(told(&data, &["audit", "export", "--by", "dave"]), @"
    countersign: `jsonl` is the whole record, because part of it could not be checked; choose with `--format flat` or `csv`
    = 1
    ");

    // A payload goes, on the record.
    assert_snapshot!(told(&data, &["audit", "purge", "2", "--reason", "a password", "--by", "carol"]), @"
    The raw message of entry 2 is gone for good. Entry 22 says who took it away, and why. The record stays verifiable.
    = 0
    ");
    assert_snapshot!(told(&data, &["audit", "purge", "2", "--reason", "again"]), @"
    countersign: entry 2 carries nothing that could be taken away
    = 1
    ");
    assert_snapshot!(told(&data, &["audit", "purge", "one", "--reason", "what"]), @"
    countersign: `one` is no entry; entries are numbers, as in `7`, or `1:7` for the seventh of record 1
    = 1
    ");
    assert_snapshot!(told(&data, &["audit", "purge", "2", "--reason", " "]), @"
    countersign: say why with --reason; it goes on the record
    = 1
    ");
    assert!(told(&data, &["audit", "show", &first]).contains("dave said in #deployments: [purged]"));

    assert_snapshot!(told(&data, &["audit", "rotate-key", "--reason", "as planned", "--by", "mallory"]), @"
    countersign: `mallory` is not in the policy; say who you are by the name in it
    = 1
    ");
    assert_snapshot!(told(&data, &["audit", "rotate-key", "--reason", "as planned"]), @"
    A new key signs from here on; the old one is gone. Give the new one to whoever checks the record, witnesses first:
    countersign/INSTANCE/0+KEY
    = 0
    ");
    assert_snapshot!(told(&data, &["audit", "accept-restore", "--reason", "why not"]), @"
    countersign: the record is whole: there is no restored backup to accept
    = 1
    ");
    assert_snapshot!(told(&data, &["audit", "verify"]), @"
    sound: 25 entries, root HASH
    compared with 4 exported checkpoints, which cover all but the last entry
    entry 2: the raw message was taken away by carol at TIME: a password
    = 0
    ");
    let old = told(&data, &["audit", "verify", "--key", &key]);
    assert_snapshot!(old, @"
    tampered: the head does not carry the signature of this record's key
    = 1
    ");

    // Somebody changes it.
    sql(&data, "DROP TRIGGER audit_event_kept; UPDATE audit_event SET kind = 'replied' WHERE seq = 2").await;
    assert_snapshot!(told(&data, &["audit", "verify"]), @"
    tampered: first at entry 2: the columns of entry 2 say something else than its body
    = 1
    ");
    let json: Value = serde_json::from_str(&printed(&run(&data, &["audit", "verify", "--json"]))).unwrap();
    assert_eq!((&json["result"], &json["first_bad"]), (&"tampered".into(), &"2".into()));
    sql(&data, "UPDATE audit_event SET kind = 'interpreted' WHERE seq = 2").await;

    // What cannot be decided is neither.
    std::fs::write(path("junk"), "no checkpoint").unwrap();
    assert_snapshot!(told(&data, &["audit", "verify", "--against", &path("junk")]), @"
    cannot decide: there is no checkpoint in `DIR/junk`
    = 2
    ");
    std::fs::rename(data.join("ledger.key"), path("ledger.key")).unwrap();
    assert_snapshot!(told(&data, &["audit", "verify"]), @"
    cannot decide: the record in this database is signed with a key that is not at `DIR/data/ledger.key`: put the key file back; a new key cannot continue the record
    = 2
    ");
}

#[tokio::test]
async fn a_restored_data_directory_is_accepted_from_the_command_line() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    say(&data, "alice", "/status orders stg");
    let copy = dir.path().join("copy.db");
    sql(&data, format!("VACUUM INTO '{}'", copy.display())).await;
    say(&data, "alice", "/scale order-service 2 staging");
    std::fs::copy(&copy, data.join("countersign.db")).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("countersign.db{beside}")));
    }
    assert_snapshot!(told(&data, &["say", "/scale order-service 3 staging", "--as", "alice"]), @"
    Read-only: the record here is not the one that its checkpoints tell of, so questions are answered and nothing is changed. An operator has to look at it (`countersign audit accept-restore`).
      /scale order-service 3 staging
      Nothing was done.

    (req_ID)
    = 1
    ");
    assert!(told(&data, &["audit", "verify"]).starts_with("tampered: first at entry "));
    assert_snapshot!(told(&data, &["audit", "accept-restore", "--reason", "the disk died", "--by", "carol"]), @"
    Accepted. Record 1 has begun; its first entry says what was found and what is lost. Earlier records stay verifiable. Things are changed again.
    = 0
    ");
    assert_snapshot!(told(&data, &["audit", "verify"]), @"
    sound: 16 entries, root HASH
    compared with 2 exported checkpoints, which cover all but the last entry
    record 1: began with a restored backup that carol accepted at TIME: the disk died (up to 7 entries are lost)
    = 0
    ");
    assert_snapshot!(told(&data, &["say", "/scale order-service 2 staging", "--as", "alice"]).lines().last().unwrap(), @"= 0");
    assert!(told(&data, &["audit", "prove", "0:3"]).ends_with("= 0"));
}
