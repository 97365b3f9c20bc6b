use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::RoleName;

/// More approvers than this for one action is a mistake, and would make the matching slow.
const MOST_SLOTS: usize = 12;

/// Who must agree: `2 of dba or team-lead`, `1 of sre and 1 of security`. Every slot takes another person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    clauses: Vec<Clause>,
}

/// So many people who hold one of these roles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// How many.
    pub count: usize,
    /// Any of these.
    pub roles: BTreeSet<RoleName>,
}

impl Requirement {
    /// Reads `N of ROLE [or ROLE ...] [and N of ...]`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut clauses =
            text.split(" and ").map(Clause::parse).collect::<Option<Vec<_>>>().ok_or_else(|| {
                format!(
                    "`{text}` is not a requirement; write it like `1 of team-lead` or `2 of dba or team-lead`"
                )
            })?;
        if clauses.iter().map(|clause| clause.count).sum::<usize>() > MOST_SLOTS {
            return Err(format!("`{text}` asks for more than {MOST_SLOTS} people"));
        }
        clauses.sort();
        Ok(Self { clauses })
    }

    /// Its parts; all must be met.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// How many people it takes.
    pub fn size(&self) -> usize {
        self.clauses.iter().map(|clause| clause.count).sum()
    }

    /// Whether somebody with these roles can fill a slot.
    pub(super) fn admits(&self, roles: &BTreeSet<RoleName>) -> bool {
        self.clauses.iter().any(|clause| !clause.roles.is_disjoint(roles))
    }

    /// Who of these people, each given by their roles, can fill slots of their own: as many as possible, by augmenting
    /// paths. Whoever comes first is seated first.
    pub(super) fn seat(&self, people: &[&BTreeSet<RoleName>]) -> BTreeSet<usize> {
        let slots: Vec<_> =
            self.clauses.iter().flat_map(|clause| vec![&clause.roles; clause.count]).collect();
        let mut seats = Seats { people, owner: vec![None; slots.len()], slots };
        for index in 0..people.len() {
            seats.place(index, &mut BTreeSet::new());
        }
        seats.owner.into_iter().flatten().collect()
    }

    /// Whether these people are enough.
    pub(super) fn met_by(&self, people: &[&BTreeSet<RoleName>]) -> bool {
        self.seat(people).len() == self.size()
    }
}

struct Seats<'a> {
    people: &'a [&'a BTreeSet<RoleName>],
    slots: Vec<&'a BTreeSet<RoleName>>,
    owner: Vec<Option<usize>>,
}

impl Seats<'_> {
    /// Finds a slot for a person, asking those who sit to move where they can.
    fn place(&mut self, index: usize, tried: &mut BTreeSet<usize>) -> bool {
        let Some(held) = self.people.get(index) else { return false };
        for slot in 0..self.slots.len() {
            let fits = self.slots.get(slot).is_some_and(|roles| !roles.is_disjoint(held));
            if !fits || !tried.insert(slot) {
                continue;
            }
            let free = match self.owner.get(slot).copied().flatten() {
                None => true,
                Some(sitting) => self.place(sitting, tried),
            };
            if free {
                if let Some(owner) = self.owner.get_mut(slot) {
                    *owner = Some(index);
                }
                return true;
            }
        }
        false
    }
}

impl Clause {
    fn parse(text: &str) -> Option<Self> {
        let (count, roles) = text.trim().split_once(" of ")?;
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        let roles: BTreeSet<_> = roles.split(" or ").map(|role| RoleName(role.trim().to_owned())).collect();
        let is_name = |role: &RoleName| !role.0.is_empty() && !role.0.contains(char::is_whitespace);
        roles.iter().all(is_name).then_some(Self { count, roles })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, clause) in self.clauses.iter().enumerate() {
            let roles: Vec<_> = clause.roles.iter().map(|role| role.0.as_str()).collect();
            let and = if index > 0 { " and " } else { "" };
            write!(f, "{and}{} of {}", clause.count, roles.join(" or "))?;
        }
        Ok(())
    }
}

impl Serialize for Requirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
