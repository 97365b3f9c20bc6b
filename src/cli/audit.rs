use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::app::open_store;
use crate::audit::{FlatRecord, PublicKey, Verification, flat_record, story, verify};
use crate::config::Source;
use crate::domain::RequestId;
use crate::store::{RequestFilter, Store};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List requests, newest first.
    List(ListArgs),
    /// Tell the story of one request.
    Show {
        /// The request, as lists and cards name it.
        request: String,
    },
    /// Recompute the whole record and say whether anything was changed.
    Verify,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only of this person.
    #[arg(long = "by", value_name = "PERSON")]
    person: Option<String>,
    /// Only of this tool.
    #[arg(long)]
    tool: Option<String>,
    /// Only in this environment.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print flat JSON, one record a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn audit(source: &Source, command: AuditCommand) -> Result<ExitCode> {
    let data_dir = source.data_dir();
    if source.config.store.url.is_none() && !data_dir.join("countersign.db").exists() {
        bail!("there is no record in `{}` yet; `countersign` starts one", data_dir.display());
    }
    let store = open_store(source).await?;
    match command {
        AuditCommand::List(args) => list(&store, args).await,
        AuditCommand::Show { request } => show(&store, &request).await,
        AuditCommand::Verify => check(&store, source).await,
    }
}

async fn list(store: &Store, args: ListArgs) -> Result<ExitCode> {
    let filter = RequestFilter {
        asker: args.person.map(crate::domain::PersonId),
        tools: args.tool.into_iter().collect(),
        environment: args.environment,
        ..RequestFilter::default()
    };
    for row in store.requests(&filter, args.limit).await? {
        let entries = entries(store, &row.id).await?;
        let Some(record) = flat_record(&entries) else { continue };
        if args.json {
            print(&serde_json::to_string(&record)?)?;
        } else {
            print(&format!("{}  {}", line(&record), row.id))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(record: &FlatRecord) -> String {
    let approved = if record.approved_by.is_empty() { "-".to_owned() } else { record.approved_by.join(",") };
    let took = record.duration_seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"));
    let command = if record.command.is_empty() { "(no command)" } else { &record.command };
    format!(
        "{}  {:<8} {:<10} {:<12} {:<8} #{:<12} {}",
        record.timestamp, record.user, record.result, approved, took, record.channel, command
    )
}

async fn entries(store: &Store, request: &RequestId) -> Result<Vec<crate::audit::Logged>> {
    let rows = store.entries_of(request).await?;
    Ok(rows.iter().map(crate::audit::Logged::try_from).collect::<Result<Vec<_>, _>>()?)
}

async fn show(store: &Store, request: &str) -> Result<ExitCode> {
    let Some(id) = RequestId::parse(request) else {
        bail!(
            "`{request}` is no request id; they look like req_01J... and `countersign audit list` shows them"
        );
    };
    let entries = entries(store, &id).await?;
    let Some(record) = flat_record(&entries) else { bail!("there is no request `{request}` on the record") };
    if let Some(row) = store.request(&id).await? {
        print(&format!("{} said in #{}: {}", record.user, record.channel, row.said))?;
    }
    for line in story(&entries) {
        print(&format!("{}  #{:<6} {} {}", line.at, line.seq, line.who, line.what))?;
    }
    print(&serde_json::to_string(&record)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn check(store: &Store, source: &Source) -> Result<ExitCode> {
    let key = PublicKey::in_dir(&source.data_dir())?;
    Ok(match verify(store, &key, &[]).await {
        Verification::Sound { size, root, redacted } => {
            print(&format!("sound: {size} entries, {redacted} redacted, root {root}"))?;
            ExitCode::SUCCESS
        }
        Verification::Tampered { first_bad, sentence } => {
            let at = first_bad.map(|seq| format!(" first at entry {seq}:")).unwrap_or_default();
            print(&format!("tampered:{at} {sentence}"))?;
            ExitCode::from(1)
        }
        Verification::Undecided { sentence } => {
            print(&format!("cannot decide: {sentence}"))?;
            ExitCode::from(2)
        }
    })
}
