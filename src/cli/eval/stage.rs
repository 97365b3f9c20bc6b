use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::args::text;
use super::model::prompt_digest;
use super::tools::product;
use crate::catalog::{Catalog, Manifest};
use crate::config::Source;
use crate::domain::Digest;
use crate::evals::{
    CaseSet, DEMO_WORLD, Facts, FunctionTool, Hashes, RunFile, Scene, ThirdParty, World, catalog_of,
    demo_function_tools, function_tools, named_by_product, offer,
};

/// What the cases of a run act on.
pub(super) struct Stage {
    pub world: World,
    pub tools: Vec<FunctionTool>,
    pub manifests: Vec<Manifest>,
    pub catalog: Arc<Catalog>,
    catalog_hash: Digest,
    tools_hash: Digest,
}

impl Stage {
    /// The tools and the landscape of a run. Whatever does not fit is found here, before anything runs.
    pub(super) fn of(source: &Source, catalog: Option<&Path>, tools: Option<&Path>) -> Result<Self> {
        let product = product(source)?;
        let world_text = match catalog {
            Some(path) => text(path)?,
            None => DEMO_WORLD.to_owned(),
        };
        let named = |path: Option<&Path>| {
            path.map_or("the demonstration's".to_owned(), |path| format!("`{}`", path.display()))
        };
        let world =
            World::parse(&world_text).with_context(|| format!("{} is no catalogue", named(catalog)))?;
        let tools_text = match tools {
            Some(path) => text(path)?,
            None => serde_json::to_string_pretty(&demo_function_tools(&product)?)? + "\n",
        };
        let listed = function_tools(&tools_text)
            .with_context(|| format!("{} is no list of function tools", named(tools)))?;
        let offer = offer(&listed, &product)?;
        if !offer.ignored.is_empty() {
            super::super::mutter(&format!("ignored in the tools: {}", offer.ignored.join(", ")));
        }
        let tools = named_by_product(listed, &offer);
        let manifests = offer.tools.clone();
        let catalog = Arc::new(catalog_of(&world, offer.tools)?);
        let (catalog_hash, tools_hash) =
            (Digest::of(world_text.as_bytes()), Digest::of(tools_text.as_bytes()));
        Ok(Self { world, tools, manifests, catalog, catalog_hash, tools_hash })
    }

    /// The same for what a run says of itself.
    pub(super) fn of_run(source: &Source, run: &RunFile) -> Result<Self> {
        Self::of(source, run.catalog.as_deref(), run.tools.as_deref())
    }

    /// What scores have to know.
    pub(super) fn facts(&self) -> Facts {
        Facts::of_tools(&self.tools, &self.world)
    }

    /// Where and when cases are read.
    pub(super) fn scene(&self, expose_third_party: bool) -> Scene {
        Scene {
            now: self.world.now(),
            offered: self.catalog.tools().map(|tool| tool.name().to_owned()).collect(),
            third_party: if expose_third_party { ThirdParty::Exposed } else { ThirdParty::Hidden },
        }
    }

    /// What answers depend on.
    pub(super) fn hashes(&self, source: &Source, set: &CaseSet) -> Result<Hashes> {
        Ok(Hashes {
            cases: set.hash(),
            prompt: prompt_digest(source)?,
            tools: self.tools_hash,
            catalog: self.catalog_hash,
        })
    }
}
