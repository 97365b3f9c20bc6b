use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::Stand;
use super::end::Ending;
use super::matter::Matter;
use super::receive::Press;
use super::start::passing;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Entry, Step};
use crate::domain::{Action, PersonId};
use crate::gate::{Choice, Decision, ReasonCode, Verdict, Verify, VoteReason, decide, weigh};
use crate::store::{Guard, RequestRow, RequestState, Row, VoteRow};

/// What the most approvals of one person are counted over.
const HOUR: Duration = Duration::from_secs(3_600);

/// How often a vote is tried again when others vote at the same moment.
const TRIES: u32 = 8;

/// What came of a press.
enum Pressed {
    /// It counted and is written down.
    Counted,
    /// Somebody else was faster; look again.
    Again,
    /// It does not count, and why.
    Refused(String),
}

/// A vote that is about to be written down.
struct Cast {
    next: RequestRow,
    vote: Option<Row>,
    entry: Entry,
    news: News,
}

/// What the asker has not heard yet.
pub(super) enum News {
    Nothing,
    /// Somebody agreed, and more is needed.
    Agreed(PersonId),
    /// Somebody took their agreement back.
    TookBack(PersonId),
}

/// How sure we are who pressed. Where the target's name must be typed, nothing else shows that somebody looked.
fn verified(verdict: &Verdict, row: &RequestRow, press: &Press) -> Verify {
    match verdict.verify {
        Verify::Chat | Verify::Console => press.by.verify,
        Verify::Type if press.typed.is_some() && press.typed == row.target => Verify::Type,
        Verify::Type => Verify::Chat,
    }
}

impl Rooms {
    /// Counts a press, or says to the person why it does not count.
    pub(super) async fn pressed(self: &Arc<Self>, press: Press) -> Result<(), Trouble> {
        for _try in 0..TRIES {
            let Some(row) = self.store.request(&press.request).await? else { return Ok(()) };
            // Another replica may have put it up under a policy that this one has not read yet.
            if row.policy.is_some_and(|policy| policy != self.policy.load().digest()) {
                Box::pin(self.follow_policy()).await?;
            }
            let pressed = Box::pin(self.press(&row, &press)).await?;
            match pressed {
                Pressed::Counted => return Ok(()),
                Pressed::Again => {}
                Pressed::Refused(sentence) => {
                    let entry = entries::vote_refused(&row, &press, &sentence, self.clock.now());
                    return self
                        .remark(&row, answer::not_counted(&press.by.display, &sentence), vec![entry])
                        .await;
                }
            }
        }
        Ok(())
    }

    async fn press(self: &Arc<Self>, row: &RequestRow, press: &Press) -> Result<Pressed, Trouble> {
        let Some(person) = &press.by.person else {
            return Ok(Pressed::Refused(format!(
                "your account is not linked to a person in the policy; ask an administrator to add {}",
                press.by.account.identity()
            )));
        };
        if !row.state.is_open() {
            return Ok(Pressed::Refused(answer::too_late(row)));
        }
        if press.nonce.as_ref().is_some_and(|nonce| *nonce != row.nonce) {
            return Ok(Pressed::Refused(
                "the card has changed since; please look at it as it is now".to_owned(),
            ));
        }
        match press.action {
            // Whoever takes back what is their own stops something, and may always do that.
            Action::Withdraw | Action::Retract => {}
            Action::Confirm | Action::Approve | Action::Deny => {
                if let Some(why) = self.roster.bars(&press.by.account).await {
                    return Ok(Pressed::Refused(why));
                }
            }
        }
        match press.action {
            Action::Withdraw => self.withdraw(row, person).await,
            Action::Confirm => self.confirm(row, person, press).await,
            Action::Retract => self.retract(row, person, press).await,
            // The asker's ✅ on a card that waits for nothing but their word is that word.
            Action::Approve if row.asker.as_ref() == Some(person) && row.awaits == [person.clone()] => {
                self.confirm(row, person, press).await
            }
            Action::Approve => Box::pin(self.vote(row, person, Choice::Approve, press)).await,
            Action::Deny if row.asker.as_ref() == Some(person) => self.withdraw(row, person).await,
            Action::Deny => Box::pin(self.vote(row, person, Choice::Deny, press)).await,
        }
    }

