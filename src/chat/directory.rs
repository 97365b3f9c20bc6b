use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::{ChatUser, PersonId};
use crate::gate::GroupKey;

/// Where it is known who is in a chat group and who is on call.
pub trait Directory: Send + Sync {
    /// The accounts in a group, as its platform says now.
    fn members<'a>(&'a self, group: &'a GroupKey) -> Answer<'a, Vec<ChatUser>>;

    /// Who is on call for a team now.
    fn on_call<'a>(&'a self, team: &'a str) -> Answer<'a, Vec<Duty>>;
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
