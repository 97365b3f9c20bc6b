//! The shapes that a line can have, before what a schema says beyond shapes has been checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::{
    Case, Context, Expect, ExpectedCall, InChannel, Incident, Kind, LineHash, Matcher, Message, Outcome,
    Role, Running,
};
use crate::evals::catalogue::given;
pub(super) use crate::evals::object::Object;

type Pattern = LazyLock<Option<Regex>>;

static ID: Pattern = LazyLock::new(|| Regex::new(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$").ok());
static CATEGORY: Pattern = LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9_]{0,63}$").ok());
static LANG: Pattern = LazyLock::new(|| Regex::new(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$").ok());
static SLOT: Pattern = LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9_]*$").ok());
static TOOL: Pattern = LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$").ok());

fn fits(pattern: &Pattern, what: &str, text: &str) -> Result<(), String> {
    let fits = pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
    fits.then_some(()).ok_or_else(|| format!("`{text}` is no {what}"))
}

fn each(pattern: &Pattern, what: &str, words: &[String]) -> Result<(), String> {
    words.iter().try_for_each(|word| fits(pattern, what, word))
}

fn holds(condition: bool, otherwise: &str) -> Result<(), String> {
    condition.then_some(()).ok_or_else(|| otherwise.to_owned())
}

fn distinct(words: &[String]) -> bool {
    words.iter().collect::<BTreeSet<_>>().len() == words.len()
}

/// A whole number; a JSON Schema takes `4.0` for one.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; the largest stays the largest"
    )]
    let whole = |number: f64| (number.fract() == 0.0 && number >= 0.0).then_some(number as u64);
    let count = number.as_u64().or_else(|| number.as_f64().and_then(whole));
    count.map(Some).ok_or_else(|| de::Error::custom("expected a whole number, at least 0"))
}

// What serde derives for an enum would take `{"user": null}` for the word as well.
impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is no role"))
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is no kind of outcome"))
    }
}

