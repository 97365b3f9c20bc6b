use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use serde_json::Map;

use super::print;
use crate::app::{catalog, policy, texts};
use crate::catalog::{Assessment, Call, Catalog, Direction};
use crate::clock::{Clock, SystemClock};
use crate::config::Source;
use crate::domain::{Origin, PersonId, Place, Platform, RequestId};
use crate::gate::{Case, Explanation, Grounding, Membership, Policy, Standing, explain as why, limits_of};
use crate::slash::{Parsed, parse};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The exact command, such as `/deploy order-service v2.4.1 production`.
    command: String,
    /// Who would ask.
    #[arg(long = "as", value_name = "PERSON")]
    person: String,
    /// The channel, by its name in the policy.
    #[arg(long = "in", value_name = "CHANNEL")]
    channel: String,
    /// The environment, where the command leaves it out.
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// Suppose that the facts put this tag on the call; may be said several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The moment, such as `2026-12-24T18:00:00+01:00`; left out: now. Freezes depend on it.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(source: &Source, args: &ExplainArgs) -> Result<ExitCode> {
    let texts = texts(source)?;
    let catalog = catalog(&texts)?;
    let policy = policy(&texts, &catalog)?;
    let person = PersonId(args.person.clone());
    if policy.person(&person).is_none() {
        let known: Vec<_> = policy.people().map(|person| person.id.0.as_str()).collect();
        bail!("the policy knows nobody called `{person}`; it knows {}", known.join(", "));
    }
    let call = call(args, &catalog)?;
    let tags: BTreeSet<String> = args.tags.iter().cloned().collect();
    if let Some(tag) = tags.iter().find(|tag| !catalog.tags().contains(*tag)) {
        let known: Vec<_> = catalog.tags().into_iter().collect();
        bail!("no service and no tool has a tag `{tag}`; there is {}", known.join(", "));
    }
    let place = place(args, &policy);
    let now = args.at.unwrap_or_else(|| SystemClock.now());
    let explained: Vec<Explanation> = directions(&call, &catalog)
        .into_iter()
        .map(|direction| {
            let mut assessment = catalog.supposed(&call, direction);
            assessment.tags.extend(tags.iter().cloned());
            one(&policy, &call, &assessment, (&person, &place, now))
        })
        .collect();
    let shown = if args.json {
        serde_json::to_string_pretty(&explained)?
    } else {
        explained.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
    };
    print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn call(args: &ExplainArgs, catalog: &Catalog) -> Result<Call> {
    let slash = if args.command.starts_with('/') { "" } else { "/" };
    let environment = args.env.as_ref().map(|name| format!(" --environment {name}")).unwrap_or_default();
    match parse(&format!("{slash}{}{environment}", args.command), catalog) {
        Parsed::Proposal(proposal) => catalog.admit(&proposal).context("the command"),
        Parsed::Problem(problem) => bail!("{}\n{}", problem.sentence, problem.usage),
        Parsed::NotSlash => bail!("`{}` is no exact command; write one such as /status", args.command),
    }
}

/// The listed channel of this name, or one that is not listed.
fn place(args: &ExplainArgs, policy: &Policy) -> Place {
    let name = args.channel.trim_start_matches('#');
    let listed = policy.channels().iter().find(|channel| channel.name == name);
    Place {
        platform: listed.map_or(Platform::Console, |channel| channel.platform),
        workspace: listed.map(|channel| channel.workspace.clone()).unwrap_or_default(),
        channel: listed.map_or_else(|| name.to_owned(), |channel| channel.id.clone()),
        thread: None,
    }
}

/// Without back ends nobody knows which way a call goes, so both are told.
fn directions(call: &Call, catalog: &Catalog) -> Vec<Option<Direction>> {
    let directed = catalog.tool(call.tool()).is_some_and(|tool| tool.manifest().effects.direction.is_some());
    if directed { vec![Some(Direction::Up), Some(Direction::Down)] } else { vec![None] }
}

fn one(
    policy: &Policy,
    call: &Call,
    assessment: &Assessment,
    (person, place, now): (&PersonId, &Place, Timestamp),
) -> Explanation {
    let (request, held) = (RequestId::mint(now, [0; 10]), Map::new());
    let mut standing = Standing::default();
    let case = |standing| Case {
        request: &request,
        call,
        assessment,
        held: &held,
        asker: Some(person),
        place,
        origin: &Origin::Slash,
        grounding: &Grounding::Exact,
        standing,
        membership: Membership::none(),
        now,
    };
    // Nothing has been counted, so no limit is reached.
    let untouched = Standing::default();
    standing.counts =
        limits_of(policy, &case(&untouched)).into_iter().map(|limit| (limit.id.clone(), 0)).collect();
    why(policy, &case(&standing))
}
