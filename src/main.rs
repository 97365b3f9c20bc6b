//! Parses arguments, runs, prints the error chain.
fn main() {}
