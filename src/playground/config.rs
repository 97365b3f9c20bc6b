//! What a playground is started with.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use secrecy::SecretString;

use super::{
    PlaygroundError,
    seed::{self, SeedEnvironment, SeedService},
};

/// What a playground is started with.
#[derive(Debug, Clone)]
pub struct PlaygroundConfig {
    /// The binary that a replica runs: this one.
    pub program: PathBuf,
    /// What comes before a replica's own arguments, such as `playground replica`.
    pub program_args: Vec<String>,
    /// Where state, databases and logs live; made when missing. One playground at a time may use it.
    pub dir: PathBuf,
    /// Where the API listens: a loopback address, port 0 for any free one.
    pub listen: SocketAddr,
    /// What a caller must send as a bearer token.
    pub token: SecretString,
    /// The services; what is not yet in the state is added to it.
    pub services: Vec<SeedService>,
    /// The environments.
    pub environments: Vec<SeedEnvironment>,
    /// How patient it is.
    pub timing: Timing,
}

/// How patient a playground is.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a replica that died stays down the first time; it doubles with each further death.
    pub restart_after: Duration,
    /// The longest that a replica stays down, and how long it must live to be forgiven its earlier deaths.
    pub restart_at_most: Duration,
    /// How often a new replica's health is asked before its deployment fails.
    pub health_tries: u32,
    /// The pause between two such tries.
    pub health_pause: Duration,
    /// How often a replica sends itself a request, so that logs and metrics move.
    pub traffic_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            restart_after: Duration::from_secs(3),
            restart_at_most: Duration::from_secs(30),
            health_tries: 5,
            health_pause: Duration::from_millis(500),
            traffic_every: Duration::from_secs(20),
        }
    }
}

impl PlaygroundConfig {
    /// The demonstration set: eight services in development, staging and production, 35 replicas.
    pub fn demo(program: PathBuf, dir: PathBuf, token: SecretString) -> Self {
        Self {
            program,
            program_args: vec!["playground".to_owned(), "replica".to_owned()],
            dir,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token,
            services: seed::services(),
            environments: seed::environments(),
            timing: Timing::default(),
        }
    }

    /// Refuses names that could not be file names, doubles, and an address that others can reach.
    pub(super) fn check(&self) -> Result<(), PlaygroundError> {
        let refuse = |why: String| Err(PlaygroundError::Config(why));
        if !self.listen.ip().is_loopback() {
            return refuse(format!("`{}` is not a loopback address", self.listen));
        }
        let mut slugs = BTreeSet::new();
        for service in &self.services {
            if service.version(&service.runs).is_none() {
                return refuse(format!(
                    "`{}` runs `{}`, which is not among its versions",
                    service.name, service.runs
                ));
            }
            for environment in &self.environments {
                for name in [&service.name, &environment.name] {
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                    if name.is_empty() || !name.chars().all(plain) {
                        return refuse(format!(
                            "`{name}` may have lower-case letters, digits and hyphens only"
                        ));
                    }
                }
                if !slugs.insert(format!("{}-{}", service.name, environment.name)) {
                    return refuse(format!("`{}` in `{}` is there twice", service.name, environment.name));
                }
            }
        }
        Ok(())
    }
}
