use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::print;
use crate::audit::{FlatRecord, Logged, Position, dump_records, flat_record, story};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{PersonId, RequestId, parse_span};
use crate::store::{RequestFilter, RequestState, Store};

/// Which requests.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct FilterArgs {
    /// Only of this person.
    #[arg(long = "by", value_name = "PERSON")]
    person: Option<String>,
    /// Only for this tool.
    #[arg(long)]
    tool: Option<String>,
    /// Only in this environment.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// Only with this result, such as done, failed, unknown, refused, denied, expired.
    #[arg(long, value_name = "RESULT", value_parser = result)]
    result: Vec<RequestState>,
    /// Only from this channel.
    #[arg(long)]
    channel: Option<String>,
    /// Only what was part of this incident, as its people named it with `--incident`.
    #[arg(long, value_name = "NAME")]
    incident: Option<String>,
    /// Only from this time on: `2026-11-25`, `2026-11-25T03:00:00Z`, or `12h` for so long ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Only with these words in what was said, the command or the result.
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
}

impl FilterArgs {
    pub(super) fn is_empty(&self) -> bool {
        self.clone().filter() == RequestFilter::default()
    }

    pub(super) fn filter(self) -> RequestFilter {
        RequestFilter {
            states: self.result,
            asker: self.person.map(PersonId),
            tools: self.tool.into_iter().collect(),
            environment: self.environment,
            channel: self.channel.map(|channel| channel.trim_start_matches('#').to_owned()),
            incident: self.incident,
            since: self.since,
            until: self.until,
            text: self.text,
            ..RequestFilter::default()
        }
    }
}

fn result(text: &str) -> Result<RequestState, String> {
    RequestState::parse(text).ok_or_else(|| {
        let all: Vec<_> = RequestState::ALL.into_iter().map(RequestState::as_str).collect();
        format!("results are {}", all.join(", "))
    })
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(date) = text.parse::<Date>() {
        let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        return midnight.map_err(|error| error.to_string());
    }
    let span =
        parse_span(text).ok_or("write `2026-11-25`, `2026-11-25T03:00:00Z`, or `12h` for so long ago")?;
    SystemClock.now().checked_sub(span).map_err(|error| error.to_string())
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only older than this request: the last one of the page before.
    #[arg(long, value_name = "REQUEST")]
    before: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print flat JSON, one record a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(store: &Store, args: ListArgs) -> Result<ExitCode> {
    let before = args.before.as_deref().map(request).transpose()?;
    let filter = RequestFilter { before, ..args.filter.filter() };
    let mut last = None;
    let given = dump_records(store, filter, Some(u64::from(args.limit)), |row, record| {
        last = Some(row.id.clone());
        let text =
            if args.json { serde_json::to_string(record)? } else { format!("{}  {}", line(record), row.id) };
        print(&text).map_err(std::io::Error::other)
    })
    .await?;
    if let (Some(last), false) = (last, args.json)
        && given == u64::from(args.limit)
    {
        print(&format!("There may be more: add --before {last}"))?;
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

fn request(text: &str) -> Result<RequestId> {
    match RequestId::parse(text) {
        Some(id) => Ok(id),
        None => bail!(
            "`{text}` is no request id; they look like req_01J... and `countersign audit list` shows them"
        ),
    }
}

pub(super) async fn show(store: &Store, text: &str) -> Result<ExitCode> {
    let id = request(text)?;
    let rows = store.entries_of(&id).await?;
    let entries: Vec<Logged> = rows.iter().map(Logged::try_from).collect::<Result<_, _>>()?;
    let Some(record) = flat_record(&entries) else { bail!("there is no request `{text}` on the record") };
    if let Some(row) = store.request(&id).await? {
        print(&format!("{} said in #{}: {}", record.user, record.channel, row.said))?;
    }
    for (line, entry) in story(&entries).iter().zip(&entries) {
        let position = Position::new(entry.epoch, entry.seq).to_string();
        print(&format!("{}  #{position:<6} {} {}", line.at, line.who, line.what))?;
    }
    print(&serde_json::to_string(&record)?)?;
    Ok(ExitCode::SUCCESS)
}
