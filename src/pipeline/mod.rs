//! Floor 6: the corridor. Every event takes the same way through it, whichever door it came in by:
//! receive, propose, admit, judge, carry out, answer.
//!
//! Waiting is a row, never a task: whoever is waited for, the process may stop and start in the meantime.

mod answer;
mod ask;
mod carry_out;
mod conversation;
mod due;
mod end;
mod entries;
mod finish;
mod judge;
mod language;
mod matter;
mod notice;
mod plan;
mod policy;
mod preview;
mod propose;
mod receive;
mod recover;
mod roster;
mod start;
mod vote;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;

use crate::audit::{Exporter, Ledger, LedgerError, Order, OrderError, Step};
use crate::catalog::{Catalog, EffectClass};
use crate::clock::{Clock, Entropy, Mint, NoEntropy};
use crate::domain::{Inbound, MessageId, Platform, RequestId};
use crate::execute::{Candidates, Hands};
use crate::gate::Policy;
use crate::interpret::Interpreter;
use crate::store::{Refused, RequestRow, RequestState, Row, Store, StoreError};

pub use conversation::{latest, words};
pub use language::{Halted, Worded, carried};
pub use matter::grounding;
pub use notice::{ChannelSink, LogOnly, Noticeboard};
pub use policy::{PolicyFile, PolicyOpening, open_policy};
pub use preview::Preview;
pub use receive::Receipt;
pub use roster::{Roster, TRUSTED_FOR};

/// How long nothing may be heard of a request before it is looked at all the same.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What people are told while nothing is changed. The operators hear more.
const READ_ONLY: &str = "Read-only: the record here is not the one that its checkpoints tell of, so questions are answered \
                         and nothing is changed. An operator has to look at it (`countersign audit accept-restore`).";

/// Everything the corridor opens onto. Built once, in `app.rs`.
pub struct Rooms {
    /// What can be asked.
    pub catalog: Arc<Catalog>,
    /// What may happen: the policy that was accepted last, replaced as a whole.
    pub policy: Arc<ArcSwap<Policy>>,
    /// The file that the next policy is read from.
    pub policy_file: PolicyFile,
    /// Who is in which chat group and who is on call.
    pub roster: Roster,
    /// A policy file that waits for people to agree to it.
    pub candidates: Candidates,
    /// The name of the listed channel in which the operators hear of what concerns them; `None` for the log alone.
    pub operators_channel: Option<String>,
    /// What is remembered.
    pub store: Store,
    /// What is sworn.
    pub ledger: Ledger,
    /// What brings its checkpoints elsewhere.
    pub exporter: Exporter,
    /// Who reads sentences.
    pub interpreter: Arc<dyn Interpreter>,
    /// What does things.
    pub hands: Hands,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Makes ids.
    pub mint: Mint,
    /// Tells who listens that a message is new or changed.
    pub changed: broadcast::Sender<Changed>,
    /// The work under way, so that stopping can wait for it.
    pub tasks: TaskTracker,
}

/// A message that is new or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The message.
    pub message: MessageId,
    /// The platform it stands on.
    pub platform: Platform,
    /// The channel it stands in.
    pub channel: String,
    /// The message that opened its thread; `None` for one that stands in the channel itself.
    pub root: Option<MessageId>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
}

