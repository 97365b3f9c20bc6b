use serde::{Deserialize, Serialize};

use super::cell::{Cell, Demands};
use super::glass::pane;
use super::needs::{Hand, Open, Poll, caused, hand, overdue};
use super::words::{list, who_is};
use super::{Bypass, Case, Choice, Policy, Verify, binding};
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
    /// We must be surer who votes.
    StepUp,
    /// The voter has approved so much within the hour that they can hardly have looked.
    TooMany,
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
            Self::TooMany => "too-many",
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
    let Some(voter) = voter.and_then(|id| policy.holder_of(id, case.membership, case.now)) else {
        let sentence = "this account is linked to nobody in the policy, so its vote does not count";
        return refuse(VoteReason::Stranger, sentence.to_owned());
    };
    let cell = Cell::of(policy, case);
    let mut demands = Demands::of(policy, &cell);
    let asker = case.asker.and_then(|id| policy.holder_of(id, case.membership, case.now));
    if asker.is_some_and(|asker| pane(policy, case, &cell, &asker).lets_pass(Bypass::Approvals)) {
        demands.needs.clear();
    }
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
    if caused(case, voter.id) {
        return refuse(VoteReason::Own, own(case, voter.id, choice));
    }
    match (hand(policy, &demands, case, voter.id), choice) {
        (Hand::Free, Choice::Approve) => agree(policy, case, &demands, &poll, (voter.id, verify)),
        (Hand::Free | Hand::No, Choice::Deny) => Ok(()),
        (Hand::No, Choice::Approve) | (Hand::Tied, Choice::Approve | Choice::Deny) => {
            let needs: Vec<_> = poll.needs.iter().map(|need| &need.requirement).collect();
            let who = who_is(&voter.id.0, &voter.granted);
            refuse(VoteReason::Role, format!("{who}; this needs {}", list(&needs, "and")))
        }
    }
}

/// What only a yes must pass; a no is welcome from any approver, however it comes.
fn agree(
    policy: &Policy,
    case: &Case<'_>,
    demands: &Demands<'_>,
    poll: &Poll<'_>,
    (voter, verify): (&PersonId, Verify),
) -> Result<(), VoteRefusal> {
    let refuse = |reason, sentence: &str| Err(VoteRefusal { reason, sentence: sentence.to_owned() });
    if verify < demands.verify {
        let how = match demands.verify {
            Verify::Chat | Verify::Type => {
                "for this a yes counts only with the target's name typed beside it"
            }
            Verify::Console => "for this a yes counts only from the console; log in there to agree",
        };
        return refuse(VoteReason::StepUp, how);
    }
    let bound = binding(policy, case);
    let repeated = case.standing.votes.iter().any(|vote| {
        vote.person == *voter
            && vote.choice == Choice::Approve
            && vote.binding == bound
            && vote.verify >= demands.verify
    });
    if repeated {
        return refuse(VoteReason::Repeated, "you have agreed already; one person counts once");
    }
    if !poll.open() {
        return refuse(VoteReason::Complete, "enough people have agreed already");
    }
    let given = case.standing.approvals.get(voter).copied().unwrap_or(0);
    if policy.defaults.approvals_per_hour.is_some_and(|most| given >= most) {
        let sentence = format!(
            "you have approved {given} requests within the hour, which is as many as one person may; let somebody else \
             look at this one"
        );
        return refuse(VoteReason::TooMany, &sentence);
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
