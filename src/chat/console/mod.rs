//! The embedded console: its door makes an `Inbound` of a form, its cards make HTML of a message.
//!
//! INVARIANT: pure. Whoever serves the pages brings the time, the person and the random ids; every text of a person or
//! a machine goes through the templates' escaping, and no function here marks text as safe.

mod cards;
mod door;
mod words;

pub use cards::{MessageView, Seen, state_word, teach};
pub use door::{MAX_TEXT, Post, Press, React, Sitting, Unfit, post, press, react, sender, without_token};
pub use words::{Span, When, ago, moment, spans, when};

#[cfg(test)]
mod tests;
