//! countersign: an ops agent in team chat that does nothing until the right people have said yes.

pub mod app;
pub mod audit;
pub mod catalog;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod domain;
pub mod evals;
pub mod execute;
pub mod gate;
pub mod ground;
pub mod interpret;
pub mod pipeline;
pub mod playground;
pub mod slash;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod worker;
