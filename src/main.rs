//! Parses arguments, runs, prints the error chain.

use clap::{Args, FromArgMatches};
use countersign::playground::replica::{self, ReplicaArgs};

fn main() -> std::io::Result<()> {
    let command = ReplicaArgs::augment_args(clap::Command::new("countersign"));
    let matches = command.get_matches_from(std::env::args().skip(2));
    replica::run(ReplicaArgs::from_arg_matches(&matches).map_err(std::io::Error::other)?)
}
