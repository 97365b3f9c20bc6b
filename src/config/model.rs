use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigError, SecretError, SecretRef};
use crate::domain::parse_span;
use crate::interpret::llm::{
    Access, Budget, Endpoint, EndpointError, Feature, Prompt, Sampling, Settings, Setup, Tariff, address,
    micros,
};
use crate::redact::Redactor;

/// The language model. Without this section sentences are read by rules.
///
/// Prices and budgets are amounts of money as text, such as `"0.15"`, in whatever currency the provider bills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// The base address of an OpenAI-compatible server, with its version: `https://api.example.com/v1`. Plain `http` only
    /// to this machine.
    pub base_url: String,
    /// Where the key is: `env:NAME` or `file:PATH`. Local servers need none.
    #[serde(default)]
    pub api_key: Option<SecretRef>,
    /// The model's name at that server.
    pub model: String,
    /// How long one answer may take, at most `2m`. A reading with its repetitions takes at most twice as long.
    #[serde(default = "timeout")]
    pub timeout: String,
    /// How often a request is repeated that failed in passing, at most 5.
    #[serde(default = "retries")]
    pub retries: u32,
    /// The most tokens of one answer, thinking included.
    #[serde(default = "max_tokens")]
    pub max_tokens: u32,
    /// What the server does not know and is not sent.
    #[serde(default)]
    pub without: BTreeSet<Feature>,
    /// The price of a million tokens sent.
    #[serde(default)]
    pub price_per_million_input: Option<String>,
    /// The price of a million tokens sent that the provider had in its cache. Left out: as any other.
    #[serde(default)]
    pub price_per_million_cached: Option<String>,
    /// The price of a million tokens that come back.
    #[serde(default)]
    pub price_per_million_output: Option<String>,
    /// The most tokens that one person may use in an hour.
    #[serde(default)]
    pub budget_tokens_per_hour: Option<u64>,
    /// The most money that one person may use in an hour.
    #[serde(default)]
    pub budget_cost_per_hour: Option<String>,
}

fn timeout() -> String {
    "20s".to_owned()
}

const fn retries() -> u32 {
    2
}

