use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bypassed, Escalation, Requirement, Verify};
use crate::domain::{Digest, PersonId};

/// What may happen now, from lenient to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may run.
    Allow,
    /// The asker must say that this is what was meant.
    Confirm,
    /// Other people must agree.
    NeedApproval,
    /// It will not be done.
    Deny,
}

impl Decision {
    /// The name on the record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Confirm => "confirm",
            Self::NeedApproval => "need-approval",
            Self::Deny => "deny",
        }
    }
}

/// Why a rule spoke as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// The account is linked to nobody.
    Stranger,
    /// The channel is not in the policy.
    UnlistedChannel,
    /// The person has no role at all.
    NoRole,
    /// No rule names what would be changed.
    NoRule,
    /// The person lacks a role.
    Role,
    /// It is for other channels.
    Channel,
    /// A rule says no.
    Forbidden,
    /// A freeze is on.
    Freeze,
    /// Somebody locked it.
    Lock,
    /// It was started as often as it may.
    Limit,
    /// It is not live in the environment before.
    Order,
    /// It was called an emergency, and does not count as one.
    NoEmergency,
    /// The asker's words do not carry the arguments.
    Ungrounded,
    /// Text from outside was in view when it was read.
    Tainted,
    /// The asker must say why.
    ReasonMissing,
    /// An approver said no.
    Denied,
    /// It waited too long.
    Expired,
    /// Other people must agree.
    Approval,
    /// The asker must confirm.
    Confirm,
    /// Somebody said no to the same a short while ago.
    DeniedBefore,
    /// It is an emergency, and what the rule asks for is done without.
    Bypassed,
    /// It is allowed.
    Permitted,
}

impl ReasonCode {
    /// The name on the record, in metrics and in the policy's examples.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::UnlistedChannel => "unlisted-channel",
            Self::NoRole => "no-role",
            Self::NoRule => "no-rule",
            Self::Role => "role",
            Self::Channel => "channel",
            Self::Forbidden => "forbidden",
            Self::Freeze => "freeze",
            Self::Lock => "lock",
            Self::Limit => "limit",
            Self::Order => "order",
            Self::NoEmergency => "no-emergency",
            Self::Ungrounded => "ungrounded",
            Self::Tainted => "tainted",
            Self::ReasonMissing => "reason-missing",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Approval => "approval",
            Self::Confirm => "confirm",
            Self::DeniedBefore => "denied-before",
            Self::Bypassed => "bypassed",
            Self::Permitted => "permitted",
        }
    }
}

/// The names of the rules that are code; no rule of a file may be called like one of them.
pub const CODE_RULES: [&str; 11] = [
    "people",
    "channels",
    "roles",
    "default",
    "locks",
    "order",
    "emergency",
    "language",
    "memory",
    "votes",
    "time",
];

/// One thing that was found, and which rule found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The id of a rule, freeze or limit of the file, or the name of a rule that is code: see [`CODE_RULES`].
    pub rule: String,
    /// Why, for machines.
    pub reason: ReasonCode,
    /// What it asks for.
    pub decision: Decision,
    /// Why, for people.
    pub sentence: String,
}

/// One approval requirement, and how far it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What is required.
    pub requirement: Requirement,
    /// Who agreed and counts.
    pub agreed: Vec<PersonId>,
    /// How many more it takes; 0 when it is met.
    pub missing: u32,
    /// Who could still agree.
    pub may: Vec<PersonId>,
}

/// What a case comes to, given its standing: with the votes and the confirmation in, it is `Allow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strictest of the findings.
    pub decision: Decision,
    /// What was found, strictest first. A rule that has nothing to ask for any more says so too.
    pub findings: Vec<Finding>,
    /// The approval requirements, met or not. Empty when nobody else is asked.
    pub needs: Vec<Need>,
    /// Whether the asker must still confirm.
    pub confirm: bool,
    /// How a vote must be verified to count.
    pub verify: Verify,
    /// How long it may wait.
    pub expires_after: Duration,
    /// How soon after the last vote it must start.
    pub start_within: Duration,
    /// How long before the end of the wait those who can still agree are reminded; `None` for never.
    #[serde(default)]
    pub remind_before: Option<Duration>,
    /// Who is told while nobody decides, by time.
    #[serde(default)]
    pub escalations: Vec<Escalation>,
    /// What an emergency did without; not empty only when it counts as one. Whoever shows or records it says so loudly.
    #[serde(default)]
    pub bypassed: Vec<Bypassed>,
    /// The policy that decided.
    pub policy: Digest,
}

impl Verdict {
    /// The sentence of the strictest finding: what to tell the person first.
    pub fn sentence(&self) -> &str {
        self.findings.first().map_or("", |finding| finding.sentence.as_str())
    }
}
