mod compare;
mod end;
mod finish;
mod git;
mod lint;
mod model;
mod progress;
mod run;
mod schema;
mod score;
mod through;
mod tools;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Source;

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Have a model, the built-in reader or a stub answer cases, and score what comes of it.
    Run(Box<run::RunArgs>),
    /// Score predictions that are there, without asking anybody anything.
    Score(Box<score::ScoreArgs>),
    /// Compare two reports: what became worse, what better, and whether that can be chance.
    Compare(compare::CompareArgs),
    /// Check cases: their form, ids, tools, arguments and names, and that they can be scored. Ends with 1 when something
    /// is wrong.
    Lint(lint::LintArgs),
    /// Print the JSON Schema of a file of the harness.
    Schema {
        /// Which file.
        shape: schema::Shape,
    },
    /// Print the tools of the demonstration as a list of function tools: evals/tools.json.
    Tools,
}

/// Runs a command of the harness. What goes wrong ends with 3: 1 and 2 are for what the gate decides.
pub(super) async fn eval(source: &Source, command: EvalCommand) -> ExitCode {
    let ended = match command {
        EvalCommand::Run(args) => run::run(source, *args).await,
        EvalCommand::Score(args) => score::score(source, &args),
        EvalCommand::Compare(args) => compare::compare_reports(&args),
        EvalCommand::Lint(args) => lint::lint(source, &args),
        EvalCommand::Schema { shape } => schema::schema(shape),
        EvalCommand::Tools => tools::tools(source),
    };
    ended.unwrap_or_else(|error| {
        super::complain(&error);
        ExitCode::from(super::HARNESS_BROKEN)
    })
}