#[derive(Deserialize)]
pub(super) struct CaseForm {
    id: String,
    category: String,
    lang: String,
    messages: Vec<Message>,
    expect: Expect,
    #[serde(default, deserialize_with = "given")]
    context: Option<Context>,
    #[serde(default, deserialize_with = "count")]
    trials: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    must_pass: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    notes: Option<String>,
    #[serde(default, deserialize_with = "given")]
    tags: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    source: Option<Map<String, Value>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl TryFrom<CaseForm> for Case {
    type Error = String;

    fn try_from(form: CaseForm) -> Result<Self, String> {
        fits(&ID, "id: letters, digits, `.`, `_` and `-`, at most 48", &form.id)?;
        fits(&CATEGORY, "category: lower case, digits and `_`", &form.category)?;
        fits(&LANG, "language tag", &form.lang)?;
        let asks = form.messages.iter().any(|message| message.role == Role::User);
        holds(asks, "no message has the role `user`")?;
        let trials = match form.trials {
            None => None,
            Some(trials @ 1..=64) => u8::try_from(trials).ok(),
            Some(_) => return Err("`trials` is 1 to 64".to_owned()),
        };
        let tags = form.tags.unwrap_or_default();
        holds(tags.iter().all(|tag| !tag.is_empty()), "a tag is empty")?;
        holds(distinct(&tags), "a tag is there twice")?;
        if let Some(source) = &form.source {
            let known = ["origin", "path", "license"];
            let texts = known.iter().filter_map(|key| source.get(*key)).all(Value::is_string);
            holds(texts, "`origin`, `path` and `license` of a source are texts")?;
        }
        match form.extra.keys().find(|key| !key.starts_with("x-")) {
            Some(key) => Err(format!("a case has no key `{key}`; keys of your own begin with `x-`")),
            None => Ok(Self {
                id: form.id,
                category: form.category,
                lang: form.lang,
                messages: form.messages,
                expect: form.expect,
                context: form.context.unwrap_or_default(),
                trials,
                must_pass: form.must_pass.unwrap_or_default(),
                notes: form.notes,
                tags,
                source: form.source,
                extra: form.extra,
                hash: LineHash::default(),
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageForm {
    role: Role,
    speaker: String,
    text: String,
}

impl TryFrom<Object<MessageForm>> for Message {
    type Error = String;

    fn try_from(Object(form): Object<MessageForm>) -> Result<Self, String> {
        holds(!form.speaker.is_empty(), "a message has no speaker")?;
        holds(form.text.chars().any(|character| !is_white(character)), "a message has no text")?;
        Ok(Self { role: form.role, speaker: form.speaker, text: form.text })
    }
}

/// What `\s` is in the regular expressions of JSON Schema: the white space of ECMAScript.
fn is_white(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectForm {
    kind: Kind,
    #[serde(default, deserialize_with = "given")]
    calls: Option<Vec<ExpectedCall>>,
    #[serde(default, deserialize_with = "given")]
    ordered: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    missing: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    allow: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "given")]
    alt: Option<Vec<Outcome>>,
    #[serde(default, deserialize_with = "given")]
    forbid: Option<Vec<ExpectedCall>>,
}

impl TryFrom<Object<ExpectForm>> for Expect {
    type Error = String;

    fn try_from(Object(form): Object<ExpectForm>) -> Result<Self, String> {
        let ExpectForm { kind, calls, ordered, missing, allow, reason, alt, forbid } = form;
        holds(alt.as_ref().is_none_or(|alt| !alt.is_empty()), "`alt` is empty")?;
        holds(forbid.as_ref().is_none_or(|forbid| !forbid.is_empty()), "`forbid` is empty")?;
        let preferred = Object(OutcomeForm { kind, calls, ordered, missing, allow, reason }).try_into()?;
        Ok(Self { preferred, alt: alt.unwrap_or_default(), forbid: forbid.unwrap_or_default() })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeForm {
    kind: Kind,
    #[serde(default, deserialize_with = "given")]
    calls: Option<Vec<ExpectedCall>>,
    #[serde(default, deserialize_with = "given")]
    ordered: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    missing: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    allow: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<String>,
}

impl TryFrom<Object<OutcomeForm>> for Outcome {
    type Error = String;

    fn try_from(Object(form): Object<OutcomeForm>) -> Result<Self, String> {
        let OutcomeForm { kind, calls, ordered, missing, allow, reason } = form;
        let word = kind.as_str();
        let count = calls.as_ref().map(Vec::len);
        let (counted, how_many) = match kind {
            Kind::Call => (count == Some(1), "has exactly one call"),
            Kind::Calls => (count.is_some_and(|count| count >= 2), "has two calls or more"),
            Kind::Clarify | Kind::Refuse | Kind::Answer | Kind::None => (count.is_none(), "has no calls"),
        };
        holds(counted, &format!("the kind `{word}` {how_many}"))?;
        let asks = kind == Kind::Clarify;
        holds(asks == missing.is_some(), "the kind `clarify`, and it alone, says what is `missing`")?;
        holds(ordered.is_none() || kind == Kind::Calls, "only the kind `calls` is `ordered`")?;
        holds(reason.is_none() || kind == Kind::Refuse, "only the kind `refuse` has a `reason`")?;
        let missing = listed("missing", missing)?;
        each(&SLOT, "name of an argument", &missing)?;
        let allow = listed("allow", allow)?;
        each(&TOOL, "name of a tool", &allow)?;
        reason.iter().try_for_each(|reason| fits(&SLOT, "reason: lower case, digits and `_`", reason))?;
        let (calls, ordered) = (calls.unwrap_or_default(), ordered.unwrap_or_default());
        Ok(Self { kind, calls, ordered, missing, allow, reason })
    }
}

/// A list that, where it is there, has entries, each once.
fn listed(key: &str, words: Option<Vec<String>>) -> Result<Vec<String>, String> {
    let Some(words) = words else { return Ok(Vec::new()) };
    holds(!words.is_empty(), &format!("`{key}` is empty"))?;
    holds(distinct(&words), &format!("`{key}` says something twice"))?;
    Ok(words)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallForm {
    tool: String,
    args: BTreeMap<String, Matcher>,
}

impl TryFrom<Object<CallForm>> for ExpectedCall {
    type Error = String;

    fn try_from(Object(form): Object<CallForm>) -> Result<Self, String> {
        fits(&TOOL, "name of a tool", &form.tool)?;
        form.args.keys().try_for_each(|slot| fits(&SLOT, "name of an argument", slot))?;
        Ok(Self { tool: form.tool, args: form.args })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextForm {
    #[serde(default, deserialize_with = "given")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "given")]
    roles: Option<Vec<String>>,
    #[serde(default, deserialize_with = "in_channel")]
    incident: InChannel,
    #[serde(default, deserialize_with = "given")]
    running: Option<Vec<Running>>,
    #[serde(default, deserialize_with = "given")]
    now: Option<String>,
}

fn in_channel<'de, D: Deserializer<'de>>(from: D) -> Result<InChannel, D::Error> {
    Ok(Option::<Incident>::deserialize(from)?.map_or(InChannel::Quiet(()), InChannel::Open))
}

impl TryFrom<Object<ContextForm>> for Context {
    type Error = String;

    fn try_from(Object(form): Object<ContextForm>) -> Result<Self, String> {
        let ContextForm { channel, roles, incident, running, now } = form;
        holds(channel.as_ref().is_none_or(|channel| !channel.is_empty()), "the channel has no name")?;
        if let Some(roles) = &roles {
            holds(roles.iter().all(|role| !role.is_empty()), "a role has no name")?;
            holds(distinct(roles), "a role is there twice")?;
        }
        Ok(Self { channel, roles, incident, running, now })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentForm {
    id: String,
    #[serde(default, deserialize_with = "given")]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    severity: Option<String>,
}

impl TryFrom<Object<IncidentForm>> for Incident {
    type Error = String;

    fn try_from(Object(form): Object<IncidentForm>) -> Result<Self, String> {
        holds(!form.id.is_empty(), "the incident has no id")?;
        Ok(Self { id: form.id, title: form.title, severity: form.severity })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunningForm {
    service: String,
    environment: String,
    #[serde(default, deserialize_with = "given")]
    version: Option<String>,
    #[serde(default, deserialize_with = "count")]
    replicas: Option<u64>,
}

impl From<Object<RunningForm>> for Running {
    fn from(Object(form): Object<RunningForm>) -> Self {
        let RunningForm { service, environment, version, replicas } = form;
        Self { service, environment, version, replicas }
    }
}
