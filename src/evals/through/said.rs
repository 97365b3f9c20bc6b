//! Says the thread of a case in the house: each turn by whoever said it, through the door, and read as nothing.

use crate::audit::Step;
use crate::domain::{Body, ChatUser, Interpretation, Origin, Proposal, Question, Tone};
use crate::evals::case::{Message, Role};
use crate::evals::thread::asks;
use crate::pipeline::Trouble;
use crate::store::{Guard, MessageBody, RequestRow, Row};

use super::Rehearsal;
use super::script::Scene;

impl Rehearsal {
    /// Everything before the message that is to be read. What machines and outsiders wrote is no part of a thread in the
    /// house, and so is left out here, too.
    pub(super) async fn say_thread(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        let before = scene.case.messages.split_last().map(|(_, before)| before).unwrap_or_default();
        let turns: Vec<&Message> = before.iter().filter(|turn| turn.role != Role::ThirdParty).collect();
        let mut at = 0;
        while let Some(turn) = turns.get(at) {
            let answer = turns.get(at + 1).filter(|next| next.role == Role::Assistant);
            if turn.role == Role::Assistant {
                // Nobody said anything that the bot could answer: somebody does, and that is taken away again.
                self.say_and_answer(scene, None, Some(turn)).await?;
                at += 1;
            } else {
                self.say_and_answer(scene, Some(turn), answer.copied()).await?;
                at += if answer.is_some() { 2 } else { 1 };
            }
        }
        Ok(())
    }

    async fn say_and_answer(
        &self,
        scene: &mut Scene<'_>,
        turn: Option<&Message>,
        answer: Option<&Message>,
    ) -> Result<(), Trouble> {
        let told = match answer {
            None => Interpretation::Nothing,
            Some(answer) if asks(&answer.text) => Interpretation::Clarify(Question {
                text: answer.text.clone(),
                missing: Vec::new(),
                choices: Vec::new(),
            }),
            // A statement of the bot is a fact where it answers a tool; this tool needs no back end.
            Some(_) => Interpretation::Calls(vec![Proposal {
                tool: "whoami".to_owned(),
                args: serde_json::json!({}),
                origin: Origin::Offline,
            }]),
        };
        let states = matches!(told, Interpretation::Calls(_));
        self.told.will_read(told, Origin::Offline);
        let (who, text) = match turn {
            Some(turn) => (self.speaker(scene, turn), turn.text.clone()),
            None => (scene.asker.clone(), "…".to_owned()),
        };
        let (receipt, row) = self.deliver(&who, scene.channel, scene.root.as_ref(), Body::Text(text)).await?;
        if scene.root.is_none() {
            scene.root.clone_from(&receipt.message);
        }
        if let (Some(answer), Some(row), true) = (answer, &row, states) {
            self.put_in_its_mouth(row, &answer.text).await?;
        }
        if let (None, Some(message)) = (turn, &receipt.message)
            && let Some(mut said) = self.rooms.store.message(message).await?
        {
            said.deleted = true;
            said.version += 1;
            self.put(Row::Message(Box::new(said))).await?;
        }
        Ok(())
    }

    fn speaker(&self, scene: &Scene<'_>, turn: &Message) -> ChatUser {
        let asker = scene.case.messages.last().is_some_and(|last| last.speaker == turn.speaker);
        if asker { scene.asker.clone() } else { self.cast.guest(&turn.speaker) }
    }

    /// The answer of a tool, in the words of the case.
    async fn put_in_its_mouth(&self, row: &RequestRow, text: &str) -> Result<(), Trouble> {
        let Some(card) = &row.card else { return Ok(()) };
        let Some(mut message) = self.rooms.store.message(card).await? else { return Ok(()) };
        if let MessageBody::Reply { reply } = &mut message.body {
            text.clone_into(&mut reply.title);
            reply.tone = Tone::Info;
            reply.blocks.clear();
        }
        message.version += 1;
        self.put(Row::Message(Box::new(message))).await
    }

    async fn put(&self, row: Row) -> Result<(), Trouble> {
        let step = Step { guard: Guard::Open, rows: vec![row], entries: Vec::new() };
        // An open guard refuses nothing.
        let _written = self.rooms.ledger.write(step).await?;
        Ok(())
    }
}
