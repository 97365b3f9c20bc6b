//! The policy in force: the one that was accepted last, whatever the file says.
//!
//! A file that allows nothing more is accepted when it is read. One that does waits for people, who are asked under the
//! policy in force. One that is not right changes nothing. The accepted text is kept in the store and its digest is on
//! the record, so a restart is no way around any of this.

mod file;
mod opening;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::due::listed;
use super::receive::fresh;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::Step;
use crate::domain::{ChatUser, Origin, Place, Platform, Proposal, Reply, Tone};
use crate::execute::Candidate;
use crate::gate::{Change, Policy, PolicyDiff, diff, house};
use crate::store::{Guard, PolicyRow, Refused, RequestFilter, RequestRow, RequestState, Row};

pub use file::PolicyFile;
pub use opening::{PolicyOpening, open_policy};

/// The tool that accepts a policy file.
pub(super) const ACCEPT: &str = "policy.accept";

/// Why what waited is put up again.
pub(super) const POLICY_CHANGED: &str = "The policy has changed, so it must be agreed to again.";

/// How many of the requests about policy files are looked at.
const LOOKED_AT: u32 = 50;

/// How often accepting is tried again when another replica accepts at the same moment.
const TRIES: u32 = 3;

impl Rooms {
    /// Reads the policy file again if it changed. Called by the worker once a second.
    ///
    /// # Errors
    /// When the record or the store fails. A file that cannot be read is told to the operators and is no error.
    pub async fn look_at_policy(self: &Arc<Self>) -> Result<(), Trouble> {
        match self.policy_file.touched().await {
            Ok(Some(text)) => self.consider_policy(&text).await,
            Ok(None) => Ok(()),
            Err(error) => {
                let why = format!("it cannot be read: {error}");
                if self.policy_file.known(&why) { Ok(()) } else { self.policy_refused(vec![why]).await }
            }
        }
    }

    /// Decides what comes of the text of a policy file: nothing, acceptance, a question to people, or a complaint.
    ///
    /// # Errors
    /// When the record or the store fails.
    pub async fn consider_policy(self: &Arc<Self>, text: &str) -> Result<(), Trouble> {
        Box::pin(self.follow_policy()).await?;
        if self.policy_file.known(text) {
            return Ok(());
        }
        let current = self.policy.load_full();
        match Policy::load(&self.policy_file.name, text, current.vocabulary()) {
            Err(problems) => self.policy_refused(problems.iter().map(ToString::to_string).collect()).await,
            Ok(policy) if policy.digest() == current.digest() => {
                self.drop_candidate("the file is as before").await
            }
            Ok(policy) => {
                let weaker = weaker(&diff(&current, &policy, self.clock.now()));
                if weaker.is_empty() {
                    self.drop_candidate("the file has changed since").await?;
                    return Box::pin(self.accept_policy(&policy, text)).await;
                }
                Box::pin(self.policy_waits(Candidate {
                    file: self.policy_file.name.clone(),
                    digest: policy.digest(),
                    instead_of: current.digest(),
                    text: text.to_owned(),
                    weaker,
                }))
                .await
            }
        }
    }

    /// The file is not right: the policy in force stays, and the operators hear why.
    async fn policy_refused(self: &Arc<Self>, problems: Vec<String>) -> Result<(), Trouble> {
        let now = self.clock.now();
        tracing::error!(file = %self.policy_file.name, "the policy file is not right, so the policy stays as it is: {}", problems.join("; "));
        let reply = answer::policy_refused(&self.policy_file.name, &problems);
        let entry = entries::policy_refused(&self.policy_file.name, &problems, now);
        let rows = self.to_operators(&reply)?;
        let _always_open = self.write(Step { guard: Guard::Open, rows, entries: vec![entry] }).await?;
        Ok(())
    }

