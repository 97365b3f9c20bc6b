//! What a transaction is about to write, and what is already known of the rows it depends on.
//!
//! Many steps share one transaction, and a later step must see what an earlier one did. So guards are judged here, in
//! memory, against what was read once under the write lock and what the steps before have put.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{
    Guard, HeldLock, JobRow, JobState, MessageRow, PolicyRow, Put, ReactionRow, Refused, RequestRow,
    ReviewRow, Row, TimerKind, VoteRow,
};
use crate::domain::{Digest, MessageId, PersonId, Platform, RequestId};

/// A delivery: the door and what makes it the same delivery.
pub(super) type Delivery<'a> = (Platform, &'a str);

/// A message to write: the newest of those put, and the furthest delivery any of them tells of.
pub(super) struct PendingMessage<'a> {
    pub(super) row: &'a MessageRow,
    pub(super) body: &'a str,
    pub(super) delivered: i64,
    pub(super) remote: Option<&'a str>,
}

/// A change of the locks; these are rare and keep their order.
pub(super) enum LockChange<'a> {
    Up(&'a HeldLock),
    Down { environment: &'a str, service: Option<&'a str> },
}

#[derive(Default)]
pub(super) struct Pending<'a> {
    // What is true now, as read and as changed by the steps before.
    pub(super) versions: HashMap<&'a str, i64>,
    pub(super) seen: HashMap<Delivery<'a>, Option<RequestId>>,
    pub(super) busy: HashMap<&'a str, RequestId>,
    pub(super) generation: i64,
    pub(super) policy_in_force: Option<Digest>,
    // What is to be written.
    pub(super) inbox: Vec<(Delivery<'a>, Option<&'a RequestId>)>,
    pub(super) requests: BTreeMap<&'a RequestId, (&'a RequestRow, &'a str)>,
    pub(super) messages: BTreeMap<&'a MessageId, PendingMessage<'a>>,
    pub(super) votes: BTreeMap<(&'a RequestId, &'a PersonId), Option<&'a VoteRow>>,
    pub(super) jobs: BTreeMap<&'a RequestId, (&'a JobRow, &'a str)>,
    pub(super) locks: Vec<LockChange<'a>>,
    pub(super) reactions: BTreeMap<(&'a str, &'a str, &'a str), bool>,
    pub(super) marks: BTreeMap<(&'a PersonId, &'a str), &'a MessageId>,
    pub(super) timers: BTreeMap<(&'a RequestId, TimerKind), Option<Timestamp>>,
    pub(super) reviews: BTreeMap<&'a RequestId, &'a ReviewRow>,
    pub(super) policy: Option<&'a PolicyRow>,
}

impl<'a> Pending<'a> {
    /// Takes a step in, or says why not; a refused step leaves nothing behind.
    pub(super) fn admit(&mut self, guard: &'a Guard, puts: &'a [Put], now: Timestamp) -> Result<(), Refused> {
        self.judge(guard, now)?;
        let versions = self.next_versions(puts)?;
        self.versions.extend(versions);
        if let Guard::FirstSeen { platform, key, request } = guard {
            self.seen.insert((*platform, &key.0), request.clone());
            self.inbox.push(((*platform, &key.0), request.as_ref()));
        }
        for put in puts {
            self.take(&put.row, &put.body);
        }
        Ok(())
    }

    fn judge(&self, guard: &Guard, now: Timestamp) -> Result<(), Refused> {
        match guard {
            Guard::Open => Ok(()),
            Guard::FirstSeen { platform, key, .. } => match self.seen.get(&(*platform, key.0.as_str())) {
                Some(request) => Err(Refused::SeenBefore(request.clone())),
                None => Ok(()),
            },
            Guard::Request { id, version } => self.judge_version(id, *version),
            Guard::Policy(read) if *read == self.policy_in_force => Ok(()),
            Guard::Policy(_) => Err(Refused::PolicyChanged),
            Guard::Start { id, version, locks, target, policy, until } => {
                self.judge_version(id, *version)?;
                if self.policy_in_force.is_some_and(|in_force| in_force != *policy) {
                    return Err(Refused::PolicyChanged);
                }
                if now >= *until {
                    return Err(Refused::Late);
                }
                if locks.is_some_and(|locks| locks != self.generation) {
                    return Err(Refused::LocksChanged);
                }
                match target.as_ref().and_then(|target| self.busy.get(target.as_str())) {
                    Some(other) => Err(Refused::Busy(other.clone())),
                    None => Ok(()),
                }
            }
        }
    }

    fn judge_version(&self, id: &RequestId, version: i64) -> Result<(), Refused> {
        if self.version(id) == version { Ok(()) } else { Err(Refused::Changed) }
    }

    fn version(&self, id: &RequestId) -> i64 {
        self.versions.get(id.as_str()).copied().unwrap_or(0)
    }

    /// The versions after this step. Each request row must follow the present one, guarded or not, so that no write is
    /// ever lost under another.
    fn next_versions(&self, puts: &'a [Put]) -> Result<HashMap<&'a str, i64>, Refused> {
        let mut next: HashMap<&str, i64> = HashMap::new();
        for put in puts {
            let Row::Request(row) = &put.row else { continue };
            let present = next.get(row.id.as_str()).copied().unwrap_or_else(|| self.version(&row.id));
            if row.version != present + 1 {
                return Err(Refused::Changed);
            }
            next.insert(row.id.as_str(), row.version);
        }
        Ok(next)
    }

    fn take(&mut self, row: &'a Row, body: &'a str) {
        match row {
            Row::Request(request) => {
                self.requests.insert(&request.id, (request, body));
            }
            Row::Message(message) => self.take_message(message, body),
            Row::Vote(vote) => {
                self.votes.insert((&vote.request, &vote.person), Some(vote));
            }
            Row::VoteGone { request, person } => {
                self.votes.insert((request, person), None);
            }
            Row::Job(job) => self.take_job(job, body),
            Row::Lock(lock) => {
                self.generation += 1;
                self.locks.push(LockChange::Up(lock));
            }
            Row::Unlock { environment, service } => {
                self.generation += 1;
                self.locks.push(LockChange::Down { environment, service: service.as_deref() });
            }
            Row::Timer(timer) => {
                self.timers.insert((&timer.request, timer.kind), Some(timer.due_at));
            }
            Row::TimerGone { request, kind } => {
                self.timers.insert((request, *kind), None);
            }
            Row::Policy(policy) => {
                self.policy_in_force = Some(policy.digest);
                self.policy = Some(policy);
            }
            Row::Review(review) => {
                self.reviews.insert(&review.request, review);
            }
            Row::Reaction(reaction) => {
                self.reactions.insert(reaction_key(reaction), true);
            }
            Row::ReactionGone(reaction) => {
                self.reactions.insert(reaction_key(reaction), false);
            }
            Row::Read { person, channel, upto } => {
                let mark = self.marks.entry((person, channel)).or_insert(upto);
                *mark = upto.max(mark);
            }
        }
    }

    fn take_message(&mut self, row: &'a MessageRow, body: &'a str) {
        let remote = row.remote.as_deref();
        let pending =
            self.messages.entry(&row.id).or_insert(PendingMessage { row, body, delivered: 0, remote });
        if row.version > pending.row.version {
            (pending.row, pending.body) = (row, body);
        }
        pending.delivered = pending.delivered.max(row.delivered);
        pending.remote = remote.or(pending.remote);
    }

    fn take_job(&mut self, job: &'a JobRow, body: &'a str) {
        self.jobs.insert(&job.request, (job, body));
        match job.state {
            JobState::Running | JobState::Watching | JobState::Telling => {
                self.busy.insert(&job.target, job.request.clone());
            }
            JobState::Ended => {
                if self.busy.get(job.target.as_str()) == Some(&job.request) {
                    self.busy.remove(job.target.as_str());
                }
            }
        }
    }
}

fn reaction_key(reaction: &ReactionRow) -> (&str, &str, &str) {
    (reaction.message.as_str(), &reaction.person.0, &reaction.emoji)
}
