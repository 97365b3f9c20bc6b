use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EffectClass;

/// One tool: `tools/NAME.yaml`. Hosts and credentials live in the configuration's connections, approvals in the
/// policy; neither is ever in here.
///
/// Strings that hold `{{ ... }}` are minijinja templates over `args`, `facts`, `saved`, `request`, `service`,
/// `body`, `watch`, `direction`; a lone `{{ ... }}` keeps the type of its value. Conditions are minijinja expressions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name, lower case, with dots for sub-commands (`incident.create`).
    pub name: String,
    /// A few words.
    pub title: String,
    /// What it does, for people and for the model.
    pub description: String,
    /// When to take another tool.
    #[serde(default)]
    pub avoid: String,
    /// What people say, and what it means.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// JSON Schema 2020-12 of the arguments: an object with `additionalProperties: false`. Beside the standard words:
    /// `x-catalog: services|environments|severities|teams|people|targets|owners` resolves names and aliases.
    pub parameters: Value,
    /// The exact command.
    pub slash: Slash,
    /// The environment it acts on, a template; empty or left out for none.
    #[serde(default)]
    pub environment: String,
    /// What it acts on, a template; left out: environment, a slash, the service or target.
    #[serde(default)]
    pub target: String,
    /// What it can do.
    pub effects: Effects,
    /// The connection that `facts`, `run`, `watch` and `health` use.
    #[serde(default)]
    pub connection: Option<String>,
    /// What is read before the gate, in order; later facts may use earlier ones.
    #[serde(default)]
    pub facts: BTreeMap<String, Fact>,
    /// The facts an approval is bound to, as paths such as `service.replicas`.
    #[serde(default)]
    pub hold: Vec<String>,
    /// How it is done.
    pub run: Run,
    /// What makes a repeat safe. Every tool that writes must say.
    #[serde(default)]
    pub repeat: Option<Repeat>,
    /// How to see that it ended.
    #[serde(default)]
    pub watch: Option<Watch>,
    /// How to see that it is well.
    #[serde(default)]
    pub health: Option<Health>,
    /// How long things may take.
    #[serde(default)]
    pub timeout: Timeouts,
    /// The call that takes it back.
    #[serde(default)]
    pub undo: Option<Undo>,
    /// The call that helps when it failed.
    #[serde(default)]
    pub remedy: Option<Undo>,
    /// What people read.
    pub output: OutputTexts,
    /// Patterns to blank out of the output, in the syntax of the `regex` crate.
    #[serde(default)]
    pub redact: Vec<String>,
}

/// What a person says, and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The words.
    pub say: String,
    /// The arguments they carry.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// The arguments they leave out and that must be asked for.
    #[serde(default)]
    pub ask: Vec<String>,
}

/// The exact command: `/NAME <positional>... [--flag value]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slash {
    /// Arguments in order. Those the schema does not require may be left out from the end.
    #[serde(default)]
    pub positional: Vec<String>,
    /// Flag name (without `--`) to argument.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// Whether the last positional argument takes all words that are left, so that it needs no quotes.
    #[serde(default)]
    pub rest: bool,
    /// An example with real values.
    pub example: String,
}

/// What the call can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// The class when nothing is known.
    pub class: EffectClass,
    /// An expression that yields `up`, `down` or `same`. One that cannot be evaluated counts as `down`. Facts that it
    /// compares go through `| number`, because the language orders null and numbers too.
    #[serde(default)]
    pub direction: Option<String>,
    /// Every rule whose `when` holds counts; it may add tags, raise the class, or end the matter.
    #[serde(default)]
    pub rules: Vec<EffectRule>,
}

/// One thing facts can say about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectRule {
    /// The condition.
    pub when: String,
    /// Raises the class to this.
    #[serde(default)]
    pub class: Option<EffectClass>,
    /// Adds these tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Ends it: out of bounds, with this sentence.
    #[serde(default)]
    pub refuse: Option<String>,
    /// Ends it: it is so already, with this sentence.
    #[serde(default)]
    pub answer: Option<String>,
}