/// Something of ours is broken. The person hears that nothing was done, the operators hear why.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The record cannot be written.
    #[error("the record cannot be written, so nothing was done: {0}")]
    Ledger(#[from] LedgerError),
    /// What we remember cannot be read.
    #[error("the database cannot be read, so nothing was done: {0}")]
    Store(#[from] StoreError),
    /// No ids and no salts.
    #[error("{0}, so nothing was done")]
    Entropy(#[from] NoEntropy),
}

impl Rooms {
    /// Takes in one event. When this returns it is on the record and may be acknowledged; the work goes on behind.
    ///
    /// # Errors
    /// When it could not be written down. Then nothing happened, and the platform should deliver it again.
    pub async fn handle(self: &Arc<Self>, inbound: Inbound) -> Result<Receipt, Trouble> {
        let (receipt, work) = self.receive(inbound).await?;
        if let Some(work) = work {
            let rooms = Arc::clone(self);
            self.tasks.spawn(async move { rooms.work(work).await });
        }
        Ok(receipt)
    }

    /// Takes in one event, does what it asks for and waits until the request it is about has ended or waits for
    /// somebody: for the command line, which has nothing to do meanwhile.
    ///
    /// # Errors
    /// As [`Rooms::handle`], and when the request cannot be read.
    pub async fn handle_to_rest(
        self: &Arc<Self>,
        inbound: Inbound,
    ) -> Result<(Receipt, Option<RequestRow>), Trouble> {
        let (receipt, work) = self.receive(inbound).await?;
        if let Some(work) = work {
            self.work(work).await;
        }
        let row = match &receipt.request {
            Some(request) => self.rest(request).await?,
            None => None,
        };
        Ok((receipt, row))
    }

    /// Waits until a request has ended or waits for somebody, and returns how it stands.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn rest(&self, request: &RequestId) -> Result<Option<RequestRow>, Trouble> {
        let mut changed = self.changed.subscribe();
        loop {
            let row = self.store.request(request).await?;
            if self.rests(row.as_ref()).await? {
                return Ok(row);
            }
            // A missed change is no loss, as the row is read again; and of what another replica does nothing is heard.
            let _either = tokio::time::timeout(LOOK_AGAIN, changed.recv()).await;
        }
    }

    /// Whether nothing more comes of a request by itself. A plan rests where its present step does.
    async fn rests(&self, row: Option<&RequestRow>) -> Result<bool, Trouble> {
        let Some(row) = row else { return Ok(true) };
        if row.state.is_final() || matches!(row.state, RequestState::Waiting | RequestState::Approved) {
            return Ok(true);
        }
        let Some(step) = row.steps.iter().rev().find_map(|step| step.request.as_ref()) else {
            return Ok(false);
        };
        let step = self.store.request(step).await?;
        Ok(step.is_some_and(|step| matches!(step.state, RequestState::Waiting | RequestState::Approved)))
    }

    /// Writes a step, tells who listens, and moves on the plans whose steps have ended by it.
    async fn write(self: &Arc<Self>, step: Step) -> Result<Result<(), Refused>, Trouble> {
        let (changed, plans) = (changes(&step.rows), plans_of(&step.rows));
        let policy = step.rows.iter().any(|row| matches!(row, Row::Policy(_)));
        let written = self.ledger.write(step).await?;
        if written.is_ok() {
            self.tell(changed);
            if policy {
                Box::pin(self.follow_policy()).await?;
            }
            for plan in plans {
                let rooms = Arc::clone(self);
                self.tasks.spawn(async move {
                    if let Err(trouble) = rooms.advance(&plan).await {
                        tracing::error!(%plan, "a plan did not move on: {trouble}");
                    }
                });
            }
        }
        Ok(written.map(|_entries| ()))
    }

    fn tell(&self, changed: Vec<Changed>) {
        for change in changed {
            // Nobody listening is fine.
            let _nobody = self.changed.send(change);
        }
    }

    /// Exports the checkpoints that are due. Called by the worker, and by tests when they have moved the clock.
    ///
    /// # Errors
    /// When the record cannot be read or written. The next call tries again.
    pub async fn export_due(&self) -> Result<(), Trouble> {
        Ok(self.exporter.export_due().await?)
    }

    /// Has done to the record what an operator of this machine orders, and says what was done.
    ///
    /// # Errors
    /// Nothing was done: a sentence why.
    pub async fn keep_record(&self, order: Order) -> Result<String, OrderError> {
        order.check(|person| self.policy.load().person(person).is_some())?;
        order.carry_out(&self.exporter, self.clock.now()).await
    }

    /// Why what is of this class is not done now, if it is not.
    fn read_only(&self, class: EffectClass) -> Option<String> {
        self.ledger.divergence().filter(|_| class.mutates())?;
        Some(READ_ONLY.to_owned())
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.catalog.landscape().time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// The plans of which a step has ended with these rows.
fn plans_of(rows: &[Row]) -> Vec<RequestId> {
    rows.iter()
        .filter_map(|row| match row {
            Row::Request(row) if row.state.is_final() => row.plan.clone(),
            Row::Request(_)
            | Row::Message(_)
            | Row::Vote(_)
            | Row::VoteGone { .. }
            | Row::Job(_)
            | Row::Lock(_)
            | Row::Unlock { .. }
            | Row::Timer(_)
            | Row::TimerGone { .. }
            | Row::Policy(_)
            | Row::Review(_)
            | Row::Reaction(_)
            | Row::ReactionGone(_)
            | Row::Read { .. } => None,
        })
        .collect()
}

/// The version of a message of ours that its platform shows as soon as it is written. The console reads the transcript
/// itself; everywhere else it must be delivered first.
const fn shown(platform: Platform, version: i64) -> i64 {
    match platform {
        Platform::Console => version,
        Platform::Slack | Platform::Discord | Platform::Teams | Platform::Mattermost => 0,
    }
}

fn changes(rows: &[Row]) -> Vec<Changed> {
    let mut changed = Vec::new();
    for row in rows {
        if let Row::Message(message) = row {
            changed.push(Changed {
                message: message.id.clone(),
                platform: message.place.platform,
                channel: message.place.channel.clone(),
                root: message.place.thread.clone(),
                request: message.request.clone(),
            });
        }
    }
    changed
}
