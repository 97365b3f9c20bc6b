//! countersign: an ops agent in team chat that does nothing until the right people have said yes.

pub mod audit;
pub mod catalog;
pub mod chat;
pub mod clock;
pub mod config;
pub mod domain;
pub mod gate;
pub mod playground;
pub mod store;
pub mod web;
