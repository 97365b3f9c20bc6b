//! A verifier in another language, without a line of ours, accepts what we write out and refuses one changed digit.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::tempdir;

use crate::support::{command, printed};

fn run(data: &Path, arguments: &[&str]) -> Output {
    command(arguments).args(["--data", data.to_str().unwrap()]).output().unwrap()
}

/// What the verifier says of a file. `None` where there is no Python to run it.
fn verdict(file: &Path, key: &str) -> Option<Output> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_export.py");
    match Command::new("python3").arg(script).arg(file).arg(key).output() {
        Ok(output) => Some(output),
        Err(error) => {
            let required =
                std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!required, "python3 cannot be run ({error}), and all tests are required");
            eprintln!("skipped: python3 cannot be run ({error})");
            None
        }
    }
}

#[test]
fn an_independent_verifier_accepts_the_export_and_refuses_one_changed_digit() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    for words in ["/status orders stg", "/deploy order-service v2.4.1 staging", "/whoami"] {
        run(&data, &["say", words, "--as", "alice"]);
    }
    let rotated = run(&data, &["audit", "rotate-key", "--reason", "as planned"]);
    assert!(rotated.status.success(), "{rotated:?}");
    run(&data, &["say", "/whoami", "--as", "bob"]);
    let file = dir.path().join("record.jsonl");
    let exported = run(&data, &["audit", "export", "--out", file.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let key = printed(&run(&data, &["audit", "key"])).trim().to_owned();

    let Some(accepted) = verdict(&file, &key) else { return };
    assert!(accepted.status.success(), "{accepted:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    let entries = text.lines().count() - 1;
    assert_eq!(printed(&accepted).trim(), format!("sound: {entries} entries"));

    // Any digit, wherever it is; a line more, a line less, two in another order.
    let digits: Vec<usize> =
        text.match_indices(|letter: char| letter.is_ascii_digit()).map(|(at, _)| at).collect();
    for at in digits.iter().step_by(digits.len() / 12) {
        let mut changed = text.clone().into_bytes();
        changed[*at] = if changed[*at] == b'9' { b'8' } else { changed[*at] + 1 };
        std::fs::write(&file, changed).unwrap();
        let refused = verdict(&file, &key).unwrap();
        assert!(!refused.status.success(), "the digit at {at}: {refused:?}");
    }
    let lines: Vec<&str> = text.lines().collect();
    let without: Vec<_> =
        lines.iter().enumerate().filter(|(at, _)| *at != 3).map(|(_, line)| *line).collect();
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    for changed in [without, swapped] {
        std::fs::write(&file, changed.join("\n") + "\n").unwrap();
        assert!(!verdict(&file, &key).unwrap().status.success());
    }
    let stranger = key.replace("countersign/", "countersign/0");
    std::fs::write(&file, text).unwrap();
    assert!(!verdict(&file, &stranger).unwrap().status.success());
}