/// One thing to read before the gate: an HTTP GET on the tool's connection, an entry of the landscape, or an
/// expression over earlier facts. Exactly one of `get`, `expr`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The order in which facts are read: lower first.
    #[serde(default)]
    pub order: u8,
    /// A path on the connection, each value percent-encoded.
    #[serde(default)]
    pub get: Option<String>,
    /// Query parameters of the GET.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// An expression over `args`, `facts`, `service`, and `body` where there is a GET: what to keep.
    #[serde(default)]
    pub expr: Option<String>,
    /// The sentence when the back end says 404.
    #[serde(default)]
    pub missing: Option<String>,
}

/// How it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Run {
    /// One HTTP request on the connection.
    Http(Http),
    /// Code of ours.
    Builtin(Builtin),
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: String,
    /// The path on the connection, each value percent-encoded.
    pub path: String,
    /// Query parameters; one whose template gives nothing is left out.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Headers beside the connection's.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, a JSON value with templates in it.
    #[serde(default)]
    pub json: Option<Value>,
    /// The statuses that mean it was taken.
    pub expect: Vec<u16>,
    /// Statuses that mean the world changed since it was shown.
    #[serde(default)]
    pub changed: Vec<u16>,
    /// What to keep of the answer: name to expression over `body`.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
}

/// Code of ours that runs a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Builtin {
    /// Who the asker is, and what they may do here.
    Whoami,
    /// What can be asked, for this person in this place.
    Help,
    /// Stops changes to an environment or service.
    Lock,
    /// Allows them again.
    Unlock,
    /// What waits for this person.
    Pending,
    /// What the record says of requests.
    Audit,
    /// Puts the policy file in force that waits.
    Policy,
    /// Closes the review of an emergency.
    Review,
}

/// What makes running the same call again safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Repeat {
    /// The back end honours an idempotency key: `request.key`.
    Keyed,
    /// The run can be found again by `request.key`.
    Lookup,
    /// It sets an absolute value.
    Convergent,
    /// Nothing does: an interrupted run ends as unknown.
    Once,
}

/// How to see that it ended. In its templates `body` is the answer of the watched path; in those of the output, where
/// `body` is the answer of the run, the last one is `watch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// A path on the connection.
    pub get: String,
    /// How often, such as `500ms` or `5s`.
    pub every: String,
    /// When it ended.
    pub done: String,
    /// Whether it ended well.
    pub success: String,
    /// What to show meanwhile.
    pub say: String,
}

/// How to see that it is well: a GET and a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// A path on the connection.
    pub get: String,
    /// The condition over `body`.
    pub pass: String,
    /// What was seen.
    pub say: String,
}

/// How long things may take, as spans such as `10s` or `5m`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// One HTTP call.
    pub call: String,
    /// The whole, watch included.
    pub total: String,
    /// What it means when the whole runs out.
    pub on_total: OnTotal,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { call: "10s".to_owned(), total: "5m".to_owned(), on_total: OnTotal::Unknown }
    }
}

/// The meaning of a time that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnTotal {
    /// Nothing can have happened.
    Failed,
    /// Something may have happened.
    Unknown,
}

/// A call offered afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The tool.
    pub tool: String,
    /// Its arguments, templates.
    pub args: Map<String, Value>,
    /// Only when this holds.
    #[serde(default)]
    pub when: Option<String>,
}

/// What people read; templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputTexts {
    /// What will change, for the card before it runs.
    pub change: String,
    /// When it worked.
    pub ok: String,
    /// When it did not.
    pub fail: String,
    /// An expression that yields rows of fields: a list of `[name, value]`.
    pub fields: Option<String>,
    /// An expression that yields fixed-width text.
    pub code: Option<String>,
    /// A page to look at; empty for none.
    pub link: String,
}
