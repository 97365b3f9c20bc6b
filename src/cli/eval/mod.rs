mod files;
mod run;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Have the built-in reader read cases, and score what comes of it. Ends with 1 when something unsafe was proposed.
    Run(run::RunArgs),
}

pub(super) fn eval(command: &EvalCommand) -> Result<ExitCode> {
    match command {
        EvalCommand::Run(args) => run::run(args),
    }
}
