use std::sync::Arc;

use minijinja::{Environment, Value};
use tokio::sync::{Semaphore, watch};

use super::assets::Assets;
use super::guard::Site;
use super::house::{Accounts, House};
use super::problem::Problem;
use crate::chat::console;
use crate::clock::{Clock, Entropy};
use crate::domain::Digest;

/// How people are told apart.
#[derive(Clone)]
pub enum Mode {
    /// Everybody may be everybody: for the playground, and marked as such.
    Playground,
    /// Local accounts with passwords.
    Accounts(Arc<dyn Accounts>),
}

impl std::fmt::Debug for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Playground => "Playground",
            Self::Accounts(_) => "Accounts",
        })
    }
}

/// What the console is told at the start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How people are told apart.
    pub mode: Mode,
    /// The addresses it is reached at. A request for any other host is refused.
    pub sites: Vec<Site>,
    /// Turns true when the process shuts down; live updates end then.
    pub closing: watch::Receiver<bool>,
}

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// No address to be reached at.
    #[error("the console needs at least one address it is reached at")]
    NoSite,
    /// A built-in template is broken.
    #[error("a page template is broken")]
    Template(#[from] minijinja::Error),
}

/// The console.
pub struct Web {
    pub(super) house: Arc<dyn House>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) settings: Settings,
    pub(super) assets: Assets,
    pub(super) hashing: Semaphore,
    pages: Environment<'static>,
}

impl Web {
    /// A console over a house.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn new(
        house: Arc<dyn House>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Result<Self, Unusable> {
        if settings.sites.is_empty() {
            return Err(Unusable::NoSite);
        }
        let assets = Assets::embedded();
        Ok(Self {
            pages: pages(&assets)?,
            // A hash takes 19 MiB and a core for a while; two at a time leave the rest of the house its room.
            hashing: Semaphore::new(2),
            house,
            clock,
            entropy,
            settings,
            assets,
        })
    }

    /// How people are told apart.
    pub const fn mode(&self) -> &Mode {
        &self.settings.mode
    }

    /// Renders a page or a fragment.
    pub(super) fn render(&self, template: &str, context: Value) -> Result<String, Problem> {
        let page = self.pages.get_template(template).and_then(|page| page.render(context));
        page.map_err(|error| {
            tracing::error!(template, %error, "a page could not be made");
            Problem::broken()
        })
    }

    /// A fresh secret.
    pub(super) fn token(&self) -> Result<String, Problem> {
        crate::clock::token(self.entropy.as_ref()).map_err(|error| {
            tracing::error!(%error, "no token could be made");
            Problem::broken()
        })
    }
}

/// The anti-forgery token that goes with a session's token. Who has it cannot tell the session's token from it.
pub(super) fn csrf(token: &str) -> String {
    Digest::labelled("countersign/csrf/v1", token.as_bytes()).to_string()
}

fn pages(assets: &Assets) -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    console::teach(&mut env)?;
    for (name, source) in [
        ("base.html", include_str!("templates/base.html")),
        ("frame.html", include_str!("templates/frame.html")),
        ("composer.html", include_str!("templates/composer.html")),
        ("entry.html", include_str!("templates/entry.html")),
        ("channel.html", include_str!("templates/channel.html")),
        ("thread.html", include_str!("templates/thread.html")),
        ("record.html", include_str!("templates/record.html")),
        ("usage.html", include_str!("templates/usage.html")),
        ("story.html", include_str!("templates/story.html")),
        ("sign_in.html", include_str!("templates/sign_in.html")),
        ("problem.html", include_str!("templates/problem.html")),
    ] {
        env.add_template(name, source)?;
    }
    env.add_global("css", assets.path("console.css"));
    env.add_global("js", assets.path("console.js"));
    env.add_global("icon", assets.path("icon.svg"));
    Ok(env)
}
