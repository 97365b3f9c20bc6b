use super::cell::Demands;
use super::{Case, Choice, Need, Person, Policy, Requirement, Vote, binding};
use crate::domain::{Digest, PersonId};

/// What the votes of a case come to.
pub(super) struct Poll<'a> {
    pub needs: Vec<Need>,
    /// A no by somebody whose yes would have counted.
    pub denial: Option<&'a Vote>,
}

impl<'a> Poll<'a> {
    /// Counts the votes by the policy of today: whoever lost a role since, or was never to approve, does not count.
    pub fn of(policy: &Policy, demands: &Demands<'_>, case: &Case<'a>) -> Self {
        if demands.needs.is_empty() {
            return Self { needs: Vec::new(), denial: None };
        }
        let bound = binding(policy, case);
        let votes: Vec<_> = case.standing.votes.iter().filter(|vote| in_time(case, vote, bound)).collect();
        let denial = votes.iter().copied().find(|vote| {
            vote.choice == Choice::Deny && approver(policy, demands, case, &vote.person).is_some()
        });
        let counts = |person: &&Person| {
            votes.iter().any(|vote| {
                vote.person == person.id && vote.choice == Choice::Approve && vote.verify >= demands.verify
            })
        };
        let approvers: Vec<_> = approvers(policy, demands, case).collect();
        let (agreed, open): (Vec<_>, Vec<_>) = approvers.into_iter().partition(counts);
        let needs = demands.needs.iter().map(|requirement| need(requirement, &agreed, &open)).collect();
        Self { needs, denial }
    }

    /// Whether somebody must still agree.
    pub fn open(&self) -> bool {
        self.needs.iter().any(|need| need.missing > 0)
    }
}

fn in_time(case: &Case<'_>, vote: &Vote, bound: Digest) -> bool {
    vote.binding == bound && case.standing.expires_at.is_none_or(|end| vote.at < end)
}

fn need(requirement: &Requirement, agreed: &[&Person], open: &[&Person]) -> Need {
    let seated: Vec<PersonId> = requirement.seat(agreed).into_iter().cloned().collect();
    let missing = requirement.size().saturating_sub(seated.len());
    let helps = |person: &&&Person| {
        let with: Vec<_> = agreed.iter().copied().chain([**person]).collect();
        requirement.seat(&with).len() > seated.len()
    };
    let may = open.iter().filter(helps).map(|person| person.id.clone()).collect();
    Need {
        requirement: requirement.clone(),
        missing: u32::try_from(missing).unwrap_or(u32::MAX),
        may,
        agreed: seated,
    }
}

/// Whether a person had a hand in the request, so that their own yes is not a second pair of eyes.
pub(super) fn caused(case: &Case<'_>, person: &PersonId) -> bool {
    case.asker == Some(person)
        || case.standing.confirmed_by.as_ref() == Some(person)
        || case.standing.cause.contains(person)
}

fn approvers<'p>(
    policy: &'p Policy,
    demands: &Demands<'_>,
    case: &Case<'_>,
) -> impl Iterator<Item = &'p Person> {
    policy.people().filter(|person| {
        !caused(case, &person.id) && demands.needs.iter().any(|requirement| requirement.admits(&person.roles))
    })
}

/// The person, if their vote can count here.
pub(super) fn approver<'p>(
    policy: &'p Policy,
    demands: &Demands<'_>,
    case: &Case<'_>,
    id: &PersonId,
) -> Option<&'p Person> {
    approvers(policy, demands, case).find(|person| person.id == *id)
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
