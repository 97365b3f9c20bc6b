//! Floor 5: the ways in and out. One folder per platform, each with a pure door and pure cards.

pub mod console;
mod directory;
pub mod slack;

pub use directory::{Answer, Directory, Duty, Standing, Unknown};
