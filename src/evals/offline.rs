use super::case::{Case, Role};
use super::prediction::{Got, Prediction, ProposedCall};
use crate::catalog::Catalog;
use crate::domain::{Interpretation, Proposal};
use crate::ground::{By, Said, Words, ground};
use crate::interpret::offline::{BotTurn, Conversation, Offline, Speaker, Turn};

/// The bot's name in the cases.
const BOT: &str = "countersign";

/// What the offline reader makes of a case, after admission and grounding.
pub fn predict_offline(case: &Case, reader: &Offline, catalog: &Catalog) -> Prediction {
    let interpretation = reader.read(&conversation(case));
    let mut prediction = Prediction { id: case.id.clone(), ..Prediction::default() };
    match interpretation {
        Interpretation::Calls(proposals) => admitted(case, &proposals, catalog, &mut prediction),
        Interpretation::Clarify(question) => {
            prediction.outcome = Got::Clarify;
            prediction.missing = Some(question.missing);
            prediction.text = question.text;
        }
        Interpretation::Refuse(text) => (prediction.outcome, prediction.text) = (Got::Refuse, text),
        Interpretation::Answer(text) => (prediction.outcome, prediction.text) = (Got::Answer, text),
        Interpretation::Nothing => {}
    }
    prediction
}

fn admitted(case: &Case, proposals: &[Proposal], catalog: &Catalog, prediction: &mut Prediction) {
    let words = words(case);
    for proposal in proposals {
        let call = match catalog.admit(proposal) {
            Ok(call) => call,
            Err(error) => {
                let slot = error.path.trim_start_matches('/').to_owned();
                prediction.missing =
                    Some(if error.missing.is_empty() { vec![slot] } else { error.missing.to_vec() });
                prediction.outcome = Got::Clarify;
                prediction.text = error.sentence;
                prediction.calls.clear();
                return;
            }
        };
        let missing =
            if call.effect().mutates() { ground(catalog, &call, &words).missing } else { Vec::new() };
        if !missing.is_empty() {
            prediction.text = format!("your words do not say {}", missing.join(" and "));
            prediction.missing = Some(missing);
            prediction.outcome = Got::Clarify;
            prediction.calls.clear();
            return;
        }
        prediction.outcome = Got::Call;
        prediction.calls.push(ProposedCall { tool: call.tool().to_owned(), args: call.args().clone() });
    }
}

/// The thread as the offline reader sees it.
pub fn conversation(case: &Case) -> Conversation {
    let asker = case.messages.last().map(|message| message.speaker.clone()).unwrap_or_default();
    let turn = |message: &super::Message| {
        let speaker = match message.role {
            Role::User | Role::Other if message.speaker == asker => Speaker::Asker,
            Role::User | Role::Other => Speaker::Other,
            Role::Assistant => Speaker::Bot(bot_turn(&message.text)),
            Role::ThirdParty => Speaker::ThirdParty,
        };
        Turn { speaker, text: message.text.clone() }
    };
    Conversation { bot: BOT.to_owned(), turns: case.messages.iter().map(turn).collect() }
}

/// Live, the bot knows what it did with a turn. In a case only the text tells.
fn bot_turn(text: &str) -> BotTurn {
    if text.trim_end().ends_with('?') { BotTurn::Question } else { BotTurn::Status }
}

fn words(case: &Case) -> Words {
    let turns = conversation(case).turns.into_iter().filter_map(|turn| {
        let by = match turn.speaker {
            Speaker::Asker => By::Asker,
            Speaker::Bot(BotTurn::Status) => By::Status,
            Speaker::Bot(BotTurn::Question) | Speaker::Other | Speaker::ThirdParty => return None,
        };
        Some(Said { by, text: turn.text })
    });
    Words { turns: turns.collect() }
}
