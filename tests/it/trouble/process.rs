//! The program itself: started twice, killed, interrupted.

use std::path::Path;
use std::process::Stdio;

use sqlx::{Connection as _, SqliteConnection};
use tempfile::tempdir;

use crate::support::{Server, command, printed, tidy, until};

fn say(data: &Path, words: &[&str]) -> std::process::Command {
    let mut say = command(&["say", "--data", data.to_str().unwrap(), "--in", "deployments"]);
    say.args(words);
    say
}

/// What it says when it does not start.
fn refusal(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(printed(&output), "");
    tidy(&String::from_utf8(output.stderr).unwrap())
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let is_child = |id: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    let ids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    ids.filter(is_child).collect()
}

fn lives(id: &u32) -> bool {
    // What is dead and not yet buried does not count.
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[tokio::test]
async fn killed_in_the_middle_of_a_deployment_it_finds_out_how_that_went() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data);
    insta::assert_snapshot!(tidy(&server.greeting), @r#"
    countersign is listening on http://127.0.0.1:PORT
    It operates a playground: real processes on this machine, nothing else.

    You can be
      alice   engineer
      bob     team-lead
      carol   dba, team-lead
      dave    viewer

    Three things to try in #deployments
      /status order-service
      /deploy order-service v2.4.1 staging        runs at once
      /deploy order-service v2.4.1 production     as alice; then approve it as bob

    The same from a second terminal
      countersign say "/status order-service" --as alice --in deployments

    Ctrl-C stops it and everything it started.
    "#);

    // A broken version, because that takes a while.
    let mut saying = say(&data, &["/deploy order-service v2.5.0 staging", "--as", "alice"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let database = data.join("countersign.db");
    until("the back end has taken it", async || {
        let mut connection = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
        let watched =
            sqlx::query("SELECT 1 FROM job WHERE state = 'watching'").fetch_optional(&mut connection);
        watched.await.unwrap().is_some()
    })
    .await;
    let replicas = children(server.id());
    assert!(replicas.len() > 20, "{replicas:?}");
    server.kill();
    assert!(!saying.wait().unwrap().success(), "whoever waited hears that the server went away");
    until("the replicas are gone", async || !replicas.iter().any(lives)).await;

    let server = Server::start(&data);
    let list = || {
        let output =
            command(&["audit", "list", "--json", "--data", data.to_str().unwrap()]).output().unwrap();
        printed(&output)
    };
    until("the deployment has ended", async || list().contains(r#""result":"failed""#)).await;
    assert_eq!(list().lines().count(), 1, "{}", list());
    let verified = command(&["audit", "verify", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(printed(&verified).starts_with("sound: "), "{verified:?}");

    // While it runs, nobody else can have its data or its port.
    insta::assert_snapshot!(refusal(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]), @"countersign: another countersign is running on the data in `DIR/data`; stop it first, or use another data directory");
    let other = dir.path().join("other").display().to_string();
    insta::assert_snapshot!(refusal(&["serve", "--data", &other, "--listen", &server.address()]), @"countersign: cannot listen on 127.0.0.1:PORT: is another program using it? Stop that one, or set `server.listen` (or --listen) to another address: Address already in use (os error 98)");

    // Ctrl-C ends it and all it started.
    let replicas = children(server.id());
    let status = server.interrupt();
    assert!(status.success(), "{status}");
    assert!(!replicas.iter().any(lives), "a replica outlives the server");
    assert!(!data.join("control.sock").exists());

    // Without a server the command line runs the flow itself, on the same data.
    let alone = say(&data, &["/status order-service staging", "--as", "dave"]).output().unwrap();
    assert!(printed(&alone).starts_with("order-service in staging runs v2.5.0"), "{alone:?}");
}

#[test]
fn it_does_not_start_where_it_cannot_write() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let beneath = file.path().join("data").display().to_string();
    insta::assert_snapshot!(refusal(&["serve", "--data", &beneath, "--listen", "127.0.0.1:0"]), @"countersign: cannot write to the data directory `DIR/data`: make it writable, or set `data_dir` to another: Not a directory (os error 20)");
}

#[test]
fn in_playground_mode_it_does_not_open_to_others() {
    insta::assert_snapshot!(refusal(&["serve", "--listen", "0.0.0.0:0"]), @"countersign: the configuration is not safe: in playground mode anybody can be anybody, so it listens on this machine only; `0.0.0.0:0` can be reached from outside: set `server.listen` to 127.0.0.1, or `playground.enabled = false`");
}
