use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    Assessment, Call, Catalog, Direction, EffectClass, EffectRule, Facts, List, Scope, Short, Tool, Undo,
    template,
};
use crate::domain::{Origin, Proposal};

/// The tag of a call whose facts could not all be read.
pub const UNREADABLE: &str = "unreadable";

impl Catalog {
    /// What the call amounts to, now that `facts` are known; `unreadable` names the facts that could not be read.
    ///
    /// Facts only raise. What cannot be read or evaluated makes the call destructive, and a call with a direction a
    /// call downwards. The first rule that refuses wins, then the first that answers.
    pub fn assess(&self, call: &Call, facts: &Facts, unreadable: &[String]) -> Assessment {
        let Some(tool) = self.tool(call.tool()) else { return unknown(call) };
        let scope = self.scope(call).facts(facts);
        let tags = self.service_tags(tool, call);
        let mut result = Findings { class: call.effect(), tags, ..Findings::default() };
        if !unreadable.is_empty() {
            result.doubt();
        }
        let direction = tool.manifest().effects.direction.as_deref().map(|source| {
            let seen = direction(source, &scope).filter(|_| unreadable.is_empty());
            seen.unwrap_or_else(|| {
                result.doubt();
                Direction::Down
            })
        });
        let scope = scope.direction(direction);
        for rule in &tool.manifest().effects.rules {
            result.apply(rule, &scope);
        }
        let change = self.change(tool, call, &scope);
        let short = result.refusal.map(Short::Refuse).or_else(|| result.answer.map(Short::Answer));
        Assessment { class: result.class, direction, tags: result.tags, short, change }
    }

    /// What the call would amount to if its facts said nothing against it and gave it this direction: to look at the
    /// policy without back ends. Nothing is decided by it.
    pub fn supposed(&self, call: &Call, direction: Option<Direction>) -> Assessment {
        let tags = self.tool(call.tool()).map(|tool| self.service_tags(tool, call)).unwrap_or_default();
        Assessment { class: call.effect(), direction, tags, short: None, change: self.render(call) }
    }

    fn change(&self, tool: &Tool, call: &Call, scope: &Scope) -> String {
        let change = template::text(&tool.manifest().output.change, scope).unwrap_or_default();
        if change.is_empty() { self.render(call) } else { change }
    }

    /// The values of the facts that an approval is bound to, by path; null where there is none.
    pub fn held(&self, call: &Call, facts: &Facts) -> Map<String, Value> {
        let paths = self.tool(call.tool()).map(|tool| tool.manifest().hold.as_slice()).unwrap_or_default();
        paths.iter().map(|path| (path.clone(), at(facts, path))).collect()
    }

    /// The same call in another environment, if it names one.
    pub fn elsewhere(&self, call: &Call, environment: &str) -> Option<Call> {
        let here = Value::String(call.environment()?.to_owned());
        let params = self.tool(call.tool())?.params().iter();
        let named = params.filter(|param| param.list == Some(List::Environments));
        let mut args = call.args().clone();
        for param in named.filter(|param| call.args().get(&param.name) == Some(&here)) {
            args.insert(param.name.clone(), Value::String(environment.to_owned()));
        }
        let args = Value::Object(args);
        let other =
            self.admit(&Proposal { tool: call.tool().to_owned(), args, origin: Origin::System }).ok()?;
        (other.environment() == Some(environment)).then_some(other)
    }

    /// What templates of this call's tool see. Facts, bodies and so on are added by the caller.
    pub fn scope(&self, call: &Call) -> Scope {
        match self.tool(call.tool()) {
            Some(tool) => Scope::of_call(tool, call, &self.landscape),
            None => Scope::default(),
        }
    }

    /// The call that a tool file offers afterwards, if it does in this case: undo or remedy.
    pub fn offered(&self, offer: &Undo, scope: &Scope) -> Option<Call> {
        if let Some(when) = &offer.when
            && !template::condition(when, scope).unwrap_or(false)
        {
            return None;
        }
        let args = Value::Object(template::object(&offer.args, scope).ok()?);
        self.admit(&Proposal { tool: offer.tool.clone(), args, origin: Origin::System }).ok()
    }
}

/// What differs between two readings of held facts, as sentences such as `replicas: 4 → 5`.
pub fn drift(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    differs
        .map(|path| {
            let name = path.rsplit('.').next().unwrap_or(path).replace('_', " ");
            format!("{name}: {} → {}", plain(before.get(path)), plain(after.get(path)))
        })
        .collect()
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| plain(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => other.to_string(),
    }
}

fn at(facts: &Facts, path: &str) -> Value {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|name| facts.get(name));
    parts.fold(first, |value, part| value?.get(part)).cloned().unwrap_or(Value::Null)
}

fn direction(source: &str, scope: &Scope) -> Option<Direction> {
    serde_json::from_value(template::eval(source, scope).ok()?).ok()
}

/// A call of a tool that is gone since it was admitted: the strictest there is.
fn unknown(call: &Call) -> Assessment {
    Assessment {
        class: EffectClass::Destructive,
        direction: None,
        tags: [UNREADABLE.to_owned()].into(),
        short: Some(Short::Refuse(format!("there is no command `{}` any more", call.tool()))),
        change: String::new(),
    }
}

struct Findings {
    class: EffectClass,
    tags: BTreeSet<String>,
    refusal: Option<String>,
    answer: Option<String>,
}

impl Default for Findings {
    fn default() -> Self {
        Self { class: EffectClass::Read, tags: BTreeSet::new(), refusal: None, answer: None }
    }
}

impl Findings {
    fn doubt(&mut self) {
        self.class = EffectClass::Destructive;
        self.tags.insert(UNREADABLE.to_owned());
    }

    fn apply(&mut self, rule: &EffectRule, scope: &Scope) {
        match template::condition(&rule.when, scope) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => return self.doubt(),
        }
        self.class = self.class.max(rule.class.unwrap_or(self.class));
        self.tags.extend(rule.tags.iter().cloned());
        // A sentence that cannot be written is still a refusal; an answer that cannot be written is none.
        if let (Some(sentence), None) = (&rule.refuse, &self.refusal) {
            let text = template::text(sentence, scope);
            self.refusal = Some(text.unwrap_or_else(|_| format!("this is not possible: {}", rule.when)));
        }
        if let (Some(sentence), None) = (&rule.answer, &self.answer) {
            match template::text(sentence, scope) {
                Ok(text) => self.answer = Some(text),
                Err(_) => self.doubt(),
            }
        }
    }
}
