//! countersign: an ops agent in team chat that does nothing until the right people have said yes.
//!
//! # Floor plan
//!
//! A message comes in by a door, goes along the corridor, and an answer goes out. Rooms use strictly lower floors; rooms
//! on one floor do not see each other. `tests/architecture.rs` holds this plan.
//!
//! ```text
//! 10  cli                                             the commands
//!  9  app telemetry                                   builds the rooms; logs
//!  8  config                                          what an installation is told
//!  7  web doors control worker playground evals       doors, the clock, something to operate, the harness
//!  6  pipeline                                        receive, propose, admit, judge, carry out, answer
//!  5  chat interpret execute                          hands: platforms, readers of sentences, back ends
//!  4  audit                                           swears: the record
//!  3  clock store                                     time; remembers
//!  2  slash ground gate redact                        think
//!  1  catalog                                         what can be asked
//!  0  domain                                          the words
//! ```
//!
//! Floors 0 to 2 are synchronous, total and windowless: no clock, randomness, environment, files, network, logging or
//! `async`. Time is an argument.
//!
//! # Invariants
//!
//! * Only [`catalog::Catalog::admit`] makes a [`catalog::Call`].
//! * Only [`gate::clear`] makes a [`gate::Cleared`], and only when nothing is left to wait for.
//! * Only [`audit::Ledger::started`] makes an [`audit::Recorded`], after its entry is on disk.
//! * [`execute::Hands::run`] takes a `Recorded<Cleared>` by value: what was not cleared or not recorded cannot run, and
//!   nothing runs twice on one clearance.
//! * A refusal is a value. An error means that we are broken, and nothing was done.

pub mod domain;

pub mod catalog;

pub mod gate;
pub mod ground;
pub mod redact;
pub mod slash;

pub mod clock;
pub mod store;

pub mod audit;

pub mod chat;
pub mod execute;
pub mod interpret;

pub mod pipeline;

pub mod control;
pub mod doors;
pub mod evals;
pub mod playground;
pub mod web;
pub mod worker;

pub mod config;
pub mod telemetry;

pub mod app;

pub mod cli;
