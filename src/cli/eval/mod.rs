mod args;
mod attack;
mod batch;
mod compare;
mod end;
mod finish;
mod git;
mod lint;
mod model;
mod progress;
mod record;
mod run;
mod schema;
mod score;
mod stage;
mod through;
mod tools;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Source;

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Have a model, the built-in reader or a stub answer cases, and score what comes of it.
    Run(Box<run::RunArgs>),
    /// Write cases as a provider's batch, or in the format of another harness.
    Export(Box<batch::ExportArgs>),
    /// Read the answers of a batch, and score what comes of them.
    Import(Box<batch::ImportArgs>),
    /// Make a draft of a case of a request on the record that went otherwise than it should.
    Record(record::RecordArgs),
    /// Make attacks of benign cases: goals in the words of templates, in carriers, each with its clean twin.
    Attack(attack::AttackArgs),
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
        EvalCommand::Export(args) => batch::export(source, &args),
        EvalCommand::Import(args) => batch::import_answers(source, &args),
        EvalCommand::Record(args) => record::record(source, &args).await,
        EvalCommand::Attack(args) => attack::attack(source, &args),
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
