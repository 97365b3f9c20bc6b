mod foreign;
mod properties;
mod requests;
mod threads;

use std::sync::{Arc, LazyLock};

use super::*;
use crate::catalog::{DEMO_LANDSCAPE, SHIPPED_TOOLS};

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::demo().unwrap()));
static READER: LazyLock<Offline> = LazyLock::new(|| Offline::new(Arc::clone(&CATALOG)));

fn turn(speaker: Speaker, text: &str) -> Turn {
    Turn { speaker, text: text.to_owned() }
}

fn talk(turns: Vec<Turn>) -> String {
    told(&READER.read(&Conversation { bot: "countersign".to_owned(), turns }))
}

/// One message, read alone.
fn read(text: &str) -> String {
    talk(vec![turn(Speaker::Asker, text)])
}

/// An interpretation in one line: `deploy checkout 2.4.1 staging; ...`, `ask version`, `refuse`, `answer`, `nothing`.
fn told(interpretation: &Interpretation) -> String {
    match interpretation {
        Interpretation::Calls(calls) => calls.iter().map(command).collect::<Vec<_>>().join("; "),
        Interpretation::Clarify(question) => format!("ask {}", question.missing.join(" ")),
        Interpretation::Refuse(_) => "refuse".to_owned(),
        Interpretation::Answer(_) => "answer".to_owned(),
        Interpretation::Nothing => "nothing".to_owned(),
    }
}

fn command(proposal: &crate::domain::Proposal) -> String {
    let call = CATALOG.admit(proposal).unwrap_or_else(|error| panic!("{proposal:?}: {error}"));
    CATALOG.render(&call)
}

#[track_caller]
fn table(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(text, expected)| read(text) != *expected)
        .map(|(text, expected)| format!("{text}\n    wanted {expected}\n    got    {}", read(text)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
