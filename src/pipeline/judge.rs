use std::sync::Arc;

use super::matter::Matter;
use super::{Rooms, Trouble, answer, entries, shown};
use crate::audit::{Entry, Step};
use crate::catalog::{Call, EffectClass, Short};
use crate::domain::{Origin, Place, Reply, RequestId};
use crate::execute::FactReading;
use crate::gate::{Asking, Decision, Policy, Verdict, decide, prospects};
use crate::store::{Author, Guard, MessageBody, MessageRow, RequestRow, RequestState, Row};

/// The reason, in figures, of a refusal because of how things are: a version that there is not, a target that is not there.
const NO_WAY: &str = "no-way";

impl Rooms {
    /// Reads the facts and lets the gate decide: run it, ask the asker, ask others, or say no.
    pub(super) async fn judge(
        self: &Arc<Self>,
        mut row: RequestRow,
        call: Call,
        origin: Origin,
        read: Vec<Entry>,
    ) -> Result<(), Trouble> {
        row.tool = Some(call.tool().to_owned());
        row.args = call.args().clone();
        row.command = Some(self.catalog.render(&call));
        row.target = Some(call.target().to_owned());
        row.environment = call.environment().map(str::to_owned);
        row.origin = Some(origin.clone());
        row.reason = row.reason.or_else(|| reason_of(&call));
        let policy = self.policy.load_full();

        // Whoever may not do this at all learns nothing about the back ends.
        let reading = if self.hopeless(&policy, &row, &call) {
            FactReading::default()
        } else {
            self.hands.facts(&call).await
        };
        if let Some(sentence) = reading.missing {
            row.note = Some(sentence.clone());
            row.measures.reason = Some(NO_WAY.to_owned());
            return Box::pin(self.conclude(row, RequestState::Refused, answer::refused(&sentence), read))
                .await;
        }
        if let Some(why) = reading.unread {
            let sentence = answer::unread(&why);
            row.note = Some(sentence.clone());
            row.measures.reason = Some("unread".to_owned());
            return Box::pin(self.conclude(row, RequestState::Refused, answer::refused(&sentence), read))
                .await;
        }
        row.facts = reading.facts;
        row.unreadable = reading.unreadable;
        row.denied = self.denied_lately(&call).await?;
        let mut matter = self.matter_of(row, call).await?;
        matter.entries = read;
        matter.facts_at = self.clock.now();
        self.look_earlier(&mut matter).await;
        let verdict = decide(&policy, &matter.case(self.clock.now()));
        matter.entries.push(entries::judged(&matter, &verdict, self.clock.now()));
        if verdict.decision == Decision::Deny {
            return Box::pin(self.deny(matter, &verdict)).await;
        }
        if let Some(short) = matter.assessment.short.clone() {
            return self.cut_short(matter, short).await;
        }
        if let Some(why) = self.read_only(matter.assessment.class) {
            return self.hold_back(matter, &why).await;
        }
        match verdict.decision {
            Decision::Allow => Box::pin(self.start(matter)).await,
            Decision::Confirm | Decision::NeedApproval => Box::pin(self.ask(matter, verdict)).await,
            Decision::Deny => Ok(()),
        }
    }

    /// Whether nothing of this tool is open to this person in this place, whatever the facts are.
    fn hopeless(&self, policy: &Policy, row: &RequestRow, call: &Call) -> bool {
        let Some(person) = &row.asker else { return true };
        let membership = self.roster.now();
        let asking = Asking { person, place: &row.place, membership: &membership, now: self.clock.now() };
        prospects(policy, &asking, call.tool())
            .iter()
            .filter(|prospect| {
                call.environment().is_none() || prospect.environment.as_deref() == call.environment()
            })
            .all(|prospect| prospect.decision == Decision::Deny)
    }

    async fn deny(self: &Arc<Self>, matter: Matter, verdict: &Verdict) -> Result<(), Trouble> {
        let mut row = matter.row;
        row.note = Some(verdict.sentence().to_owned());
        row.policy = Some(verdict.policy);
        row.measures.reason = verdict.findings.first().map(|finding| finding.reason.as_str().to_owned());
        let reply = answer::denied_by_gate(&row, verdict);
        Box::pin(self.conclude(row, RequestState::Refused, reply, matter.entries)).await
    }

    /// Does not start it, because the record is not the one that we swore to. What was agreed to stands.
    pub(super) async fn hold_back(self: &Arc<Self>, matter: Matter, why: &str) -> Result<(), Trouble> {
        let Matter { mut row, entries, .. } = matter;
        match row.state {
            RequestState::Received => {
                row.note = Some(why.to_owned());
                row.measures.reason = Some("read-only".to_owned());
                self.conclude(row, RequestState::Refused, answer::refused(why), entries).await
            }
            RequestState::Waiting => {
                self.remark(&row, answer::try_again(answer::refused(why)), entries).await
            }
            // It is tried again every second, without a word.
            RequestState::Approved
            | RequestState::Started
            | RequestState::Done
            | RequestState::Failed
            | RequestState::Unknown
            | RequestState::Answered
            | RequestState::Refused
            | RequestState::Denied
            | RequestState::Expired
            | RequestState::Withdrawn
            | RequestState::Superseded => Ok(()),
        }
    }

    async fn cut_short(self: &Arc<Self>, matter: Matter, short: Short) -> Result<(), Trouble> {
        let mut row = matter.row;
        let (state, reply, note) = match short {
            Short::Refuse(sentence) => (RequestState::Refused, answer::refused(&sentence), sentence),
            Short::Answer(sentence) => (RequestState::Answered, answer::already_so(&sentence), sentence),
        };
        row.note = Some(note);
        if state == RequestState::Refused {
            row.measures.reason = Some(NO_WAY.to_owned());
        }
        Box::pin(self.conclude(row, state, reply, matter.entries)).await
    }

