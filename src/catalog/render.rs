use serde_json::Value;

use super::{Call, Catalog, Param, Tool};

impl Catalog {
    /// The exact command that amounts to this call: the inverse of `slash::parse`. Arguments that have their default
    /// value are left out.
    pub fn render(&self, call: &Call) -> String {
        let mut out = command(call.tool());
        let Some(tool) = self.tool(call.tool()) else { return out };
        let positional = &tool.manifest().slash.positional;
        // Once one positional argument is left out, those after it need their names.
        let mut in_order = true;
        for param in tool.params() {
            let value = call.args().get(&param.name).filter(|value| param.default.as_ref() != Some(*value));
            let is_positional = positional.contains(&param.name);
            match value {
                None => in_order &= !is_positional,
                Some(value) if is_positional && in_order => {
                    out.push(' ');
                    out.push_str(&word(value));
                }
                Some(value) => out.push_str(&flag(tool, param, value)),
            }
        }
        out
    }
}

/// `/deploy`, `/incident create`.
pub fn command(tool: &str) -> String {
    format!("/{}", tool.replacen('.', " ", 1))
}

/// The name that an argument has as a flag, without dashes.
pub fn flag_name<'a>(tool: &'a Tool, param: &'a Param) -> &'a str {
    let flags = &tool.manifest().slash.flags;
    flags.iter().find(|(_, argument)| **argument == param.name).map_or(param.name.as_str(), |(flag, _)| flag)
}

fn flag(tool: &Tool, param: &Param, value: &Value) -> String {
    let name = flag_name(tool, param);
    match value {
        Value::Bool(true) => format!(" --{name}"),
        Value::Bool(false) => format!(" --{name}=false"),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            format!(" --{name} {}", word(value))
        }
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// A text as one word of a command, in quotes where it would not be one otherwise.
pub fn quote(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "._/:@+,#%=&-".contains(character);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
