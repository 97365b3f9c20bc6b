use std::sync::Arc;

use super::matter::Matter;
use super::receive::{Press, Presser};
use super::{Rooms, Trouble, answer, entries};
use crate::audit::Step;
use crate::domain::{Action, MessageId, PersonId, Reply, Tone};
use crate::gate::{Choice, Decision, VoteReason, decide, weigh};
use crate::store::{Guard, RequestRow, RequestState, Row, VoteRow};

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

impl Rooms {
    /// Counts a press, or says to the person why it does not count.
    pub(super) async fn pressed(self: &Arc<Self>, press: Press) -> Result<(), Trouble> {
        for _try in 0..TRIES {
            let Some(row) = self.store.request(&press.request).await? else { return Ok(()) };
            let pressed = self.press(&row, &press).await?;
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
            return Ok(Pressed::Refused("your account is not linked to a person in the policy".to_owned()));
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
            Action::Withdraw => self.withdraw(row, person).await,
            Action::Confirm => self.confirm(row, person, press).await,
            Action::Retract => self.retract(row, person, press).await,
            // The asker's ✅ on a card that waits for nothing but their word is that word.
            Action::Approve if row.asker.as_ref() == Some(person) && row.awaits == [person.clone()] => {
                self.confirm(row, person, press).await
            }
            Action::Approve => self.vote(row, person, Choice::Approve, press).await,
            Action::Deny if row.asker.as_ref() == Some(person) => self.withdraw(row, person).await,
            Action::Deny => self.vote(row, person, Choice::Deny, press).await,
        }
    }

    async fn withdraw(self: &Arc<Self>, row: &RequestRow, person: &PersonId) -> Result<Pressed, Trouble> {
        if row.asker.as_ref() != Some(person) {
            let asker = row.asker.as_ref().map_or("the asker", |asker| asker.0.as_str());
            return Ok(Pressed::Refused(format!("only {asker} can withdraw this")));
        }
        self.end(row.clone(), RequestState::Withdrawn, format!("{person} took it back"), Some(person))
            .await?;
        Ok(Pressed::Counted)
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
        self.put_vote(row, next, Vec::new(), entries::voted(row, press, person, self.clock.now())).await
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
        self.put_vote(row, next, vec![gone], entries::voted(row, press, person, self.clock.now())).await
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
        let Some(matter) = self.matter(row.clone()).await? else {
            return Ok(Pressed::Refused("what it asks for does not exist any more".to_owned()));
        };
        if let Err(refusal) = weigh(&policy, &matter.case(now), Some(person), choice, press.by.verify) {
            // Everybody has agreed, and still it waits: its start broke off. The press is good for another try.
            let agreed = matches!(refusal.reason, VoteReason::Repeated | VoteReason::Complete);
            if agreed && decide(&policy, &matter.case(now)).decision == Decision::Allow {
                self.carry_out(matter).await?;
                return Ok(Pressed::Counted);
            }
            return Ok(Pressed::Refused(refusal.sentence));
        }
        let vote = VoteRow {
            request: row.id.clone(),
            person: person.clone(),
            identity: press.by.identity.clone(),
            choice: match choice {
                Choice::Approve => "approve".to_owned(),
                Choice::Deny => "deny".to_owned(),
            },
            binding: matter.binding(&policy, now),
            verify: press.by.verify.as_str().to_owned(),
            note: press.note.clone(),
            at: now,
        };
        let entry = entries::voted(row, press, person, now);
        if choice == Choice::Deny {
            return self.denied_by(row, person, press, Row::Vote(vote), entry).await;
        }
        self.put_vote(row, row.clone(), vec![Row::Vote(vote)], entry).await
    }

    async fn denied_by(
        self: &Arc<Self>,
        row: &RequestRow,
        person: &PersonId,
        press: &Press,
        vote: Row,
        entry: crate::audit::Entry,
    ) -> Result<Pressed, Trouble> {
        let mut next = row.clone();
        let reason = press.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        next.note = Some(format!("{person} said no{reason}"));
        next.state = RequestState::Denied;
        let mut rows = vec![vote];
        let (step, told) = self.end_step(row, next, &mut rows, vec![entry])?;
        if self.write(step).await?.is_err() {
            return Ok(Pressed::Again);
        }
        self.remark(row, told, Vec::new()).await?;
        Ok(Pressed::Counted)
    }

    /// Writes a vote down together with the card that shows it, then lets the gate look again.
    async fn put_vote(
        self: &Arc<Self>,
        before: &RequestRow,
        mut next: RequestRow,
        mut rows: Vec<Row>,
        entry: crate::audit::Entry,
    ) -> Result<Pressed, Trouble> {
        let guard = Guard::Request { id: before.id.clone(), version: before.version };
        next.version += 1;
        rows.push(Row::Request(Box::new(next)));
        if self.write(Step { guard, rows, entries: vec![entry] }).await?.is_err() {
            return Ok(Pressed::Again);
        }
        let Some(row) = self.store.request(&before.id).await? else { return Ok(Pressed::Counted) };
        if let Some(matter) = self.matter(row).await? {
            self.look_again(matter).await?;
        }
        Ok(Pressed::Counted)
    }

