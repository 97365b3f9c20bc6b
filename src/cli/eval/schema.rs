use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;

use super::super::print;
use crate::evals::{CASE_SCHEMA, prediction_schema, report_schema};

/// The files of the harness that others may read or write.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Shape {
    /// A line of a file of cases; its `$defs/catalogue` is the file of --catalog.
    Case,
    /// A line of a predictions file.
    Prediction,
    /// A report.
    Report,
}

/// Prints a JSON Schema.
pub(super) fn schema(shape: Shape) -> Result<ExitCode> {
    let schema = match shape {
        Shape::Case => {
            print(CASE_SCHEMA.trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        Shape::Prediction => prediction_schema(),
        Shape::Report => report_schema(),
    };
    print(&serde_json::to_string_pretty(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}
