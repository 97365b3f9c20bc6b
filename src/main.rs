//! Parses arguments, runs, prints the error chain.

use std::process::ExitCode;

use countersign::cli;

fn main() -> ExitCode {
    cli::main(std::env::args_os())
}
