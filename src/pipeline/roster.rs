//! Who is in which chat group and who is on call: read from outside now and then, and taken for true only for a while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::timeout;

use super::ask::Stand;
use super::vote::News;
use super::{Rooms, Trouble, answer};
use crate::chat::{Directory, Standing, Unknown};
use crate::domain::{ChatUser, PersonId};
use crate::gate::{Membership, decide};
use crate::store::RequestRow;

/// How long a reading counts when no other follows it.
pub const TRUSTED_FOR: Duration = Duration::from_secs(5 * 60);

/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The directory and what was read of it last. Cheap to clone.
#[derive(Clone)]
pub struct Roster {
    directory: Arc<dyn Directory>,
    membership: Arc<ArcSwap<Membership>>,
}

impl Roster {
    /// A roster of which nothing was read yet: nobody holds a role by it.
    pub fn new(directory: Arc<dyn Directory>) -> Self {
        Self { directory, membership: Arc::default() }
    }

    /// What was read last, for those who only look.
    pub fn membership(&self) -> Arc<ArcSwap<Membership>> {
        Arc::clone(&self.membership)
    }

    /// Why an account may do nothing, although the policy links it. What cannot be said is as good as no.
    pub async fn bars(&self, account: &ChatUser) -> Option<String> {
        match self.standing(account).await {
            Some(standing) => answer::barred(standing, account.platform),
            None => Some(answer::standing_unknown(account.platform)),
        }
    }

    /// How an account stands on its platform; `None` where that cannot be found out now.
    async fn standing(&self, account: &ChatUser) -> Option<Standing> {
        match timeout(PATIENCE, self.directory.standing(account)).await {
            Ok(Ok(standing)) => Some(standing),
            Ok(Err(why)) => {
                tracing::error!(account = account.identity(), "how an account stands cannot be read: {why}");
                None
            }
            Err(_elapsed) => {
                tracing::error!(account = account.identity(), "how an account stands was not said in time");
                None
            }
        }
    }

    /// What was read last.
    pub(super) fn now(&self) -> Arc<Membership> {
        self.membership.load_full()
    }
}

/// Whether those who asked for something and agreed to it may still do so, as their platforms say now.
pub(super) enum Accounts {
    /// The asker may; these who agreed may not any more.
    Barred(BTreeSet<PersonId>),
    /// The asker may not any more; the sentence says so.
    NotTheAskers(String),
    /// It cannot be found out now; the sentence says why.
    Unsaid(String),
}

impl Rooms {
    /// Asks how the accounts behind a request stand, before it starts: since they spoke, one may have become a guest's.
    pub(super) async fn accounts(&self, row: &RequestRow) -> Result<Accounts, Trouble> {
        let said = answer::standing_not_said;
        match self.roster.standing(&row.sender).await {
            None => return Ok(Accounts::Unsaid(said(row.sender.platform, &answer::name(row)))),
            Some(Standing::Member) => {}
            Some(Standing::Guest | Standing::Closed | Standing::Bot | Standing::Elsewhere) => {
                return Ok(Accounts::NotTheAskers(answer::member_no_more(row)));
            }
        }
        let mut barred = BTreeSet::new();
        for vote in self.store.votes(&row.id).await? {
            let Some(account) = ChatUser::of_identity(&vote.identity) else {
                barred.insert(vote.person);
                continue;
            };
            match self.roster.standing(&account).await {
                None => return Ok(Accounts::Unsaid(said(account.platform, &vote.person.0))),
                Some(Standing::Member) => {}
                Some(Standing::Guest | Standing::Closed | Standing::Bot | Standing::Elsewhere) => {
                    barred.insert(vote.person);
                }
            }
        }
        Ok(Accounts::Barred(barred))
    }

    /// Reads what the policy asks for from the directory. What cannot be read is left as it was, and goes stale by itself.
    /// Cards whose people have changed by that are shown anew. Called by the worker once a minute.
    ///
    /// # Errors
    /// When what waits cannot be read or written.
    pub async fn read_roster(self: &Arc<Self>) -> Result<(), Trouble> {
        let policy = self.policy.load_full();
        if policy.groups().is_empty() && policy.on_call().is_empty() {
            return Ok(());
        }
        let mut membership = Membership::clone(&self.roster.now());
        for group in policy.groups() {
            let question = self.roster.directory.members(&group.key);
            let key = || format!("group {} of {}", group.key.id, group.key.platform);
            if let Some(members) = answered(question, key).await {
                let until = self.trusted_until();
                membership.set_group(group.key.clone(), &members, until);
            }
        }
        for duty in policy.on_call() {
            let question = self.roster.directory.on_call(&duty.team);
            if let Some(people) = answered(question, || format!("on-call of {}", duty.team)).await {
                let until = self.trusted_until();
                let each = people
                    .into_iter()
                    .map(|duty| (duty.person, duty.until.map_or(until, |end| end.min(until))));
                membership.set_on_call(&duty.team, each);
            }
        }
        self.roster.membership.store(Arc::new(membership));
        self.show_who_can().await
    }

    fn trusted_until(&self) -> jiff::Timestamp {
        let now = self.clock.now();
        now.saturating_add(TRUSTED_FOR).unwrap_or(now)
    }

    /// Shows anew the cards that list other people than those who can approve now.
    async fn show_who_can(self: &Arc<Self>) -> Result<(), Trouble> {
        for row in self.store.waiting(self.clock.now()).await? {
            if !row.steps.is_empty() {
                continue;
            }
            let Some(matter) = self.matter(row).await? else { continue };
            let policy = self.policy.load_full();
            let now = self.clock.now();
            let verdict = decide(&policy, &matter.case(now));
            if Stand::of(&matter, &policy, &verdict, now) != Stand::noted(&matter.row) {
                Box::pin(self.look_again(matter, News::Nothing)).await?;
            }
        }
        Ok(())
    }
}

/// The answer, if there is one in time.
async fn answered<T>(
    question: impl Future<Output = Result<T, Unknown>>,
    what: impl Fn() -> String,
) -> Option<T> {
    match timeout(PATIENCE, question).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(why)) => {
            tracing::warn!("{} cannot be read: {why}", what());
            None
        }
        Err(_elapsed) => {
            tracing::warn!("{} cannot be read: no answer within {} s", what(), PATIENCE.as_secs());
            None
        }
    }
}
