use std::str::FromStr;

use serde_json::{Map, Value};

use super::plausible::holding;
use super::raw::Raw;
use super::{Plausible, Question, Solved, stubbed};
use crate::catalog::{ParamKind, Tool};
use crate::domain::{self, Interpretation, Proposal};
use crate::evals::case::{Case, ExpectedCall, Kind, Matcher};
use crate::evals::compare::fit;
use crate::ground::{By, mentions, number_at, ordinary, tokenize};
use crate::pipeline::carried;

/// A stub: what it answers follows from the case alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Stub {
    /// Answers what is expected. It must score full marks.
    Oracle,
    /// Proposes what the attacker wants, or what an attacker wants elsewhere. Nothing of it may run.
    ObeyAttacker(Goals),
    /// Refuses everything.
    AlwaysRefuse,
    /// Asks for an environment, whatever is said.
    AlwaysAsk,
    /// Says nothing.
    Silent,
    /// Takes the first tool whose name is in the message, with whatever fits its arguments.
    Keyword,
    /// Answers in a way that no server should.
    Raw(Raw, Goals),
}

/// What attackers want in a set of cases, for those cases in which nobody attacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goals(pub Vec<ExpectedCall>);

impl Goals {
    /// What an attacker wants of a case: its own goal, else one borrowed from another, always the same for the case.
    pub fn of(&self, case: &Case) -> ExpectedCall {
        if let Some(own) = case.expect.forbid.first() {
            return own.clone();
        }
        let sum =
            case.id.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let borrowed = sum.checked_rem(self.0.len()).and_then(|at| self.0.get(at));
        borrowed
            .cloned()
            .unwrap_or_else(|| ExpectedCall { tool: "rollback".to_owned(), args: Default::default() })
    }
}

impl FromStr for Stub {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "oracle" => Self::Oracle,
            "obey-attacker" => Self::ObeyAttacker(Goals::default()),
            "always-refuse" => Self::AlwaysRefuse,
            "always-ask" => Self::AlwaysAsk,
            "silent" => Self::Silent,
            "keyword" => Self::Keyword,
            other => match Raw::parse(other) {
                Some(raw) => Self::Raw(raw, Goals::default()),
                None => {
                    return Err(format!(
                        "there is no stub `{other}`; there are oracle, obey-attacker, always-refuse, always-ask, silent, \
                         keyword, replay=FILE and the hostile {}",
                        Raw::ALL.map(Raw::as_str).join(", ")
                    ));
                }
            },
        })
    }
}

impl Stub {
    /// The name after `stub:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::ObeyAttacker(_) => "obey-attacker",
            Self::AlwaysRefuse => "always-refuse",
            Self::AlwaysAsk => "always-ask",
            Self::Silent => "silent",
            Self::Keyword => "keyword",
            Self::Raw(raw, _) => raw.as_str(),
        }
    }

    /// The same, knowing what attackers want in this set.
    #[must_use]
    pub fn knowing(self, goals: Goals) -> Self {
        match self {
            Self::ObeyAttacker(_) => Self::ObeyAttacker(goals),
            Self::Raw(raw, _) => Self::Raw(raw, goals),
            other @ (Self::Oracle | Self::AlwaysRefuse | Self::AlwaysAsk | Self::Silent | Self::Keyword) => {
                other
            }
        }
    }

    pub(super) fn answer(&self, question: &Question<'_>) -> Solved {
        let interpretation = match self {
            Self::Oracle => oracle(question),
            Self::ObeyAttacker(goals) => {
                let plausible = Plausible { catalog: question.catalog };
                let (tool, args) = plausible.attack(&goals.of(question.case));
                Interpretation::Calls(vec![proposal(&tool, args)])
            }
            Self::AlwaysRefuse => Interpretation::Refuse("I do not do that.".to_owned()),
            Self::AlwaysAsk => ask("Where?", &["environment".to_owned()]),
            Self::Silent => Interpretation::Nothing,
            Self::Keyword => keyword(question),
            Self::Raw(raw, goals) => return raw.answer(question, &goals.of(question.case)),
        };
        Solved::of(interpretation, stubbed(self.name()))
    }
}

fn ask(text: &str, missing: &[String]) -> Interpretation {
    let question = domain::Question { text: text.to_owned(), missing: missing.to_vec(), choices: Vec::new() };
    Interpretation::Clarify(question)
}

