use super::render::{command, flag_name};
use super::{Param, ParamKind, Tool};

/// Lists of values longer than this are not spelled out.
const MAX_VALUES: usize = 8;

/// `/logs <service> [environment] [--last <last>]`.
pub fn usage(tool: &Tool) -> String {
    let mut out = command(tool.name());
    for param in tool.params() {
        let positional = tool.manifest().slash.positional.contains(&param.name);
        let value = match (positional, param.kind) {
            (true, _) => param.name.clone(),
            (false, ParamKind::Flag) => format!("--{}", flag_name(tool, param)),
            (false, ParamKind::Text | ParamKind::Integer) => {
                format!("--{} <{}>", flag_name(tool, param), param.name)
            }
        };
        out.push_str(&match (positional, param.required) {
            (true, true) => format!(" <{value}>"),
            (false, true) => format!(" {value}"),
            (_, false) => format!(" [{value}]"),
        });
    }
    out
}

/// One line of a list of commands.
pub fn help_line(tool: &Tool) -> String {
    format!("{}: {}", usage(tool), tool.manifest().title)
}

/// What one can know about a command: usage, what it does, its arguments, an example.
pub fn help_text(tool: &Tool) -> String {
    let manifest = tool.manifest();
    let mut lines = vec![usage(tool), manifest.description.trim().to_owned()];
    if !manifest.avoid.is_empty() {
        lines.push(manifest.avoid.trim().to_owned());
    }
    if !tool.params().is_empty() {
        lines.push(String::new());
        lines.extend(tool.params().iter().map(|param| format!("  {}: {}", param.name, hint(param))));
    }
    lines.extend([String::new(), format!("Example: {}", manifest.slash.example)]);
    lines.join("\n")
}

/// What an argument may be: its description, its values, its default.
pub fn hint(param: &Param) -> String {
    let mut parts = Vec::new();
    if param.description.is_empty() {
        parts.push(param.list.map_or(param.kind.noun(), |list| list.noun()).to_owned());
    } else {
        parts.push(param.description.clone());
    }
    if let Some(names) = param.names.as_ref().filter(|names| names.canonical().len() <= MAX_VALUES) {
        parts.push(format!("one of {}", names.canonical().join(", ")));
    }
    if let Some(default) = &param.default {
        parts.push(format!("{default} if left out"));
    }
    parts.join("; ")
}
