//! Floor 2: exact commands. What people type becomes a proposal that is known to be admissible, or a problem with the
//! command that was probably meant. `Catalog::render` is the inverse.

mod aside;
mod complete;
mod lexer;
mod parse;
mod suggest;
#[cfg(test)]
mod tests;

use crate::domain::Proposal;

pub use aside::{Aside, Urgency, aside};
pub use complete::{Completion, complete};
pub use parse::{check_examples, parse};

/// The most characters in one command.
pub const MAX_COMMAND: usize = 4_000;

/// What a message is, read as an exact command.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// No command: it does not start with a slash and a name.
    NotSlash,
    /// A command; `Catalog::admit` accepts the proposal.
    Proposal(Proposal),
    /// A command with a mistake in it.
    Problem(SlashProblem),
}

/// A mistake in a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlashProblem {
    /// What is wrong.
    pub sentence: String,
    /// The exact command that was probably meant.
    pub suggestion: Option<String>,
    /// How the command is written, with an example; empty when the command is not known.
    pub usage: String,
    /// The arguments that are missing or not accepted.
    pub about: Vec<String>,
}
