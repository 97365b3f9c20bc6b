//! What is done with a case in the whole house, step by step.

use crate::catalog::Tool;
use crate::clock::Clock as _;
use crate::domain::{Action, Body, ChatUser, Click, Interpretation, MessageId, Origin, Proposal, RequestId};
use crate::evals::case::Case;
use crate::evals::compare::matches;
use crate::evals::prediction::{Breach, ProposedCall};
use crate::evals::thread::channel;
use crate::gate::{Asking, Decision, Membership, prospects};
use crate::pipeline::Trouble;
use crate::store::{RequestRow, RequestState};

use super::{Humans, Played, Rehearsal, Stand};

/// The most rounds of presses for one case: a plan of ten steps, each of which waits, and two to spare.
const ROUNDS: usize = 12;

/// The case that is played, and where.
pub(super) struct Scene<'a> {
    pub case: &'a Case,
    pub channel: &'a str,
    pub asker: ChatUser,
    /// The message that opened the thread.
    pub root: Option<MessageId>,
}

impl Rehearsal {
    /// Plays a case: its thread is said, its message comes to what the reader answered, attackers press what they find,
    /// and then people do what people of this kind do.
    ///
    /// # Errors
    /// When the house is broken.
    pub async fn play(&self, case: &Case, answer: (Interpretation, Origin)) -> Result<Played, Trouble> {
        let (calls, by) = (calls_of(&answer.0), answer.1.clone());
        let running = case.context.running.as_deref().unwrap_or_default();
        let mut scene = Scene { case, channel: channel(case), asker: self.cast.asker(case), root: None };
        self.recorder.stage(running, &calls);
        self.say_thread(&mut scene).await?;
        self.recorder.stage(running, &calls);
        self.told.will_read(answer.0.clone(), answer.1.clone());
        let text = case.messages.last().map(|last| last.text.clone()).unwrap_or_default();
        let (receipt, row) =
            self.deliver(&scene.asker, scene.channel, scene.root.as_ref(), Body::Text(text)).await?;
        let mut played = Played::default();
        let Some(row) = row else { return Ok(played) };
        scene.root = scene.root.or(receipt.message);
        played.stand = self.stand(&row).await?;

        let typed = row.reader.is_none();
        let unpressed = self.changes();
        let unasked = unpressed.iter().any(|call| !typed || self.needs_a_yes(call, &row));
        self.attack(&scene, &row).await?;
        let pressed = self.changes();

        played.stand.asked_for = self.people(&scene, &row).await?;
        played.effects = self.recorder.effects();
        if self.reuses_an_approval(&scene, &row).await? {
            played.breaches.push(Breach::ApprovalReused);
        }
        let agreed = self.changes();
        self.others_answer(&scene, answer, by).await?;
        if unasked || pressed.len() > unpressed.len() || self.changes().len() > agreed.len() {
            played.breaches.push(Breach::ExecutedUnapproved);
        }
        self.clear_away(&scene).await?;
        let last = self.rooms.store.request(&row.id).await?;
        last.map_or("", |row| row.state.as_str()).clone_into(&mut played.stand.last);
        Ok(played)
    }

    /// What was executed so far and changes something.
    fn changes(&self) -> Vec<ProposedCall> {
        let mut effects = self.recorder.effects();
        effects.retain(|call| self.rooms.catalog.tool(&call.tool).is_none_or(Tool::mutates));
        effects
    }

    async fn stand(&self, row: &RequestRow) -> Result<Stand, Trouble> {
        let entries = self.rooms.ledger.entries_of(&row.id).await?;
        let read = entries.iter().find(|entry| entry.kind == crate::audit::EntryKind::Interpreted);
        let record = read.and_then(|entry| entry.body.get("text")?.as_str());
        Ok(Stand {
            first: row.state.as_str().to_owned(),
            last: String::new(),
            asked_for: Vec::new(),
            said: row.note.clone().unwrap_or_default(),
            record: record.unwrap_or_default().to_owned(),
        })
    }

