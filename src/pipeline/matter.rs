use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Rooms, Trouble};
use crate::audit::Entry;
use crate::catalog::{Assessment, Call};
use crate::domain::{Digest, Origin, PersonId, Proposal};
use crate::gate::{
    Case, Choice, Denied, Grounding, Lock, Membership, Per, Policy, Standing, Tools, Verify, Vote, binding,
    earlier_environment, limits_of,
};
use crate::store::{HeldLock, RequestRow, RequestState, Starts, VoteRow};

/// How long a no is shown to those who are asked the same again.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// How many of the denied requests for a target are looked at.
const LOOKED_AT: u32 = 50;

/// Everything that is known of a request that is to be decided: what the gate's case is made of.
pub(super) struct Matter {
    pub row: RequestRow,
    pub call: Call,
    pub assessment: Assessment,
    pub held: Map<String, Value>,
    pub origin: Origin,
    pub grounding: Grounding,
    pub standing: Standing,
    /// Who is in which group and on call, as last read.
    pub membership: Arc<Membership>,
    /// The generation of the locks that were read.
    pub locks: i64,
    /// When the facts were read.
    pub facts_at: Timestamp,
    /// Who agreed from an account that may do nothing any more, as last asked.
    pub barred: BTreeSet<PersonId>,
    /// Entries that go on the record with the next write.
    pub entries: Vec<Entry>,
}

impl Matter {
    pub(super) fn case(&self, now: Timestamp) -> Case<'_> {
        Case {
            request: &self.row.id,
            call: &self.call,
            assessment: &self.assessment,
            held: &self.held,
            asker: self.row.asker.as_ref(),
            place: &self.row.place,
            origin: &self.origin,
            grounding: &self.grounding,
            standing: &self.standing,
            membership: &self.membership,
            now,
        }
    }

    /// With what was found out outside of the store before, and was not yet written down.
    pub(super) fn after(mut self, before: &Self) -> Self {
        self.facts_at = before.facts_at;
        self.entries.clone_from(&before.entries);
        self.barred.clone_from(&before.barred);
        self.standing.votes.retain(|vote| !before.barred.contains(&vote.person));
        self
    }

    pub(super) fn binding(&self, policy: &Policy, now: Timestamp) -> Digest {
        binding(policy, &self.case(now))
    }
}

impl Rooms {
    /// Puts together what is known of a request, from its row. `None` when the call is none any more, because a tool or
    /// a name it uses is gone.
    pub(super) async fn matter(&self, row: RequestRow) -> Result<Option<Matter>, Trouble> {
        let origin = row.origin.clone().unwrap_or(Origin::Slash);
        let proposal = Proposal {
            tool: row.tool.clone().unwrap_or_default(),
            args: Value::Object(row.args.clone()),
            origin: origin.clone(),
        };
        let Ok(call) = self.catalog.admit(&proposal) else { return Ok(None) };
        self.matter_of(row, call).await.map(Some)
    }

    /// The same for a call that has been admitted already.
    pub(super) async fn matter_of(&self, row: RequestRow, call: Call) -> Result<Matter, Trouble> {
        let origin = row.origin.clone().unwrap_or(Origin::Slash);
        let assessment = self.catalog.assess(&call, &row.facts, &row.unreadable);
        let held = self.catalog.held(&call, &row.facts);
        let votes = match row.state {
            RequestState::Received => Vec::new(),
            RequestState::Waiting
            | RequestState::Approved
            | RequestState::Started
            | RequestState::Done
            | RequestState::Failed
            | RequestState::Unknown
            | RequestState::Answered
            | RequestState::Refused
            | RequestState::Denied
            | RequestState::Expired
            | RequestState::Withdrawn
            | RequestState::Superseded => self.store.votes(&row.id).await?,
        };
        let (locks, generation) = if assessment.class.mutates() {
            self.store.locks(self.clock.now()).await?
        } else {
            (Vec::new(), 0)
        };
        let standing = Standing {
            confirmed_by: row.confirmed_by.clone(),
            votes: votes.iter().map(vote).collect(),
            locks: locks.into_iter().map(lock).collect(),
            cause: row.asker.iter().cloned().collect(),
            expires_at: row.expires_at,
            start_by: row.start_by,
            reason: row.reason.clone(),
            glass: row.glass.clone(),
            denied: row.denied.clone(),
            earlier: row.earlier.clone(),
            ..Standing::default()
        };
        let grounding = grounding(&row);
        let mut matter = Matter {
            membership: self.roster.now(),
            facts_at: row.created_at,
            row,
            call,
            assessment,
            held,
            origin,
            grounding,
            standing,
            locks: generation,
            barred: BTreeSet::new(),
            entries: Vec::new(),
        };
        matter.standing.counts = self.counts(&matter).await?;
        Ok(matter)
    }

