use std::os::unix::fs::MetadataExt as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use super::super::print;
use crate::app::{Parts, RecordRoom, catalog, policy, texts};
use crate::audit::{Order, What};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Source;
use crate::control::{ClientError, order_through};
use crate::domain::PersonId;

#[derive(Debug, Args)]
pub(in crate::cli) struct DeedArgs {
    /// Why. It goes on the record.
    #[arg(long)]
    reason: String,
    /// Who, by the name in the policy. Left out: the account of this machine.
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PurgeArgs {
    /// The entry, as `audit show` numbers them.
    entry: String,
    /// What hangs on it: `raw` for a message, `output` for what a back end said. Left out: the only one there is.
    name: Option<String>,
    #[command(flatten)]
    deed: DeedArgs,
}

pub(super) async fn purge(source: &Source, args: PurgeArgs) -> Result<ExitCode> {
    order(source, What::Purge { entry: args.entry, name: args.name }, args.deed).await
}

pub(super) async fn rotate_key(source: &Source, deed: DeedArgs) -> Result<ExitCode> {
    order(source, What::RotateKey, deed).await
}

pub(super) async fn accept_restore(source: &Source, deed: DeedArgs) -> Result<ExitCode> {
    order(source, What::AcceptRestore, deed).await
}

/// Has it done by the server that runs on the data, or does it.
async fn order(source: &Source, what: What, deed: DeedArgs) -> Result<ExitCode> {
    if deed.reason.trim().is_empty() {
        bail!("say why with --reason; it goes on the record");
    }
    let order = Order { what, by: deed.by.map(PersonId), account: account(), reason: deed.reason };
    let said = match order_through(&source.data_dir(), &order).await {
        Ok(said) => said,
        Err(ClientError::NoServer) => alone(source, order).await?,
        Err(error) => bail!(error),
    };
    print(&said)?;
    Ok(ExitCode::SUCCESS)
}

async fn alone(source: &Source, order: Order) -> Result<String> {
    drop(super::open(source).await?);
    let texts = texts(source)?;
    let policy = policy(&texts, &catalog(&texts)?)?;
    order.check(|person| policy.person(person).is_some())?;
    let mut source = source.clone();
    source.config.audit = source.config.audit.quiet();
    let room = RecordRoom::open(&source, &Parts::of_this_machine()?).await?;
    Ok(order.carry_out(&room.exporter, SystemClock.now()).await?)
}

/// The account of this machine that runs the command, as an identity.
fn account() -> String {
    // Our own process belongs to us; that needs no library.
    let Ok(uid) = std::fs::metadata("/proc/self").map(|about| about.uid()) else { return "local".to_owned() };
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, id) = (parts.next()?, parts.nth(1)?);
        (id == uid.to_string()).then_some(name)
    });
    name.map_or_else(|| format!("local:uid-{uid}"), |name| format!("local:{name}"))
}
