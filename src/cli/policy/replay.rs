use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{print, read_policy};
use crate::app::{catalog, policy, texts};
use crate::audit::{EntryKind, Logged};
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config::Source;
use crate::domain::{Origin, Proposal};
use crate::gate::{Choice, Decision, PastCase, Ran, Verify, replay as through};
use crate::pipeline::grounding;
use crate::store::{RequestFilter, RequestRow, Store, VoteRow};

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The policy file; left out: the one of the configuration.
    file: Option<PathBuf>,
    /// How many days back.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn replay(source: &Source, args: &ReplayArgs) -> Result<ExitCode> {
    let data_dir = source.data_dir();
    if !data_dir.join("countersign.db").exists() {
        bail!("there is no record in `{}` yet; `countersign` starts one", data_dir.display());
    }
    let texts = texts(source)?;
    let catalog = catalog(&texts)?;
    let policy = match &args.file {
        Some(file) => read_policy(file, &catalog)?,
        None => policy(&texts, &catalog)?,
    };
    let store = Store::open(&data_dir).await?;
    let since = SystemClock.now().saturating_sub(SignedDuration::from_hours(24 * i64::from(args.days)));
    let filter = RequestFilter { since: since.ok(), ..RequestFilter::default() };
    let mut cases = Vec::new();
    for row in store.requests(&filter, u32::MAX).await? {
        if let Some(judged) = judged(&store, &row).await? {
            let votes = store.votes(&row.id).await?;
            cases.extend(past_case(&row, &judged, &votes, &catalog));
        }
    }
    cases.reverse();
    let otherwise = through(&policy, &cases);
    let shown = if args.json {
        serde_json::to_string_pretty(&otherwise)?
    } else {
        let head = format!("{} of {} requests would have gone otherwise", otherwise.len(), cases.len());
        let each = otherwise.iter().map(ToString::to_string);
        std::iter::once(head).chain(each).collect::<Vec<_>>().join("\n")
    };
    print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

/// When the gate first looked at the request, and what it decided; `None` for one that never came so far.
async fn judged(store: &Store, row: &RequestRow) -> Result<Option<(Timestamp, Decision)>> {
    if row.tool.is_none() {
        return Ok(None);
    }
    for entry in store.entries_of(&row.id).await? {
        let entry = Logged::try_from(&entry)?;
        if entry.kind == EntryKind::Judged {
            let decision = entry.body.get("decision").cloned().unwrap_or(Value::Null);
            let decision = serde_json::from_value(decision).context("the record of a decision")?;
            return Ok(Some((entry.at, decision)));
        }
    }
    Ok(None)
}

/// The case as it was; `None` when its tool or a name it uses is gone.
fn past_case(
    row: &RequestRow,
    (at, before): &(Timestamp, Decision),
    votes: &[VoteRow],
    catalog: &Catalog,
) -> Option<PastCase> {
    let origin = row.origin.clone().unwrap_or(Origin::Slash);
    let proposal =
        Proposal { tool: row.tool.clone()?, args: Value::Object(row.args.clone()), origin: origin.clone() };
    let call = catalog.admit(&proposal).ok()?;
    let vote = |vote: &VoteRow| {
        let choice = if vote.choice == "approve" { Choice::Approve } else { Choice::Deny };
        (vote.person.clone(), choice, Verify::parse(&vote.verify).unwrap_or_default())
    };
    Some(PastCase {
        request: row.id.clone(),
        command: catalog.render(&call),
        assessment: catalog.assess(&call, &row.facts, &row.unreadable),
        held: catalog.held(&call, &row.facts),
        asker: row.asker.clone(),
        place: row.place.clone(),
        grounding: grounding(row),
        at: *at,
        confirmed_by: row.confirmed_by.clone(),
        votes: votes.iter().map(vote).collect(),
        before: *before,
        ran: if row.started_at.is_some() { Ran::Yes } else { Ran::No },
        origin,
        call,
    })
}
