use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use super::print;
use crate::app::{App, Parts};
use crate::config::Source;
use crate::control::{self, ClientError, Said, Saying, say_through};
use crate::store::RequestState;

#[derive(Debug, Args)]
pub(super) struct SayArgs {
    /// The words: a command, a sentence, or ✅, ❌, approve, deny REASON, confirm, withdraw about a request that waits.
    text: String,
    /// Who says it.
    #[arg(long = "as", value_name = "PERSON")]
    person: String,
    /// The channel.
    #[arg(long = "in", value_name = "CHANNEL", default_value = "deployments")]
    channel: String,
    /// The request that ✅ and the like are about. Left out: the newest that waits in the channel.
    #[arg(long, value_name = "REQUEST")]
    about: Option<String>,
    /// Only print what would come of it, and every rule that spoke. Nothing is done and nothing is written down.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn say(source: Source, args: SayArgs) -> Result<ExitCode> {
    let saying = Saying {
        text: args.text,
        person: args.person,
        channel: args.channel,
        about: args.about,
        preview: args.dry_run,
    };
    let said = match say_through(&source.data_dir(), &saying).await {
        Ok(said) => said,
        Err(ClientError::NoServer) => alone(source, saying).await?,
        Err(error) => bail!(error),
    };
    if args.json {
        print(&serde_json::to_string_pretty(&said)?)?
    } else {
        print(&story(&said))?
    }
    Ok(match said.state {
        Some(RequestState::Failed | RequestState::Unknown | RequestState::Refused) => ExitCode::FAILURE,
        Some(_) | None => ExitCode::SUCCESS,
    })
}

/// Runs the flow itself, on the same data.
async fn alone(mut source: Source, saying: Saying) -> Result<Said> {
    source.config.audit = source.config.audit.quiet();
    let app = App::build(source, Parts::of_this_machine()?).await?;
    if let Some(playground) = &app.playground {
        playground.started().await;
    }
    let said = control::say(&app.rooms, app.voice(), saying).await;
    app.stop().await;
    said.map_err(anyhow::Error::msg)
}

fn story(said: &Said) -> String {
    let mut lines: Vec<String> = said.replies.iter().map(crate::domain::Reply::to_text).collect();
    if let Some(request) = &said.request {
        lines.push(format!("({request})"));
    }
    if lines.is_empty() { "Nothing was answered.".to_owned() } else { lines.join("\n\n") }
}
