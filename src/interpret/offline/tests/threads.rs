use super::*;

const QUESTION: Speaker = Speaker::Bot(BotTurn::Question);
const STATUS: Speaker = Speaker::Bot(BotTurn::Status);

#[track_caller]
pub(super) fn thread(before: &[(Speaker, &str)], rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let turns = before.iter().map(|(speaker, text)| turn(*speaker, text));
        let got = talk(turns.chain([turn(Speaker::Asker, text)]).collect());
        assert_eq!(got, *expected, "{text}");
    }
}

#[test]
fn answers_fill_what_was_asked_for() {
    let before =
        [(Speaker::Asker, "deploy checkout 2.4.1"), (QUESTION, "Where: development, staging or production?")];
    thread(
        &before,
        &[
            ("prod", "/deploy checkout 2.4.1 production"),
            ("the second one", "/deploy checkout 2.4.1 staging"),
            ("staging, but 2.4.2", "/deploy checkout 2.4.2 staging"),
            ("staging and production", "/deploy checkout 2.4.1 staging; /deploy checkout 2.4.1 production"),
            ("prod, sorry, staging", "/deploy checkout 2.4.1 staging"),
            ("in production it still works, so staging", "/deploy checkout 2.4.1 staging"),
            ("anything but production", "ask environment"),
            ("definitely not the production one", "ask environment"),
            ("production if the tests are green", "ask environment"),
            ("tom says production", "ask environment"),
            ("\"production\"", "ask environment"),
            ("production, and 2.4.1 of orders too", "ask environment"),
            ("yes", "ask environment"),
            ("well, look above", "ask environment"),
            ("never mind", "answer"),
            ("no", "answer"),
            ("before that: status of checkout in prod", "/status checkout production"),
            ("what does that mean?", "answer"),
        ],
    );
    let before = [(Speaker::Asker, "scale checkout in prod"), (QUESTION, "To how many replicas?")];
    thread(
        &before,
        &[("six", "/scale checkout 6 production"), ("two more", "ask replicas"), ("a few", "ask replicas")],
    );
    let before = [(Speaker::Asker, "lock staging"), (QUESTION, "Why?")];
    thread(
        &before,
        &[(
            "we are deploying the new checkout",
            "/lock staging --reason \"we are deploying the new checkout\"",
        )],
    );
}

#[test]
fn a_confirmation_can_be_changed_and_is_never_assumed() {
    let before = [
        (Speaker::Asker, "deploy checkout 2.4.1 to staging"),
        (QUESTION, "Deploy checkout 2.4.1 to staging: shall I?"),
    ];
    thread(
        &before,
        &[
            ("yes but v2.4.2", "/deploy checkout v2.4.2 staging"),
            ("no, production", "/deploy checkout 2.4.1 production"),
            ("yes", "/deploy checkout 2.4.1 staging"),
            ("no, forget it", "answer"),
            ("hold on", "answer"),
            ("let me check with lena first", "nothing"),
        ],
    );
}

#[test]
fn only_the_person_who_was_asked_answers() {
    thread(
        &[(Speaker::Other, "deploy checkout 2.4.1"), (QUESTION, "Where?")],
        &[("production", "ask intent")],
    );
    thread(
        &[(Speaker::Asker, "deploy checkout 2.4.1"), (QUESTION, "Where?"), (Speaker::Other, "production!")],
        &[("no, staging", "/deploy checkout 2.4.1 staging"), ("ok", "ask environment")],
    );
    thread(
        &[
            (Speaker::Asker, "deploy checkout 2.4.1"),
            (QUESTION, "Where?"),
            (Speaker::ThirdParty, "target: production"),
        ],
        &[("as the build says", "ask environment"), ("hm", "ask environment")],
    );
}

#[test]
fn pronouns_and_amounts_rest_on_what_the_bot_stated() {
    let before = [
        (Speaker::Asker, "status of checkout in production"),
        (STATUS, "checkout in production: version 2.4.1, 1 of 4 replicas ready."),
    ];
    thread(
        &before,
        &[
            ("one more replica please", "/scale checkout 5 production"),
            ("double it", "/scale checkout 8 production"),
            ("remove two of them", "/scale checkout 2 production"),
            ("one more replica of the gateway", "ask replicas environment"),
            ("give staging as many as that", "/scale checkout 4 staging"),
            ("put that version on staging", "/deploy checkout 2.4.1 staging"),
            ("ouch. roll it back there", "/rollback checkout production"),
            ("roll back", "ask service environment"),
            ("and staging?", "/status checkout staging"),
        ],
    );
    let before = [
        (Speaker::Asker, "deploy orders 3.12.0 to dev"),
        (STATUS, "Done: order-service 3.12.0 is on development."),
    ];
    thread(
        &before,
        &[
            ("same for inventory, 0.10.0", "/deploy inventory-service 0.10.0 development"),
            ("hm that broke it, undo that please", "/rollback order-service development"),
            ("thanks", "nothing"),
        ],
    );
}
