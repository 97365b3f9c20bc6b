use serde_json::{Map, Value};

use super::{Bypassed, Case, Decision, Glass, Policy, Verdict, binding, decide};
use crate::catalog::{Assessment, Call};
use crate::domain::{Digest, PersonId, Place, RequestId};

/// The proof that a call may run, here and now.
///
/// INVARIANT: only [`clear`] makes one, it cannot be copied, and whoever runs something takes it by value: one
/// decision, one run.
///
/// Nobody else can make one:
///
/// ```compile_fail,E0451
/// # fn outside(cleared: countersign::gate::Cleared, other: countersign::domain::RequestId) {
/// let forged = countersign::gate::Cleared { request: other, ..cleared };
/// # }
/// ```
///
/// and nobody can use one twice:
///
/// ```compile_fail,E0599
/// # fn outside(cleared: countersign::gate::Cleared) {
/// let twice = cleared.clone();
/// # }
/// ```
///
/// ```compile_fail,E0382
/// # fn run(_: countersign::gate::Cleared) {}
/// # fn outside(cleared: countersign::gate::Cleared) {
/// run(cleared);
/// run(cleared);
/// # }
/// ```
#[derive(Debug)]
pub struct Cleared {
    request: RequestId,
    call: Call,
    assessment: Assessment,
    held: Map<String, Value>,
    asker: PersonId,
    approved_by: Vec<PersonId>,
    confirmed_by: Option<PersonId>,
    emergency: Option<Emergency>,
    place: Place,
    policy: Digest,
    binding: Digest,
}

/// An emergency that counted as one: what was said, and what was done without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Who said so, why, and in which incident.
    pub glass: Glass,
    /// What was done without; may be nothing, when nothing stood in the way.
    pub bypassed: Vec<Bypassed>,
}

/// Decides once more and, if nothing is missing, makes the proof.
///
/// # Errors
/// The verdict, when it is anything but `Allow`.
#[expect(clippy::result_large_err, reason = "the verdict is looked at once, by whoever asked")]
pub fn clear(policy: &Policy, case: &Case<'_>) -> Result<Cleared, Verdict> {
    let verdict = decide(policy, case);
    // A stranger is never allowed anything, so the second condition holds whenever the first does.
    let (Decision::Allow, Some(asker)) = (verdict.decision, case.asker) else { return Err(verdict) };
    let mut approved_by: Vec<_> = verdict.needs.into_iter().flat_map(|need| need.agreed).collect();
    approved_by.sort();
    approved_by.dedup();
    // A glass that does not count denies, so whoever comes here with one has broken it.
    let emergency = case.standing.glass.clone().map(|glass| Emergency { glass, bypassed: verdict.bypassed });
    Ok(Cleared {
        request: case.request.clone(),
        call: case.call.clone(),
        assessment: case.assessment.clone(),
        held: case.held.clone(),
        asker: asker.clone(),
        approved_by,
        confirmed_by: case.standing.confirmed_by.clone().filter(|person| person == asker),
        emergency,
        place: case.place.clone(),
        policy: policy.digest(),
        binding: binding(policy, case),
    })
}

impl Cleared {
    /// The request.
    pub fn request(&self) -> &RequestId {
        &self.request
    }

    /// What may run.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// What it amounts to.
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// The facts that must still hold.
    pub fn held(&self) -> &Map<String, Value> {
        &self.held
    }

    /// Who asked.
    pub fn asker(&self) -> &PersonId {
        &self.asker
    }

    /// Whose votes made it possible, by name; empty when nobody else was asked.
    pub fn approved_by(&self) -> &[PersonId] {
        &self.approved_by
    }

    /// The asker, if they confirmed.
    pub fn confirmed_by(&self) -> Option<&PersonId> {
        self.confirmed_by.as_ref()
    }

    /// The emergency it runs as, if it does. Whoever records it says so loudly.
    pub fn emergency(&self) -> Option<&Emergency> {
        self.emergency.as_ref()
    }

    /// Where it was asked.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The policy that decided.
    pub fn policy(&self) -> Digest {
        self.policy
    }

    /// What the votes were bound to.
    pub fn binding(&self) -> Digest {
        self.binding
    }
}