fn proposal(tool: &str, args: Value) -> Proposal {
    Proposal { tool: tool.to_owned(), args, origin: stubbed("stub") }
}

fn oracle(question: &Question<'_>) -> Interpretation {
    let expect = &question.case.expect.preferred;
    match expect.kind {
        Kind::Call | Kind::Calls => {
            let calls = expect.calls.iter().map(|call| wanted(call, question));
            Interpretation::Calls(calls.collect())
        }
        Kind::Clarify => ask("What exactly?", &expect.missing),
        Kind::Refuse => Interpretation::Refuse("That cannot be done.".to_owned()),
        Kind::Answer => Interpretation::Answer("Here is what I know.".to_owned()),
        Kind::None => Interpretation::Nothing,
    }
}

/// An expected call, with values that the asker's own words carry wherever the case leaves a choice.
fn wanted(call: &ExpectedCall, question: &Question<'_>) -> Proposal {
    let plausible = Plausible { catalog: question.catalog };
    let tool = question.catalog.tool(&call.tool);
    let mut args = Map::new();
    for (slot, matcher) in &call.args {
        if matcher.is_optional() {
            continue;
        }
        let param = tool.and_then(|tool| tool.param(slot));
        args.extend(plausible.value(matcher, param).map(|value| (slot.clone(), value)));
    }
    for (slot, matcher) in call.args.iter().filter(|(_, matcher)| !matches!(matcher, Matcher::OneOf(_))) {
        if !args.contains_key(slot) {
            continue;
        }
        let candidates = candidates(matcher, question).into_iter().map(Value::String);
        let fitting = candidates.filter(|value| fit(slot, matcher, Some(value)));
        for value in fitting {
            let mut tried = args.clone();
            tried.insert(slot.clone(), value);
            let proposal = proposal(&call.tool, Value::Object(tried.clone()));
            if carried(question.catalog, vec![proposal], question.words).is_ok() {
                args = tried;
                break;
            }
        }
    }
    proposal(&call.tool, Value::Object(args))
}

/// Texts of the asker's that may be what an open argument is about, the shortest first.
fn candidates(matcher: &Matcher, question: &Question<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    if let Matcher::Contains(contains) = matcher {
        texts.push(holding(contains));
    }
    for said in question.words.turns.iter().rev().filter(|said| said.by == By::Asker) {
        for mark in [": ", ", ", ". ", " that ", "\n"] {
            texts.extend(said.text.split_once(mark).map(|(_, rest)| rest.trim().to_owned()));
        }
        texts.push(said.text.trim().to_owned());
        texts.extend(
            said.text
                .split_whitespace()
                .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()),
        );
    }
    texts.retain(|text| !text.is_empty());
    texts
}

/// The first tool whose name, or a word of whose title, the message has.
fn keyword(question: &Question<'_>) -> Interpretation {
    let text = question.reading.text.to_lowercase();
    let has = |tool: &&Tool| {
        let names = tool.name().split(['.', '_']).map(str::to_owned);
        names.into_iter().all(|word| text.contains(&word))
    };
    let Some(tool) = question.catalog.tools().find(has) else { return Interpretation::Nothing };
    let tokens = tokenize(&question.reading.text);
    let mut args = Map::new();
    for param in tool.params() {
        let value = match (param.kind, &param.names) {
            (ParamKind::Text, Some(names)) => {
                mentions(&tokens, names, ordinary).first().map(|found| Value::String(found.name.clone()))
            }
            (ParamKind::Integer, _) => {
                (0..tokens.len()).find_map(|at| number_at(&tokens, at)).map(|found| Value::from(found.value))
            }
            (ParamKind::Flag, _) => None,
            (ParamKind::Text, None) if param.name == "version" || param.name == "migration" => tokens
                .iter()
                .find(|token| token.text.contains(|c: char| c.is_ascii_digit()))
                .map(|token| Value::String(token.text.clone())),
            (ParamKind::Text, None) => param.required.then(|| Value::String(question.reading.text.clone())),
        };
        args.extend(value.map(|value| (param.name.clone(), value)));
    }
    let open = tool.params().iter().filter(|param| param.required && !args.contains_key(&param.name));
    let missing: Vec<String> = open.map(|param| param.name.clone()).collect();
    if missing.is_empty() {
        Interpretation::Calls(vec![proposal(tool.name(), Value::Object(args))])
    } else {
        ask("What exactly?", &missing)
    }
}
