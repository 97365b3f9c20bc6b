use serde_json::{Map, Value};

use super::{Rooms, Trouble};
use crate::audit::Entry;
use crate::catalog::{Assessment, Call};
use crate::domain::{Digest, Origin, Proposal};
use crate::gate::{Case, Choice, Grounding, Lock, Membership, Policy, Standing, Verify, Vote, binding};
use crate::store::{HeldLock, RequestRow, RequestState, VoteRow};

/// Everything that is known of a request that is to be decided: what the gate's case is made of.
pub(super) struct Matter {
    pub row: RequestRow,
    pub call: Call,
    pub assessment: Assessment,
    pub held: Map<String, Value>,
    pub origin: Origin,
    pub grounding: Grounding,
    pub standing: Standing,
    /// The generation of the locks that were read.
    pub locks: i64,
    /// Entries that go on the record with the next write.
    pub entries: Vec<Entry>,
}

impl Matter {
    pub(super) fn case(&self, now: jiff::Timestamp) -> Case<'_> {
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
            membership: Membership::none(),
            now,
        }
    }

    pub(super) fn binding(&self, policy: &Policy, now: jiff::Timestamp) -> Digest {
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
            ..Standing::default()
        };
        let grounding = grounding(&row);
        Ok(Matter {
            row,
            call,
            assessment,
            held,
            origin,
            grounding,
            standing,
            locks: generation,
            entries: Vec::new(),
        })
    }
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
