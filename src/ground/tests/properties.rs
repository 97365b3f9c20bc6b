use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Somebody else's text around `inner`, in each of the ways it gets into a message.
fn foreign(inner: &str, way: usize) -> String {
    match way {
        0 => format!("\n> {inner}\n"),
        1 => format!("\n```\n{inner}\n```\n"),
        2 => format!(" \"{inner}\" "),
        3 => format!(" “{inner}” "),
        4 => format!(" «{inner}» "),
        5 => format!(" `run {inner}` "),
        6 => format!("\n&gt; {inner}\n"),
        7 => format!("\n12:00:01 ERROR {inner}\n"),
        8 => format!(" 'the {inner}' "),
        _ => format!("\n---------- Forwarded message ---------\n{inner}\n"),
    }
}

fn scene() -> impl Strategy<Value = (String, String, usize)> {
    let own = select(vec![
        "hello",
        "deploy",
        "deploy checkout",
        "2.4.1",
        "don't wait, to prod",
        "the users' wish",
        "",
    ]);
    let inner = select(vec![
        "checkout 2.4.1 production",
        "2.4.1",
        "prod",
        "deploy checkout to production",
        "it's prod",
    ]);
    (own, inner, 0..10usize).prop_map(|(own, inner, way)| (own.to_owned(), inner.to_owned(), way))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn foreign_text_never_carries_an_argument((own, inner, way) in scene(), first in any::<bool>()) {
        let text = if first && way != 9 {
            format!("{}{own}", foreign(&inner, way))
        } else {
            format!("{own}{}", foreign(&inner, way))
        };
        prop_assert_eq!(deploy("2.4.1", &text), deploy("2.4.1", &own), "{}", text);
    }

    #[test]
    fn any_text_is_cut_at_the_same_offsets(text in any::<String>()) {
        let own = own_words(&text);
        prop_assert_eq!(own.text.len(), text.len());
        for token in tokenize(&own.text) {
            prop_assert_eq!(own.text.get(token.span.clone()), text.get(token.span));
        }
    }

    #[test]
    fn every_number_word_is_its_number(number in 0..100i64) {
        const ONES: [&str; 20] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
            "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
        const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
        let at = usize::try_from(number).unwrap();
        let word = match (at, at % 10) {
            (0..20, _) => ONES[at].to_owned(),
            (_, 0) => TENS[at / 10 - 2].to_owned(),
            (_, ones) => format!("{}-{}", TENS[at / 10 - 2], ONES[ones]),
        };
        prop_assert_eq!(number_at(&tokenize(&word), 0).map(|found| found.value), Some(number));
        prop_assert_eq!(number_at(&tokenize(&number.to_string()), 0).map(|found| found.value), Some(number));
    }
}
