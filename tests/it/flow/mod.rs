//! Whole stories, from what people write to what they see, against real processes.

mod approval;
mod asking;
mod change;
mod deploy;
mod glass;
mod language;
mod lock;
mod migrate;
mod progress;
mod refusal;
mod reload;
mod rollback;
mod roster;
mod rules;
mod scale;
