use serde::Serialize;
use serde_json::{Map, Value};

use super::EffectClass;
use crate::domain::Digest;

/// What was read from the back ends before deciding: fact name to value, as the manifest names them.
pub type Facts = Map<String, Value>;

/// A call that exists: a known tool, with arguments that its schema and the landscape accept, in canonical form.
///
/// INVARIANT: only `Catalog::admit` makes one, so whoever holds a `Call` need not check it again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    tool: String,
    args: Map<String, Value>,
    effect: EffectClass,
    environment: Option<String>,
    target: String,
    digest: Digest,
}

/// The parts of a call, before it is one.
pub(super) struct CallParts {
    pub tool: String,
    pub args: Map<String, Value>,
    pub effect: EffectClass,
    pub environment: Option<String>,
    pub target: String,
    pub digest: Digest,
}

impl Call {
    pub(super) fn seal(parts: CallParts) -> Self {
        let CallParts { tool, args, effect, environment, target, digest } = parts;
        Self { tool, args, effect, environment, target, digest }
    }

    /// A call for tests of rooms that cannot see the catalogue's tools: it passed no schema.
    #[cfg(test)]
    pub(crate) fn for_tests(
        tool: &str,
        args: Map<String, Value>,
        effect: EffectClass,
        environment: Option<&str>,
        target: &str,
    ) -> Self {
        let bytes = serde_json::json!([tool, args, target]).to_string();
        Self::seal(CallParts {
            tool: tool.to_owned(),
            args,
            effect,
            environment: environment.map(str::to_owned),
            target: target.to_owned(),
            digest: Digest::labelled("countersign/call/tests", bytes.as_bytes()),
        })
    }

    /// The tool's name.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// The canonical arguments: aliases resolved, defaults filled in, keys sorted.
    pub fn args(&self) -> &Map<String, Value> {
        &self.args
    }

    /// The declared class, before facts are known. Facts may raise it, never lower it.
    pub fn effect(&self) -> EffectClass {
        self.effect
    }

    /// The environment it acts on; `None` for tools that act on none.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// What it acts on, such as `production/order-service`: the key of locks and of "one at a time".
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The digest of the tool, its whole file and the canonical arguments: a tool file that changes voids approvals.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}
