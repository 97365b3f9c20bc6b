use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::list::FilterArgs;
use super::progress::Progress;
use crate::audit::{Checkpoint, DumpError, FlatRecord, dump_entries, dump_records};
use crate::store::Store;

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// How: `jsonl` is every entry as it was hashed, with the signed checkpoint at the end, so that others can check it;
    /// `flat` and `csv` are one record for each request.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Write to this file, and the checkpoint beside it (FILE.checkpoint), in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Every entry, a line each.
    Jsonl,
    /// A request a line, for spreadsheets.
    Csv,
    /// A request a line, as JSON.
    Flat,
}

pub(super) async fn export(store: &Store, args: ExportArgs) -> Result<ExitCode> {
    if args.format == Format::Jsonl && !args.filter.is_empty() {
        bail!(
            "`jsonl` is the whole record, because part of it could not be checked; choose with `--format flat` or `csv`"
        );
    }
    let mut out: BufWriter<Box<dyn Write + Send>> = BufWriter::new(match &args.out {
        Some(path) => {
            Box::new(File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?)
        }
        None => Box::new(std::io::stdout()),
    });
    let head = store.head().await?.context("there is no record yet")?;
    let written = match args.format {
        Format::Jsonl => entries(store, &mut out).await,
        Format::Csv | Format::Flat => records(store, &args, &mut out).await.map(|()| None),
    };
    let newest = match written.and_then(|newest| Ok((newest, out.flush()?))) {
        Ok((newest, ())) => newest,
        // A reader that went away ends the command without noise.
        Err(DumpError::Out(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => return Err(error.into()),
    };
    let note = newest.map_or(head.note, |newest: Checkpoint| newest.note);
    if let Some(path) = &args.out {
        beside(path, &note)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn entries(
    store: &Store,
    out: &mut BufWriter<Box<dyn Write + Send>>,
) -> Result<Option<Checkpoint>, DumpError> {
    let (mut shown, mut done) = (Progress::of("entries"), 0);
    dump_entries(store, |line| {
        done += 1;
        shown.done(done, None);
        out.write_all(line)?;
        out.write_all(b"\n")
    })
    .await
}

async fn records(
    store: &Store,
    args: &ExportArgs,
    out: &mut BufWriter<Box<dyn Write + Send>>,
) -> Result<(), DumpError> {
    let (mut shown, mut done) = (Progress::of("requests"), 0);
    if args.format == Format::Csv {
        out.write_all(FlatRecord::CSV_HEAD.as_bytes())?;
    }
    dump_records(store, args.filter.clone().filter(), None, |_row, record| {
        done += 1;
        shown.done(done, None);
        match args.format {
            Format::Csv => out.write_all(record.to_csv().as_bytes()),
            Format::Flat | Format::Jsonl => {
                serde_json::to_writer(&mut *out, record)?;
                out.write_all(b"\n")
            }
        }
    })
    .await?;
    Ok(())
}

fn beside(path: &Path, note: &str) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".checkpoint");
    std::fs::write(&name, note).with_context(|| format!("cannot write `{}`", Path::new(&name).display()))
}
