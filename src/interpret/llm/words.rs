use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;

/// What a model can say instead of a call. Each is a function on the wire, so that every outcome is typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Ask(AskClarification),
    Decline(Decline),
    Reply(Reply),
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskClarification {
    /// the question, in the asker's language
    pub question: String,
    /// the schema names of the arguments that are missing
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decline {
    /// why, in the asker's language
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    /// the answer, in the asker's language
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NothingAsked {}

/// A word as it is offered.
pub(super) struct Offer {
    pub name: &'static str,
    pub description: &'static str,
    pub schema: Value,
}

const ASK: &str = "ask_clarification";
const DECLINE: &str = "decline";
const REPLY: &str = "reply";
const NOTHING: &str = "nothing_asked";

impl Word {
    /// Every word, in the order in which it is sent.
    pub(super) fn offers() -> [Offer; 4] {
        let offer = |name, description, schema| Offer { name, description, schema };
        [
            offer(
                ASK,
                "Ask the asker for what is missing or ambiguous. Nothing is done until they answer.",
                schema::<AskClarification>(),
            ),
            offer(DECLINE, "Say that it cannot be done as asked, and why.", schema::<Decline>()),
            offer(REPLY, "Answer in words, without an action.", schema::<Reply>()),
            offer(NOTHING, "The message asks you for nothing.", schema::<NothingAsked>()),
        ]
    }

    /// The word that a call stands for. `None` when the name is that of no word.
    pub(super) fn parse(name: &str, arguments: &Value) -> Option<Result<Self, serde_json::Error>> {
        fn read<T: for<'a> Deserialize<'a>>(arguments: &Value) -> Result<T, serde_json::Error> {
            T::deserialize(arguments)
        }
        Some(match name {
            ASK => read(arguments).map(Self::Ask),
            DECLINE => read(arguments).map(Self::Decline),
            REPLY => read(arguments).map(Self::Reply),
            NOTHING => read::<NothingAsked>(arguments).map(|NothingAsked {}| Self::Nothing),
            _ => return None,
        })
    }
}

/// The schema without what only readers of documents need.
fn schema<T: JsonSchema>() -> Value {
    let mut schema: Schema = SchemaGenerator::default().into_root_schema_for::<T>();
    for word in ["$schema", "title", "description"] {
        schema.remove(word);
    }
    if schema.get("properties").is_none() {
        schema.insert("properties".to_owned(), Value::Object(serde_json::Map::new()));
        schema.insert("required".to_owned(), Value::Array(Vec::new()));
    }
    schema.to_value()
}
