use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::line_of;
use crate::domain::Digest;
use crate::evals::score::SCORER_VERSION;

/// Where figures come from. What is not known is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Provenance {
    /// The version of the scoring rules. Figures of different versions are not comparable.
    pub scorer_version: u32,
    /// The suite that was run.
    pub suite: Option<String>,
    /// The SHA-256 of the case files, one after the other.
    #[schemars(with = "Option<String>")]
    pub cases_sha256: Option<Digest>,
    /// The SHA-256 of the prompt.
    #[schemars(with = "Option<String>")]
    pub prompts_sha256: Option<Digest>,
    /// The SHA-256 of the tools file.
    #[schemars(with = "Option<String>")]
    pub tools_sha256: Option<Digest>,
    /// The SHA-256 of the catalogue.
    #[schemars(with = "Option<String>")]
    pub catalogue_sha256: Option<Digest>,
    /// The model that was asked for; `offline` and `stub:…` too.
    pub model: Option<String>,
    /// The models that say they have answered.
    pub models_returned: Vec<String>,
    /// The servers' words for their state.
    pub system_fingerprints: Vec<String>,
    /// The temperature.
    pub temperature: Option<f64>,
    /// The seed of the first trial.
    pub seed: Option<u64>,
    /// How many trials of each case.
    pub trials: Option<u32>,
    /// When, RFC 3339.
    pub date: Option<String>,
    /// The commit of the tree.
    pub git_commit: Option<String>,
    /// Whether nothing was changed in it.
    pub git_clean: Option<bool>,
}

impl Default for Provenance {
    fn default() -> Self {
        Self {
            scorer_version: SCORER_VERSION,
            suite: None,
            cases_sha256: None,
            prompts_sha256: None,
            tools_sha256: None,
            catalogue_sha256: None,
            model: None,
            models_returned: Vec::new(),
            system_fingerprints: Vec::new(),
            temperature: None,
            seed: None,
            trials: None,
            date: None,
            git_commit: None,
            git_clean: None,
        }
    }
}

impl Provenance {
    /// What is known, for people: names and values.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let provenance = serde_json::to_value(self).unwrap_or_default();
        let known = provenance.as_object().into_iter().flatten();
        let known = known
            .filter(|(_, found)| !found.is_null() && found.as_array().is_none_or(|list| !list.is_empty()));
        let text = |found: &Value| found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        known.map(|(name, found)| (name.clone(), line_of(&text(found)))).collect()
    }
}
