//! Floor 1: what can be asked. Tools (one manifest each) and the landscape they act on, and the only maker of [`Call`].

mod call;
mod effect;
mod landscape;
mod manifest;

pub use call::{Call, Facts};
pub use effect::{Assessment, Direction, EffectClass, Short};
pub use landscape::{Environment, Landscape, Service, Team};
pub use manifest::{
    Builtin, EffectRule, Effects, Example, Fact, Health, Http, Manifest, OnTotal, OutputTexts, Repeat, Run,
    Slash, Timeouts, Undo, Watch,
};
