//! Floor 1: what can be asked. Tools (one manifest each) and the landscape they act on, and the only maker of [`Call`].

mod admit;
mod assess;
mod call;
mod check;
mod demo;
mod effect;
mod filters;
mod help;
mod hidden;
mod landscape;
mod load;
mod manifest;
mod names;
mod problem;
mod render;
mod scope;
mod tags;
pub mod template;
#[cfg(test)]
mod tests;
mod tool;

use std::collections::BTreeMap;

use crate::domain::Digest;

pub use admit::{AdmitError, AdmitReason, MAX_TEXT};
pub use assess::{UNREADABLE, drift};
pub use call::{Call, Facts};
pub use demo::{DEMO_LANDSCAPE, SHIPPED_TOOLS};
pub use effect::{Assessment, Direction, EffectClass, Short};
pub use help::{help_line, help_text, hint, usage};
pub use hidden::{hidden_character, revealed, visible};
pub use landscape::{Environment, Landscape, Service, Team};
pub use manifest::{
    Builtin, EffectRule, Effects, Example, Fact, Health, Http, Manifest, OnTotal, OutputTexts, Repeat, Run,
    Slash, Timeouts, Undo, Watch,
};
pub use names::{List, Names, fold, near, one_of};
pub use problem::Problem;
pub use render::{command, flag_name, quote};
pub use scope::Scope;
pub use template::TemplateError;
pub use tool::{Param, ParamKind, Tool};

/// Everything that can be asked: the tools, and the landscape they act on.
#[derive(Debug)]
pub struct Catalog {
    landscape: Landscape,
    tools: BTreeMap<String, Tool>,
    digest: Digest,
}

impl Catalog {
    /// Builds a catalogue from the text of `catalog.toml` and of the tool files, each with the name to report it under.
    ///
    /// # Errors
    /// Everything that is wrong in any of them. Nothing is loaded in part.
    pub fn load(landscape: (&str, &str), tools: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        load::load(landscape, tools)
    }

    /// The catalogue of a first start.
    ///
    /// # Errors
    /// As [`Catalog::load`]; a test holds that there are none.
    pub fn demo() -> Result<Self, Vec<Problem>> {
        let tools: Vec<_> =
            SHIPPED_TOOLS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        Self::load(("catalog.toml", DEMO_LANDSCAPE), &tools)
    }

    /// The tools, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values()
    }

    /// The tool of this exact name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// What the tools act on.
    pub fn landscape(&self) -> &Landscape {
        &self.landscape
    }

    /// The digest of everything in it.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}
