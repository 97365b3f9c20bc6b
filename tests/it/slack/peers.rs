//! Slack's own SDKs as the other side: their signatures at our door, their models and types over our blocks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::slack::SIGNING_SECRET;
use crate::support::{BackEnd, Office, Way};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/slack");
const SNAPSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/chat/slack/tests/snapshots");

/// Where `tests/all.sh` installs the SDKs.
fn installed(what: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let path = target.join("peers").join(what);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{} is missing, and all tests are required", path.display());
    eprintln!("skipped: {} is missing; tests/all.sh installs it", path.display());
    None
}

fn passes(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
}

#[test]
fn the_models_of_the_python_sdk_take_everything_we_show() {
    let Some(python) = installed("venv/bin/python") else { return };
    passes(Command::new(python).arg(format!("{HERE}/blocks.py")).arg(SNAPSHOTS));
}

#[test]
fn the_published_types_take_everything_we_show() {
    let (Some(python), Some(compiler)) = (installed("venv/bin/python"), installed("node_modules/.bin/tsc"))
    else {
        return;
    };
    let folder = compiler.ancestors().nth(3).unwrap();
    let typed = tempfile::Builder::new().suffix(".ts").tempfile_in(folder).unwrap();
    passes(Command::new(python).arg(format!("{HERE}/typed.py")).arg(SNAPSHOTS).arg(typed.path()));
    passes(
        Command::new(&compiler)
            .args(["--noEmit", "--strict", "--skipLibCheck"])
            .arg(typed.path())
            .current_dir(folder),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_python_sdk_signs_is_taken_and_nothing_else() {
    let Some(python) = installed("venv/bin/python") else { return };
    let back_end = BackEnd::well().await;
    let office = Office::open_now(Way::Http, &back_end).await;
    let mut post = Command::new(python);
    post.arg(format!("{HERE}/post.py")).arg(office.address()).arg(SIGNING_SECRET);
    tokio::task::spawn_blocking(move || passes(&mut post)).await.unwrap();
    office.finish().await;
}
