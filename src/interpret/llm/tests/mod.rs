mod fake;
mod hostile;
mod limits;
mod repairs;
mod selection;
mod sent;
mod servers;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Access, Budget, Endpoint, Model, ModelTrouble, Prompt, Sampling, Settings, Setup};
use crate::catalog::Catalog;
use crate::clock::StandingClock;
use crate::domain::{Interpretation, PersonId, Place, Platform};
use crate::interpret::Reading;
use crate::redact::Redactor;

const KEY: &str = "sk-test-0123456789abcdef";

static DEMO: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::demo().unwrap()));

fn now() -> Timestamp {
    "2026-03-01T09:58:00Z".parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        model: "m-1".to_owned(),
        max_tokens: 1_000,
        sampling: Sampling::default(),
        without: BTreeSet::new(),
        prompt: Prompt::shipped(),
        redactor: Redactor::knowing([&SecretString::from(KEY)]),
    }
}

fn access() -> Access {
    Access::of_a_chat(Some(KEY.into()), Duration::from_secs(20), 2)
}

fn setup(base_url: &str) -> Setup {
    let endpoint = Endpoint::new(base_url, access()).unwrap();
    Setup { settings: settings(), endpoint, tariff: None, budget: Budget::default() }
}

fn clock() -> Arc<StandingClock> {
    Arc::new(StandingClock::at(now()))
}

fn model(base_url: &str) -> Model {
    Model::new(setup(base_url), Arc::clone(&DEMO), clock())
}

/// A reading of maya's in a channel where she may use everything.
fn reading(text: &str) -> Reading {
    Reading {
        text: text.to_owned(),
        asker: Some(PersonId("maya".to_owned())),
        place: Place {
            platform: Platform::Console,
            workspace: String::new(),
            channel: "deployments".to_owned(),
            thread: None,
        },
        turns: Vec::new(),
        offered: DEMO.tools().map(|tool| tool.name().to_owned()).collect(),
        now: now(),
    }
}

/// What came of a reading, in a line.
fn shown(outcome: &Result<Interpretation, ModelTrouble>) -> String {
    match outcome {
        Ok(Interpretation::Calls(calls)) => calls
            .iter()
            .map(|call| format!("call {} {}", call.tool, call.args))
            .collect::<Vec<_>>()
            .join("; "),
        Ok(Interpretation::Clarify(question)) => format!(
            "ask [{}] ({}) {}",
            question.missing.join(", "),
            question.choices.join(", "),
            question.text
        ),
        Ok(Interpretation::Refuse(reason)) => format!("refuse {reason}"),
        Ok(Interpretation::Answer(text)) => format!("answer {text}"),
        Ok(Interpretation::Nothing) => "nothing".to_owned(),
        Err(trouble) => format!("trouble {trouble}"),
    }
}
