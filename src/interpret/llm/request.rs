use std::collections::BTreeSet;

use async_openai::types::chat::{
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage, ChatCompletionTool,
    ChatCompletionToolChoiceOption, ChatCompletionTools, CreateChatCompletionRequest, FunctionObject,
    ToolChoiceOptions,
};
use serde_json::Value;

use super::likely::likely;
use super::words::Word;
use super::{Feature, Settings, schema, thread};
use crate::catalog::{Catalog, Example, Tool};
use crate::interpret::{Reading, Speaker};

/// The most examples of one tool: of those that are complete, and of those that must be asked about.
const MOST_EXAMPLES: (usize, usize) = (2, 1);

/// The request for a reading. Pure, so that the same bytes can be written to a file.
///
/// What stays the same comes first (instructions, lists, tools), so that providers find it in their cache; what differs
/// is the last message.
#[expect(deprecated, reason = "servers that know a seed know it under this name")]
pub fn request(catalog: &Catalog, settings: &Settings, reading: &Reading) -> CreateChatCompletionRequest {
    let uses = |feature: Feature| !settings.without.contains(&feature);
    let choice =
        if uses(Feature::ToolChoice) { ToolChoiceOptions::Required } else { ToolChoiceOptions::Auto };
    CreateChatCompletionRequest {
        model: settings.model.clone(),
        messages: vec![
            ChatCompletionRequestSystemMessage::from(settings.prompt.system(catalog.landscape())).into(),
            ChatCompletionRequestUserMessage::from(thread::said(reading, &settings.redactor)).into(),
        ],
        tools: Some(functions(&sent(catalog, reading), &settings.without)),
        tool_choice: Some(ChatCompletionToolChoiceOption::Mode(choice)),
        parallel_tool_calls: uses(Feature::ParallelToolCalls).then_some(true),
        temperature: uses(Feature::Temperature).then_some(settings.sampling.temperature),
        seed: uses(Feature::Seed).then_some(settings.sampling.seed),
        max_completion_tokens: Some(settings.max_tokens),
        ..CreateChatCompletionRequest::default()
    }
}

/// A tool and its name on the wire.
pub(super) struct Sent<'a> {
    pub name: String,
    pub tool: &'a Tool,
}

/// The tools that are sent: those offered, and of many the likely ones. A function's name has no dot, so ours are
/// written with an underscore in its place, and with more at the end where that would make two functions one.
pub(super) fn sent<'a>(catalog: &'a Catalog, reading: &Reading) -> Vec<Sent<'a>> {
    let mut taken: BTreeSet<String> = Word::offers().iter().map(|offer| offer.name.to_owned()).collect();
    let tools = tools(catalog, reading).into_iter().map(|tool| {
        let mut name = tool.name().replace('.', "_");
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        Sent { name, tool }
    });
    tools.collect()
}

fn tools<'a>(catalog: &'a Catalog, reading: &Reading) -> Vec<&'a Tool> {
    let offered: BTreeSet<&str> = reading.offered.iter().map(String::as_str).collect();
    let offered: Vec<&Tool> = catalog.tools().filter(|tool| offered.contains(tool.name())).collect();
    let earlier =
        reading.turns.iter().filter(|turn| turn.speaker == Speaker::Asker).map(|turn| turn.text.as_str());
    let text: Vec<&str> = earlier.chain([reading.text.as_str()]).collect();
    likely(&offered, &text.join("\n"))
}

fn functions(sent: &[Sent<'_>], without: &BTreeSet<Feature>) -> Vec<ChatCompletionTools> {
    let strict = !without.contains(&Feature::Strict);
    let function = |name: String, description: String, parameters: &Value| {
        let parameters = if strict { schema::strict(parameters) } else { schema::plain(parameters) };
        ChatCompletionTools::Function(ChatCompletionTool {
            function: FunctionObject {
                name,
                description: Some(description),
                parameters: Some(parameters),
                strict: strict.then_some(true),
            },
        })
    };
    let words = Word::offers()
        .into_iter()
        .map(|offer| function(offer.name.to_owned(), offer.description.to_owned(), &offer.schema));
    let tools = sent
        .iter()
        .map(|Sent { name, tool }| function(name.clone(), description(tool), tool.schema_for_model()));
    words.chain(tools).collect()
}

/// What the tool does, when to take another one, what people say.
fn description(tool: &Tool) -> String {
    let manifest = tool.manifest();
    let mut lines = vec![manifest.description.trim().to_owned()];
    if !manifest.avoid.trim().is_empty() {
        lines.push(manifest.avoid.trim().to_owned());
    }
    let (open, complete): (Vec<&Example>, Vec<&Example>) =
        manifest.examples.iter().partition(|example| !example.ask.is_empty());
    let shown = complete.into_iter().take(MOST_EXAMPLES.0).chain(open.into_iter().take(MOST_EXAMPLES.1));
    lines.extend(shown.map(example));
    lines.join("\n")
}

fn example(example: &Example) -> String {
    let meaning = match example.ask.as_slice() {
        [] => Value::Object(example.args.clone()).to_string(),
        missing => format!("ask for {}", missing.join(", ")),
    };
    format!("\"{}\" → {meaning}", example.say)
}
