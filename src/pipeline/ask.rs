//! Putting a request up for confirmation or approval, for the first time or anew, and everything that hangs on that: who
//! can answer, what it takes the place of, when it is brought up again.

use std::sync::Arc;

use jiff::Timestamp;

use super::end::Ending;
use super::matter::Matter;
use super::start::passing;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Entry, Step};
use crate::clock;
use crate::domain::PersonId;
use crate::gate::{Decision, Finding, Policy, Verdict, Verify, decide, deniers};
use crate::store::{Guard, Refused, RequestRow, RequestState, Row, TimerKind, TimerRow};

/// How often it is tried again when what it takes the place of moves at the same moment.
const TRIES: u32 = 5;

/// A request that is put up: why, and what becomes void by it.
struct Up {
    why: Option<String>,
    void: Vec<Row>,
}

/// The rules that ask for people, each once.
fn asking(verdict: &Verdict) -> Vec<String> {
    let asks = |finding: &&Finding| matches!(finding.decision, Decision::Confirm | Decision::NeedApproval);
    let mut rules: Vec<String> = verdict.findings.iter().filter(asks).map(|one| one.rule.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

impl Rooms {
    /// Puts the request up for confirmation or approval.
    pub(super) async fn ask(self: &Arc<Self>, matter: Matter, verdict: Verdict) -> Result<(), Trouble> {
        Box::pin(self.put_up(matter, verdict, Up { why: None, void: Vec::new() })).await
    }

    /// Puts it up once more. Whatever was agreed to is void: nobody has agreed to how it is now. Gives it back where
    /// nothing is needed for it any more.
    pub(super) async fn ask_anew(
        self: &Arc<Self>,
        mut matter: Matter,
        why: String,
    ) -> Result<Option<Box<Matter>>, Trouble> {
        let gone = |person: PersonId| Row::VoteGone { request: matter.row.id.clone(), person };
        let votes = matter.standing.votes.drain(..).map(|vote| vote.person);
        let void = votes.chain(std::mem::take(&mut matter.barred)).map(gone).collect();
        let row = &mut matter.row;
        (row.confirmed_by, row.expires_at, row.start_by) = (None, None, None);
        let standing = &mut matter.standing;
        (standing.confirmed_by, standing.expires_at, standing.start_by) = (None, None, None);
        let verdict = decide(&self.policy.load(), &matter.case(self.clock.now()));
        matter.entries.push(entries::judged(&matter, &verdict, self.clock.now()));
        let asks_somebody = verdict.confirm || !verdict.needs.is_empty();
        match verdict.decision {
            Decision::Allow => return Ok(Some(Box::new(matter))),
            Decision::Deny if passing(&verdict).is_none() || !asks_somebody => {
                let why = format!("{why} {}", verdict.sentence());
                self.end(matter.row, RequestState::Refused, why, None).await?;
            }
            Decision::Deny | Decision::Confirm | Decision::NeedApproval => {
                Box::pin(self.put_up(matter, verdict, Up { why: Some(why), void })).await?;
            }
        }
        Ok(None)
    }

    async fn put_up(self: &Arc<Self>, mut matter: Matter, verdict: Verdict, up: Up) -> Result<(), Trouble> {
        let now = self.clock.now();
        let policy = self.policy.load_full();
        let version = matter.row.version;
        let row = &mut matter.row;
        row.version += 1;
        row.state = RequestState::Waiting;
        row.policy = Some(verdict.policy);
        row.nonce = clock::token(self.entropy.as_ref())?.chars().take(16).collect();
        row.expires_at = now.checked_add(verdict.expires_after).ok();
        row.waits_since = Some(now);
        row.start_by = None;
        row.measures.asked_at.get_or_insert(now);
        row.measures.rules = asking(&verdict);
        row.note.clone_from(&up.why);
        Stand::of(&matter, &policy, &verdict, now).note(&mut matter.row);
        matter.standing.expires_at = matter.row.expires_at;
        matter.row.binding = Some(matter.binding(&policy, now));
        let reply = answer::waiting(&matter, &verdict, &self.zone()).code(self.details(&matter.row));
        let (row, mut rows) = self.with_card(matter.row, reply.clone())?;
        matter.entries.push(entries::replied(&row, &reply, now));
        rows.extend(up.void);
        rows.extend(timers(&row, &verdict, now));
        for _try in 0..TRIES {
            let (mut rows, mut entries) = (rows.clone(), matter.entries.clone());
            for older in self.older(&row).await? {
                let (its_rows, its_entries) = self.replaced(&older, &row)?;
                rows.extend(its_rows);
                entries.extend(its_entries);
            }
            let guard = Guard::Request { id: row.id.clone(), version };
            match self.write(Step { guard, rows, entries }).await? {
                Ok(()) => return self.sweep(&row).await,
                Err(Refused::Changed) if self.is_at(&row, version).await? => {}
                Err(_moved_on) => return Ok(()),
            }
        }
        tracing::warn!(request = %row.id, "what it replaces kept moving, so it was not put up");
        Ok(())
    }

    async fn is_at(&self, row: &RequestRow, version: i64) -> Result<bool, Trouble> {
        Ok(self.store.request(&row.id).await?.is_some_and(|now| now.version == version))
    }

    /// The requests that a newer one for the same tool and target takes the place of: those that have not started.
    async fn older(&self, newer: &RequestRow) -> Result<Vec<RequestRow>, Trouble> {
        let mut older = self.store.waiting(self.clock.now()).await?;
        older.extend(self.store.approved().await?);
        older.retain(|older| {
            older.tool == newer.tool
                && older.target == newer.target
                && older.steps.is_empty()
                && (older.created_at, &older.id) < (newer.created_at, &newer.id)
        });
        Ok(older)
    }

    /// Two that are put up at the same moment do not see each other; whoever comes later ends the older one.
    async fn sweep(self: &Arc<Self>, newer: &RequestRow) -> Result<(), Trouble> {
        for older in self.older(newer).await? {
            let why = replacement(newer);
            self.end(older, RequestState::Superseded, why, None).await?;
        }
        Ok(())
    }

    fn replaced(&self, older: &RequestRow, newer: &RequestRow) -> Result<(Vec<Row>, Vec<Entry>), Trouble> {
        let note = Some(replacement(newer));
        let next = RequestRow { state: RequestState::Superseded, note, ..older.clone() };
        let Ending { step: Step { mut rows, mut entries, .. }, told } = self.ending(older, next)?;
        let (remark, entry) = self.remark_row(older, told)?;
        rows.push(remark);
        entries.push(entry);
        Ok((rows, entries))
    }
}

fn replacement(newer: &RequestRow) -> String {
    let by = newer.asker.as_ref().map_or("somebody", |person| person.0.as_str());
    format!("{by} asked anew: {}", newer.command.as_deref().unwrap_or_default())
}

/// How people stand to a request that waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stand {
    /// Who can take the next step.
    awaits: Vec<PersonId>,
    /// Who has agreed so far, and counts.
    agreed: Vec<PersonId>,
    /// Whose no ends it.
    may_deny: Vec<PersonId>,
}

impl Stand {
    /// As the gate sees it at `now`. Nobody is asked who has no account that their vote would count from.
    pub fn of(matter: &Matter, policy: &Policy, verdict: &Verdict, now: Timestamp) -> Self {
        let open = verdict.needs.iter().filter(|need| need.missing > 0);
        let mut awaits = unique(open.flat_map(|need| &need.may));
        awaits.retain(|person| can_vote(policy, person, verdict.verify));
        if verdict.confirm {
            awaits.extend(matter.row.asker.clone());
        }
        let mut may_deny = deniers(policy, &matter.case(now));
        may_deny.retain(|person| can_vote(policy, person, Verify::Chat));
        Self { awaits, agreed: unique(verdict.needs.iter().flat_map(|need| &need.agreed)), may_deny }
    }

    /// As the row has it.
    pub fn noted(row: &RequestRow) -> Self {
        Self { awaits: row.awaits.clone(), agreed: row.agreed.clone(), may_deny: row.may_deny.clone() }
    }

    /// Notes it on the row.
    pub fn note(self, row: &mut RequestRow) {
        (row.awaits, row.agreed, row.may_deny) = (self.awaits, self.agreed, self.may_deny);
    }
}

/// Whether somebody has an account that their vote would count from.
fn can_vote(policy: &Policy, person: &PersonId, verify: Verify) -> bool {
    let mut accounts = policy.person(person).into_iter().flat_map(|person| &person.identities);
    match verify {
        Verify::Chat | Verify::Type => accounts.next().is_some(),
        Verify::Console => accounts.any(|account| account.starts_with("console:")),
    }
}

fn unique<'a>(people: impl Iterator<Item = &'a PersonId>) -> Vec<PersonId> {
    let mut people: Vec<_> = people.cloned().collect();
    people.sort();
    people.dedup();
    people
}

/// What is to happen while it waits.
fn timers(row: &RequestRow, verdict: &Verdict, now: Timestamp) -> Vec<Row> {
    let timer = |kind, due_at| Row::Timer(TimerRow { request: row.id.clone(), kind, due_at });
    let before = verdict.remind_before.zip(row.expires_at);
    let remind = before.and_then(|(before, end)| end.checked_sub(before).ok()).filter(|due| *due > now);
    let escalate = next_escalation(row, verdict, now);
    let reminder = remind.map(|due_at| timer(TimerKind::Reminder, due_at));
    reminder.into_iter().chain(escalate.map(|due_at| timer(TimerKind::Escalation, due_at))).collect()
}

/// When the next ones are told that nobody has decided.
pub(super) fn next_escalation(row: &RequestRow, verdict: &Verdict, now: Timestamp) -> Option<Timestamp> {
    let since = row.waits_since?;
    let times = verdict.escalations.iter().filter_map(|step| since.checked_add(step.after).ok());
    times.filter(|due| *due > now).min()
}
