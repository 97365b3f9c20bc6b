//! What a playground starts from: services with their versions and migrations, and environments.

use super::schema::{self, Migration};

/// One service of the demonstration catalogue.
#[derive(Debug, Clone)]
pub struct SeedService {
    /// The name in the API, in instance ids and in file names: lower-case letters, digits and hyphens.
    pub name: String,
    /// Every version there is, oldest first.
    pub versions: Vec<SeedVersion>,
    /// The version that runs everywhere at first; one of `versions`.
    pub runs: String,
    /// The version that ran before it, which a first rollback returns to.
    pub ran_before: Option<String>,
    /// Every migration of its database, in the order they are applied.
    pub migrations: &'static [Migration],
    /// How many of `migrations` a new database has from the start; the rest are pending.
    pub applied: usize,
}

/// One version of a service.
#[derive(Debug, Clone)]
pub struct SeedVersion {
    /// The name, such as `v2.4.0`.
    pub name: String,
    /// A `table.column` without which this version is not healthy; its health check looks into the database for it.
    pub requires: Option<String>,
}

/// One environment; every service runs in every environment.
#[derive(Debug, Clone)]
pub struct SeedEnvironment {
    /// The name in the API: lower-case letters, digits and hyphens.
    pub name: String,
    /// How many replicas a service has at first.
    pub replicas: usize,
    /// Services that differ from `replicas`.
    pub exceptions: Vec<(String, usize)>,
}

impl SeedEnvironment {
    /// How many replicas this service has here at first.
    pub(super) fn replicas_of(&self, service: &str) -> usize {
        let exception = self.exceptions.iter().find(|(name, _)| name == service);
        exception.map_or(self.replicas, |(_, replicas)| *replicas)
    }
}

impl SeedService {
    /// The version of this name, if there is one.
    pub(super) fn version(&self, name: &str) -> Option<&SeedVersion> {
        self.versions.iter().find(|version| version.name == name)
    }

    fn demo(
        name: &str,
        versions: &[&str],
        runs: &str,
        migrations: &'static [Migration],
        pending: usize,
    ) -> Self {
        let position = versions.iter().position(|version| *version == runs);
        let before = position.and_then(|at| at.checked_sub(1)).and_then(|at| versions.get(at));
        Self {
            name: name.to_owned(),
            versions: versions
                .iter()
                .map(|v| SeedVersion { name: (*v).to_owned(), requires: None })
                .collect(),
            runs: runs.to_owned(),
            ran_before: before.map(|version| (*version).to_owned()),
            migrations,
            applied: migrations.len().saturating_sub(pending),
        }
    }

    fn requiring(mut self, version: &str, column: &str) -> Self {
        for candidate in self.versions.iter_mut().filter(|candidate| candidate.name == version) {
            candidate.requires = Some(column.to_owned());
        }
        self
    }
}

/// The shipped services. Two versions are broken: `order-service` v2.5.0 for good, since no migration adds the column
/// that it reads; `inventory-service` v2.2.0 until its pending migration is applied.
pub(super) fn services() -> Vec<SeedService> {
    let demo = SeedService::demo;
    vec![
        demo(
            "order-service",
            &["v2.3.0", "v2.3.1", "v2.4.0", "v2.4.1", "v2.5.0-rc.1", "v2.5.0"],
            "v2.4.0",
            schema::ORDERS,
            2,
        )
        .requiring("v2.5.0", "orders.total_cents"),
        demo(
            "payment-service",
            &["v1.12.0", "v1.12.1", "v1.13.0", "v1.13.1"],
            "v1.13.0",
            schema::PAYMENTS,
            1,
        ),
        demo("api-gateway", &["v1.8.0", "v1.8.1", "v1.9.0", "v1.9.1"], "v1.9.0", schema::GATEWAY, 0),
        demo("checkout", &["v3.1.0", "v3.1.1", "v3.2.0", "v3.2.1"], "v3.2.0", schema::CHECKOUT, 0),
        demo("user-service", &["v4.0.2", "v4.1.0", "v4.1.1", "v4.2.0"], "v4.1.1", schema::USERS, 1),
        demo("search-indexer", &["v0.9.1", "v0.9.2", "v0.10.0", "v0.10.1"], "v0.10.0", schema::SEARCH, 0),
        demo("notification-worker", &["v1.6.1", "v1.6.2", "v1.7.0"], "v1.6.2", schema::NOTIFICATIONS, 0),
        demo("inventory-service", &["v2.0.0", "v2.1.0", "v2.1.1", "v2.2.0"], "v2.1.0", schema::INVENTORY, 1)
            .requiring("v2.2.0", "stock.reserved"),
    ]
}

/// The shipped environments.
pub(super) fn environments() -> Vec<SeedEnvironment> {
    let plain =
        |name: &str, replicas| SeedEnvironment { name: name.to_owned(), replicas, exceptions: Vec::new() };
    let busy = vec![("order-service".to_owned(), 3), ("api-gateway".to_owned(), 4)];
    vec![
        plain("development", 1),
        plain("staging", 1),
        SeedEnvironment { exceptions: busy, ..plain("production", 2) },
    ]
}
