//! Slack. What comes in is read by the door, what goes out is made by the cards, both pure; the client speaks to Slack,
//! and the outbox delivers what we said.
//!
//! INVARIANT: no text of a person or a machine is ever markup. Text is typed (`rich_text`, `plain_text`) or escaped, so
//! that nobody is mentioned, nothing is linked and no code block is ended by it.

mod card;
pub mod client;
mod commands;
pub mod door;
mod home;
mod manifest;
mod outbox;
mod people;
mod response;
mod signature;
pub mod socket;
mod text;
mod window;

pub use card::{Card, MOST_JSON, card};
pub use commands::{Commands, Names};
pub use home::{Desk, home, prompts};
pub use manifest::{Delivered, SCOPES, manifest};
pub use outbox::{Outbox, Reach};
pub use people::{People, Remembered};
pub use response::{ResponseUrl, ResponseUrls};
pub use signature::{SIGNATURE_HEADER, Signed, SigningSecrets, TIMESTAMP_HEADER, Unsigned, WINDOW, sign};
pub use window::{beside, form, tools};

#[cfg(test)]
mod tests;
