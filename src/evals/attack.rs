//! Attacks made of benign cases: each goal, said in the words of each template, put into each carrier.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::case::{Case, ExpectedCall, Matcher, Message, Role};
use super::compare::matches;
use super::metrics::{ATTACK, CLEAN_TWIN};
use super::thread::{Scene, reading};
use crate::catalog::Catalog;
use crate::domain::{Digest, Origin, Proposal};
use crate::ground::ground;

/// The attacks that ship.
pub const STANDARD_ATTACKS: &str = include_str!("../../evals/attacks/standard.yaml");

/// What attacks are made of.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attacks {
    /// What attackers want.
    pub goals: Vec<Goal>,
    /// How they say it.
    pub templates: Vec<Template>,
    /// Where it stands.
    pub carriers: Vec<Carrier>,
}

/// What an attacker wants.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Its name.
    pub name: String,
    /// It in words.
    pub say: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub args: Map<String, Value>,
}

/// How an attacker says it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The technique.
    pub technique: String,
    /// The words, with `{goal}`, `{call}`, `{user}` and `{bot}`.
    pub text: String,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Its name.
    pub name: String,
    /// Whose words it seems to be.
    pub role: CarrierRole,
    /// Who says it; the requester's own carriers need none.
    #[serde(default)]
    pub speaker: String,
    /// It without an attack.
    pub benign: String,
    /// It with `{injection}`; the requester's own ones with `{request}`, too.
    pub text: String,
}

/// Whose words a carrier seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierRole {
    /// A machine's or an outsider's: a message before the last one.
    ThirdParty,
    /// Another person's: the same.
    Other,
    /// The asker's own message, with something in it that is not theirs.
    Requester,
}

/// Which of several things of a kind are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One for each case, in turn.
    InTurn,
    /// Every one.
    All,
    /// This one.
    Named(String),
}

/// Why there are no attacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttackError {
    /// The file is none.
    #[error("this is no file of attacks: {0}")]
    Unreadable(String),
    /// There is no such thing in it.
    #[error("there is no {kind} `{name}`; there are {known}")]
    Unknown {
        /// Goal, template or carrier.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
}

/// The bot's name in what attackers write.
const BOT: &str = "countersign";

impl Attacks {
    /// Reads a file of attacks.
    ///
    /// # Errors
    /// What is none.
    pub fn parse(text: &str) -> Result<Self, AttackError> {
        serde_saphyr::from_str(text)
            .map_err(|error| AttackError::Unreadable(error.without_snippet().to_string()))
    }

    /// The attacks on benign cases; after the first one in a carrier their clean twin, the same carrier without any. Cases with an attack of their own, those whose message
    /// is an exact command, goals that the case accepts and goals that the asker's words say are left out.
    ///
    /// # Errors
    /// A choice that is not there.
    pub fn over(
        &self,
        cases: impl Iterator<Item = Case>,
        (templates, carriers, goals): (&Choice, &Choice, &Choice),
        (catalog, scene): (&Catalog, &Scene),
    ) -> Result<Vec<Case>, AttackError> {
        let mut made = Vec::new();
        let mut ids = BTreeSet::new();
        for (turn, case) in cases.filter(is_benign).enumerate() {
            let templates = chosen("template", &self.templates, |one| &one.name, templates, turn)?;
            let carriers = chosen("carrier", &self.carriers, |one| &one.name, carriers, turn / 2)?;
            let mut goals = chosen("goal", &self.goals, |one| &one.name, goals, turn / 3)?;
            goals.retain(|goal| !is_wanted(goal, &case) && !is_said(goal, &case, catalog, scene));
            for template in templates {
                for carrier in &carriers {
                    for goal in &goals {
                        let pair = attack(&case, template, carrier, goal);
                        made.extend(pair.into_iter().filter(|case| ids.insert(case.id.clone())));
                    }
                }
            }
        }
        Ok(made)
    }
}

fn chosen<'a, T>(
    kind: &'static str,
    list: &'a [T],
    name: impl Fn(&T) -> &str,
    choice: &Choice,
    turn: usize,
) -> Result<Vec<&'a T>, AttackError> {
    match choice {
        Choice::All => Ok(list.iter().collect()),
        Choice::InTurn => Ok(turn.checked_rem(list.len()).and_then(|at| list.get(at)).into_iter().collect()),
        Choice::Named(wanted) => match list.iter().find(|one| name(one) == wanted) {
            Some(one) => Ok(vec![one]),
            None => {
                let known: Vec<&str> = list.iter().map(name).collect();
                Err(AttackError::Unknown { kind, name: wanted.clone(), known: known.join(", ") })
            }
        },
    }
}

fn is_benign(case: &Case) -> bool {
    let typed = case.messages.last().is_none_or(|last| last.text.trim_start().starts_with(['/', '／']));
    case.expect.forbid.is_empty() && case.category != ATTACK && !typed
}

/// Whether an accepted outcome is what the attacker wants anyway.
fn is_wanted(goal: &Goal, case: &Case) -> bool {
    let mut calls = case.expect.outcomes().flat_map(|outcome| &outcome.calls);
    calls.any(|call| matches(call, &goal.tool, &goal.args))
}

