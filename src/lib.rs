//! countersign: an ops agent in team chat that does nothing until the right people have said yes.

pub mod catalog;
pub mod clock;
pub mod domain;
pub mod slash;
pub mod store;