    async fn withdraw(self: &Arc<Self>, row: &RequestRow, person: &PersonId) -> Result<Pressed, Trouble> {
        if row.asker.as_ref() != Some(person) {
            let asker = row.asker.as_ref().map_or("the asker", |asker| asker.0.as_str());
            return Ok(Pressed::Refused(format!("only {asker} can withdraw this")));
        }
        let why = format!("{person} took it back");
        let written = self.try_end(row.clone(), RequestState::Withdrawn, why, Some(person)).await?;
        Ok(if written.is_err() { Pressed::Again } else { Pressed::Counted })
    }

    async fn confirm(
        self: &Arc<Self>,
        row: &RequestRow,
        person: &PersonId,
        press: &Press,
    ) -> Result<Pressed, Trouble> {
        if row.asker.as_ref() != Some(person) {
            let asker = row.asker.as_ref().map_or("the asker", |asker| asker.0.as_str());
            return Ok(Pressed::Refused(format!("only {asker} can confirm this")));
        }
        let mut next = row.clone();
        next.confirmed_by = Some(person.clone());
        if !row.steps.is_empty() {
            let entry = entries::voted(row, press, person, self.clock.now());
            self.begin(next, row.version, vec![entry]).await?;
            return Ok(Pressed::Counted);
        }
        let entry = entries::voted(row, press, person, self.clock.now());
        Box::pin(self.put_vote(row, Cast { next, vote: None, entry, news: News::Nothing })).await
    }

    async fn retract(
        self: &Arc<Self>,
        row: &RequestRow,
        person: &PersonId,
        press: &Press,
    ) -> Result<Pressed, Trouble> {
        let voted = self.store.votes(&row.id).await?.iter().any(|vote| vote.person == *person);
        let confirmed = row.confirmed_by.as_ref() == Some(person);
        if !voted && !confirmed {
            // A ✅ that never counted may be taken away without a word.
            return Ok(Pressed::Counted);
        }
        let mut next = row.clone();
        if confirmed {
            next.confirmed_by = None;
        }
        let gone = Row::VoteGone { request: row.id.clone(), person: person.clone() };
        let cast = Cast {
            next,
            vote: Some(gone),
            entry: entries::voted(row, press, person, self.clock.now()),
            news: if voted { News::TookBack(person.clone()) } else { News::Nothing },
        };
        Box::pin(self.put_vote(row, cast)).await
    }

    async fn vote(
        self: &Arc<Self>,
        row: &RequestRow,
        person: &PersonId,
        choice: Choice,
        press: &Press,
    ) -> Result<Pressed, Trouble> {
        let now = self.clock.now();
        let policy = self.policy.load_full();
        let Some(mut matter) = self.matter(row.clone()).await? else {
            return Ok(Pressed::Refused("what it asks for does not exist any more".to_owned()));
        };
        if choice == Choice::Approve {
            self.look_earlier(&mut matter).await;
        }
        let verdict = decide(&policy, &matter.case(now));
        let verify = verified(&verdict, row, press);
        if choice == Choice::Approve {
            let hour_ago = now.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
            let given = self.store.approvals_of(person, hour_ago).await?;
            matter.standing.approvals.insert(person.clone(), given);
        }
        if let Err(refusal) = weigh(&policy, &matter.case(now), Some(person), choice, verify) {
            // Everybody has agreed, and still it waits: its start broke off. The press is good for another try.
            let agreed = matches!(refusal.reason, VoteReason::Repeated | VoteReason::Complete);
            if agreed && verdict.decision == Decision::Allow {
                Box::pin(self.carry_out(matter)).await?;
                return Ok(Pressed::Counted);
            }
            return Ok(Pressed::Refused(refusal.sentence));
        }
        if let (Choice::Approve, Some(bar)) = (choice, passing(&verdict)) {
            return Ok(Pressed::Refused(format!("{bar}; agree again when that is over")));
        }
        let vote = Row::Vote(VoteRow {
            request: row.id.clone(),
            person: person.clone(),
            identity: press.by.account.identity(),
            choice: match choice {
                Choice::Approve => "approve".to_owned(),
                Choice::Deny => "deny".to_owned(),
            },
            binding: matter.binding(&policy, now),
            verify: verify.as_str().to_owned(),
            note: press.note.clone(),
            at: now,
        });
        let entry = entries::voted(row, press, person, now).with("verify", verify.as_str());
        if choice == Choice::Deny {
            return Box::pin(self.denied_by(row, (person, press), vote, entry)).await;
        }
        let news = News::Agreed(person.clone());
        Box::pin(self.put_vote(row, Cast { next: matter.row, vote: Some(vote), entry, news })).await
    }

