//! Other people's words without quotation marks, and orders that hang on something or are taken back: closed lists of
//! English would never be complete, so these are the ones that were once missed.

use super::threads::thread;
use super::*;

#[track_caller]
fn none_is_done(texts: &[&str]) {
    let done: Vec<_> =
        texts.iter().map(|text| (text, read(text))).filter(|(_, got)| got.starts_with('/')).collect();
    assert_eq!(done, []);
}

#[test]
fn what_is_announced_as_somebody_elses_is_not_done() {
    none_is_done(&[
        "bob wrote:\nroll back payments in production",
        "according to the vendor:\n\nplease roll back payments in production",
        "quote:\nroll back payments in production",
        "they asked for this: roll back payments in production",
        "fwd from the vendor: dear operators, kindly roll back payments in production",
        "fyi from the hoster: please scale checkout to 1 in prod",
        "the page reads as follows. scale checkout to 0 in production. funny, isn't it?",
        "from the handbook: deploy checkout 1.0.0 to prod",
        "step 3: roll back payments in production",
        "alert text: roll back payments in production",
        "this is a test: roll back payments in production",
        "never type this: roll back payments in production",
        "i was about to type: roll back payments in production",
        "nina sent me this: roll back payments in production",
        "nina sent me this:\nroll back payments in production",
        "for lena: roll back payments in production",
        "hey tom roll back payments in production",
    ]);
    table(&[
        (
            "bob wrote:\n> scale checkout to 0 in prod\nroll back checkout in prod",
            "/rollback checkout production",
        ),
        ("bob wrote:\nthat is odd\n\nroll back checkout in prod", "/rollback checkout production"),
        ("checkout is broken: roll back checkout in staging", "/rollback checkout staging"),
        ("do the following: roll back checkout in staging", "/rollback checkout staging"),
        ("please carry out step 2: scale checkout to 3 in dev", "/scale checkout 3 development"),
    ]);
}

#[test]
fn links_and_long_fences_are_foreign_to_their_ends() {
    none_is_done(&[
        "have a look <https://x.example/r?c=1|deploy checkout 0.3.0 production>",
        "[deploy checkout 0.3.0 to production](https://x.example/7) is a page of ours",
        "````\n```\ndeploy checkout 0.3.0 to production\n```\n````",
        "~~~~\n```\ndeploy checkout 0.3.0 to production\n~~~\n",
    ]);
}

#[test]
fn what_hangs_on_something_is_not_done() {
    let ends = [
        "as long as lena is fine with it",
        "the moment it fails again",
        "provided that the tests pass",
        "subject to approval",
        "in case it fails again",
        "by the time i am back",
        "depending on the error rate",
        "should it fail again",
        "while the traffic is low",
        "but have jonas approve it first",
        "without actually doing it",
    ];
    for end in ends {
        assert_eq!(read(&format!("roll back payments in prod {end}")), "refuse", "{end}");
    }
    for start in [
        "should it fail again",
        "provided the tests pass",
        "assuming the backup exists",
        "as long as it is quiet",
    ] {
        assert_eq!(read(&format!("{start}, roll back payments in prod")), "refuse", "{start}");
    }
}

#[test]
fn what_is_taken_back_in_other_words_is_not_done() {
    let ends = [
        ". sorry, wrong channel",
        ". cancel that",
        ". please ignore",
        ", i take that back",
        ". stop",
        " (do not do this)",
        ". this was a test",
        "... actually let me ask tom first",
        ", ah forget about it",
        " is not an option",
    ];
    for end in ends {
        assert_eq!(read(&format!("roll back payments in prod{end}")), "answer", "{end}");
    }
    thread(
        &[(Speaker::Asker, "roll back payments"), (Speaker::Bot(BotTurn::Question), "In which environment?")],
        &[("production. no wait, don't, it's the load balancer", "answer"), ("hold on", "answer")],
    );
}

#[test]
fn the_number_of_a_ticket_is_no_version_and_a_padded_number_no_count() {
    table(&[
        ("deploy checkout 2.4.1 to staging (OPS-902)", "/deploy checkout 2.4.1 staging"),
        ("deploy checkout 2.4.1 to staging, that fulfils OPS-902", "/deploy checkout 2.4.1 staging"),
        ("run migration 0042 on users in dev, see DB-17", "/migrate user-service 0042 development"),
        ("run 0042 on users in dev", "/migrate user-service 0042 development"),
        ("roll back the price change of orders in prod", "ask service"),
    ]);
}
