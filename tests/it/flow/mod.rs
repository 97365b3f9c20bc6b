//! Whole stories, from what people write to what they see, against real processes.

mod approval;
mod change;
mod deploy;
mod language;
mod lock;
mod migrate;
mod progress;
mod refusal;
mod rollback;
mod scale;
