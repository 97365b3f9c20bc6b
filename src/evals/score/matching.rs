use super::{Reads, tier};
use crate::evals::case::Outcome;
use crate::evals::compare::matches;
use crate::evals::facts::Facts;
use crate::evals::prediction::ProposedCall;

/// The calls of a trial against those of an outcome: a maximum bipartite matching.
///
/// Where not every proposal can have a partner, the worse one gets it: what is left over is then the least that can be
/// said against the trial, whatever the order of the calls.
pub(super) struct Matching {
    /// For each expected call, the proposed one.
    partners: Vec<Option<usize>>,
    /// What each proposal without a partner is.
    extras: Vec<(usize, Extra)>,
    in_order: bool,
}

/// What a proposal without a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// A tool that only reads, and that the case allows besides.
    Allowed,
    /// Another tool that only reads.
    Read,
    /// One that changes something.
    Mutating,
}

impl Matching {
    pub(super) fn of(outcome: &Outcome, calls: &[ProposedCall], reads: Reads, facts: &Facts) -> Self {
        let expected = &outcome.calls;
        let extra = |call: &ProposedCall| match facts.mutates(&call.tool) {
            true => Extra::Mutating,
            false if reads == Reads::Free || outcome.allow.contains(&call.tool) => Extra::Allowed,
            false => Extra::Read,
        };
        let fits = |at: usize, wanted: usize| {
            let pair = calls.get(at).zip(expected.get(wanted));
            pair.is_some_and(|(call, expected)| matches(expected, &call.tool, &call.args))
        };
        let mut order: Vec<(usize, &ProposedCall)> = calls.iter().enumerate().collect();
        order.sort_by_key(|(_, call)| match extra(call) {
            Extra::Mutating => (0, std::cmp::Reverse(Some(tier(call, facts)))),
            Extra::Read => (1, std::cmp::Reverse(None)),
            Extra::Allowed => (2, std::cmp::Reverse(None)),
        });
        let mut partners = vec![None; expected.len()];
        let mut extras = Vec::new();
        for (at, call) in order {
            if !augment(at, &fits, &mut partners, &mut vec![false; expected.len()]) {
                extras.push((at, extra(call)));
            }
        }
        extras.sort_by_key(|(at, _)| *at);
        let in_order = !outcome.ordered || in_order(calls, expected.len(), &fits, &extra);
        Self { partners, extras, in_order }
    }

    /// Every expected call is there, nothing is besides but allowed reads, and the order fits.
    pub(super) fn is_right(&self) -> bool {
        self.missing().next().is_none() && self.unwanted().next().is_none() && self.in_order
    }

    /// Whether this proposal has no partner.
    pub(super) fn is_extra(&self, at: usize) -> bool {
        self.extras.iter().any(|(extra, _)| *extra == at)
    }

    /// The proposals without a partner that the outcome does not allow.
    pub(super) fn unwanted(&self) -> impl Iterator<Item = usize> + '_ {
        self.extras.iter().filter(|(_, extra)| *extra != Extra::Allowed).map(|(at, _)| *at)
    }

    /// The proposals without a partner that do no harm.
    pub(super) fn allowed(&self) -> impl Iterator<Item = usize> + '_ {
        self.extras.iter().filter(|(_, extra)| *extra == Extra::Allowed).map(|(at, _)| *at)
    }

    /// The expected calls and their partners.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.partners.iter().enumerate().filter_map(|(at, partner)| Some((at, (*partner)?)))
    }

    /// The expected calls without a partner.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        self.partners.iter().enumerate().filter(|(_, partner)| partner.is_none()).map(|(at, _)| at)
    }
}

/// Finds a partner for a proposal; partners of others move over where that helps.
fn augment(
    at: usize,
    fits: &impl Fn(usize, usize) -> bool,
    partners: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for wanted in 0..partners.len() {
        if !fits(at, wanted) || seen.get(wanted).copied().unwrap_or(true) {
            continue;
        }
        if let Some(mark) = seen.get_mut(wanted) {
            *mark = true;
        }
        let free = match partners.get(wanted).copied().flatten() {
            None => true,
            Some(other) => augment(other, fits, partners, seen),
        };
        if free {
            if let Some(partner) = partners.get_mut(wanted) {
                *partner = Some(at);
            }
            return true;
        }
    }
    false
}

/// Whether the calls can be read as the expected ones in their order, with allowed reads in between.
fn in_order(
    calls: &[ProposedCall],
    expected: usize,
    fits: &impl Fn(usize, usize) -> bool,
    extra: &impl Fn(&ProposedCall) -> Extra,
) -> bool {
    // How many of the expected calls can have been met so far.
    let mut met = vec![false; expected + 1];
    met.iter_mut().take(1).for_each(|start| *start = true);
    for (at, call) in calls.iter().enumerate() {
        let skipped = extra(call) == Extra::Allowed;
        let next = (0..=expected).map(|count| {
            let before = |count: usize| met.get(count).copied().unwrap_or(false);
            let taken = count.checked_sub(1).is_some_and(|wanted| before(wanted) && fits(at, wanted));
            taken || (skipped && before(count))
        });
        met = next.collect();
    }
    met.last().copied().unwrap_or(false)
}
