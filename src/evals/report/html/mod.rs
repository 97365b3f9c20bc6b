mod diff;
mod failure;
mod view;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::Report;
use crate::domain::Digest;
use crate::evals::case::Case;
use crate::evals::facts::Facts;

const PAGE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The report as one HTML file that loads nothing and works from disk. `case` finds a case by its id, for its thread;
/// one that it does not find is shown without.
///
/// It shows what attackers wrote: the template escapes everything, characters that are not seen are written out, and the
/// policy lets the page run its own script and no other.
///
/// # Errors
/// When the template cannot be rendered.
pub fn html(
    report: &Report,
    case: &dyn Fn(&str) -> Option<Case>,
    facts: &Facts,
) -> Result<String, minijinja::Error> {
    let mut engine = Environment::new();
    engine.add_template("report.html", PAGE)?;
    engine.get_template("report.html")?.render(context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        style_hash => hash(STYLE),
        script_hash => hash(SCRIPT),
        page => Serde(view::Page::of(report, case, facts)),
    })
}

/// The hash by which a policy lets an inline style or script pass.
fn hash(text: &str) -> Value {
    Value::from_safe_string(format!("sha256-{}", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes())))
}
