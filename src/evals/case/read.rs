use super::{Case, LineHash, Role};

/// Why a line is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CaseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a case file for a run; blank lines do not count.
///
/// # Errors
/// The first line that is no case, or whose last message is not the request of a user.
pub fn cases(text: &str) -> Result<Vec<Case>, CaseError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line)| {
        let case = case_line(line).and_then(|case| {
            let asks = case.messages.last().is_some_and(|last| last.role == Role::User);
            if asks { Ok(case) } else { Err("the last message must be a user's".to_owned()) }
        });
        case.map_err(|reason| CaseError { line: at + 1, reason })
    };
    lines.map(read).collect()
}

/// Reads one line, as the schema would.
///
/// # Errors
/// When it is no case.
pub fn case_line(line: &str) -> Result<Case, String> {
    // By way of a value, so that of a key written twice the last one counts, as it does for a JSON Schema.
    let value: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut case: Case = serde_json::from_value(value).map_err(|error| error.to_string())?;
    case.hash = LineHash::of(line);
    Ok(case)
}