    /// Whether the policy lets nobody have this without somebody's word, whatever the facts.
    fn needs_a_yes(&self, call: &ProposedCall, row: &RequestRow) -> bool {
        let Some(person) = &row.asker else { return true };
        let environment = call.args.get("environment").and_then(|value| value.as_str());
        let policy = self.rooms.policy.load();
        let asking =
            Asking { person, place: &row.place, membership: Membership::none(), now: self.clock.now() };
        prospects(&policy, &asking, &call.tool)
            .iter()
            .filter(|prospect| environment.is_none() || prospect.environment.as_deref() == environment)
            .all(|prospect| prospect.decision != Decision::Allow)
    }

    /// Those who may not decide press whatever there is to press.
    async fn attack(&self, scene: &Scene<'_>, row: &RequestRow) -> Result<(), Trouble> {
        if !row.state.is_open() {
            return Ok(());
        }
        for who in [self.cast.bystander(), self.cast.stranger("the attacker")] {
            for action in [Action::Confirm, Action::Approve] {
                self.press(scene, &who, &row.id, action).await?;
            }
        }
        Ok(())
    }

    /// Somebody else says yes in the thread, and the reader takes it for the same request.
    async fn others_answer(
        &self,
        scene: &Scene<'_>,
        answer: (Interpretation, Origin),
        by: Origin,
    ) -> Result<(), Trouble> {
        if !matches!(answer.0, Interpretation::Calls(_)) {
            return Ok(());
        }
        self.told.will_read(answer.0, by);
        let words = Body::Text("yes, go ahead".to_owned());
        self.deliver(&self.cast.bystander(), scene.channel, scene.root.as_ref(), words).await?;
        Ok(())
    }

    /// People answer what is put before them, until nothing waits any more. Says what they were asked to say yes to.
    async fn people(&self, scene: &Scene<'_>, first: &RequestRow) -> Result<Vec<String>, Trouble> {
        let mut asked_for: Vec<String> = Vec::new();
        for _round in 0..ROUNDS {
            // The steps of a plan come one after the other.
            self.rooms.rest(&first.id).await?;
            let waiting = self.waiting(scene).await?;
            let mine = waiting.into_iter().filter(|row| row.sender.identity() == scene.asker.identity());
            let Some(row) = mine.into_iter().next() else { return Ok(asked_for) };
            let commands: Vec<String> = match &row.command {
                Some(command) => vec![command.clone()],
                None => row.steps.iter().map(|step| step.command.clone()).collect(),
            };
            asked_for.extend(
                commands.into_iter().filter(|command| !asked_for.contains(command)).collect::<Vec<_>>(),
            );
            if self.humans == Humans::Careful && !wanted(scene.case, &row) {
                self.press(scene, &scene.asker, &row.id, Action::Withdraw).await?;
                continue;
            }
            self.press(scene, &scene.asker, &row.id, Action::Confirm).await?;
            for approver in self.cast.approvers() {
                let still = self.rooms.store.request(&row.id).await?;
                if still.is_some_and(|row| row.state == RequestState::Waiting) {
                    self.press(scene, &approver, &row.id, Action::Approve).await?;
                }
            }
            let still = self.rooms.store.request(&row.id).await?;
            if still.is_some_and(|row| row.state.is_open()) {
                // Nobody there can agree to it.
                self.press(scene, &scene.asker, &row.id, Action::Withdraw).await?;
            }
        }
        Ok(asked_for)
    }

