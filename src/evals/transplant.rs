//! Makes tools fit a landscape they were not written for: their examples speak of its things, and they offer no tool
//! that is not there.

use serde_json::Value;

use crate::catalog::{DEMO_LANDSCAPE, Example, Landscape, List, Manifest, Names, Undo};
use crate::ground::{mentions, ordinary, tokenize};

/// The tools with examples about this landscape.
pub(super) fn fit(mut tools: Vec<Manifest>, landscape: &Landscape) -> Vec<Manifest> {
    let home: Landscape = toml::from_str(DEMO_LANDSCAPE).unwrap_or_default();
    let offered: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    for tool in &mut tools {
        let there = |undo: &Undo| offered.contains(&undo.tool);
        tool.undo = tool.undo.take().filter(there);
        tool.remedy = tool.remedy.take().filter(there);
        let lists = lists(&tool.parameters);
        let examples = std::mem::take(&mut tool.examples);
        tool.examples = examples
            .into_iter()
            .enumerate()
            .filter_map(|(at, example)| move_over(example, at, &lists, (&home, landscape)))
            .filter(|example| is_about(example, &tool.parameters))
            .collect();
    }
    tools
}

/// The arguments that name an entry of a list.
fn lists(parameters: &Value) -> Vec<(String, List)> {
    let properties = parameters.get("properties").and_then(Value::as_object);
    let list = |(name, schema): (&String, &Value)| {
        Some((name.clone(), List::parse(schema.get("x-catalog")?.as_str()?)?))
    };
    properties.into_iter().flatten().filter_map(list).collect()
}

/// An example whose names are put in the place of names that are not here. `None` when its words do not say which they
/// are.
fn move_over(
    mut example: Example,
    at: usize,
    lists: &[(String, List)],
    (home, landscape): (&Landscape, &Landscape),
) -> Option<Example> {
    for (argument, list) in lists {
        let Some(Value::String(value)) = example.args.get(argument).cloned() else { continue };
        let names = Names::of(*list, landscape);
        if names.is_empty() || names.canonical().contains(&value) {
            continue;
        }
        let other = names.canonical().get(at % names.canonical().len())?.clone();
        let known = Names::of(*list, home);
        let tokens = tokenize(&example.say);
        let found = mentions(&tokens, &known, ordinary).into_iter().find(|mention| mention.name == value)?;
        let span = tokens.get(found.tokens.clone())?;
        let (first, last) = (span.first()?.span.start, span.last()?.span.end);
        example.say = format!("{}{other}{}", example.say.get(..first)?, example.say.get(last..)?);
        example.args.insert(argument.clone(), Value::String(other));
    }
    Some(example)
}

/// Whether an example is about arguments that the tool has, and leaves none open that it requires.
fn is_about(example: &Example, parameters: &Value) -> bool {
    let has = |name: &String| parameters.pointer(&format!("/properties/{name}")).is_some();
    let required = parameters.get("required").and_then(Value::as_array).into_iter().flatten();
    example.args.keys().chain(&example.ask).all(has)
        && required
            .filter_map(Value::as_str)
            .all(|name| example.args.contains_key(name) || example.ask.iter().any(|asked| asked == name))
}