    /// Ends a request that did not run, with a last word on its card.
    pub(super) async fn conclude(
        self: &Arc<Self>,
        mut row: RequestRow,
        state: RequestState,
        mut reply: Reply,
        mut entries: Vec<Entry>,
    ) -> Result<(), Trouble> {
        let now = self.clock.now();
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        row.state = state;
        row.finished_at = Some(now);
        row.awaits.clear();
        if reply.command.is_none() {
            reply.command.clone_from(&row.command);
        }
        let reply = answer::read_by(reply, &row);
        let (row, rows) = self.with_card(row, reply.clone())?;
        entries.push(entries::ended(&row, now));
        entries.push(entries::replied(&row, &reply, now));
        // Refused means that somebody else moved it on; then theirs is the last word.
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(())
    }

    /// Ends a request in silence: nothing was asked of us.
    pub(super) async fn pass_over(
        self: &Arc<Self>,
        mut row: RequestRow,
        entry: Entry,
    ) -> Result<(), Trouble> {
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        row.state = RequestState::Answered;
        row.finished_at = Some(self.clock.now());
        let rows = vec![Row::Request(Box::new(row))];
        let _moved_on = self.write(Step { guard, rows, entries: vec![entry] }).await?;
        Ok(())
    }

    /// The row with its card, and both as rows to put. The card carries the version of its row, so that an older
    /// picture never replaces a newer one.
    pub(super) fn with_card(
        &self,
        mut row: RequestRow,
        reply: Reply,
    ) -> Result<(RequestRow, Vec<Row>), Trouble> {
        let now = self.clock.now();
        let first = row.card.is_none();
        let id = match row.card.clone() {
            Some(id) => id,
            None => self.mint.message_id()?,
        };
        let at = id.minted_at();
        row.card = Some(id.clone());
        let reply = Reply { request: Some(row.id.clone()), nonce: row.nonce.clone(), ..self.dressed(reply) };
        let card = MessageRow {
            id,
            place: row.place.clone(),
            author: Author::Bot,
            body: MessageBody::Reply { reply },
            request: Some(row.id.clone()),
            at,
            edited_at: (!first).then_some(now),
            deleted: false,
            version: row.version,
            delivered: shown(row.place.platform, row.version),
            remote: None,
        };
        let rows = vec![Row::Request(Box::new(row.clone())), Row::Message(Box::new(card))];
        Ok((row, rows))
    }

    /// The reply, with a word more while nothing is changed.
    fn dressed(&self, reply: Reply) -> Reply {
        match self.read_only(EffectClass::Write) {
            Some(why) if reply.title != why => answer::noting(reply, why),
            Some(_) | None => reply,
        }
    }

    /// Says something in the thread of a request, beside its card.
    pub(super) async fn remark(
        self: &Arc<Self>,
        row: &RequestRow,
        reply: Reply,
        mut entries: Vec<Entry>,
    ) -> Result<(), Trouble> {
        let (remark, entry) = self.remark_row(row, reply)?;
        entries.push(entry);
        let _always_open = self.write(Step { guard: Guard::Open, rows: vec![remark], entries }).await?;
        Ok(())
    }

    /// The same as a row and an entry, for a step that does more.
    pub(super) fn remark_row(&self, row: &RequestRow, reply: Reply) -> Result<(Row, Entry), Trouble> {
        let reply = Reply { request: Some(row.id.clone()), ..self.dressed(reply) };
        let entry = entries::replied(row, &reply, self.clock.now());
        let message = self.message(&row.place, Some(&row.id), reply)?;
        Ok((Row::Message(Box::new(message)), entry))
    }

    /// A new message of the bot.
    pub(super) fn message(
        &self,
        place: &Place,
        request: Option<&RequestId>,
        reply: Reply,
    ) -> Result<MessageRow, Trouble> {
        Ok(MessageRow {
            id: self.mint.message_id()?,
            place: place.clone(),
            author: Author::Bot,
            body: MessageBody::Reply { reply },
            request: request.cloned(),
            at: self.clock.now(),
            edited_at: None,
            deleted: false,
            version: 1,
            delivered: shown(place.platform, 1),
            remote: None,
        })
    }

    /// Tells the person that something of ours is broken. Best effort: what is broken may be what this needs.
    pub(super) async fn apologise(self: &Arc<Self>, request: Option<RequestId>, trouble: &Trouble) {
        let Some(request) = request else { return };
        let Ok(Some(row)) = self.store.request(&request).await else { return };
        let reply = answer::trouble(trouble);
        let told = match row.state {
            RequestState::Received => {
                Box::pin(self.conclude(row, RequestState::Failed, reply, Vec::new())).await
            }
            RequestState::Waiting => self.remark(&row, answer::try_again(reply), Vec::new()).await,
            RequestState::Approved
            | RequestState::Started
            | RequestState::Done
            | RequestState::Failed
            | RequestState::Unknown
            | RequestState::Answered
            | RequestState::Refused
            | RequestState::Denied
            | RequestState::Expired
            | RequestState::Withdrawn
            | RequestState::Superseded => Ok(()),
        };
        if let Err(again) = told {
            tracing::error!(%request, "the person could not be told: {again}");
        }
    }
}

/// The reason that a call carries itself: tools such as `lock` have an argument for it.
pub(super) fn reason_of(call: &Call) -> Option<String> {
    call.args().get("reason").and_then(serde_json::Value::as_str).map(str::to_owned)
}
