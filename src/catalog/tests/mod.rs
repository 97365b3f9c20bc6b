mod admit;
mod assess;
mod load;
mod shipped;
mod template;

use std::sync::LazyLock;

use serde_json::Value;

use super::{AdmitError, Call, Catalog, DEMO_LANDSCAPE};
use crate::domain::{Origin, Proposal};

static DEMO: LazyLock<Catalog> = LazyLock::new(|| Catalog::demo().unwrap());

fn admit(tool: &str, args: Value) -> Result<Call, AdmitError> {
    DEMO.admit(&Proposal { tool: tool.to_owned(), args, origin: Origin::Offline })
}

fn call(tool: &str, args: Value) -> Call {
    admit(tool, args).unwrap()
}

/// What is wrong with one tool file, as people read it.
fn problems(text: &str) -> Vec<String> {
    let tools = [("x.yaml".to_owned(), text.to_owned())];
    match Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &tools) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}
