//! Several things asked for in one message: an ordered plan on one card. The asker confirms the whole once; each step is
//! judged on its own when its turn comes, and the first that does not work ends the plan.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::language::Worded;
use super::matter::Matter;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Entry, Step};
use crate::catalog::Short;
use crate::clock;
use crate::domain::{Origin, Proposal, RequestId};
use crate::gate::{Decision, Verdict, decide};
use crate::store::{Guard, PlannedStep, RequestRow, RequestState, Row};

/// How often a plan is moved on again when somebody else moves it at the same moment.
const TRIES: u32 = 5;

impl Rooms {
    /// Puts up a plan. If one step can never run, none does.
    pub(super) async fn plan(
        self: &Arc<Self>,
        mut row: RequestRow,
        calls: Vec<Worded>,
        entry: Entry,
    ) -> Result<(), Trouble> {
        let mut entries = vec![entry];
        let mut mutates = false;
        for worded in calls {
            let step = RequestRow {
                origin: Some(worded.origin.clone()),
                words: Some(worded.words.clone()),
                ..row.clone()
            };
            let (matter, verdict) = self.look_ahead(step, &worded).await?;
            let refusal = match (&verdict.decision, &matter.assessment.short) {
                (Decision::Deny, _) => Some(verdict.sentence().to_owned()),
                (_, Some(Short::Refuse(sentence))) => Some(sentence.clone()),
                (_, Some(Short::Answer(_)) | None) => None,
            };
            entries.push(entries::judged(&matter, &verdict, self.clock.now()));
            let command = matter.row.command.clone().unwrap_or_default();
            if let Some(sentence) = refusal {
                let reply = answer::plan_refused(&command, &sentence);
                row.note = Some(sentence);
                return Box::pin(self.conclude(row, RequestState::Refused, reply, entries)).await;
            }
            mutates |= matter.assessment.class.mutates();
            row.steps.push(PlannedStep {
                tool: worded.call.tool().to_owned(),
                args: worded.call.args().clone(),
                command,
                words: worded.words,
                takes: answer::takes(&verdict),
                request: None,
                state: None,
                note: None,
            });
        }
        if mutates {
            return self.put_up_plan(row, entries).await;
        }
        let version = row.version;
        self.begin(RequestRow { state: RequestState::Waiting, ..row }, version, entries).await
    }

    /// What a step would come to if it were asked for now.
    async fn look_ahead(&self, mut row: RequestRow, worded: &Worded) -> Result<(Matter, Verdict), Trouble> {
        row.tool = Some(worded.call.tool().to_owned());
        row.args = worded.call.args().clone();
        row.command = Some(self.catalog.render(&worded.call));
        let reading = self.hands.facts(&worded.call).await;
        row.facts = reading.facts;
        row.unreadable = reading.unreadable;
        let matter = self.matter_of(row, worded.call.clone()).await?;
        let verdict = decide(&self.policy.load(), &matter.case(self.clock.now()));
        Ok((matter, verdict))
    }

    /// Waits for the asker to confirm the plan.
    async fn put_up_plan(
        self: &Arc<Self>,
        mut row: RequestRow,
        mut entries: Vec<Entry>,
    ) -> Result<(), Trouble> {
        let now = self.clock.now();
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        row.state = RequestState::Waiting;
        row.nonce = clock::token(self.entropy.as_ref())?.chars().take(16).collect();
        row.expires_at = now.checked_add(self.policy.load().defaults().expires_after).ok();
        row.awaits = row.asker.iter().cloned().collect();
        let reply = answer::plan(&row);
        let (row, rows) = self.with_card(row, reply.clone())?;
        entries.push(entries::replied(&row, &reply, now));
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(())
    }

    /// The asker said yes: the first step's turn.
    pub(super) async fn begin(
        self: &Arc<Self>,
        mut row: RequestRow,
        version: i64,
        entries: Vec<Entry>,
    ) -> Result<(), Trouble> {
        let guard = Guard::Request { id: row.id.clone(), version };
        row.version = version + 1;
        row.state = RequestState::Started;
        row.started_at = Some(self.clock.now());
        row.awaits.clear();
        let reply = answer::plan(&row);
        let (row, rows) = self.with_card(row, reply)?;
        if self.write(Step { guard, rows, entries }).await?.is_ok() {
            self.advance(&row.id).await?;
        }
        Ok(())
    }

