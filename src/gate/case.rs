use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Glass, Membership};
use crate::catalog::{Assessment, Call};
use crate::domain::{Digest, Origin, PersonId, Place, RequestId};

/// Everything a decision may depend on, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The request.
    pub request: &'a RequestId,
    /// What would run.
    pub call: &'a Call,
    /// What it amounts to, given the facts.
    pub assessment: &'a Assessment,
    /// The facts an approval is bound to.
    pub held: &'a Map<String, Value>,
    /// Who asks; `None` for an account that is linked to nobody.
    pub asker: Option<&'a PersonId>,
    /// Where it was asked.
    pub place: &'a Place,
    /// Who made the call of the words.
    pub origin: &'a Origin,
    /// Whether the asker's own words carry the arguments.
    pub grounding: &'a Grounding,
    /// What has happened to the request so far.
    pub standing: &'a Standing,
    /// Who is in which group and on call, as last read.
    pub membership: &'a Membership,
    /// The present moment.
    pub now: Timestamp,
}

/// Whether the asker's own words carry the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "arguments", rename_all = "lowercase")]
pub enum Grounding {
    /// The person typed the exact command.
    Exact,
    /// Every argument is found in their words.
    Carried,
    /// These arguments are not.
    Missing(Vec<String>),
}

/// What has happened to a request so far. Votes that were taken back are simply absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who confirmed that this is what was meant; only the asker counts.
    pub confirmed_by: Option<PersonId>,
    /// The votes.
    pub votes: Vec<Vote>,
    /// The locks in force, on whatever they lie.
    pub locks: Vec<Lock>,
    /// Everybody who caused the request; none of them approves it. The asker always counts as one of them.
    pub cause: Vec<PersonId>,
    /// When waiting ends, once it has begun.
    pub expires_at: Option<Timestamp>,
    /// When it must have started, once everybody has agreed.
    pub start_by: Option<Timestamp>,
    /// Why the asker wants it.
    pub reason: Option<String>,
    /// The last time somebody said no to the same call, if that was lately. It decides nothing; it is shown.
    #[serde(default)]
    pub denied: Option<Denied>,
    /// The asker's word that this is an emergency.
    #[serde(default)]
    pub glass: Option<Glass>,
    /// How many starts each limit has seen within its span, by the limit's id: see [`super::limits_of`]. A limit that
    /// applies and has no count here stands in the way.
    #[serde(default)]
    pub counts: BTreeMap<String, u32>,
    /// How often each person approved anything within the last hour; nobody named here did so never.
    #[serde(default)]
    pub approvals: BTreeMap<PersonId, u32>,
    /// The held facts of the same call one environment earlier, where the order of environments asks for them: see
    /// [`super::earlier_environment`]. `None` when they were not read, which counts as not live.
    #[serde(default)]
    pub earlier: Option<Map<String, Value>>,
}

/// Somebody said no to the same call before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why, if they said so.
    pub note: Option<String>,
}

/// One person's word on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Whose.
    pub person: PersonId,
    /// Which.
    pub choice: Choice,
    /// What they saw: [`super::binding`] at that moment.
    pub binding: Digest,
    /// How sure we are that it was them.
    pub verify: Verify,
    /// When.
    pub at: Timestamp,
    /// What they wrote beside it.
    pub note: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No; one of these by an approver ends it.
    Deny,
}

/// How sure we are who voted, from less to more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// As sure as of the chat account.
    #[default]
    Chat,
    /// The person typed the name of the target, so that it was no slip of the finger.
    Type,
    /// The person logged in to the console.
    Console,
}

impl Verify {
    /// All of them, from less to more.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Type, Self::Console];

    /// The name in the policy file and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Type => "type",
            Self::Console => "console",
        }
    }

    /// Reads what [`Verify::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verify| verify.as_str() == text)
    }
}

/// A stop to changes in an environment, or of one service in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The environment.
    pub environment: String,
    /// The service; `None` locks the whole environment.
    pub service: Option<String>,
    /// Why.
    pub reason: String,
    /// Who locked it.
    pub by: PersonId,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` until somebody unlocks it.
    pub until: Option<Timestamp>,
}

impl Lock {
    /// Whether the lock stands in the way of this call at this moment.
    pub(super) fn holds(&self, call: &Call, now: Timestamp) -> bool {
        let in_force = self.until.is_none_or(|until| now < until);
        let covers = self.service.as_ref().is_none_or(|service| {
            call.args().get("service").and_then(Value::as_str) == Some(service)
                || call.target().split_once('/').is_some_and(|(_, rest)| rest == service)
        });
        in_force && covers && call.environment() == Some(self.environment.as_str())
    }
}
