use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use super::print;
use crate::app::{catalog, policy, texts};
use crate::chat::slack::client::{Client, Identity};
use crate::chat::slack::socket::{Frame, SocketError, open};
use crate::chat::slack::{Commands, Delivered, SCOPES, WINDOW, manifest};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Mode, SlackSettings, Source};
use crate::domain::{Platform, human_span};
use crate::gate::Policy;

#[derive(Debug, Subcommand)]
pub(super) enum SlackCommand {
    /// Print the manifest of the app, made from the tools: paste it at Slack to make or change the app.
    Manifest {
        /// Deliver over HTTP to this address, such as https://ops.example.com/slack, in place of what is configured.
        #[arg(long, value_name = "URL")]
        http: Option<String>,
    },
    /// Look whether tokens, scopes, clock, socket, people and channels are right.
    Check,
}

/// Runs a command about Slack.
pub(super) async fn slack(source: &Source, command: SlackCommand) -> Result<ExitCode> {
    match command {
        SlackCommand::Manifest { http } => print_manifest(source, http),
        SlackCommand::Check => check(source).await,
    }
}

fn print_manifest(source: &Source, http: Option<String>) -> Result<ExitCode> {
    let catalog = catalog(&texts(source)?)?;
    let settings = source.config.slack.as_ref();
    let delivered = match (http, settings) {
        (Some(url), _) if url.starts_with("https://") => Delivered::Http(url),
        (Some(url), _) => bail!("`{url}` is no address that Slack delivers to; it begins with https://"),
        (None, Some(SlackSettings { mode: Mode::Http, .. })) => {
            let host = source.config.server.hosts.first().context(
                "Slack delivers over HTTP, but `server.hosts` names no host; add the one it reaches you at, or use --http",
            )?;
            Delivered::Http(format!("https://{host}/slack"))
        }
        (None, _) => Delivered::Socket,
    };
    let commands = settings.map_or_else(Commands::default, SlackSettings::commands);
    print(&serde_json::to_string_pretty(&manifest(&catalog, &commands, &delivered))?)?;
    Ok(ExitCode::SUCCESS)
}

/// What was looked at and how it is.
#[derive(Default)]
struct Findings {
    lines: Vec<String>,
    wrong: usize,
}

impl Findings {
    fn good(&mut self, text: String) {
        self.lines.push(format!("ok     {text}"));
    }

    fn wrong(&mut self, text: String) {
        self.wrong += 1;
        self.lines.push(format!("wrong  {text}"));
    }
}

async fn check(source: &Source) -> Result<ExitCode> {
    let settings = source.config.slack.as_ref().context(
        "there is no [slack] in the configuration; docs/slack.md says how to set it up, step by step",
    )?;
    let texts = texts(source)?;
    let policy = policy(&texts, &catalog(&texts)?)?;
    let client = settings.access(&source.folder())?.client;
    let mut findings = Findings::default();
    settings.oddities(&source.folder())?.into_iter().for_each(|odd| findings.wrong(odd));
    match client.identity().await {
        Err(error) => findings.wrong(format!("the bot token: {error}")),
        Ok(identity) => {
            findings.good(format!(
                "the bot token is good, for the workspace {} ({}), as the user {}",
                identity.team_name, identity.team, identity.user
            ));
            scopes(&identity, &mut findings);
            clock(&identity, &mut findings);
            people(&identity, &policy, &mut findings);
            channels(&identity, &policy, &client, &mut findings).await;
        }
    }
    match client.user_groups().await {
        Ok(groups) => findings.good(format!("user groups can be read; there are {}", groups.len())),
        Err(error) => {
            findings.wrong(format!("user groups cannot be read, so they give nobody a role: {error}"))
        }
    }
    match settings.mode {
        Mode::Socket => socket(&client, &mut findings).await,
        Mode::Http => findings.good(format!(
            "deliveries come over HTTP, signed with {}; Slack itself says whether it fits when you save the address there",
            if settings.signing_secrets.len() == 1 { "one secret" } else { "one of two secrets" }
        )),
    }
    print(&findings.lines.join("\n"))?;
    match findings.wrong {
        0 => print("All is well.")?,
        1 => print("One thing is wrong.")?,
        many => print(&format!("{many} things are wrong."))?,
    }
    Ok(if findings.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn scopes(identity: &Identity, findings: &mut Findings) {
    let missing: Vec<&str> =
        SCOPES.into_iter().filter(|scope| !identity.scopes.iter().any(|has| has == scope)).collect();
    if missing.is_empty() {
        findings.good(format!("the token has all {} scopes", SCOPES.len()));
    } else {
        findings.wrong(format!(
            "the token lacks {}; put the manifest in again and reinstall the app",
            missing.join(", ")
        ));
    }
}

fn clock(identity: &Identity, findings: &mut Findings) {
    let Some(theirs) = identity.date else {
        findings.wrong("Slack does not say what time it is, so the clock was not compared".to_owned());
        return;
    };
    let apart = SystemClock.now().duration_since(theirs).unsigned_abs();
    if apart > WINDOW / 5 {
        findings.wrong(format!(
            "this machine's clock is {} away from Slack's; at five minutes deliveries are refused",
            human_span(apart)
        ));
    } else {
        findings.good("this machine's clock agrees with Slack's".to_owned());
    }
}

fn people(identity: &Identity, policy: &Policy, findings: &mut Findings) {
    let prefix = format!("slack:{}/", identity.team);
    let linked =
        policy.people().filter(|person| person.identities.iter().any(|one| one.starts_with(&prefix))).count();
    match linked {
        0 => findings.wrong(format!(
            "nobody in the policy has an account here; add `{prefix}U…` to somebody's identities"
        )),
        1 => findings.good("one person of the policy has an account here".to_owned()),
        many => findings.good(format!("{many} people of the policy have an account here")),
    }
}

async fn channels(identity: &Identity, policy: &Policy, client: &Client, findings: &mut Findings) {
    let here = policy.channels().iter().filter(|channel| channel.platform == Platform::Slack);
    let here: Vec<_> = here.filter(|channel| channel.workspace == identity.team).collect();
    if here.is_empty() {
        findings.wrong(format!(
            "the policy lists no channel of this workspace; add a [[channel]] with platform = \"slack\", workspace = \
             \"{}\" and the channel's id",
            identity.team
        ));
    }
    for channel in here {
        let name = format!("#{} ({})", channel.name, channel.id);
        match client.channel(&channel.id).await {
            Err(error) => findings.wrong(format!("{name}: {error}")),
            Ok(found) if found.archived => findings.wrong(format!("{name} is archived")),
            Ok(found) if !found.member => {
                findings.wrong(format!("{name}: the bot is not in it; type /invite @countersign there"));
            }
            Ok(found) => findings.good(format!("{name}: the bot is in #{}", found.name)),
        }
    }
}

async fn socket(client: &Client, findings: &mut Findings) {
    match greeted(client).await {
        Ok(connections) => findings.good(format!("a socket opens; the app has {connections} with it")),
        Err(error) => {
            findings.wrong(format!("no socket: {error}; is Socket Mode on, and the app token right?"))
        }
    }
}

async fn greeted(client: &Client) -> Result<u64, SocketError> {
    let (mut ear, mut mouth) = open(client).await?;
    let greeting = ear.next().await;
    mouth.close().await;
    match greeting? {
        Some(Frame::Hello { connections }) => Ok(connections),
        Some(_) | None => Err(SocketError::NotOpened("it did not say hello".to_owned())),
    }
}
