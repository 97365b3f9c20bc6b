use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::super::{mutter, print};
use crate::app::open_store;
use crate::config::Source;
use crate::domain::RequestId;
use crate::evals::draft_of;
use crate::redact::Redactor;
use crate::store::Store;

#[derive(Debug, Args)]
pub(in crate::cli) struct RecordArgs {
    /// The request, as lists and cards name it; or the number of one of its entries on the record.
    #[arg(long, value_name = "ENTRY")]
    from_audit: String,
    /// The language of the request, BCP 47.
    #[arg(long, default_value = "en")]
    lang: String,
    /// Append the case to this file; left out, it is printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes a draft of a case of a request that went otherwise than it should.
pub(super) async fn record(source: &Source, args: &RecordArgs) -> Result<ExitCode> {
    let data_dir = source.data_dir();
    if source.config.store.url.is_none() && !data_dir.join("countersign.db").exists() {
        bail!("there is no record in `{}` yet; `countersign` starts one", data_dir.display());
    }
    let store = open_store(source).await?;
    let Some(request) = find(&store, &args.from_audit).await? else {
        bail!("there is no request `{}` on the record; `countersign audit list` shows them", args.from_audit);
    };
    let Some(case) = draft_of(&store, &request, &args.lang, &Redactor::default()).await? else {
        bail!("the request `{request}` has no words of a person; a case needs some");
    };
    let line = serde_json::to_string(&case)?;
    match &args.out {
        Some(file) => {
            let opened = OpenOptions::new().create(true).append(true).open(file);
            opened
                .and_then(|mut file| writeln!(file, "{line}"))
                .with_context(|| format!("cannot write `{}`", file.display()))?;
            mutter(&format!(
                "drafted {} in {}; say it in other words before you commit it",
                case.id,
                file.display()
            ));
        }
        None => print(&line)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(store: &Store, entry: &str) -> Result<Option<RequestId>> {
    if let Some(request) = RequestId::parse(entry) {
        return Ok(store.request(&request).await?.map(|row| row.id));
    }
    let Ok(seq) = entry.parse::<i64>() else { return Ok(None) };
    let Some(head) = store.head().await? else { return Ok(None) };
    let rows = store.entries_from(head.epoch, seq, 1).await?;
    let first = rows.first().filter(|row| row.seq == seq);
    Ok(first.and_then(|row| RequestId::parse(row.request.as_deref()?)))
}
