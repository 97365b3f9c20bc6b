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
mod flow;
mod playground;
mod policies;
mod support;
mod trouble;
