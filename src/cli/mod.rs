//! Floor 10: the commands. `serve` is what runs when none is named.

mod account;
mod audit;
mod check;
mod eval;
mod init;
mod policy;
mod say;
mod serve;
mod slack;

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::config::{SecretRef, Source, load};
use crate::playground::replica::{self, ReplicaArgs};

/// An ops agent in team chat that does nothing until the right people have said yes.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where the configuration and the data are.
#[derive(Clone, Debug, Args)]
struct PlaceArgs {
    /// The configuration: a file, or a folder with a countersign.toml. Left out: ./countersign.toml, else the defaults.
    #[arg(long, global = true, env = "COUNTERSIGN_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    /// Where the database and the keys are, in place of the configuration's data_dir.
    #[arg(long, global = true, env = "COUNTERSIGN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the address of a PostgreSQL database is, `env:NAME` or `file:PATH`, in place of the configuration's store.url.
    #[arg(long, global = true, env = "COUNTERSIGN_DATABASE", value_name = "REFERENCE", value_parser = reference)]
    database: Option<SecretRef>,
    /// The address to listen on, in place of the configuration's server.listen.
    #[arg(long, global = true, env = "COUNTERSIGN_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything. This is what runs when no command is named.
    Serve,
    /// Write the configuration, the policy, the catalogue and the tools into a folder, for editing.
    Init {
        /// The folder. Files that are there are left alone.
        dir: PathBuf,
    },
    /// Say something as a person, through the running server if there is one, and print what comes of it.
    Say(say::SayArgs),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the policy.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Look at the record.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Measure what sentences are read as.
    #[command(subcommand)]
    Eval(eval::EvalCommand),
    /// Manage the accounts of the console, for use without the playground.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Set Slack up, and look whether it is set up right.
    #[command(subcommand)]
    Slack(slack::SlackCommand),
    /// Parts of the playground.
    #[command(subcommand, hide = true)]
    Playground(PlaygroundCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration and every file it names, and print what is in effect. Secrets are not shown.
    Check,
}

#[derive(Debug, Subcommand)]
enum PlaygroundCommand {
    /// One replica of one service. Started by the playground.
    Replica(ReplicaArgs),
}

/// The exit code of a command of the harness that could not be run: 1 and 2 are for what its gate decides.
const HARNESS_BROKEN: u8 = 3;

/// Parses the arguments of the program, the first of which is its name, and runs what they name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) if names_harness(&arguments) && error.use_stderr() => {
            match error.kind() {
                // The help itself, because nothing was named.
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => drop(error.print()),
                _ => mutter(&format!("countersign: {}", in_one_line(&error))),
            }
            ExitCode::from(HARNESS_BROKEN)
        }
        Err(error) => {
            // Help goes to standard output and is no error.
            let _nobody_reads = error.print();
            if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
    }
}

/// Whether arguments that could not be parsed name a command of the harness.
fn names_harness(arguments: &[OsString]) -> bool {
    let mut arguments = arguments.iter().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            // The options that every command has take a value.
            Some("--config" | "--data" | "--database" | "--listen") => drop(arguments.next()),
            Some(option) if option.starts_with('-') => {}
            command => return command == Some("eval"),
        }
    }
    false
}

/// A wrong use as build logs show it best: what is wrong, and where the rest is told.
fn in_one_line(error: &clap::Error) -> String {
    let told = error.render().to_string();
    let parts = told.trim_start_matches("error: ").split("\n\n").map(str::trim);
    let parts = parts.take_while(|part| !part.starts_with("Usage:") && !part.starts_with("For more"));
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = parts.filter(|part| !part.is_empty()).map(words).collect::<Vec<_>>();
    format!("{}; --help says more", told.join("; "))
}

/// Runs a command and says on standard error what went wrong.
pub fn run(cli: Cli) -> ExitCode {
    let broken = match &cli.command {
        Some(Command::Eval(_)) => ExitCode::from(HARNESS_BROKEN),
        Some(_) | None => ExitCode::FAILURE,
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            broken
        }
    }
}

/// Says on standard error what went wrong.
fn complain(error: &anyhow::Error) {
    mutter(&format!("countersign: {}", chain(error)));
}

/// Says something on standard error.
fn mutter(text: &str) {
    // With standard error gone there is nobody to tell.
    let _nobody_reads = writeln!(std::io::stderr(), "{text}");
}

/// The error and its causes, each once.
fn chain(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if told.contains(&text) {
            continue;
        }
        if !told.is_empty() {
            told.push_str(": ");
        }
        told.push_str(&text);
    }
    told
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    // A replica is one of many and stays small: no runtime of ours, no configuration, no log.
    if let Some(Command::Playground(PlaygroundCommand::Replica(args))) = cli.command {
        replica::run(args)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Everything that speaks TLS uses this one provider; two in one program panic at the first client.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let source = cli.place.source()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(source).await,
            Command::Init { dir } => init::init(&dir),
            Command::Say(args) => say::say(source, args).await,
            Command::Config(ConfigCommand::Check) => check::config(&source),
            Command::Policy(command) => policy::policy(&source, command).await,
            Command::Audit(command) => audit::audit(&source, command).await,
            Command::Eval(command) => Ok(eval::eval(&source, command).await),
            Command::Account(command) => account::account(&source, command).await,
            Command::Slack(command) => slack::slack(&source, command).await,
            Command::Playground(PlaygroundCommand::Replica(_)) => Ok(ExitCode::FAILURE),
        }
    })
}

impl PlaceArgs {
    fn source(&self) -> Result<Source> {
        let mut source = load(self.config.as_deref())?;
        if let Some(listen) = self.listen {
            source.config.server.listen = listen;
        }
        if let Some(database) = &self.database {
            source.config.store.url = Some(database.clone());
        }
        if let Some(data) = &self.data {
            // Named on the command line, it counts from where the command is run.
            source.config.data_dir = Some(std::path::absolute(data).context("the data directory")?);
        }
        source.config.check()?;
        Ok(source)
    }
}

fn reference(text: &str) -> Result<SecretRef, String> {
    text.to_owned().try_into()
}

/// Prints to standard output. A reader that went away ends the command without noise.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
