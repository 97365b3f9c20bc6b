use jiff::Timestamp;

use super::{
    HeldLock, JobRow, MessageRow, PolicyRow, ReactionRow, RequestRow, ReviewRow, TimerKind, TimerRow, VoteRow,
};
use crate::domain::{DedupeKey, Digest, MessageId, PersonId, Platform, RequestId};

/// What must hold for a step to be written. Checked inside the transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    /// Nothing.
    Open,
    /// This delivery was not seen before; from now on it was.
    FirstSeen {
        /// The door.
        platform: Platform,
        /// What makes it the same delivery.
        key: DedupeKey,
        /// The request it starts or belongs to, to point a second delivery at.
        request: Option<RequestId>,
    },
    /// The request is as it was read.
    Request {
        /// The request.
        id: RequestId,
        /// The version that was read.
        version: i64,
    },
    /// The policy in force is the one that was read; `None` for none at all.
    Policy(Option<Digest>),
    /// The request is as it was read, so are the locks and the policy, it is not too late, and nothing else runs on its
    /// target.
    Start {
        /// The request.
        id: RequestId,
        /// The version that was read.
        version: i64,
        /// The generation of the locks that was read; `None` for calls that change nothing, which no lock stops.
        locks: Option<i64>,
        /// What runs one at a time; `None` for calls that change nothing.
        target: Option<String>,
        /// The policy that decided.
        policy: Digest,
        /// The moment from which the decision, or what it was made of, is too old.
        until: Timestamp,
    },
}

/// Why a step was not written. Nothing of it was.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// The delivery came before, and belongs to this request.
    SeenBefore(Option<RequestId>),
    /// Somebody else changed the request in the meantime.
    Changed,
    /// A lock was put up or taken down in the meantime.
    LocksChanged,
    /// Another policy is in force.
    PolicyChanged,
    /// It is too late: what was decided is too old by now.
    Late,
    /// This request runs on the target.
    Busy(RequestId),
}

/// A row to put. Puts replace the row of the same key.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A request.
    Request(Box<RequestRow>),
    /// A message, a person's or ours.
    Message(Box<MessageRow>),
    /// A vote.
    Vote(VoteRow),
    /// A vote taken back.
    VoteGone {
        /// The request.
        request: RequestId,
        /// Whose.
        person: PersonId,
    },
    /// A run.
    Job(JobRow),
    /// A lock; raises the generation of the locks.
    Lock(HeldLock),
    /// Locks taken down: of this service, or with `None` of the environment as a whole. Raises the generation.
    Unlock {
        /// The environment.
        environment: String,
        /// The service.
        service: Option<String>,
    },
    /// Something that falls due.
    Timer(TimerRow),
    /// Something that does not fall due any more.
    TimerGone {
        /// The request.
        request: RequestId,
        /// Which.
        kind: TimerKind,
    },
    /// The policy in force from here on.
    Policy(PolicyRow),
    /// A review, open or closed.
    Review(ReviewRow),
    /// A reaction set.
    Reaction(ReactionRow),
    /// A reaction taken away.
    ReactionGone(ReactionRow),
    /// What a person has read of a channel.
    Read {
        /// Who.
        person: PersonId,
        /// The channel.
        channel: String,
        /// The newest message they saw.
        upto: MessageId,
    },
}
