use std::process::ExitCode;

use anyhow::Result;

use super::super::print;
use crate::app::texts;
use crate::catalog::Manifest;
use crate::config::Source;
use crate::evals::{demo_function_tools, product_tools};

/// The tools of this installation, and those that only the evaluation has.
pub(super) fn product(source: &Source) -> Result<Vec<Manifest>> {
    Ok(product_tools(&texts(source)?.tools)?)
}

/// Prints the tools of the demonstration.
pub(super) fn tools(source: &Source) -> Result<ExitCode> {
    let tools = demo_function_tools(&product(source)?)?;
    print(&serde_json::to_string_pretty(&tools)?)?;
    Ok(ExitCode::SUCCESS)
}
