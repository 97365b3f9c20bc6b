//! The embedded console: its door makes an `Inbound` of a form, its cards make HTML of a message.
//!
//! INVARIANT: pure. Whoever serves the pages brings the time, the person and the random ids; every text of a person or
//! a machine goes through the templates' escaping, and no function here marks text as safe.

mod cards;
mod door;

pub use cards::{MessageView, Seen, Span, When, ago, moment, spans, state_word, teach, when};
pub use door::{MAX_TEXT, Post, Press, React, Sitting, Unfit, post, press, react, sender, without_token};
