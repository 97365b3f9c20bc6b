use std::path::{Path, PathBuf};

use super::Config;
use crate::domain::travels_safely;

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The values.
    pub config: Config,
    /// The file; `None` for the embedded defaults.
    pub file: Option<PathBuf>,
}

impl Source {
    /// Where the record's signing key is.
    pub fn key_dir(&self) -> PathBuf {
        match &self.config.audit.key_dir {
            Some(dir) => self.folder().join(dir),
            None => self.data_dir(),
        }
    }

    /// The folder that relative paths start from.
    pub fn folder(&self) -> PathBuf {
        self.file
            .as_deref()
            .and_then(Path::parent)
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    }

    /// Where the database and the keys are.
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join(self.config.data_dir())
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file says something we do not understand.
    #[error("the configuration `{}` is not right, line {line}: {sentence}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Where.
        line: usize,
        /// What. Never the line itself: somebody may have pasted a secret into it.
        sentence: String,
    },
    /// The values do not fit together.
    #[error("the configuration is not safe: {0}")]
    Unsafe(String),
}

/// The file that is looked for when none is named.
const DEFAULT_FILE: &str = "countersign.toml";

/// Reads the configuration: the named file, else `countersign.toml` here if there is one, else the defaults.
///
/// # Errors
/// An unreadable file, an unknown key, or values that must not be used together.
pub fn load(named: Option<&Path>) -> Result<Source, ConfigError> {
    let file = match named {
        Some(path) if path.is_dir() => Some(path.join(DEFAULT_FILE)),
        Some(path) => Some(path.to_path_buf()),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
    };
    let config = match &file {
        None => Config::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::Unreadable { file: path.clone(), error })?;
            toml::from_str(&text).map_err(|error| wrong(path, &text, &error))?
        }
    };
    config.check()?;
    Ok(Source { config, file })
}

fn wrong(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    ConfigError::Wrong {
        file: file.to_path_buf(),
        line: before.matches('\n').count() + 1,
        sentence: error.message().to_owned(),
    }
}

/// Whether what is sent there is read by nobody on the way.
pub(super) fn is_confidential(url: &reqwest::Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && loopback
}

impl Config {
    /// Refuses what must never be: people switching persons on an address that others can reach, tokens over plain HTTP.
    ///
    /// # Errors
    /// What is not safe, and what to set instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        let config = self;
        let listen = config.server.listen;
        if config.playground.enabled && !listen.ip().is_loopback() {
            return Err(ConfigError::Unsafe(format!(
                "in playground mode anybody can be anybody, so it listens on this machine only; `{listen}` can be reached \
             from outside: set `server.listen` to 127.0.0.1, or `playground.enabled = false`"
            )));
        }
        if crate::domain::parse_span(&config.console.session).is_none() {
            return Err(ConfigError::Unsafe(format!(
                "`console.session` is `{}`; write a span such as `12h`",
                config.console.session
            )));
        }
        if let Some(model) = &config.model {
            model.check()?;
        }
        if let Some(slack) = &config.slack {
            slack.check()?;
        }
        config.audit.check()?;
        for (name, connection) in &config.connections {
            let url = reqwest::Url::parse(&connection.base_url).map_err(|error| {
                ConfigError::Unsafe(format!("the connection `{name}` has no usable base_url: {error}"))
            })?;
            if !travels_safely(&url) {
                return Err(ConfigError::Unsafe(format!(
                    "the connection `{name}` sends its credential over `{}` to another machine; use https",
                    url.scheme()
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countersign.toml");
        std::fs::write(&file, text).unwrap();
        load(Some(&file)).unwrap_err().to_string().replace(&folder.path().display().to_string(), "DIR")
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        insta::assert_snapshot!(refusal("[server]\nlistn = \"127.0.0.1:1\"\n"), @"the configuration `DIR/countersign.toml` is not right, line 2: unknown field `listn`, expected `listen` or `hosts`");
        // A secret pasted in place of its reference is not repeated.
        insta::assert_snapshot!(
            refusal("[connections.x]\nbase_url = \"https://e.com\"\ntoken = \"hunter2\"\n"),
            @"the configuration `DIR/countersign.toml` is not right, line 3: a secret is given by reference: write `env:NAME` or `file:PATH`"
        );
    }

    #[test]
    fn what_is_not_safe_is_refused() {
        insta::assert_snapshot!(refusal("[server]\nlisten = \"0.0.0.0:7717\"\n"), @"the configuration is not safe: in playground mode anybody can be anybody, so it listens on this machine only; `0.0.0.0:7717` can be reached from outside: set `server.listen` to 127.0.0.1, or `playground.enabled = false`");
        insta::assert_snapshot!(refusal("[connections.x]\nbase_url = \"http://example.com\"\n"), @"the configuration is not safe: the connection `x` sends its credential over `http` to another machine; use https");
    }
}