    /// The file allows nothing more than the policy in force: it is in force from now on.
    async fn accept_policy(self: &Arc<Self>, policy: &Policy, text: &str) -> Result<(), Trouble> {
        for _try in 0..TRIES {
            let now = self.clock.now();
            let before = self.policy.load_full().digest();
            let row = PolicyRow { digest: policy.digest(), text: text.to_owned(), at: now };
            let reply = answer::policy_accepted(&self.policy_file.name, &row.digest);
            let mut rows = self.to_operators(&reply)?;
            let entry = entries::policy_loaded(&row, Some(before), now);
            rows.push(Row::Policy(row));
            let step = Step { guard: Guard::Policy(Some(before)), rows, entries: vec![entry] };
            match self.write(step).await? {
                Err(Refused::PolicyChanged) => Box::pin(self.follow_policy()).await?,
                Ok(()) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// The file allows more: people are asked, under the policy in force.
    async fn policy_waits(self: &Arc<Self>, candidate: Candidate) -> Result<(), Trouble> {
        let now = self.clock.now();
        let digest = candidate.digest;
        tracing::warn!(file = %candidate.file, %digest, "the policy file allows more than the policy in force; it waits for approval");
        let entry = entries::policy_waiting(&candidate, now);
        self.candidates.store(Some(Arc::new(candidate.clone())));
        if self.asked_already(&candidate).await? {
            return Ok(());
        }
        let places = self.operators();
        let Some(place) = places.first() else {
            let why =
                vec!["it allows more than before, and there is no operators channel to ask in".to_owned()];
            let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
            let _always_open = self.write(step).await?;
            return self.policy_refused(why).await;
        };
        let proposal = Proposal {
            tool: ACCEPT.to_owned(),
            args: serde_json::json!({ "digest": digest.to_string() }),
            origin: Origin::System,
        };
        let Ok(call) = self.catalog.admit(&proposal) else {
            let why =
                vec![format!("it allows more than before, and there is no tool `{ACCEPT}` to ask with")];
            return self.policy_refused(why).await;
        };
        let announced = self.message(place, None, answer::policy_waits(&candidate))?;
        let id = self.mint.request_id()?;
        let sender = ChatUser {
            platform: Platform::Console,
            workspace: String::new(),
            user: house().0.clone(),
            display: house().0.clone(),
        };
        let row = fresh(id.clone(), announced.id.clone(), now, &sender, place);
        let row = RequestRow { asker: Some(house().clone()), ..row };
        let rows = vec![Row::Message(Box::new(announced)), Row::Request(Box::new(row.clone()))];
        let entry = entry.about(&id);
        let _always_open = self.write(Step { guard: Guard::Open, rows, entries: vec![entry] }).await?;
        Box::pin(self.judge(row, call, Origin::System, Vec::new())).await
    }

    /// Whether people are being asked about exactly this file, or have said no to it: from before a restart, or by another
    /// replica. Whoever wants it all the same asks for it by name.
    async fn asked_already(&self, candidate: &Candidate) -> Result<bool, Trouble> {
        let digest = serde_json::Value::String(candidate.digest.to_string());
        let filter = RequestFilter {
            states: vec![RequestState::Waiting, RequestState::Approved, RequestState::Denied],
            tools: vec![ACCEPT.to_owned()],
            ..RequestFilter::default()
        };
        let asked = self.store.requests(&filter, LOOKED_AT).await?;
        Ok(asked.iter().any(|row| row.args.get("digest") == Some(&digest)))
    }

    /// No candidate waits any more: what was asked for it is over.
    async fn drop_candidate(self: &Arc<Self>, why: &str) -> Result<(), Trouble> {
        if self.candidates.swap(None).is_none() {
            return Ok(());
        }
        for row in self.store.waiting(self.clock.now()).await? {
            if row.tool.as_deref() == Some(ACCEPT) {
                self.end(row, RequestState::Superseded, why.to_owned(), None).await?;
            }
        }
        Ok(())
    }

    /// Takes up the policy that was accepted last, here or by another replica, and looks again at what waits.
    pub(super) async fn follow_policy(self: &Arc<Self>) -> Result<(), Trouble> {
        let Some(accepted) = self.store.policy_in_force().await? else { return Ok(()) };
        let current = self.policy.load_full();
        if accepted.digest == current.digest() {
            return Ok(());
        }
        match Policy::load(&self.policy_file.name, &accepted.text, current.vocabulary()) {
            Ok(policy) if policy.digest() == accepted.digest => {
                self.policy.store(Arc::new(policy));
                let rooms = Arc::clone(self);
                self.tasks.spawn(async move {
                    if let Err(trouble) = rooms.ask_under_new_policy().await {
                        tracing::error!("what waits was not looked at under the new policy: {trouble}");
                    }
                });
            }
            // Starts are refused meanwhile: the store knows another policy than we do.
            Ok(_) | Err(_) => tracing::error!(
                digest = %accepted.digest,
                "the policy that was accepted cannot be read here, so nothing starts; is the catalogue the same everywhere?"
            ),
        }
        Ok(())
    }

    /// What waits was put up under another policy: whoever agreed to it agreed to something else. Boxed, because this
    /// writes, and what is written may be a policy.
    fn ask_under_new_policy<'a>(self: &'a Arc<Self>) -> BoxFuture<'a, Result<(), Trouble>> {
        self.ask_all_anew().boxed()
    }

    async fn ask_all_anew(self: &Arc<Self>) -> Result<(), Trouble> {
        let mut rows = self.store.waiting(self.clock.now()).await?;
        rows.extend(self.store.approved().await?);
        let digest = self.policy.load_full().digest();
        for row in rows {
            if !row.steps.is_empty() || row.policy == Some(digest) {
                continue;
            }
            let Some(matter) = self.matter(row).await? else { continue };
            if let Some(matter) = Box::pin(self.ask_anew(matter, POLICY_CHANGED.to_owned())).await? {
                Box::pin(self.carry_out(*matter)).await?;
            }
        }
        Ok(())
    }

    /// What a card about a policy file lists.
    pub(super) fn details(&self, row: &RequestRow) -> Option<String> {
        if row.tool.as_deref() != Some(ACCEPT) {
            return None;
        }
        let candidate = self.candidates.load_full()?;
        let meant = row.args.get("digest").and_then(|digest| digest.as_str());
        (meant == Some(candidate.digest.to_string().as_str())).then(|| candidate.weaker.join("\n"))
    }

    /// Where the operators are: every listed channel of the name that the configuration gives.
    pub(super) fn operators(&self) -> Vec<Place> {
        let name = self.operators_channel.iter();
        name.flat_map(|name| listed(&self.policy.load(), name)).collect()
    }

    /// Tells the operators that something of ours wants their attention. It is no answer to anybody and no entry of the
    /// record.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub async fn warn_operators(self: &Arc<Self>, sentence: &str) -> Result<(), Trouble> {
        let rows = self.to_operators(&Reply::say(Tone::Failed, sentence))?;
        let _always_open = self.write(Step { guard: Guard::Open, rows, entries: Vec::new() }).await?;
        Ok(())
    }

    /// A message to the operators, in each of their channels.
    pub(super) fn to_operators(&self, reply: &Reply) -> Result<Vec<Row>, Trouble> {
        let places = self.operators();
        places
            .iter()
            .map(|place| Ok(Row::Message(Box::new(self.message(place, None, reply.clone())?))))
            .collect()
    }
}

/// What another policy allows more, one line each.
fn weaker(diff: &PolicyDiff) -> Vec<String> {
    let changes = diff.changes.iter().filter(|change| change.way.weakens());
    let line = |change: &Change| {
        let parts = change.parts.iter().filter(|part| part.way.weakens());
        let parts: Vec<String> =
            parts.map(|part| format!("{}: {} → {}", part.what, part.before, part.after)).collect();
        format!("{}: {}", change.of, parts.join("; "))
    };
    changes.map(line).collect()
}
