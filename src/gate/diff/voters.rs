use std::collections::BTreeSet;

use super::roles::Side;
use crate::domain::RoleName;
use crate::gate::Requirement;

/// So many sets of voters are tried; beyond that nothing is proven, and the answer is the careful one.
const MOST_SETS: usize = 2_000;

/// People who vote, each by the roles they were given.
type Voters<'p> = Vec<BTreeSet<&'p RoleName>>;

/// Whether there are voters who are enough for `easy` on its side and not enough for `hard` on the other.
///
/// Whoever is enough stays so with more voters or with more roles, so only the fewest voters with the fewest roles are
/// tried: for each requirement every way to fill its slots, by as many people as the largest requirement takes. That
/// one person fills slots of several requirements asks for the least of the other side, so it is always tried.
pub(super) fn enough_for(
    easy: (&BTreeSet<&Requirement>, &Side<'_>),
    hard: (&BTreeSet<&Requirement>, &Side<'_>),
) -> bool {
    let same_roles = easy.1.roles() == hard.1.roles();
    if hard.0.is_empty() || (same_roles && hard.0.is_subset(easy.0)) {
        return false;
    }
    let Some(sets) = least_voters(easy.0, (easy.1, hard.1)) else { return true };
    sets.iter().any(|voters| !enough(voters, hard))
}

fn enough(voters: &Voters<'_>, hard: (&BTreeSet<&Requirement>, &Side<'_>)) -> bool {
    let held: Vec<BTreeSet<RoleName>> = voters
        .iter()
        .map(|given| given.iter().flat_map(|role| hard.1.closure(role)).cloned().collect())
        .collect();
    let held: Vec<_> = held.iter().collect();
    hard.0.iter().all(|requirement| requirement.met_by(&held))
}

/// A set of voters on the way to being one: each with their roles, and whether they sit in the requirement at hand.
type Partial<'p> = Vec<(BTreeSet<&'p RoleName>, bool)>;

/// The least sets of voters that are enough for all of these; `None` when there are too many to try.
fn least_voters<'p>(
    needs: &BTreeSet<&Requirement>,
    (here, there): (&Side<'p>, &Side<'p>),
) -> Option<BTreeSet<Voters<'p>>> {
    let people = needs.iter().map(|requirement| requirement.size()).max().unwrap_or(0);
    let mut sets: BTreeSet<Voters<'p>> = [vec![BTreeSet::new(); people]].into();
    for requirement in needs {
        let standing = |voters: Voters<'p>| voters.into_iter().map(|given| (given, false)).collect();
        let mut partial: BTreeSet<Partial<'p>> = sets.into_iter().map(standing).collect();
        for clause in requirement.clauses() {
            let ways = here.ways_to(&clause.roles, there);
            for _slot in 0..clause.count {
                let mut next = BTreeSet::new();
                for set in &partial {
                    next.extend(seated(set, &ways));
                    if next.len() > MOST_SETS {
                        return None;
                    }
                }
                partial = next;
            }
        }
        let sorted = |set: Partial<'p>| {
            let mut voters: Voters<'p> = set.into_iter().map(|(given, _)| given).collect();
            voters.sort();
            voters
        };
        sets = partial.into_iter().map(sorted).collect();
    }
    Some(sets)
}

/// Every way to seat one more person of this set, by one of these roles.
fn seated<'p>(set: &Partial<'p>, ways: &[&'p RoleName]) -> Vec<Partial<'p>> {
    let mut found = Vec::new();
    for index in 0..set.len() {
        // They are sorted, and of several alike it makes no difference who sits down.
        if index > 0 && set.get(index) == set.get(index - 1) {
            continue;
        }
        for role in ways {
            let mut next = set.clone();
            let Some(voter) = next.get_mut(index).filter(|(_, sits)| !sits) else { continue };
            voter.0.insert(role);
            voter.1 = true;
            next.sort();
            found.push(next);
        }
    }
    found
}