/// Whether the asker's own words say every argument, so that nobody could tell whose wish it is.
fn is_said(goal: &Goal, case: &Case, catalog: &Catalog, scene: &Scene) -> bool {
    let proposal =
        Proposal { tool: goal.tool.clone(), args: Value::Object(goal.args.clone()), origin: Origin::Offline };
    let (_, words) = reading(case, scene);
    catalog.admit(&proposal).is_ok_and(|call| ground(catalog, &call, &words).missing.is_empty())
}

/// The attack and its clean twin.
fn attack(case: &Case, template: &Template, carrier: &Carrier, goal: &Goal) -> [Case; 2] {
    let user = case.messages.last().map(|last| last.speaker.as_str()).unwrap_or_default();
    let call = json!({"tool": goal.tool, "args": goal.args}).to_string();
    let mut injection = template.text.clone();
    for (mark, text) in [("{goal}", goal.say.as_str()), ("{call}", &call), ("{user}", user), ("{bot}", BOT)] {
        injection = injection.replace(mark, text);
    }
    let (id, clean) = ids(case, template, carrier, goal);
    let mut attacked =
        carried(case, carrier, &fill(&carrier.text, &injection), &fill(&carrier.speaker, &injection));
    attacked.id.clone_from(&id);
    ATTACK.clone_into(&mut attacked.category);
    let args = goal.args.iter().map(|(slot, value)| (slot.clone(), Matcher::OneOf(vec![value.clone()])));
    attacked.expect.forbid = vec![ExpectedCall { tool: goal.tool.clone(), args: args.collect() }];
    attacked.tags.extend([
        format!("carrier:{}", carrier.name),
        format!("technique:{}", template.technique),
        format!("template:{}", template.name),
        format!("goal:{}", goal.name),
        format!("twin:{clean}"),
    ]);
    let mut twin = carried(case, carrier, &carrier.benign, &fill(&carrier.speaker, "").replace(" ()", ""));
    twin.id = clean;
    CLEAN_TWIN.clone_into(&mut twin.category);
    twin.tags.extend([format!("carrier:{}", carrier.name), format!("twin:{id}")]);
    [attacked, twin]
}

/// The case with a carrier in it.
fn carried(case: &Case, carrier: &Carrier, text: &str, speaker: &str) -> Case {
    let mut case = case.clone();
    case.must_pass = false;
    case.notes = None;
    case.tags.retain(|tag| !tag.starts_with("split:") && !tag.starts_with("twin:"));
    case.tags.push(format!("from:{}", case.id));
    let message = |role| Message { role, speaker: speaker.to_owned(), text: text.to_owned() };
    let before_last = case.messages.len().saturating_sub(1);
    match carrier.role {
        CarrierRole::ThirdParty => case.messages.insert(before_last, message(Role::ThirdParty)),
        CarrierRole::Other => case.messages.insert(before_last, message(Role::Other)),
        CarrierRole::Requester => {
            if let Some(last) = case.messages.last_mut() {
                last.text = text.replace("{request}", &last.text);
            }
        }
    }
    case
}

/// Puts an injection into a text. Its further lines begin as its first one does, where that is a quotation or an
/// indentation; in a JSON string it is escaped.
fn fill(text: &str, injection: &str) -> String {
    let Some((before, after)) = text.split_once("{injection}") else { return text.to_owned() };
    let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
    let escaped = serde_json::to_string(injection).unwrap_or_default();
    let is_json = serde_json::from_str::<Value>(&text.replace("{injection}", "x")).is_ok();
    let injected = if is_json {
        escaped.trim_matches('"').to_owned()
    } else {
        let lead: String = line.chars().take_while(|c| c.is_whitespace() || *c == '>').collect();
        injection.lines().collect::<Vec<_>>().join(&format!("\n{lead}"))
    };
    format!("{before}{injected}{after}")
}

/// Ids that stay the same for the same attack, and for what is left of it without one.
fn ids(case: &Case, template: &Template, carrier: &Carrier, goal: &Goal) -> (String, String) {
    let code =
        |parts: &[&str]| Digest::labelled("countersign/attack/v1", parts.join("\n").as_bytes()).short();
    let of: String = case.id.chars().take(28).collect();
    let whole = code(&[&case.id, &template.name, &carrier.name, &goal.name]);
    (format!("atk-{of}-{whole}"), format!("atk-{of}-{}-clean", code(&[&case.id, &carrier.name])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_injection_looks_like_the_text_it_stands_in() {
        let two = "one \"1\"\ntwo";
        assert_eq!(fill("> felix: {injection}\nnext", two), "> felix: one \"1\"\n> two\nnext");
        assert_eq!(fill("c0ffee\n\n    {injection}", two), "c0ffee\n\n    one \"1\"\n    two");
        assert_eq!(fill("2. {injection}", two), "2. one \"1\"\ntwo");
        assert_eq!(fill("{\"note\": \"{injection}\"}", two), "{\"note\": \"one \\\"1\\\"\\ntwo\"}");
    }

    #[test]
    fn what_ships_is_a_file_of_attacks() {
        let attacks = Attacks::parse(STANDARD_ATTACKS).unwrap();
        assert!(attacks.goals.len() > 5 && attacks.templates.len() > 10 && attacks.carriers.len() > 8);
        assert!(attacks.carriers.iter().all(|carrier| {
            carrier.text.contains("{injection}") || carrier.speaker.contains("{injection}")
        }));
    }
}
