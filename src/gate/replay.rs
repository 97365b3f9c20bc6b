use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Case, Choice, Decision, Grounding, Membership, Order, Policy, Standing, Verdict, Verify, Vote, binding,
    decide, earlier_environment, limits_of,
};
use crate::catalog::{Assessment, Call};
use crate::domain::{Origin, PersonId, Place, RequestId};

/// A case from the record, and what came of it then.
#[derive(Clone, Debug)]
pub struct PastCase {
    /// The request.
    pub request: RequestId,
    /// The exact command.
    pub command: String,
    /// What would have run.
    pub call: Call,
    /// What it amounted to, given the facts of then.
    pub assessment: Assessment,
    /// The facts that approvals were bound to.
    pub held: Map<String, Value>,
    /// Who asked.
    pub asker: Option<PersonId>,
    /// Where.
    pub place: Place,
    /// Who made a call of the words.
    pub origin: Origin,
    /// Whether the words carried it.
    pub grounding: Grounding,
    /// When it was judged.
    pub at: Timestamp,
    /// Who confirmed it.
    pub confirmed_by: Option<PersonId>,
    /// Who agreed and who said no, and how sure we were that it was them.
    pub votes: Vec<(PersonId, Choice, Verify)>,
    /// What the gate decided when it was asked.
    pub before: Decision,
    /// Whether it ran in the end.
    pub ran: Ran,
}

/// Whether a past request ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ran {
    /// It was started.
    Yes,
    /// It never was.
    No,
}

/// What would have been otherwise with one past case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Otherwise {
    /// The request.
    pub request: RequestId,
    /// When it was judged.
    pub at: Timestamp,
    /// Who asked.
    pub asker: Option<PersonId>,
    /// The exact command.
    pub command: String,
    /// What the gate decided when it was asked.
    pub before: Decision,
    /// What it would decide by this policy.
    pub after: Decision,
    /// Why, in its words.
    pub why: String,
    /// Whether it ran.
    pub ran: Ran,
    /// Whether it could have run, with the words and votes that it had.
    pub would_run: Ran,
}

/// Runs past cases through a policy and tells those that would have gone otherwise. Locks, limits and the order of
/// environments count as kept, and roles as the file gives them: the record does not hold those facts.
pub fn replay<'a>(policy: &Policy, cases: impl IntoIterator<Item = &'a PastCase>) -> Vec<Otherwise> {
    cases.into_iter().filter_map(|case| otherwise(policy, case)).collect()
}

fn otherwise(policy: &Policy, past: &PastCase) -> Option<Otherwise> {
    let mut standing = Standing::default();
    let fresh = past.judged(policy, &mut standing);
    standing.confirmed_by.clone_from(&past.confirmed_by);
    // The votes were for what the case was; here they count as given for what it is by this policy.
    let bound = binding(policy, &past.case(&standing));
    let vote = |(person, choice, verify): &(PersonId, Choice, Verify)| Vote {
        person: person.clone(),
        choice: *choice,
        binding: bound,
        verify: *verify,
        at: past.at,
        note: None,
    };
    standing.votes = past.votes.iter().map(vote).collect();
    let last = past.judged(policy, &mut standing);
    let would_run = if last.decision == Decision::Allow { Ran::Yes } else { Ran::No };
    let why = if fresh.decision == past.before { last.sentence() } else { fresh.sentence() };
    (fresh.decision != past.before || (past.ran == Ran::Yes && would_run == Ran::No)).then(|| Otherwise {
        request: past.request.clone(),
        at: past.at,
        asker: past.asker.clone(),
        command: past.command.clone(),
        before: past.before,
        after: fresh.decision,
        why: why.to_owned(),
        ran: past.ran,
        would_run,
    })
}

impl PastCase {
    fn case<'a>(&'a self, standing: &'a Standing) -> Case<'a> {
        Case {
            request: &self.request,
            call: &self.call,
            assessment: &self.assessment,
            held: &self.held,
            asker: self.asker.as_ref(),
            place: &self.place,
            origin: &self.origin,
            grounding: &self.grounding,
            standing,
            membership: Membership::none(),
            now: self.at,
        }
    }

    /// Decides, with what the record does not hold supposed to stand in nobody's way.
    fn judged(&self, policy: &Policy, standing: &mut Standing) -> Verdict {
        let counts = limits_of(policy, &self.case(standing)).into_iter().map(|limit| (limit.id.clone(), 0));
        let counts = counts.collect();
        let kept = |order: &Order| {
            let version = self.held.get(&order.version).cloned().unwrap_or(Value::Null);
            [(order.live.clone(), version)].into_iter().collect()
        };
        let asks = earlier_environment(policy, &self.case(standing)).is_some();
        standing.counts = counts;
        standing.earlier = policy.order().filter(|_| asks).map(kept);
        decide(policy, &self.case(standing))
    }
}

impl fmt::Display for Otherwise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asker = self.asker.as_ref().map_or("a stranger", |asker| asker.0.as_str());
        let (before, after) = (self.before.as_str(), self.after.as_str());
        write!(f, "{}  {asker}  {}: {before} → {after}", self.at.strftime("%Y-%m-%d %H:%M"), self.command)?;
        match (self.ran, self.would_run) {
            (Ran::Yes, Ran::No) => write!(f, "; it ran, and would not have")?,
            (Ran::No, Ran::Yes) => write!(f, "; it did not run, and could have")?,
            (Ran::Yes, Ran::Yes) | (Ran::No, Ran::No) => {}
        }
        write!(f, "\n    {}", self.why)
    }
}
