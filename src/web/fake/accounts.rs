use jiff::Timestamp;

use super::super::house::{Accounts, Answer, Failures, Session};
use super::{Fake, ready};
use crate::domain::{Digest, PersonId};

impl Accounts for Fake {
    fn password_hash<'a>(&'a self, person: &'a PersonId) -> Answer<'a, Option<String>> {
        ready(self.rooms().hashes.get(person).cloned())
    }

    fn open_session(&self, session: Session) -> Answer<'_, ()> {
        self.rooms().sessions.push(session);
        ready(())
    }

    fn session<'a>(&'a self, token: &'a Digest) -> Answer<'a, Option<Session>> {
        ready(self.rooms().sessions.iter().find(|session| session.token == *token).cloned())
    }

    fn close_session<'a>(&'a self, token: &'a Digest) -> Answer<'a, ()> {
        self.rooms().sessions.retain(|session| session.token != *token);
        ready(())
    }

    fn failures<'a>(&'a self, key: &'a str) -> Answer<'a, Failures> {
        ready(self.rooms().failures.get(key).copied().unwrap_or_default())
    }

    fn note_failure<'a>(&'a self, key: &'a str, at: Timestamp) -> Answer<'a, ()> {
        let mut rooms = self.rooms();
        let failures = rooms.failures.entry(key.into()).or_default();
        *failures = Failures { count: failures.count + 1, last: Some(at) };
        ready(())
    }

    fn forget_failures<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        self.rooms().failures.remove(key);
        ready(())
    }
}