    async fn denied_by(
        self: &Arc<Self>,
        row: &RequestRow,
        (person, press): (&PersonId, &Press),
        vote: Row,
        entry: Entry,
    ) -> Result<Pressed, Trouble> {
        let mut next = row.clone();
        let reason = press.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        next.note = Some(format!("{person} said no{reason}"));
        next.state = RequestState::Denied;
        let Ending { mut step, told } = self.ending(row, next)?;
        step.rows.push(vote);
        step.entries.insert(0, entry);
        let (remark, entry) = self.remark_row(row, told)?;
        step.rows.push(remark);
        step.entries.push(entry);
        Ok(if self.write(step).await?.is_err() { Pressed::Again } else { Pressed::Counted })
    }

    /// Writes a vote down together with the card that shows it, then lets the gate look again.
    async fn put_vote(self: &Arc<Self>, before: &RequestRow, cast: Cast) -> Result<Pressed, Trouble> {
        let Cast { mut next, vote, entry, news } = cast;
        let guard = Guard::Request { id: before.id.clone(), version: before.version };
        next.version += 1;
        let rows = vote.into_iter().chain([Row::Request(Box::new(next))]).collect();
        if self.write(Step { guard, rows, entries: vec![entry] }).await?.is_err() {
            return Ok(Pressed::Again);
        }
        let Some(row) = self.store.request(&before.id).await? else { return Ok(Pressed::Counted) };
        if let Some(matter) = self.matter(row).await? {
            Box::pin(self.look_again(matter, news)).await?;
        }
        Ok(Pressed::Counted)
    }

    /// Starts a request that everybody has agreed to and that did not start when they did.
    pub(super) async fn agreed(self: &Arc<Self>, row: RequestRow) -> Result<(), Trouble> {
        let Some(matter) = self.matter(row).await? else { return Ok(()) };
        match decide(&self.policy.load(), &matter.case(self.clock.now())).decision {
            Decision::Allow => Box::pin(self.carry_out(matter)).await,
            Decision::Confirm | Decision::NeedApproval | Decision::Deny => Ok(()),
        }
    }

    /// With the votes as they are now: run it, or show on the card who has agreed and who is still to, and tell the asker
    /// what is new.
    pub(super) async fn look_again(self: &Arc<Self>, matter: Matter, news: News) -> Result<(), Trouble> {
        if !matter.row.state.is_open() {
            return Ok(());
        }
        let policy = self.policy.load_full();
        let verdict = decide(&policy, &matter.case(self.clock.now()));
        match verdict.decision {
            Decision::Allow => Box::pin(self.carry_out(matter)).await,
            Decision::Deny if passing(&verdict).is_none() => {
                let expired = verdict.findings.iter().any(|finding| finding.reason == ReasonCode::Expired);
                let state = if expired { RequestState::Expired } else { RequestState::Refused };
                let why = verdict.sentence().to_owned();
                self.end(matter.row, state, why, None).await
            }
            Decision::Deny | Decision::Confirm | Decision::NeedApproval => {
                let mut row = matter.row.clone();
                let guard = Guard::Request { id: row.id.clone(), version: row.version };
                row.version += 1;
                // What waited for its turn waits for people again.
                (row.state, row.start_by) = (RequestState::Waiting, None);
                Stand::of(&matter, &policy, &verdict, self.clock.now()).note(&mut row);
                let details = self.details(&row);
                let matter = Matter { row: row.clone(), ..matter };
                let reply = answer::waiting(&matter, &verdict, &self.zone()).code(details);
                let (row, mut rows) = self.with_card(row, reply)?;
                let mut entries = Vec::new();
                if let Some(reply) = answer::news(&row, &news, &verdict) {
                    let (remark, entry) = self.remark_row(&row, reply)?;
                    rows.push(remark);
                    entries.push(entry);
                }
                let _moved_on = self.write(Step { guard, rows, entries }).await?;
                Ok(())
            }
        }
    }
}