const fn max_tokens() -> u32 {
    1_000
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The section does not hold together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key cannot be had.
    #[error("the model has no key: {0}")]
    Key(#[from] SecretError),
    /// The endpoint cannot be used.
    #[error("the model: {0}")]
    Endpoint(#[from] EndpointError),
}

impl ModelSettings {
    /// Refuses what cannot be used.
    ///
    /// # Errors
    /// The first key that is not right, and what to write instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError::Unsafe(what));
        if let Err(error) = address(&self.base_url) {
            return wrong(format!("`model.base_url`: {error}"));
        }
        if self.model.trim().is_empty() {
            return wrong("`model.model` is empty; write the model's name at its server".to_owned());
        }
        if self.span().is_none() {
            return wrong(format!(
                "`model.timeout` is `{}`; write a span up to `2m`, such as `20s`",
                self.timeout
            ));
        }
        if self.retries > 5 {
            return wrong(format!("`model.retries` is {}; at most 5", self.retries));
        }
        if self.max_tokens < 100 {
            return wrong(format!("`model.max_tokens` is {}; a call needs at least 100", self.max_tokens));
        }
        self.tariff()?;
        self.budget().map(|_budget| ())
    }

    /// Everything that a model is made of. The redactor learns the key.
    ///
    /// # Errors
    /// As [`ModelSettings::check`], and when the key or the TLS roots cannot be had.
    pub fn setup(&self, folder: &Path, prompt: Prompt, redactor: Redactor) -> Result<Setup, ModelError> {
        self.check()?;
        let key = self.api_key.as_ref().map(|key| key.resolve(folder)).transpose()?;
        let redactor = key.iter().fold(redactor, |redactor, key| redactor.and_secret(key));
        let timeout = self.span().unwrap_or(Duration::from_secs(20));
        let endpoint = Endpoint::new(&self.base_url, Access::of_a_chat(key, timeout, self.retries))?;
        let settings = Settings {
            model: self.model.clone(),
            max_tokens: self.max_tokens,
            sampling: Sampling::default(),
            without: self.without.clone(),
            prompt,
            redactor,
        };
        Ok(Setup { settings, endpoint, tariff: self.tariff()?, budget: self.budget()? })
    }

    fn span(&self) -> Option<Duration> {
        parse_span(&self.timeout).filter(|span| *span <= Duration::from_secs(120))
    }

    fn tariff(&self) -> Result<Option<Tariff>, ConfigError> {
        let input = amount("price_per_million_input", self.price_per_million_input.as_deref())?;
        let cached = amount("price_per_million_cached", self.price_per_million_cached.as_deref())?;
        let output = amount("price_per_million_output", self.price_per_million_output.as_deref())?;
        match (input, cached, output) {
            (Some(input), cached, Some(output)) => {
                Ok(Some(Tariff { input, cached: cached.unwrap_or(input), output }))
            }
            (None, None, None) => Ok(None),
            (Some(_) | None, _, Some(_) | None) => Err(ConfigError::Unsafe(
                "the model's prices belong together: set both `model.price_per_million_input` and \
                 `model.price_per_million_output`, or neither"
                    .to_owned(),
            )),
        }
    }

    fn budget(&self) -> Result<Budget, ConfigError> {
        let cost = amount("budget_cost_per_hour", self.budget_cost_per_hour.as_deref())?;
        if cost.is_some() && self.tariff()?.is_none() {
            return Err(ConfigError::Unsafe(
                "`model.budget_cost_per_hour` needs the model's prices: set `model.price_per_million_input` and \
                 `model.price_per_million_output`"
                    .to_owned(),
            ));
        }
        Ok(Budget { tokens: self.budget_tokens_per_hour, cost })
    }
}

fn amount(key: &str, text: Option<&str>) -> Result<Option<u64>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let wrong =
        || ConfigError::Unsafe(format!("`model.{key}` is `{text}`; write an amount such as `\"0.15\"`"));
    micros(text).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &str) -> ModelSettings {
        toml::from_str(&format!("base_url = \"https://a.example/v1\"\nmodel = \"m\"\n{more}")).unwrap()
    }

    #[test]
    fn two_lines_are_enough() {
        let settings = settings("");
        settings.check().unwrap();
        let setup = settings.setup(Path::new("."), Prompt::shipped(), Redactor::default()).unwrap();
        assert_eq!((setup.tariff, setup.budget), (None, Budget::default()));
        assert_eq!((settings.timeout.as_str(), settings.retries), ("20s", 2));
    }

    #[test]
    fn prices_and_budgets_are_exact() {
        let settings = settings(
            "price_per_million_input = \"0.15\"\nprice_per_million_output = \"0.6\"\nbudget_cost_per_hour = \"1\"",
        );
        assert_eq!(
            settings.tariff().unwrap(),
            Some(Tariff { input: 150_000, cached: 150_000, output: 600_000 })
        );
        assert_eq!(settings.budget().unwrap().cost, Some(1_000_000));
    }

    #[test]
    fn the_key_is_a_reference_and_the_redactor_learns_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "plain words as a key\n").unwrap();
        let settings = settings("api_key = \"file:key\"");
        let setup = settings.setup(folder.path(), Prompt::shipped(), Redactor::default()).unwrap();
        assert_eq!(setup.settings.redactor.text("<plain words as a key>"), "<[redacted]>");
        assert!(!format!("{setup:?}").contains("plain words"));
        let missing =
            settings.setup(Path::new("/nowhere"), Prompt::shipped(), Redactor::default()).unwrap_err();
        assert!(missing.to_string().starts_with("the model has no key: cannot read the secret file `key`"));
        let pasted =
            toml::from_str::<ModelSettings>("base_url = \"x\"\nmodel = \"m\"\napi_key = \"sk-pasted\"");
        assert!(!pasted.unwrap_err().message().contains("sk-pasted"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_what_to_write() {
        let refusals: Vec<String> = [
            "timeout = \"5m\"",
            "retries = 9",
            "max_tokens = 5",
            "price_per_million_input = \"0.15\"",
            "price_per_million_cached = \"0.15\"",
            "price_per_million_input = \"1e3\"\nprice_per_million_output = \"1\"",
            "budget_cost_per_hour = \"1\"",
        ]
        .iter()
        .map(|more| settings(more).check().unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(refusals.join("\n"), @r#"
        the configuration is not safe: `model.timeout` is `5m`; write a span up to `2m`, such as `20s`
        the configuration is not safe: `model.retries` is 9; at most 5
        the configuration is not safe: `model.max_tokens` is 5; a call needs at least 100
        the configuration is not safe: the model's prices belong together: set both `model.price_per_million_input` and `model.price_per_million_output`, or neither
        the configuration is not safe: the model's prices belong together: set both `model.price_per_million_input` and `model.price_per_million_output`, or neither
        the configuration is not safe: `model.price_per_million_input` is `1e3`; write an amount such as `"0.15"`
        the configuration is not safe: `model.budget_cost_per_hour` needs the model's prices: set `model.price_per_million_input` and `model.price_per_million_output`
        "#);
        let plain = ModelSettings { base_url: "http://a.example/v1".to_owned(), ..settings("") };
        insta::assert_snapshot!(plain.check().unwrap_err(), @"the configuration is not safe: `model.base_url`: it sends key and messages over `http` to another machine; use https");
    }
}