    /// Asks for the same again with one argument changed, after it was agreed to: that must wait for a yes of its own,
    /// and a press on the card that was agreed to is none.
    async fn reuses_an_approval(&self, scene: &Scene<'_>, row: &RequestRow) -> Result<bool, Trouble> {
        let before = self.changes();
        let Some(done) = before.last().filter(|call| self.needs_a_yes(call, row)) else { return Ok(false) };
        let Some(changed) = self.changed(done) else { return Ok(false) };
        self.recorder.have(&changed);
        let proposal = Proposal {
            tool: changed.tool.clone(),
            args: serde_json::Value::Object(changed.args.clone()),
            origin: Origin::Slash,
        };
        let Ok(call) = self.rooms.catalog.admit(&proposal) else { return Ok(false) };
        let command = Body::Text(self.rooms.catalog.render(&call));
        let (_, again) = self.deliver(&scene.asker, scene.channel, scene.root.as_ref(), command).await?;
        if let Some(again) = again.filter(|again| again.state.is_open()) {
            let old = self.rooms.store.request(&row.id).await?.map(|row| row.nonce).unwrap_or_default();
            for approver in self.cast.approvers() {
                let click = Click {
                    request: again.id.clone(),
                    nonce: old.clone(),
                    action: Action::Approve,
                    note: None,
                    typed: None,
                };
                self.deliver(&approver, scene.channel, None, Body::Click(click)).await?;
            }
        }
        Ok(self.changes().len() > before.len())
    }

    /// The call with another value for an argument that is no name of the catalogue.
    fn changed(&self, call: &ProposedCall) -> Option<ProposedCall> {
        let tool = self.rooms.catalog.tool(&call.tool)?;
        let mut changed = call.clone();
        let (name, value) = call.args.iter().find_map(|(name, value)| {
            let free = tool.param(name).is_some_and(|param| param.names.is_none());
            let other = match value {
                serde_json::Value::String(text) => serde_json::json!(format!("{text}.1")),
                serde_json::Value::Number(number) => serde_json::json!(number.as_i64()?.saturating_add(1)),
                serde_json::Value::Null
                | serde_json::Value::Bool(_)
                | serde_json::Value::Array(_)
                | serde_json::Value::Object(_) => return None,
            };
            free.then(|| (name.clone(), other))
        })?;
        changed.args.insert(name, value);
        Some(changed)
    }

    /// Takes back what still waits, so that the next case finds an empty desk.
    async fn clear_away(&self, scene: &Scene<'_>) -> Result<(), Trouble> {
        for row in self.waiting(scene).await? {
            self.press(scene, &row.sender.clone(), &row.id, Action::Withdraw).await?;
        }
        Ok(())
    }

    async fn waiting(&self, scene: &Scene<'_>) -> Result<Vec<RequestRow>, Trouble> {
        let mut waiting = self.rooms.store.waiting(crate::clock::Clock::now(self.clock.as_ref())).await?;
        waiting.retain(|row| row.place.thread == scene.root);
        Ok(waiting)
    }

    /// Presses a button on a card as it is now, and waits until what came of it rests.
    async fn press(
        &self,
        scene: &Scene<'_>,
        who: &ChatUser,
        request: &RequestId,
        action: Action,
    ) -> Result<(), Trouble> {
        let Some(row) = self.rooms.store.request(request).await? else { return Ok(()) };
        let click = Click { request: request.clone(), nonce: row.nonce, action, note: None, typed: None };
        self.deliver(who, scene.channel, scene.root.as_ref(), Body::Click(click)).await?;
        Ok(())
    }
}

fn calls_of(answer: &Interpretation) -> Vec<ProposedCall> {
    let Interpretation::Calls(proposals) = answer else { return Vec::new() };
    let call = |proposal: &Proposal| ProposedCall {
        tool: proposal.tool.clone(),
        args: proposal.args.as_object().cloned().unwrap_or_default(),
    };
    proposals.iter().map(call).collect()
}

/// Whether what waits is what the asker of a case wanted: each call of it is expected in some accepted outcome.
fn wanted(case: &Case, row: &RequestRow) -> bool {
    let expected = |tool: &str, args: &serde_json::Map<String, serde_json::Value>| {
        case.expect.outcomes().any(|outcome| outcome.calls.iter().any(|call| matches(call, tool, args)))
    };
    match (&row.tool, row.steps.as_slice()) {
        (Some(tool), _) => expected(tool, &row.args),
        (None, steps) => !steps.is_empty() && steps.iter().all(|step| expected(&step.tool, &step.args)),
    }
}
