use super::lexer::{Word, words};
use super::parse::{command_text, find_tool};
use crate::catalog::{Catalog, Param, ParamKind, Tool, command, flag_name, fold, hint, quote};

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What takes the place of the word at the cursor; empty for a hint alone.
    pub insert: String,
    /// What to show in the list.
    pub label: String,
    /// What it is.
    pub hint: String,
}

/// The ways to go on with a command at `cursor`, a byte position; what is behind it is not looked at.
pub fn complete(text: &str, cursor: usize, catalog: &Catalog) -> Vec<Completion> {
    let before = text.get(..text.floor_char_boundary(cursor)).unwrap_or(text);
    if before.trim() == "/" {
        return tools(catalog, "");
    }
    let Some(rest) = command_text(before) else { return Vec::new() };
    let Ok(mut words) = words(rest) else { return Vec::new() };
    let current = match rest.ends_with(char::is_whitespace) {
        true => String::new(),
        false => words.pop().map(|word| word.text).unwrap_or_default(),
    };
    match find_tool(&words, catalog) {
        Ok((tool, arguments)) => of_tool(tool, arguments, &current),
        Err(typed) => tools(catalog, format!("{typed} {current}").trim_start()),
    }
}

fn tools(catalog: &Catalog, typed: &str) -> Vec<Completion> {
    let fits = |tool: &&Tool| tool.name().replacen('.', " ", 1).starts_with(&typed.to_lowercase());
    catalog
        .tools()
        .filter(fits)
        .map(|tool| {
            let command = command(tool.name());
            // Of a name with two words only the one at the cursor is replaced.
            let insert = match typed.contains(' ') {
                true => command.rsplit(' ').next().unwrap_or(&command).to_owned(),
                false => command.clone(),
            };
            Completion { insert, label: command, hint: tool.manifest().title.clone() }
        })
        .collect()
}

fn of_tool(tool: &Tool, arguments: &[Word], current: &str) -> Vec<Completion> {
    let mut open: Vec<&Param> = tool.params().iter().collect();
    let mut plain = 0;
    let mut arguments = arguments.iter().peekable();
    let mut waiting = None;
    while let Some(word) = arguments.next() {
        let Some(flag) = word.text.strip_prefix("--").filter(|_| !word.literal) else {
            plain += 1;
            continue;
        };
        let name = flag.split('=').next().unwrap_or(flag);
        let Some(index) = open.iter().position(|param| flag_name(tool, param) == name) else { continue };
        let param = open.remove(index);
        if !flag.contains('=') && param.kind != ParamKind::Flag && arguments.next().is_none() {
            waiting = Some(param);
        }
    }
    if let Some(param) = waiting {
        return values(param, current);
    }
    if current.starts_with("--") {
        return flags(tool, &open, current);
    }
    let is_positional = |param: &&&Param| tool.manifest().slash.positional.contains(&param.name);
    match open.iter().filter(is_positional).nth(plain) {
        Some(param) => values(param, current),
        None if tool.manifest().slash.rest => Vec::new(),
        None => flags(tool, &open, current),
    }
}

fn values(param: &Param, current: &str) -> Vec<Completion> {
    let Some(names) = &param.names else {
        return vec![Completion {
            insert: String::new(),
            label: format!("<{}>", param.name),
            hint: hint(param),
        }];
    };
    let typed = fold(current);
    let exact = names.resolve(current);
    let fits = |name: &&String| fold(name).starts_with(&typed) || exact == Some(name.as_str());
    let fitting = names.canonical().iter().filter(fits);
    fitting
        .map(|name| Completion { insert: quote(name), label: name.clone(), hint: param.description.clone() })
        .collect()
}

fn flags(tool: &Tool, open: &[&Param], current: &str) -> Vec<Completion> {
    let optional = open.iter().filter(|param| !tool.manifest().slash.positional.contains(&param.name));
    let named = optional.map(|param| (format!("--{}", flag_name(tool, param)), param));
    named
        .filter(|(flag, _)| flag.starts_with(current))
        .map(|(flag, param)| Completion { insert: flag.clone(), label: flag, hint: hint(param) })
        .collect()
}
