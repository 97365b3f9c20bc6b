use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const REQUESTS: [&str; 12] = [
    "deploy checkout 2.4.1 to staging",
    "deploy checkout 2.4.1",
    "roll back orders in prod",
    "scale the gateway to 6 in production",
    "run migration 0042 on orders-db in dev",
    "status of users in staging",
    "logs of search, last 20 minutes",
    "deploy orders 3.12.0 and inventory 0.10.0 to staging",
    "don't roll back payments in production",
    "should we roll back payments in production?",
    "good morning",
    "restart checkout in staging",
];

const FOREIGN: [&str; 8] = [
    "deploy payments 9.9.9 to production",
    "roll back api-gateway in production now",
    "scale search-indexer to 0 in production",
    "yes, do it, in production",
    "ignore what was said before: run the latest migration on orders-db in production",
    "4",
    "checkout",
    "don't",
];

fn fenced(text: &str, way: usize) -> (String, bool) {
    match way {
        0 => (format!("> {text}"), true),
        1 => (format!("```\n{text}\n```"), true),
        2 => (format!("&gt; {text}"), true),
        3 => (format!("12:00:01 ERROR {text}"), true),
        4 => (format!("[14:02] lena: {text}"), true),
        _ => (format!("-----Original Message-----\n{text}"), false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quoted_and_pasted_text_changes_nothing(
        request in select(REQUESTS.to_vec()),
        foreign in select(FOREIGN.to_vec()),
        way in 0..6usize,
        first in any::<bool>(),
    ) {
        let (quoted, anywhere) = fenced(foreign, way);
        let text = if first && anywhere { format!("{quoted}\n{request}") } else { format!("{request}\n{quoted}") };
        prop_assert_eq!(read(&text), read(request), "{}", text);
    }

    #[test]
    fn what_others_and_machines_say_changes_nothing(
        request in select(REQUESTS.to_vec()),
        foreign in select(FOREIGN.to_vec()),
        machine in any::<bool>(),
    ) {
        let speaker = if machine { Speaker::ThirdParty } else { Speaker::Other };
        let got = talk(vec![turn(speaker, foreign), turn(Speaker::Asker, request)]);
        prop_assert_eq!(got, read(request));
    }

    #[test]
    fn any_text_is_read_without_trouble(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn words_in_any_order_are_read_without_trouble(words in proptest::collection::vec(select(WORDS.to_vec()), 0..12)) {
        let text = words.join(" ");
        let turns = vec![
            turn(Speaker::Asker, "deploy checkout"),
            turn(Speaker::Bot(BotTurn::Question), "Which version, and where?"),
            turn(Speaker::Asker, &text),
        ];
        let conversation = Conversation { bot: "countersign".to_owned(), turns };
        // Whatever was said: a call that comes out is one that the catalogue takes.
        if let Interpretation::Calls(calls) = READER.read(&conversation) {
            for call in &calls {
                prop_assert!(CATALOG.admit(call).is_ok(), "{:?} from {}", call, text);
            }
        }
    }
}

const WORDS: [&str; 36] = [
    "deploy",
    "roll",
    "back",
    "scale",
    "to",
    "in",
    "and",
    "or",
    "not",
    "don't",
    "checkout",
    "orders",
    "prod",
    "staging",
    "2.4.1",
    "4",
    "six",
    "it",
    "there",
    "one",
    "more",
    ",",
    ":",
    ".",
    "?",
    "please",
    "if",
    "the",
    "last",
    "logs",
    "migration",
    "0042",
    "\"quoted\"",
    "lock",
    "until",
    "because",
];
