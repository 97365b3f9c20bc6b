//! From nothing to the first approval, as docs/slack.md has it: what `init` writes, three lines of it filled in, the app's
//! manifest, the check, and the program itself.

use std::path::Path;
use std::process::Output;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::slack::{APP_TOKEN, BOT_TOKEN, DEPLOYMENTS, Deliver, FakeSlack, Fault, Seen, TEAM};
use crate::support::{Server, command, printed, tidy};

/// A team's folder, and its Slack.
struct Folder {
    dir: TempDir,
    slack: FakeSlack,
}

impl Folder {
    /// What `init` writes, with Slack's lines uncommented and the people and the channel named, as the page says.
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (dir, slack) = (tempfile::tempdir().unwrap(), FakeSlack::open().await);
        let folder = Self { dir, slack };
        assert!(folder.run(&["init", folder.path().to_str().unwrap()]).await.status.success());
        folder.edit(
            "countersign.toml",
            &[
                ("# [slack]", "[slack]"),
                ("# bot_token", "bot_token"),
                ("# app_token", "app_token"),
                ("# mode = \"http\"", &format!("base_url = \"{}\" #", folder.slack.api())),
                ("127.0.0.1:7717", "127.0.0.1:0"),
            ],
        );
        folder
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn edit(&self, name: &str, changes: &[(&str, &str)]) {
        let path = self.path().join(name);
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (before, after) in changes {
            assert!(text.contains(before), "{name} has no `{before}`");
            text = text.replacen(before, after, 1);
        }
        std::fs::write(path, text).unwrap();
    }

    fn name_the_people(&self) {
        for (person, account) in [("alice", "U0ALICE"), ("bob", "U0BOB")] {
            let before = format!("identities = [\"console:{person}\"]");
            let after = format!("identities = [\"console:{person}\", \"slack:{TEAM}/{account}\"]");
            self.edit("policy.toml", &[(&before, &after)]);
        }
        let path = self.path().join("policy.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let channel = format!(
            "[[channel]]\nname = \"deployments\"\nplatform = \"slack\"\nworkspace = \"{TEAM}\"\nid = \"{DEPLOYMENTS}\"\n"
        );
        std::fs::write(path, format!("{text}\n{channel}")).unwrap();
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command(arguments);
        command.env("SLACK_BOT_TOKEN", BOT_TOKEN).env("SLACK_APP_TOKEN", APP_TOKEN);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn slack_command(&self, word: &str) -> Output {
        self.run(&["--config", self.path().to_str().unwrap(), "slack", word]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_says_what_is_missing_until_nothing_is() {
    let folder = Folder::new().await;
    folder.slack.fails("apps.connections.open", [Fault::Refused("invalid_auth")]);
    folder.slack.fails("usergroups.list", [Fault::Refused("missing_scope")]);
    let before = folder.slack_command("check").await;
    assert!(!before.status.success());
    assert_snapshot!("check-before", tidy(&printed(&before)));
    folder.name_the_people();
    folder.slack.membership(DEPLOYMENTS, false);
    let outside = printed(&folder.slack_command("check").await);
    assert!(outside.contains("the bot is not in it; type /invite @countersign there"), "{outside}");
    folder.slack.membership(DEPLOYMENTS, true);
    let after = folder.slack_command("check").await;
    assert_snapshot!("check-after", tidy(&printed(&after)));
    assert!(after.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_the_first_approval() {
    let folder = Folder::new().await;
    let manifest: Value = serde_json::from_slice(&folder.slack_command("manifest").await.stdout).unwrap();
    let commands = manifest["features"]["slash_commands"].as_array().unwrap();
    assert!(commands.iter().any(|one| one["command"] == "/deploy"), "{commands:#?}");
    folder.name_the_people();
    let checked = folder.run(&["--config", folder.path().to_str().unwrap(), "config", "check"]).await;
    assert!(checked.status.success(), "{checked:?}");
    let mut program = command(&["--config", folder.path().to_str().unwrap()]);
    program.env("SLACK_BOT_TOKEN", BOT_TOKEN).env("SLACK_APP_TOKEN", APP_TOKEN);
    let server = tokio::task::spawn_blocking(move || Server::open(&mut program)).await.unwrap();
    let slack = &folder.slack;
    slack.has_sockets(1).await;
    let asked = Deliver::command(
        "U0ALICE",
        DEPLOYMENTS,
        "/deploy",
        "order-service v2.4.1 production",
        &slack.trigger(),
    );
    slack.over_socket(asked.kind, asked.payload).await;
    let card = slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    // Until the program has noted what Slack calls the card, a press is asked for once more.
    let done = |seen: &Seen| seen.text.contains("order-service v2.4.1 runs in production");
    for at in 1..100 {
        let button = card.button("approve").unwrap();
        let press = Deliver::press("U0BOB", DEPLOYMENTS, &card.ts, &button, &slack.trigger(), at);
        slack.over_socket(press.kind, press.payload).await;
        let moved = slack
            .comes("the press counts, or is asked for again", |state| {
                let card = state.message(DEPLOYMENTS, &card.ts)?;
                let counted = card.button("approve").is_none();
                (counted || state.whispers.pop().is_some()).then_some(counted)
            })
            .await;
        if moved {
            break;
        }
    }
    let card = slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    assert!(done(&card) && card.text.contains("Approved by: bob"), "{card:#?}");
    let verified = folder.run(&["--config", folder.path().to_str().unwrap(), "audit", "verify"]).await;
    assert!(verified.status.success(), "{verified:?}");
    let stopped = tokio::task::spawn_blocking(move || server.interrupt()).await.unwrap();
    assert!(stopped.success(), "{stopped:?}");
    assert_eq!(json!(slack.hasty()), json!([]));
}
