//! Floor 0: the words every room uses. Plain types, no behaviour that needs a window.
//!
//! INVARIANT: nothing here reads a clock, draws a random number, touches a file or logs.

mod address;
mod digest;
mod ids;
mod json;
mod message;
mod outcome;
mod person;
mod place;
mod proposal;
mod reply;
mod span;

pub use address::{is_loopback, travels_safely};
pub use digest::Digest;
pub use ids::{DedupeKey, MessageId, RequestId, TimerId};
pub use json::{CanonicalError, canonical, parse_strict};
pub use message::{Action, Body, Click, Inbound, RawMessage, Reaction, Remote};
pub use outcome::{Doubt, Failure, Field, Outcome, Output};
pub use person::{ChatUser, PersonId, RoleName};
pub use place::{Place, Platform};
pub use proposal::{Interpretation, Origin, Proposal, Question};
pub use reply::{Asks, Block, Button, ButtonStyle, Reply, Tone};
pub use span::{human_span, parse_span};
