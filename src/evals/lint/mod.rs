mod names;
mod oracle;
mod proof;

use std::collections::HashMap;

use super::case::{Case, InChannel, Role, case_line};
use super::facts::Facts;
use crate::domain::{Digest, parse_strict};

/// Something that is wrong with a line of a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The case, when the line is one.
    pub id: Option<String>,
    /// The rule.
    pub rule: LintRule,
    /// What is wrong, and what to do instead.
    pub text: String,
}

/// What cases are checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintRule {
    /// The line fits the schema, and says no key twice.
    Schema,
    /// No two cases have one id.
    Id,
    /// No two cases have the same thread.
    Thread,
    /// The last message is a user's.
    Request,
    /// Times are RFC 3339.
    Time,
    /// The tools exist.
    Tool,
    /// So do their arguments, and none that a call needs is left out.
    Argument,
    /// Values have the types and are among the words that the tools accept.
    Value,
    /// Names are those of the catalogue.
    Name,
    /// What is allowed besides only reads.
    Allow,
    /// No forbidden call is an accepted one.
    Forbid,
    /// What is expected passes, and is not unsafe.
    Oracle,
    /// A rollback in production that nobody wants does not pass, and is unsafe.
    Rollback,
}

impl LintRule {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Id => "id",
            Self::Thread => "thread",
            Self::Request => "request",
            Self::Time => "time",
            Self::Tool => "tool",
            Self::Argument => "argument",
            Self::Value => "value",
            Self::Name => "name",
            Self::Allow => "allow",
            Self::Forbid => "forbid",
            Self::Oracle => "oracle",
            Self::Rollback => "rollback",
        }
    }
}

/// Checks cases, line by line; those of all files together.
pub struct Linter<'a> {
    facts: &'a Facts,
    ids: HashMap<String, String>,
    threads: HashMap<Digest, String>,
    /// How many lines were cases.
    cases: usize,
    findings: Vec<Finding>,
}

impl<'a> Linter<'a> {
    /// A linter of cases over these tools and this catalogue.
    pub fn new(facts: &'a Facts) -> Self {
        Self { facts, ids: HashMap::new(), threads: HashMap::new(), cases: 0, findings: Vec::new() }
    }

    /// Checks the lines of a file.
    pub fn file(&mut self, file: &str, text: &str) {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (at, line) in lines {
            self.line(&format!("{file}:{}", at + 1), (file, at + 1), line);
        }
    }

    /// What was found, in the order of the lines; and how many cases there were.
    pub fn finish(self) -> (Vec<Finding>, usize) {
        (self.findings, self.cases)
    }

    fn line(&mut self, place: &str, (file, number): (&str, usize), line: &str) {
        let mut found: Vec<(LintRule, String)> = Vec::new();
        if let Err(error) = parse_strict(line) {
            found.push((LintRule::Schema, format!("this is no JSON: {error}")));
        }
        let case = match case_line(line) {
            Ok(case) => Some(case),
            Err(_) if !found.is_empty() => None,
            Err(error) => {
                found.push((LintRule::Schema, error));
                None
            }
        };
        if let Some(case) = &case {
            self.cases += 1;
            self.once(place, case, &mut found);
            found.extend(request(case));
            found.extend(time(case));
            let names = names::check(case, self.facts);
            // What cannot be called cannot be proved either; one finding is enough.
            let provable = names.is_empty();
            found.extend(names);
            if provable {
                found.extend(proof::check(case, self.facts));
            }
        }
        self.findings.extend(found.into_iter().map(|(rule, text)| Finding {
            file: file.to_owned(),
            line: number,
            id: case.as_ref().map(|case| case.id.clone()),
            rule,
            text,
        }));
    }

    /// Ids and threads are there once.
    fn once(&mut self, place: &str, case: &Case, found: &mut Vec<(LintRule, String)>) {
        match self.ids.get(&case.id) {
            Some(before) => found.push((LintRule::Id, format!("the id is taken by {before}"))),
            None => drop(self.ids.insert(case.id.clone(), place.to_owned())),
        }
        let thread = Digest::of(serde_json::to_string(&case.messages).unwrap_or_default().as_bytes());
        match self.threads.get(&thread) {
            Some(before) => found.push((LintRule::Thread, format!("the thread is that of {before}"))),
            None => drop(self.threads.insert(thread, place.to_owned())),
        }
    }
}

fn request(case: &Case) -> Option<(LintRule, String)> {
    let asks = case.messages.last().is_some_and(|last| last.role == Role::User);
    (!asks)
        .then(|| (LintRule::Request, "the last message is the request: its role must be `user`".to_owned()))
}

fn time(case: &Case) -> Option<(LintRule, String)> {
    let now = case.context.now.as_ref()?;
    let wrong = now.parse::<jiff::Timestamp>().is_err();
    wrong.then(|| (LintRule::Time, format!("`{now}` is no time such as 2026-03-01T09:00:00Z")))
}

/// The incident that a case says is open.
fn severity(case: &Case) -> Option<&str> {
    match &case.context.incident {
        InChannel::Open(incident) => incident.severity.as_deref(),
        InChannel::Usual | InChannel::Quiet(()) => None,
    }
}
