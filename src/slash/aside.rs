//! What one can say beside any command: why one wants it, which incident it is part of, and that it is an emergency.

use super::lexer::{Word, words};
use super::parse::{command_text, find_tool, problem};
use super::{MAX_COMMAND, SlashProblem};
use crate::catalog::{Catalog, quote};

/// The word before a command that makes it an emergency.
const BREAK_GLASS: &str = "break-glass";

/// A command, and what was said beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// The command alone.
    pub command: String,
    /// Why the asker wants it: `--reason "..."`.
    pub reason: Option<String>,
    /// The incident it is part of, as they name it: `--incident NAME`.
    pub incident: Option<String>,
    /// Whether `/break-glass` stood before the command.
    pub urgency: Urgency,
}

/// Whether the asker says that it is an emergency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// They do not.
    #[default]
    Usual,
    /// They do.
    Emergency,
}

/// Parts a command from what is said beside it. A tool that has an argument of such a name keeps it. Text that is no
/// command comes back as it is.
///
/// # Errors
/// `/break-glass` with no command after it.
pub fn aside(text: &str, catalog: &Catalog) -> Result<Aside, SlashProblem> {
    let plain = || Aside { command: text.to_owned(), ..Aside::default() };
    let Some(rest) = command_text(text).filter(|_| text.chars().count() <= MAX_COMMAND) else {
        return Ok(plain());
    };
    // What has no end is told when the command is read.
    let Ok(mut words) = words(rest) else { return Ok(plain()) };
    let emergency = words.first().is_some_and(|word| word.text.eq_ignore_ascii_case(BREAK_GLASS));
    let urgency = if emergency { Urgency::Emergency } else { Urgency::Usual };
    if emergency {
        words.remove(0);
        let Some(first) = words.first_mut() else { return Err(nothing_after()) };
        first.text = first.text.trim_start_matches(['/', '／']).to_owned();
        if first.text.is_empty() {
            return Err(nothing_after());
        }
    }
    let Ok((tool, _)) = find_tool(&words, catalog) else {
        return Ok(if emergency {
            Aside { command: command(&words), urgency, ..Aside::default() }
        } else {
            plain()
        });
    };
    let its_own = |name: &str| tool.param(name).is_some();
    let reason = if its_own("reason") { None } else { take(&mut words, "reason") };
    let incident = match urgency {
        _ if its_own("incident") => None,
        Urgency::Emergency => take(&mut words, "incident"),
        // Other commands may speak of incidents by this word.
        Urgency::Usual => take_flag(&mut words, "incident"),
    };
    if !emergency && reason.is_none() && incident.is_none() {
        return Ok(plain());
    }
    Ok(Aside { command: command(&words), reason, incident, urgency })
}

fn nothing_after() -> SlashProblem {
    let sentence = format!("`/{BREAK_GLASS}` stands before the command that is an emergency");
    let usage = format!(
        "Example: /{BREAK_GLASS} /rollback order-service production --reason \"checkout is down\" --incident INC-42"
    );
    SlashProblem { usage, ..problem(None, sentence) }
}

/// Takes a flag and its value out of the words; also the bare name before quoted words, as in `reason "checkout is down"`.
fn take(words: &mut Vec<Word>, name: &str) -> Option<String> {
    take_flag(words, name).or_else(|| take_bare(words, name))
}

fn take_flag(words: &mut Vec<Word>, name: &str) -> Option<String> {
    let flag = format!("--{name}");
    let inline = format!("--{name}=");
    let is_flag = |word: &Word| !word.literal && (word.text == flag || word.text.starts_with(&inline));
    let at = words.iter().position(is_flag)?;
    let word = words.remove(at);
    if let Some(value) = word.text.strip_prefix(&inline) {
        return Some(value.to_owned());
    }
    let has_value = words.get(at).is_some_and(|next| next.literal || !next.text.starts_with("--"));
    Some(if has_value { words.remove(at).text } else { String::new() })
}

fn take_bare(words: &mut Vec<Word>, name: &str) -> Option<String> {
    let bare = |pair: &[Word]| match pair {
        [before, value] => value.literal && !before.literal && before.text.eq_ignore_ascii_case(name),
        _ => false,
    };
    let at = words.windows(2).position(bare)?;
    words.remove(at);
    Some(words.remove(at).text)
}

/// The words as a command that reads as the same words.
fn command(words: &[Word]) -> String {
    let written = words.iter().enumerate().map(|(index, word)| match word.text.split_once('=') {
        _ if word.literal => quote(&word.text),
        _ if index == 0 => format!("/{}", word.text),
        Some((flag, value)) if flag.starts_with("--") => format!("{flag}={}", quote(value)),
        Some(_) | None => word.text.replace('\\', "\\\\"),
    });
    written.collect::<Vec<_>>().join(" ")
}