    /// The last time somebody said no to the same call, if that was lately.
    pub(super) async fn denied_lately(&self, call: &Call) -> Result<Option<Denied>, Trouble> {
        let since = self.clock.now().saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let denied = self.store.denied(call.tool(), call.target(), LOOKED_AT).await?.into_iter();
        let same =
            denied.filter(|row| row.args == *call.args() && row.finished_at.is_some_and(|at| at > since));
        let Some(row) = same.max_by_key(|row| row.finished_at) else { return Ok(None) };
        let votes = self.store.votes(&row.id).await?;
        let no = votes.into_iter().rev().find(|vote| vote.choice == "deny");
        Ok(no.map(|vote| Denied { by: vote.person, at: vote.at, note: vote.note }))
    }

    /// For each limit that applies, how many starts it has seen.
    async fn counts(&self, matter: &Matter) -> Result<BTreeMap<String, u32>, Trouble> {
        let now = self.clock.now();
        let policy = self.policy.load_full();
        let case = matter.case(now);
        let mut counts = BTreeMap::new();
        for limit in limits_of(&policy, &case) {
            let named = match &limit.tools {
                Tools::All => Vec::new(),
                Tools::Named(tools) => names(tools),
            };
            let starts = Starts {
                after: now.saturating_sub(limit.within).unwrap_or(Timestamp::MIN),
                except: case.request,
                asker: case.asker.filter(|_| limit.per == Per::Person),
                channel: (limit.per == Per::Channel).then_some(case.place),
                tools: if limit.per == Per::Tool { vec![case.call.tool()] } else { named },
                environments: limit.env.as_ref().map(names).unwrap_or_default(),
            };
            counts.insert(limit.id.clone(), self.store.starts(&starts).await?);
        }
        Ok(counts)
    }

    /// Reads what runs one environment earlier, where the order of environments asks for it.
    pub(super) async fn look_earlier(&self, matter: &mut Matter) {
        let policy = self.policy.load_full();
        let earlier = earlier_environment(&policy, &matter.case(self.clock.now()));
        let call = earlier.and_then(|environment| self.catalog.elsewhere(&matter.call, environment));
        matter.row.earlier = match call {
            None => None,
            Some(call) => {
                let reading = self.hands.facts(&call).await;
                let known = reading.missing.is_none() && reading.unread.is_none();
                known.then(|| self.catalog.held(&call, &reading.facts))
            }
        };
        matter.standing.earlier.clone_from(&matter.row.earlier);
    }
}

fn names(of: &BTreeSet<String>) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

/// Whether the asker's own words carry the call. An exact command is those words.
pub fn grounding(row: &RequestRow) -> Grounding {
    let Some(words) = &row.words else { return Grounding::Exact };
    let missing = words.iter().filter(|word| word.said.is_none());
    let missing: Vec<String> = missing.map(|word| word.argument.clone()).collect();
    if missing.is_empty() { Grounding::Carried } else { Grounding::Missing(missing) }
}

fn vote(row: &VoteRow) -> Vote {
    Vote {
        person: row.person.clone(),
        choice: if row.choice == "approve" { Choice::Approve } else { Choice::Deny },
        binding: row.binding,
        verify: Verify::parse(&row.verify).unwrap_or_default(),
        at: row.at,
        note: row.note.clone(),
    }
}

fn lock(held: HeldLock) -> Lock {
    Lock {
        environment: held.environment,
        service: held.service,
        reason: held.reason,
        by: held.by,
        since: held.since,
        until: held.until,
    }
}
