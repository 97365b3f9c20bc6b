use super::cell::{Cell, Demands};
use super::{Case, Choice, Holder, Need, Policy, Requirement, Vote, binding};
use crate::domain::{Digest, PersonId};

/// What the votes of a case come to.
pub(super) struct Poll<'a> {
    pub needs: Vec<Need>,
    /// A no by somebody whose no ends it.
    pub denial: Option<&'a Vote>,
}

impl<'a> Poll<'a> {
    /// Nobody is asked.
    pub fn none() -> Self {
        Self { needs: Vec::new(), denial: None }
    }

    /// Counts the votes by the policy and the roles of today: whoever lost a role since, or was never to approve, does
    /// not count.
    pub fn of(policy: &Policy, demands: &Demands<'_>, case: &Case<'a>) -> Self {
        if demands.needs.is_empty() {
            return Self::none();
        }
        let votes = valid(policy, case);
        let denial = votes.iter().copied().find(|vote| {
            vote.choice == Choice::Deny && hand(policy, demands, case, &vote.person) > Hand::Tied
        });
        let counts = |holder: &Holder<'_>| {
            votes.iter().any(|vote| {
                vote.person == *holder.id && vote.choice == Choice::Approve && vote.verify >= demands.verify
            })
        };
        let holders = policy.holders(case.membership, case.now);
        let approvers = holders.filter(|holder| hand_of(demands, case, holder) == Hand::Free);
        let (agreed, open): (Vec<_>, Vec<_>) = approvers.partition(counts);
        let needs = demands.needs.iter().map(|requirement| need(requirement, &agreed, &open)).collect();
        Self { needs, denial }
    }

    /// Whether somebody must still agree.
    pub fn open(&self) -> bool {
        self.needs.iter().any(|need| need.missing > 0)
    }
}

/// The votes for what the case is now, that came in time.
fn valid<'a>(policy: &Policy, case: &Case<'a>) -> Vec<&'a Vote> {
    let standing = case.standing;
    if standing.votes.is_empty() {
        return Vec::new();
    }
    let bound = binding(policy, case);
    standing.votes.iter().filter(|vote| in_time(case, vote, bound)).collect()
}

fn in_time(case: &Case<'_>, vote: &Vote, bound: Digest) -> bool {
    vote.binding == bound && case.standing.expires_at.is_none_or(|end| vote.at < end)
}

fn need(requirement: &Requirement, agreed: &[Holder<'_>], open: &[Holder<'_>]) -> Need {
    let held: Vec<_> = agreed.iter().map(|holder| holder.roles.as_ref()).collect();
    let seated = requirement.seat(&held);
    let missing = requirement.size().saturating_sub(seated.len());
    let helps = |holder: &&Holder<'_>| {
        let with: Vec<_> = held.iter().copied().chain([holder.roles.as_ref()]).collect();
        requirement.seat(&with).len() > seated.len()
    };
    let may = open.iter().filter(helps).map(|holder| holder.id.clone()).collect();
    let agreed = seated.iter().filter_map(|index| agreed.get(*index)).map(|holder| holder.id.clone());
    Need {
        requirement: requirement.clone(),
        missing: u32::try_from(missing).unwrap_or(u32::MAX),
        may,
        agreed: agreed.collect(),
    }
}

/// Whether a person had a hand in the request, so that their own yes is not a second pair of eyes.
pub(super) fn caused(case: &Case<'_>, person: &PersonId) -> bool {
    case.asker == Some(person)
        || case.standing.confirmed_by.as_ref() == Some(person)
        || case.standing.cause.contains(person)
}

/// What somebody's vote can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hand {
    /// Nothing.
    Tied,
    /// End it.
    No,
    /// Agree to it, and end it.
    Free,
}

pub(super) fn hand(policy: &Policy, demands: &Demands<'_>, case: &Case<'_>, id: &PersonId) -> Hand {
    let holder = policy.holder_of(id, case.membership, case.now);
    holder.map_or(Hand::Tied, |holder| hand_of(demands, case, &holder))
}

fn hand_of(demands: &Demands<'_>, case: &Case<'_>, holder: &Holder<'_>) -> Hand {
    if caused(case, holder.id) {
        Hand::Tied
    } else if demands.needs.iter().any(|requirement| requirement.admits(&holder.roles)) {
        Hand::Free
    } else if demands.denied_by.iter().any(|role| holder.roles.contains(*role)) {
        Hand::No
    } else {
        Hand::Tied
    }
}

/// Whether it waited too long: for people while it is open, for its start once everybody has agreed.
pub(super) fn overdue(case: &Case<'_>, open: Open) -> bool {
    let standing = case.standing;
    let deadline = match open {
        Open::Waiting => standing.expires_at,
        Open::Agreed => standing.start_by.or(standing.expires_at),
    };
    deadline.is_some_and(|deadline| case.now >= deadline)
}

/// What a request that asked people waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// People.
    Waiting,
    /// Its start.
    Agreed,
}

/// Whose no would end it: those who could agree, or have, and those whom rules name for it.
pub fn deniers(policy: &Policy, case: &Case<'_>) -> Vec<PersonId> {
    let demands = Demands::of(policy, &Cell::of(policy, case));
    if demands.needs.is_empty() {
        return Vec::new();
    }
    let holders = policy.holders(case.membership, case.now);
    let free = holders.filter(|holder| hand_of(&demands, case, holder) > Hand::Tied);
    free.map(|holder| holder.id.clone()).collect()
}
