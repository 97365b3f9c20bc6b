use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::{ChatUser, PersonId};
use crate::gate::GroupKey;

/// Where it is known who is in a chat group and who is on call.
pub trait Directory: Send + Sync {
    /// The accounts in a group, as its platform says now.
    fn members<'a>(&'a self, group: &'a GroupKey) -> Answer<'a, Vec<ChatUser>>;

    /// Whether an account that the policy links may act, as its platform says now.
    fn standing<'a>(&'a self, account: &'a ChatUser) -> Answer<'a, Standing>;

    /// Who is on call for a team now.
    fn on_call<'a>(&'a self, team: &'a str) -> Answer<'a, Vec<Duty>>;
}

/// How an account stands on its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is a full member's.
    Member,
    /// It is a guest's, who was let in for some channels.
    Guest,
    /// It was closed.
    Closed,
    /// It is a program's.
    Bot,
    /// It is of another organisation, as in a channel that two share.
    Elsewhere,
}

/// What a question to a directory comes to.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Unknown>>;

/// Somebody is on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Who.
    pub person: PersonId,
    /// Until when; `None` where the directory does not say.
    pub until: Option<Timestamp>,
}

/// It is not known; the sentence says why. Nobody holds a role by it then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(pub String);
