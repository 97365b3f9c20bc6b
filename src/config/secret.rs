use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Where a secret is: `env:NAME` or `file:PATH`. A secret itself is refused, so that none ends up in a configuration
/// that is shown or committed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct SecretRef {
    kind: Kind,
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
enum Kind {
    Env,
    File,
}

/// Why a secret could not be had. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The file cannot be read.
    #[error("cannot read the secret file `{0}`: {1}")]
    Unreadable(String, std::io::Error),
    /// There is nothing in it.
    #[error("the secret in `{0}` is empty")]
    Empty(String),
}

impl SecretRef {
    /// Fetches the secret.
    ///
    /// # Errors
    /// When it is not there, or empty.
    #[expect(clippy::disallowed_methods, reason = "configuration is where the environment is read")]
    pub fn resolve(&self, folder: &Path) -> Result<SecretString, SecretError> {
        let text = match self.kind {
            Kind::Env => std::env::var(&self.name).map_err(|_unset| SecretError::Unset(self.name.clone()))?,
            Kind::File => std::fs::read_to_string(folder.join(&self.name))
                .map_err(|error| SecretError::Unreadable(self.name.clone(), error))?,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            Err(SecretError::Empty(self.to_string()))
        } else {
            Ok(trimmed.to_owned().into())
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self { kind: Kind::Env, name: name.to_owned() }),
            Some(("file", name)) if !name.is_empty() => Ok(Self { kind: Kind::File, name: name.to_owned() }),
            // The text itself may be a secret that somebody pasted: it is not repeated.
            _ => Err("a secret is given by reference: write `env:NAME` or `file:PATH`".to_owned()),
        }
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Env => "env",
            Kind::File => "file",
        };
        write!(f, "{kind}:{}", self.name)
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({self})")
    }
}
