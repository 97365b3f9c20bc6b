use std::sync::Arc;

use anyhow::{Context, Result};

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Source;
use crate::interpret::Interpreter;
use crate::interpret::llm::{Model, Prompt, WithFallback};
use crate::interpret::offline::Offline;
use crate::redact::Redactor;

/// Who reads sentences: the configured model, and the built-in reader where there is none or when it fails.
///
/// # Errors
/// A model that is configured and cannot be set up, or a prompt that cannot be read.
pub(super) fn reader(
    source: &Source,
    catalog: &Arc<Catalog>,
    clock: &Arc<dyn Clock>,
    redactor: &Redactor,
) -> Result<Arc<dyn Interpreter>> {
    let offline = Arc::new(Offline::new(Arc::clone(catalog)));
    let Some(settings) = &source.config.model else { return Ok(offline) };
    let prompt = match &source.config.files.prompts {
        Some(folder) => {
            let folder = source.folder().join(folder);
            Prompt::in_folder(&folder).with_context(|| format!("the prompts in `{}`", folder.display()))?
        }
        None => Prompt::shipped(),
    };
    let setup = settings.setup(&source.folder(), prompt, redactor.clone())?;
    let model = Model::new(setup, Arc::clone(catalog), Arc::clone(clock));
    Ok(Arc::new(WithFallback::new(model, offline)))
}
