//! The app as a whole.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod browser;
mod cli;
mod evals;
mod flow;
mod harness;
mod playground;
mod policies;
mod record;
mod slack;
mod support;
mod trouble;
