use std::future::ready;

use super::{BotTurn, Conversation, Offline, Speaker, Turn};
use crate::domain::Origin;
use crate::interpret::{self, Interpreter, Read, Reading, Thinking};

impl Interpreter for Offline {
    fn name(&self) -> &'static str {
        "offline"
    }

    fn read(&self, reading: Reading) -> Thinking<'_> {
        let mut turns: Vec<Turn> = reading.turns.into_iter().map(turn).collect();
        turns.push(Turn { speaker: Speaker::Asker, text: reading.text });
        let conversation = Conversation { bot: "countersign".to_owned(), turns };
        let interpretation = Self::read(self, &conversation);
        Box::pin(ready(Read { interpretation, by: Origin::Offline, usage: None, note: None }))
    }
}

fn turn(turn: interpret::Turn) -> Turn {
    let speaker = match turn.speaker {
        interpret::Speaker::Asker => Speaker::Asker,
        interpret::Speaker::Person(_) => Speaker::Other,
        interpret::Speaker::Machine(_) => Speaker::ThirdParty,
        interpret::Speaker::BotAsked => Speaker::Bot(BotTurn::Question),
        interpret::Speaker::BotStated => Speaker::Bot(BotTurn::Status),
    };
    Turn { speaker, text: turn.text }
}
