use serde::{Deserialize, Serialize};

use super::cell::{Cell, Demands};
use super::needs::{Open, Poll, approver, caused, overdue};
use super::words::{list, who_is};
use super::{Case, Choice, Policy, Verify, binding};
use crate::domain::PersonId;

/// A vote that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteRefusal {
    /// Why, for machines.
    pub reason: VoteReason,
    /// Why, for the person who voted.
    pub sentence: String,
}

/// Why a vote does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoteReason {
    /// The account is linked to nobody.
    Stranger,
    /// Nobody's approval is asked for.
    NotAsked,
    /// An approver said no already.
    Ended,
    /// It is too late.
    Expired,
    /// The voter had a hand in the request.
    Own,
    /// The voter holds none of the roles.
    Role,
    /// The vote must come from the console.
    StepUp,
    /// The voter agreed already.
    Repeated,
    /// Enough people agreed already.
    Complete,
}

impl VoteReason {
    /// The name on the record and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::NotAsked => "not-asked",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Own => "own",
            Self::Role => "role",
            Self::StepUp => "step-up",
            Self::Repeated => "repeated",
            Self::Complete => "complete",
        }
    }
}

/// Weighs a vote before it is put down: does it count?
///
/// # Errors
/// Why it does not, as a value for the voter.
pub fn weigh(
    policy: &Policy,
    case: &Case<'_>,
    voter: Option<&PersonId>,
    choice: Choice,
    verify: Verify,
) -> Result<(), VoteRefusal> {
    let refuse = |reason, sentence: String| Err(VoteRefusal { reason, sentence });
    let Some(person) = voter.and_then(|id| policy.person(id)) else {
        let sentence = "this account is linked to nobody in the policy, so its vote does not count";
        return refuse(VoteReason::Stranger, sentence.to_owned());
    };
    let demands = Demands::of(policy, &Cell::of(policy, case));
    let poll = Poll::of(policy, &demands, case);
    if demands.needs.is_empty() {
        return refuse(VoteReason::NotAsked, "this needs nobody's approval".to_owned());
    }
    if let Some(vote) = poll.denial {
        return refuse(VoteReason::Ended, format!("{} said no already, which ended it", vote.person));
    }
    if overdue(case, if poll.open() { Open::Waiting } else { Open::Agreed }) {
        return refuse(VoteReason::Expired, "this has expired; it must be asked again".to_owned());
    }
    if caused(case, &person.id) {
        return refuse(VoteReason::Own, own(case, &person.id, choice));
    }
    if approver(policy, &demands, case, &person.id).is_none() {
        let needs: Vec<_> = poll.needs.iter().map(|need| &need.requirement).collect();
        let sentence =
            format!("{}; this needs {}", who_is(&person.id.0, &person.granted), list(&needs, "and"));
        return refuse(VoteReason::Role, sentence);
    }
    match choice {
        Choice::Deny => Ok(()),
        Choice::Approve => agree(policy, case, &person.id, verify, &poll),
    }
}

/// What only a yes must pass; a no is welcome from any approver, however it comes.
fn agree(
    policy: &Policy,
    case: &Case<'_>,
    voter: &PersonId,
    verify: Verify,
    poll: &Poll<'_>,
) -> Result<(), VoteRefusal> {
    let refuse = |reason, sentence: &str| Err(VoteRefusal { reason, sentence: sentence.to_owned() });
    let demanded = Demands::of(policy, &Cell::of(policy, case)).verify;
    if verify < demanded {
        return refuse(
            VoteReason::StepUp,
            "for this a yes counts only from the console; log in there to agree",
        );
    }
    let bound = binding(policy, case);
    let repeated = case.standing.votes.iter().any(|vote| {
        vote.person == *voter
            && vote.choice == Choice::Approve
            && vote.binding == bound
            && vote.verify >= demanded
    });
    if repeated {
        return refuse(VoteReason::Repeated, "you have agreed already; one person counts once");
    }
    if !poll.open() {
        return refuse(VoteReason::Complete, "enough people have agreed already");
    }
    Ok(())
}

fn own(case: &Case<'_>, voter: &PersonId, choice: Choice) -> String {
    let part = if case.asker == Some(voter) { "you asked for this" } else { "you had a hand in this" };
    match choice {
        Choice::Approve => format!("{part}, so your own approval does not count"),
        Choice::Deny => format!("{part}; take it back instead of denying it"),
    }
}
