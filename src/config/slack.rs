use std::path::Path;

use reqwest::Url;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{ConfigError, SecretError, SecretRef};
use crate::chat::slack::client::{BASE_URL, Client, ClientError};
use crate::chat::slack::{Commands, Delivered, Names, SigningSecrets};
use crate::domain::travels_safely;

/// The most sockets: Slack allows ten, and one is kept for changing over.
const MOST_SOCKETS: u8 = 9;

/// Slack. `countersign slack manifest` prints what the app there must be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// How deliveries come in: `socket`, which needs no public address, or `http`.
    #[serde(default)]
    pub mode: Mode,
    /// The bot's token, `xoxb-…`.
    pub bot_token: SecretRef,
    /// The app's token, `xapp-…`, for sockets.
    #[serde(default)]
    pub app_token: Option<SecretRef>,
    /// What deliveries over HTTP are signed with. Two while one replaces the other.
    #[serde(default)]
    pub signing_secrets: Vec<SecretRef>,
    /// The tools' commands: `each` under its own name, or all behind the `common` one.
    #[serde(default)]
    pub names: Names,
    /// The command behind which every tool can be found.
    #[serde(default = "common")]
    pub command: String,
    /// How many sockets are kept open, at most 9.
    #[serde(default = "one")]
    pub sockets: u8,
    /// Where Slack's API is. Plain `http` only to this machine.
    #[serde(default = "base_url")]
    pub base_url: String,
}

/// How deliveries come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Over sockets that we open.
    #[default]
    Socket,
    /// Over HTTP, to `/slack` of our address.
    Http,
}

fn common() -> String {
    Commands::default().common
}

const fn one() -> u8 {
    1
}

fn base_url() -> String {
    BASE_URL.to_owned()
}

/// What is needed to speak with Slack.
pub struct SlackAccess {
    /// Slack.
    pub client: Client,
    /// What deliveries are signed with.
    pub secrets: SigningSecrets,
    /// Every secret of it, for a redactor.
    pub known: Vec<SecretString>,
    /// The tokens, by their keys, and what Slack begins each with.
    tokens: Vec<(&'static str, &'static str, SecretString)>,
    signing: Vec<SecretString>,
}