    /// Moves a plan on by what has become of its steps. Boxed, because a step's end leads here and here leads to a step.
    pub(super) fn advance<'a>(
        self: &'a Arc<Self>,
        plan: &'a RequestId,
    ) -> BoxFuture<'a, Result<(), Trouble>> {
        async move {
            for _try in 0..TRIES {
                let Some(mut row) = self.store.request(plan).await? else { return Ok(()) };
                if row.state != RequestState::Started {
                    return Ok(());
                }
                self.look_at_steps(&mut row).await?;
                let next = next(&row);
                let child = match next {
                    Next::Step(index) => Some(self.child(&mut row, index)?),
                    Next::Wait | Next::Over(_) => None,
                };
                if let Next::Over(state) = next {
                    row.state = state;
                    row.finished_at = Some(self.clock.now());
                    row.note = Some(answer::plan_outcome(&row));
                }
                if self.put_plan(row, child.as_ref()).await? {
                    if let Some(child) = child {
                        self.start_step_of_plan(child).await?;
                    }
                    return Ok(());
                }
            }
            Ok(())
        }
        .boxed()
    }

    async fn look_at_steps(&self, row: &mut RequestRow) -> Result<(), Trouble> {
        for step in &mut row.steps {
            let Some(request) = &step.request else { continue };
            if let Some(child) = self.store.request(request).await? {
                step.state = Some(child.state);
                step.note = child.note;
            }
        }
        Ok(())
    }

    /// The request that a step becomes. The asker has confirmed exactly this command with the plan.
    fn child(&self, plan: &mut RequestRow, index: usize) -> Result<RequestRow, Trouble> {
        let id = self.mint.request_id()?;
        let template = RequestRow {
            id: id.clone(),
            state: RequestState::Received,
            card: None,
            plan: Some(plan.id.clone()),
            steps: Vec::new(),
            created_at: self.clock.now(),
            started_at: None,
            expires_at: None,
            note: None,
            version: 1,
            ..plan.clone()
        };
        let Some(step) = plan.steps.get_mut(index) else { return Ok(template) };
        step.request = Some(id);
        step.state = Some(RequestState::Received);
        Ok(RequestRow {
            tool: Some(step.tool.clone()),
            args: step.args.clone(),
            words: Some(step.words.clone()),
            ..template
        })
    }

    async fn put_plan(
        self: &Arc<Self>,
        mut row: RequestRow,
        child: Option<&RequestRow>,
    ) -> Result<bool, Trouble> {
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        let reply = answer::plan(&row);
        let now = self.clock.now();
        let entries = match row.state.is_final() {
            true => vec![entries::ended(&row, now), entries::replied(&row, &reply, now)],
            false => Vec::new(),
        };
        let (_, mut rows) = self.with_card(row, reply)?;
        rows.extend(child.map(|child| Row::Request(Box::new(child.clone()))));
        Ok(self.write(Step { guard, rows, entries }).await?.is_ok())
    }

    /// Brings a step before the gate like any other request.
    pub(super) async fn start_step_of_plan(self: &Arc<Self>, row: RequestRow) -> Result<(), Trouble> {
        let proposal = Proposal {
            tool: row.tool.clone().unwrap_or_default(),
            args: Value::Object(row.args.clone()),
            origin: row.origin.clone().unwrap_or(Origin::Offline),
        };
        match self.catalog.admit(&proposal) {
            Ok(call) => {
                let entry = entries::interpreted(&row, self.clock.now(), &call, &self.catalog.render(&call));
                Box::pin(self.judge(row, call, proposal.origin, vec![entry])).await
            }
            Err(error) => {
                let reply = answer::not_admitted(&error);
                Box::pin(self.conclude(
                    RequestRow { note: Some(error.to_string()), ..row },
                    RequestState::Refused,
                    reply,
                    Vec::new(),
                ))
                .await
            }
        }
    }
}

/// What a plan does next.
enum Next {
    Step(usize),
    Wait,
    Over(RequestState),
}

fn next(row: &RequestRow) -> Next {
    for (index, step) in row.steps.iter().enumerate() {
        match step.state {
            None => return Next::Step(index),
            Some(RequestState::Done | RequestState::Answered) => {}
            Some(
                RequestState::Received
                | RequestState::Waiting
                | RequestState::Approved
                | RequestState::Started,
            ) => return Next::Wait,
            Some(
                RequestState::Failed
                | RequestState::Unknown
                | RequestState::Refused
                | RequestState::Denied
                | RequestState::Expired
                | RequestState::Withdrawn
                | RequestState::Superseded,
            ) => return Next::Over(RequestState::Failed),
        }
    }
    Next::Over(RequestState::Done)
}
