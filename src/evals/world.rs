use super::catalogue::World;
use crate::catalog::{Catalog, Environment, Landscape, Problem, SHIPPED_TOOLS, Service, Team};

/// The tools of the demonstration that only the evaluation has.
pub const DEMO_TOOLS: &[(&str, &str)] = &[
    ("ack_alert.yaml", include_str!("../../evals/tools/ack_alert.yaml")),
    ("incident.create.yaml", include_str!("../../evals/tools/incident.create.yaml")),
    ("incident.resolve.yaml", include_str!("../../evals/tools/incident.resolve.yaml")),
    ("incident.update.yaml", include_str!("../../evals/tools/incident.update.yaml")),
    ("oncall.yaml", include_str!("../../evals/tools/oncall.yaml")),
    ("runbook.yaml", include_str!("../../evals/tools/runbook.yaml")),
];

/// The catalogue of the demonstration: what cases assume when nothing else is said.
pub const DEMO_WORLD: &str = include_str!("../../evals/catalog.json");

/// The shipped tools that the evaluation's vocabulary has.
const SHARED: [&str; 6] =
    ["deploy.yaml", "logs.yaml", "migrate.yaml", "rollback.yaml", "scale.yaml", "status.yaml"];

/// Why there is no catalogue to evaluate against.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The text is no catalogue.
    #[error("the catalogue cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It cannot be written as a landscape.
    #[error("the catalogue cannot be used: {0}")]
    Unwritable(#[from] toml::ser::Error),
    /// The tools do not fit it.
    #[error("the tools do not fit the catalogue: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Problem>),
}

/// The demonstration tools over the landscape of a `catalog.json`.
///
/// # Errors
/// When the text is no catalogue, or the tools do not fit it.
pub fn demo_catalog(catalog: &str) -> Result<Catalog, WorldError> {
    let world = World::parse(catalog)?;
    let landscape = toml::to_string(&landscape(&world))?;
    let shared = SHIPPED_TOOLS.iter().filter(|(file, _)| SHARED.contains(file));
    let tools: Vec<(String, String)> =
        shared.chain(DEMO_TOOLS).map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    Catalog::load(("catalog.json", &landscape), &tools).map_err(WorldError::Refused)
}

pub(super) fn landscape(world: &World) -> Landscape {
    let teams = world.teams.iter().flatten();
    let owner = |service: &String| {
        teams.clone().find(|(_, owned)| owned.contains(service)).map(|(team, _)| team.clone())
    };
    let service = |(name, aliases): (&String, &Vec<String>)| {
        let databases =
            world.databases.as_ref().and_then(|databases| databases.get(name)).cloned().unwrap_or_default();
        (
            name.clone(),
            Service { aliases: aliases.clone(), team: owner(name), databases, ..Service::default() },
        )
    };
    let environment = |(name, aliases): (&String, &Vec<String>)| {
        (name.clone(), Environment { aliases: aliases.clone(), protected: name == "production" })
    };
    let team = |name: &String| {
        let members = world.people.iter().flatten().filter(|(_, person)| person.teams.contains(name));
        (
            name.clone(),
            Team { members: members.map(|(person, _)| person.clone()).collect(), oncall: Vec::new() },
        )
    };
    Landscape {
        time_zone: "UTC".to_owned(),
        services: world.services.iter().map(service).collect(),
        environments: world.environments.iter().map(environment).collect(),
        teams: teams.clone().map(|(name, _)| team(name)).collect(),
        severities: world.severities.clone().unwrap_or_default(),
    }
}