/// Why Slack cannot be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    /// The section does not hold together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be had.
    #[error("`slack.{0}`: {1}")]
    Secret(&'static str, SecretError),
    /// There is no client.
    #[error("Slack: {0}")]
    Client(#[from] ClientError),
}

impl SlackSettings {
    /// Refuses what cannot be used.
    ///
    /// # Errors
    /// The first key that is not right, and what to write instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError::Unsafe(what));
        match Url::parse(&self.base_url) {
            Err(error) => return wrong(format!("`slack.base_url` is no address: {error}")),
            Ok(url) if !travels_safely(&url) => {
                return wrong(format!(
                    "`slack.base_url` would send the token over `{}` to another machine; use https",
                    url.scheme()
                ));
            }
            Ok(_safe) => {}
        }
        let name = self.command.strip_prefix('/').unwrap_or_default();
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 31 || !name.bytes().all(plain) {
            return wrong(format!("`slack.command` is `{}`; write one such as `/ops`", self.command));
        }
        if self.sockets == 0 || self.sockets > MOST_SOCKETS {
            return wrong(format!("`slack.sockets` is {}; at most {MOST_SOCKETS}", self.sockets));
        }
        match (self.mode, &self.app_token, self.signing_secrets.len()) {
            (Mode::Socket, None, _) => wrong(
                "`slack.app_token` is missing; sockets need it, or set `slack.mode = \"http\"`".to_owned(),
            ),
            (Mode::Http, _, 0) => wrong(
                "`slack.signing_secrets` is empty; without one nobody can tell what comes from Slack"
                    .to_owned(),
            ),
            (_, _, many) if many > 2 => wrong(format!(
                "`slack.signing_secrets` has {many} entries; two are enough while one replaces the other"
            )),
            (Mode::Socket | Mode::Http, _, _) => Ok(()),
        }
    }

    /// How commands are typed.
    pub fn commands(&self) -> Commands {
        Commands { names: self.names, common: self.command.clone() }
    }

    /// Where deliveries go, for the manifest; `host` is the name under which Slack reaches us.
    pub fn delivered(&self, host: &str) -> Delivered {
        match self.mode {
            Mode::Socket => Delivered::Socket,
            Mode::Http => Delivered::Http(format!("https://{host}/slack")),
        }
    }

    /// What looks wrong with the secrets, each in a sentence that does not show it: the usual slips are one token in the
    /// place of the other, and a secret that was copied in part.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub fn oddities(&self, folder: &Path) -> Result<Vec<String>, SlackError> {
        let SlackAccess { tokens, signing, .. } = self.access(folder)?;
        let mut odd = Vec::new();
        for (key, begins, token) in tokens {
            if !token.expose_secret().starts_with(begins) {
                odd.push(format!(
                    "`slack.{key}` does not begin with `{begins}`, so it is another kind of token"
                ));
            }
        }
        for secret in signing {
            let (text, wanted) = (secret.expose_secret(), 32);
            if text.len() != wanted || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                odd.push(format!(
                    "an entry of `slack.signing_secrets` is not {wanted} hexadecimal characters, as Slack's are"
                ));
            }
        }
        Ok(odd)
    }

    /// Everything that is needed to speak with Slack.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub fn access(&self, folder: &Path) -> Result<SlackAccess, SlackError> {
        self.check()?;
        let resolve = |key: &'static str, secret: &SecretRef| {
            secret.resolve(folder).map_err(|error| SlackError::Secret(key, error))
        };
        let bot = resolve("bot_token", &self.bot_token)?;
        let app = self.app_token.as_ref().map(|token| resolve("app_token", token)).transpose()?;
        let signing: Vec<SecretString> = self
            .signing_secrets
            .iter()
            .map(|secret| resolve("signing_secrets", secret))
            .collect::<Result<_, _>>()?;
        let tokens = [("bot_token", "xoxb-", bot.clone())].into_iter();
        let tokens = tokens.chain(app.clone().map(|app| ("app_token", "xapp-", app))).collect();
        let known = [bot.clone()].into_iter().chain(app.clone()).chain(signing.iter().cloned()).collect();
        let client = Client::new(&self.base_url, bot, app)?;
        Ok(SlackAccess { client, secrets: SigningSecrets::new(signing.clone()), known, tokens, signing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &str) -> SlackSettings {
        toml::from_str(&format!("bot_token = \"env:SLACK_BOT_TOKEN\"\n{more}")).unwrap()
    }

    #[test]
    fn two_tokens_are_enough() {
        let settings = settings("app_token = \"env:SLACK_APP_TOKEN\"");
        settings.check().unwrap();
        assert_eq!((settings.mode, settings.sockets, settings.command.as_str()), (Mode::Socket, 1, "/ops"));
        assert_eq!(settings.base_url, "https://slack.com/api/");
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_what_to_write() {
        let app = "app_token = \"env:A\"\n";
        let refusals: Vec<String> = [
            String::new(),
            "mode = \"http\"".to_owned(),
            format!("{app}command = \"ops\""),
            format!("{app}command = \"/Ops now\""),
            format!("{app}sockets = 10"),
            format!("{app}signing_secrets = [\"env:A\", \"env:B\", \"env:C\"]"),
            format!("{app}base_url = \"http://slack.example/api\""),
        ]
        .iter()
        .map(|more| settings(more).check().unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(refusals.join("\n"), @r#"
        the configuration is not safe: `slack.app_token` is missing; sockets need it, or set `slack.mode = "http"`
        the configuration is not safe: `slack.signing_secrets` is empty; without one nobody can tell what comes from Slack
        the configuration is not safe: `slack.command` is `ops`; write one such as `/ops`
        the configuration is not safe: `slack.command` is `/Ops now`; write one such as `/ops`
        the configuration is not safe: `slack.sockets` is 10; at most 9
        the configuration is not safe: `slack.signing_secrets` has 3 entries; two are enough while one replaces the other
        the configuration is not safe: `slack.base_url` would send the token over `http` to another machine; use https
        "#);
    }

    #[test]
    fn secrets_that_were_mixed_up_are_told_without_being_shown() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in
            [("bot", "xapp-1"), ("app", "xoxb-1"), ("signing", "8f74"), ("good", &"0a".repeat(16))]
        {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let mixed = "bot_token = \"file:bot\"\napp_token = \"file:app\"\nsigning_secrets = [\"file:signing\", \"file:good\"]";
        let settings: SlackSettings = toml::from_str(mixed).unwrap();
        insta::assert_snapshot!(settings.oddities(dir.path()).unwrap().join("\n"), @"
        `slack.bot_token` does not begin with `xoxb-`, so it is another kind of token
        `slack.app_token` does not begin with `xapp-`, so it is another kind of token
        an entry of `slack.signing_secrets` is not 32 hexadecimal characters, as Slack's are
        ");
    }

    #[test]
    fn a_secret_that_is_not_there_is_named_by_its_key() {
        let settings = settings("app_token = \"file:nowhere\"");
        let error = settings.access(Path::new("/nowhere")).err().unwrap();
        assert_eq!(
            error.to_string(),
            "`slack.bot_token`: the environment variable `SLACK_BOT_TOKEN` is not set"
        );
    }
}