    /// Starts a request that everybody has agreed to and that did not start when they did.
    pub(super) async fn agreed(self: &Arc<Self>, row: RequestRow) -> Result<(), Trouble> {
        let Some(matter) = self.matter(row).await? else { return Ok(()) };
        match decide(&self.policy.load(), &matter.case(self.clock.now())).decision {
            Decision::Allow => self.carry_out(matter).await,
            Decision::Confirm | Decision::NeedApproval | Decision::Deny => Ok(()),
        }
    }

    /// With the votes as they are now: run it, or show on the card who has agreed and who is still to.
    pub(super) async fn look_again(self: &Arc<Self>, matter: Matter) -> Result<(), Trouble> {
        if !matter.row.state.is_open() {
            return Ok(());
        }
        let verdict = decide(&self.policy.load(), &matter.case(self.clock.now()));
        match verdict.decision {
            Decision::Allow => self.carry_out(matter).await,
            Decision::Deny => {
                let why = verdict.sentence().to_owned();
                self.end(matter.row, RequestState::Refused, why, None).await
            }
            Decision::Confirm | Decision::NeedApproval => {
                let mut row = matter.row.clone();
                let guard = Guard::Request { id: row.id.clone(), version: row.version };
                row.version += 1;
                row.awaits = answer::awaits(&row, &verdict);
                let reply = answer::waiting(&Matter { row: row.clone(), ..matter }, &verdict, &self.zone());
                let (_, rows) = self.with_card(row, reply)?;
                let _moved_on = self.write(Step { guard, rows, entries: Vec::new() }).await?;
                Ok(())
            }
        }
    }

    /// Ends a request before it ran, on its card and in a line that notifies the asker.
    pub(super) async fn end(
        self: &Arc<Self>,
        row: RequestRow,
        state: RequestState,
        why: String,
        by: Option<&PersonId>,
    ) -> Result<(), Trouble> {
        let mut next = row.clone();
        next.state = state;
        next.note = Some(why);
        let (step, told) = self.end_step(&row, next, &mut Vec::new(), Vec::new())?;
        if self.write(step).await?.is_ok() && by != row.asker.as_ref() {
            self.remark(&row, told, Vec::new()).await?;
        }
        Ok(())
    }

    /// The step that ends a request, and the line that tells the asker.
    fn end_step(
        &self,
        before: &RequestRow,
        mut next: RequestRow,
        rows: &mut Vec<Row>,
        mut entries: Vec<crate::audit::Entry>,
    ) -> Result<(Step, Reply), Trouble> {
        let now = self.clock.now();
        next.version = before.version + 1;
        next.finished_at = Some(now);
        next.awaits.clear();
        let reply = answer::ended(&next);
        let told = answer::tell_asker(&next);
        let (next, put) = self.with_card(next, reply.clone())?;
        rows.extend(put);
        entries.push(entries::ended(&next, now));
        entries.push(entries::replied(&next, &reply, now));
        let guard = Guard::Request { id: before.id.clone(), version: before.version };
        Ok((Step { guard, rows: std::mem::take(rows), entries }, told))
    }

    /// The message that asked was deleted: that withdraws what has not started.
    pub(super) async fn gone(self: &Arc<Self>, message: &MessageId, by: &Presser) -> Result<(), Trouble> {
        let Some(request) = self.store.message(message).await?.and_then(|message| message.request) else {
            return Ok(());
        };
        let Some(row) = self.store.request(&request).await? else { return Ok(()) };
        let open = matches!(row.state, RequestState::Waiting | RequestState::Approved);
        if row.message == *message && open && row.asker.is_some() && row.asker == by.person {
            self.end(row, RequestState::Withdrawn, "the message that asked was deleted".to_owned(), None)
                .await?;
        }
        Ok(())
    }

    /// Editing a message never changes what was asked. Where that could surprise, it is said.
    pub(super) async fn edited(self: &Arc<Self>, message: &MessageId) -> Result<(), Trouble> {
        let Some(request) = self.store.message(message).await?.and_then(|message| message.request) else {
            return Ok(());
        };
        let Some(row) = self.store.request(&request).await? else { return Ok(()) };
        if row.message != *message || row.command.is_none() {
            return Ok(());
        }
        let command = row.command.as_deref().unwrap_or_default();
        let text = format!(
            "An edited message changes nothing: this is still {command}. Write it anew to change it."
        );
        self.remark(&row, Reply::say(Tone::Info, text), Vec::new()).await
    }
}
