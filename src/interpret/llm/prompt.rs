use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::catalog::Landscape;
use crate::domain::Digest;

/// The instructions that every reading begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    text: String,
    digest: Digest,
}

/// Its file, in a folder of prompts.
const FILE: &str = "interpreter.md";

/// The text that ships.
pub const INTERPRETER_PROMPT: &str = include_str!("../../../prompts/interpreter.md");

impl Prompt {
    /// The prompt that ships.
    pub fn shipped() -> Self {
        Self::of(INTERPRETER_PROMPT)
    }

    /// The prompt of a folder; the one that ships when the folder has none.
    ///
    /// # Errors
    /// A file that is there and cannot be read, or is empty.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(folder.join(FILE)) {
            Ok(text) if text.trim().is_empty() => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("the prompt `{FILE}` is empty")))
            }
            Ok(text) => Ok(Self::of(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::shipped()),
            Err(error) => Err(error),
        }
    }

    /// A prompt of this text.
    pub fn of(text: &str) -> Self {
        let text = text.trim().to_owned();
        Self { digest: Digest::labelled("countersign/prompt/v1", text.as_bytes()), text }
    }

    /// What goes on the record with each reading.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The system message: the instructions, then what there is to operate. The same for everybody, so that providers
    /// can keep it in their cache.
    pub(super) fn system(&self, landscape: &Landscape) -> String {
        format!("{}\n\n{}", self.text, lists(landscape))
    }
}

/// What there is to operate, one line a list, other names in brackets.
fn lists(landscape: &Landscape) -> String {
    let services = landscape.services.iter().map(|(name, service)| {
        let databases = service.databases.iter().map(|database| format!("database {database}"));
        entry(name, service.aliases.iter().cloned().chain(databases))
    });
    let environments = landscape
        .environments
        .iter()
        .map(|(name, environment)| entry(name, environment.aliases.iter().cloned()));
    let severities = landscape.severities.iter().map(|(name, aliases)| entry(name, aliases.iter().cloned()));
    let teams = landscape.teams.keys().cloned();
    let mut out = String::from("Lists, with other names in brackets:\n");
    for (title, entries) in [
        ("Services", services.collect::<Vec<_>>()),
        ("Environments", environments.collect()),
        ("Severities", severities.collect()),
        ("Teams", teams.collect()),
    ] {
        if !entries.is_empty() {
            // Writing to a string cannot fail.
            let _infallible = writeln!(out, "{title}: {}", entries.join("; "));
        }
    }
    out
}

fn entry(name: &str, others: impl Iterator<Item = String>) -> String {
    let others: Vec<String> = others.collect();
    if others.is_empty() { name.to_owned() } else { format!("{name} ({})", others.join(", ")) }
}
