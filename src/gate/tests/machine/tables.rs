//! The policies and the events of those histories.

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::*;

pub(super) const PEOPLE: [&str; 5] = ["ann", "bob", "cat", "dan", "eve"];

/// Roles as bits. Leads and database people are engineers, too.
pub(super) const ENGINEER: u8 = 1;
pub(super) const LEAD: u8 = 2;
pub(super) const DBA: u8 = 4;
/// Not in the file at all.
pub(super) const NOBODY: u8 = 128;

/// A policy as a table.
pub(super) struct Table {
    /// What the file gives to each of the people.
    pub(super) roles: [u8; 5],
    /// Requirements, each a list of slots, each slot open to any of these roles.
    pub(super) needs: &'static [&'static [u8]],
    pub(super) verify: Verify,
    pub(super) confirm: bool,
    pub(super) forbidden: bool,
    pub(super) wait: i64,
    pub(super) start: i64,
}

pub(super) const PLAIN: Table = Table {
    roles: [ENGINEER, LEAD, LEAD | DBA, DBA, 0],
    needs: &[&[LEAD]],
    verify: Verify::Chat,
    confirm: false,
    forbidden: false,
    wait: 30,
    start: 5,
};

pub(super) static TABLES: [Table; 9] = [
    PLAIN,
    Table { needs: &[&[LEAD | DBA, LEAD | DBA]], verify: Verify::Console, wait: 10, ..PLAIN },
    Table { needs: &[&[LEAD, DBA]], start: 2, ..PLAIN },
    Table { roles: [ENGINEER, ENGINEER, LEAD | DBA, DBA, 0], ..PLAIN },
    Table { needs: &[&[LEAD], &[DBA]], confirm: true, ..PLAIN },
    Table { roles: [ENGINEER, NOBODY, LEAD, DBA, 0], needs: &[&[LEAD | DBA, LEAD | DBA]], ..PLAIN },
    Table { forbidden: true, ..PLAIN },
    Table { needs: &[], confirm: true, ..PLAIN },
    Table { needs: &[&[ENGINEER, LEAD | DBA, DBA]], verify: Verify::Type, ..PLAIN },
];

pub(super) static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| TABLES.iter().map(file).collect());

pub(super) fn names(roles: u8) -> Vec<&'static str> {
    let all = [(ENGINEER, "engineer"), (LEAD, "lead"), (DBA, "dba")];
    all.into_iter().filter(|(bit, _)| roles & bit > 0).map(|(_, name)| name).collect()
}

/// The same as a file. Everybody has an account in the console and one in Slack; whoever is on call is a lead.
pub(super) fn file(table: &Table) -> Policy {
    let mut text =
        "version = 1\n[roles]\nengineer = []\nlead = [\"engineer\"]\ndba = [\"engineer\"]\n".to_owned();
    text.push_str("[[channel]]\nname = \"deployments\"\nplatform = \"console\"\n");
    text.push_str("[[on_call]]\nteam = \"orders\"\nroles = [\"lead\"]\n");
    for (name, roles) in PEOPLE.iter().zip(table.roles).filter(|(_, roles)| *roles != NOBODY) {
        let accounts = format!("identities = [\"console:{name}\", \"slack:T1/{name}\"]");
        let roles = names(roles);
        let roles = if roles.is_empty() { String::new() } else { format!("roles = {roles:?}\n") };
        writeln!(text, "[[person]]\nid = \"{name}\"\n{roles}{accounts}").unwrap();
    }
    let slots = |slots: &[u8]| {
        slots
            .iter()
            .map(|slot| format!("1 of {}", names(*slot).join(" or ")))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    let needs: Vec<_> = table.needs.iter().map(|need| slots(need)).collect();
    writeln!(text, "[[rule]]\nid = \"deploy\"\ntools = [\"deploy\"]\nask = \"engineer\"").unwrap();
    writeln!(text, "confirm = {}\nverify = \"{}\"", table.confirm, table.verify.as_str()).unwrap();
    writeln!(text, "expires_minutes = {}\nstart_within_minutes = {}", table.wait, table.start).unwrap();
    if !needs.is_empty() {
        writeln!(text, "need = {needs:?}").unwrap();
    }
    if table.forbidden {
        text.push_str("deny = \"closed\"\n");
    }
    load(&text)
}

/// What can happen. `of` is how many requests ago the one was made that it is about.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Vote {
        of: usize,
        by: usize,
        account: Platform,
        choice: Choice,
        verify: Verify,
        twice: bool,
    },
    Retract {
        of: usize,
        by: usize,
    },
    Confirm {
        of: usize,
        by: usize,
    },
    Withdraw {
        of: usize,
    },
    /// Somebody edits the message that asked. Nothing is read from it again.
    Edit,
    /// What runs in the world changes.
    Fact(u8),
    /// The same is asked again, with another argument.
    AskAnew {
        version: u8,
    },
    Reload(usize),
    Duty {
        who: usize,
        minutes: i64,
    },
    Clock(i64),
    /// Something else begins or ends to run on the target.
    Busy(bool),
    Start {
        of: usize,
    },
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let of = || prop_oneof![6 => Just(0_usize), 1 => Just(1_usize)];
    let choice = prop_oneof![9 => Just(Choice::Approve), 1 => Just(Choice::Deny)];
    let verify = select(vec![Verify::Chat, Verify::Type, Verify::Console, Verify::Console]);
    let account = select(vec![Platform::Console, Platform::Slack]);
    prop_oneof![
        10 => (of(), 0..5_usize, account, choice, verify, proptest::bool::weighted(0.2))
            .prop_map(|(of, by, account, choice, verify, twice)| {
                Event::Vote { of, by, account, choice, verify, twice }
            }),
        1 => (of(), 0..5_usize).prop_map(|(of, by)| Event::Retract { of, by }),
        2 => (of(), 0..5_usize).prop_map(|(of, by)| Event::Confirm { of, by }),
        1 => of().prop_map(|of| Event::Withdraw { of }),
        1 => Just(Event::Edit),
        1 => (0..3_u8).prop_map(Event::Fact),
        1 => (0..3_u8).prop_map(|version| Event::AskAnew { version }),
        2 => (0..TABLES.len()).prop_map(Event::Reload),
        1 => (0..5_usize, 1..20_i64).prop_map(|(who, minutes)| Event::Duty { who, minutes }),
        2 => prop_oneof![6 => 1..9_i64, 1 => 20..40_i64, 1 => -9..0_i64].prop_map(Event::Clock),
        1 => any::<bool>().prop_map(Event::Busy),
        2 => of().prop_map(|of| Event::Start { of }),
    ]
}
