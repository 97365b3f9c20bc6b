//! The way of a request from asking to running, with everything that can happen to it meanwhile, against an oracle that
//! knows nothing of the gate: it keeps its own tables of policies, roles, votes and what each voter saw, and says by
//! itself whether a vote counts and whether something may run. Whatever the history, both say the same.

mod tables;

use proptest::prelude::*;

use super::*;
use crate::domain::ChatUser;
use tables::*;

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// Everybody agreed, and something else runs on the target.
    Agreed,
    Over,
    Ran,
}

/// A request as the corridor keeps it: what the gate needs, and nothing of what the oracle knows.
struct Request {
    scene: Scene,
    state: State,
}

/// A vote as the oracle remembers it: who, what, and what they saw.
#[derive(Clone, Debug)]
struct Saw {
    by: usize,
    choice: Choice,
    verify: Verify,
    at: i64,
    version: u8,
    fact: u8,
    policy: usize,
}

/// A request as the oracle remembers it.
#[derive(Clone, Debug)]
struct Memory {
    version: u8,
    /// The fact on its card.
    fact: u8,
    votes: Vec<Saw>,
    confirmed: bool,
    until: i64,
    start_by: Option<i64>,
    over: bool,
    ran: bool,
}

struct World {
    policy: usize,
    fact: u8,
    /// Minutes.
    now: i64,
    busy: bool,
    asker: usize,
    /// Who is on call, and until when.
    duty: Option<(usize, i64)>,
    requests: Vec<Request>,
    memories: Vec<Memory>,
}

fn minute(minutes: i64) -> Timestamp {
    at("2026-03-04T12:00:00Z").checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap()
}

impl World {
    fn new(asker: usize) -> Self {
        let mut world = Self {
            policy: 0,
            fact: 0,
            now: 0,
            busy: false,
            asker,
            duty: None,
            requests: Vec::new(),
            memories: Vec::new(),
        };
        world.ask_anew(0);
        world
    }

    fn policy(&self) -> &'static Policy {
        &POLICIES[self.policy]
    }

    fn table(&self) -> &'static Table {
        &TABLES[self.policy]
    }

    fn membership(&self) -> Membership {
        let mut membership = Membership::default();
        membership.set_on_call("orders", self.duty.map(|(who, until)| (person(PEOPLE[who]), minute(until))));
        membership
    }

    /// Puts what is true now into the case of a request.
    fn refresh(&mut self, of: usize) {
        let (now, membership) = (minute(self.now), self.membership());
        let scene = &mut self.requests[of].scene;
        scene.now = now;
        scene.membership = membership;
    }

    /// A new request for the same target takes the place of the one that waits.
    fn ask_anew(&mut self, version: u8) {
        if let Some(older) = self.requests.last_mut()
            && matches!(older.state, State::Waiting | State::Agreed)
        {
            older.state = State::Over;
        }
        if let Some(older) = self.memories.last_mut() {
            older.over = true;
        }
        let number = u8::try_from(self.requests.len()).unwrap();
        let mut scene = ask(PEOPLE[self.asker], "deploy", Some("production"));
        let args = [("version".to_owned(), json!(version))].into_iter().collect();
        let target = "production/order-service";
        scene.call = Call::for_tests("deploy", args, EffectClass::Write, Some("production"), target);
        scene.request = RequestId::mint(scene.now, [number; 10]);
        scene.standing.cause = vec![person(PEOPLE[self.asker])];
        self.requests.push(Request { scene, state: State::Waiting });
        self.memories.push(Memory {
            version,
            fact: self.fact,
            votes: Vec::new(),
            confirmed: false,
            until: 0,
            start_by: None,
            over: false,
            ran: false,
        });
        self.put_up(self.requests.len() - 1);
    }

    /// Shows the card with the facts as they are now; the waiting begins.
    fn put_up(&mut self, of: usize) {
        self.refresh(of);
        let policy = self.policy();
        let (fact, until) = (self.fact, self.now + self.table().wait);
        let request = &mut self.requests[of];
        request.state = State::Waiting;
        request.scene.held = json!({ "fact": fact }).as_object().cloned().unwrap();
        request.scene.standing.votes.clear();
        request.scene.standing.confirmed_by = None;
        request.scene.standing.start_by = None;
        let wait = request.scene.decide(policy).expires_after;
        request.scene.standing.expires_at = request.scene.now.checked_add(wait).ok();
        let memory = &mut self.memories[of];
        (memory.fact, memory.until) = (fact, until);
        (memory.votes, memory.confirmed, memory.start_by) = (Vec::new(), false, None);
    }

    fn happen(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let which = |of: usize| self.requests.len().checked_sub(1 + of);
        match *event {
            Event::Vote { of, by, account, choice, verify, twice } => {
                let Some(of) = which(of) else { return Ok(()) };
                for _click in 0..=usize::from(twice) {
                    self.vote(of, (by, account), choice, verify)?;
                }
            }
            Event::Retract { of, by } => {
                let Some(of) = which(of) else { return Ok(()) };
                let votes = &mut self.requests[of].scene.standing.votes;
                votes.retain(|vote| vote.person.0 != PEOPLE[by]);
                self.memories[of].votes.retain(|vote| vote.by != by);
            }
            Event::Confirm { of, by } => {
                let Some(of) = which(of) else { return Ok(()) };
                // The corridor takes the asker's word alone.
                if by == self.asker {
                    self.requests[of].scene.standing.confirmed_by = Some(person(PEOPLE[by]));
                    self.memories[of].confirmed = true;
                    self.start(of)?;
                }
            }
            Event::Withdraw { of } => {
                let Some(of) = which(of) else { return Ok(()) };
                self.over(of);
            }
            Event::Edit => {}
            Event::Fact(fact) => self.fact = fact,
            Event::AskAnew { version } => self.ask_anew(version),
            Event::Reload(policy) => self.policy = policy,
            Event::Duty { who, minutes } => self.duty = Some((who, self.now + minutes)),
            Event::Clock(minutes) => self.now += minutes,
            Event::Busy(busy) => self.busy = busy,
            Event::Start { of } => {
                let Some(of) = which(of) else { return Ok(()) };
                self.start(of)?;
            }
        }
        Ok(())
    }

    fn over(&mut self, of: usize) {
        if matches!(self.requests[of].state, State::Waiting | State::Agreed) {
            self.requests[of].state = State::Over;
        }
        self.memories[of].over = true;
    }

    fn vote(
        &mut self,
        of: usize,
        (by, account): (usize, Platform),
        choice: Choice,
        verify: Verify,
    ) -> Result<(), TestCaseError> {
        self.refresh(of);
        if !matches!(self.requests[of].state, State::Waiting | State::Agreed) {
            return Ok(());
        }
        let workspace = if account == Platform::Slack { "T1" } else { "" };
        let account = ChatUser {
            platform: account,
            workspace: workspace.to_owned(),
            user: PEOPLE[by].to_owned(),
            display: "ann".to_owned(),
        };
        let policy = self.policy();
        let voter = policy.person_of(&account);
        let scene = &self.requests[of].scene;
        let counts = weigh(policy, &scene.case(), voter, choice, verify).is_ok();
        prop_assert_eq!(counts, self.counts(of, by, choice, verify), "{:?} {} {:?}", choice, by, verify);
        if !counts {
            return Ok(());
        }
        let vote = Vote {
            person: voter.cloned().unwrap(),
            choice,
            binding: binding(policy, &scene.case()),
            verify,
            at: scene.now,
            note: None,
        };
        // A person has one vote, and it is their last.
        let votes = &mut self.requests[of].scene.standing.votes;
        votes.retain(|other| other.person != vote.person);
        votes.push(vote);
        let memory = &mut self.memories[of];
        memory.votes.retain(|other| other.by != by);
        memory.votes.push(Saw {
            by,
            choice,
            verify,
            at: self.now,
            version: memory.version,
            fact: memory.fact,
            policy: self.policy,
        });
        match choice {
            Choice::Deny => self.over(of),
            Choice::Approve => self.start(of)?,
        }
        Ok(())
    }

    /// Tries to run it, as the corridor does: facts first, then the proof.
    fn start(&mut self, of: usize) -> Result<(), TestCaseError> {
        self.refresh(of);
        if !matches!(self.requests[of].state, State::Waiting | State::Agreed) {
            return Ok(());
        }
        if self.memories[of].fact != self.fact {
            self.put_up(of);
            return Ok(());
        }
        let policy = self.policy();
        let request = &self.requests[of];
        let cleared = clear(policy, &request.scene.case());
        prop_assert_eq!(cleared.is_ok(), self.may_run(of), "{:#?}", self.memories[of]);
        let Ok(cleared) = cleared else { return Ok(()) };
        if self.busy {
            let (by, start) = (minute(self.now + self.table().start), self.now + self.table().start);
            if self.requests[of].state == State::Waiting {
                self.requests[of].state = State::Agreed;
                self.requests[of].scene.standing.start_by = Some(by);
                self.memories[of].start_by = Some(start);
            }
            return Ok(());
        }
        // What runs is what each of those who made it possible saw.
        let memory = &self.memories[of];
        prop_assert!(!memory.over && !memory.ran);
        prop_assert_eq!(&cleared.call().args()["version"], &json!(memory.version));
        prop_assert_eq!(&cleared.held()["fact"], &json!(self.fact));
        for approver in cleared.approved_by() {
            prop_assert_ne!(&approver.0, PEOPLE[self.asker]);
            let saw = memory.votes.iter().find(|vote| PEOPLE[vote.by] == approver.0).unwrap();
            prop_assert_eq!((saw.version, saw.fact), (memory.version, self.fact));
        }
        self.requests[of].state = State::Ran;
        self.memories[of].ran = true;
        Ok(())
    }

    // ---- the oracle

    /// The roles of somebody at this moment; `None` for nobody in the file.
    fn roles(&self, who: usize) -> Option<u8> {
        let given = Some(self.table().roles[who]).filter(|roles| *roles != NOBODY)?;
        let lent = self.duty.filter(|(on_call, until)| *on_call == who && self.now < *until);
        let all = given | lent.map_or(0, |_| LEAD);
        Some(if all & (LEAD | DBA) > 0 { all | ENGINEER } else { all })
    }

    /// Whether somebody who is not the asker holds a role for some slot.
    fn approver(&self, who: usize) -> bool {
        let slots = self.table().needs.iter().flat_map(|need| need.iter());
        who != self.asker
            && self.roles(who).is_some_and(|roles| slots.into_iter().any(|slot| slot & roles > 0))
    }

    /// The votes of a request that mean what it is now, of people who may cast them now.
    fn valid(&self, of: usize, choice: Choice) -> Vec<&Saw> {
        let memory = &self.memories[of];
        let same = |vote: &&Saw| {
            (vote.version, vote.fact, vote.policy) == (memory.version, memory.fact, self.policy)
                && vote.at < memory.until
                && vote.choice == choice
                && self.approver(vote.by)
        };
        memory.votes.iter().filter(same).collect()
    }

    fn met(&self, of: usize) -> bool {
        let yes = self.valid(of, Choice::Approve);
        let sure = yes.into_iter().filter(|vote| vote.verify >= self.table().verify);
        let people: Vec<u8> = sure.filter_map(|vote| self.roles(vote.by)).collect();
        self.table().needs.iter().all(|need| seats(need, &people))
    }

    fn late(&self, of: usize, agreed: bool) -> bool {
        let memory = &self.memories[of];
        let end = if agreed { memory.start_by.unwrap_or(memory.until) } else { memory.until };
        self.now >= end
    }

    fn counts(&self, of: usize, by: usize, choice: Choice, verify: Verify) -> bool {
        if self.table().needs.is_empty()
            || !self.valid(of, Choice::Deny).is_empty()
            || self.late(of, self.met(of))
            || !self.approver(by)
        {
            return false;
        }
        let table = self.table();
        let before = self.valid(of, Choice::Approve);
        let again = before.iter().any(|vote| vote.by == by && vote.verify >= table.verify);
        choice == Choice::Deny || (verify >= table.verify && !again && !self.met(of))
    }

    fn may_run(&self, of: usize) -> bool {
        let (table, memory) = (self.table(), &self.memories[of]);
        let may_ask = self.roles(self.asker).is_some_and(|roles| roles & ENGINEER > 0) && !table.forbidden;
        let waits = !table.needs.is_empty() || table.confirm;
        let confirmed = memory.confirmed || !table.confirm;
        let denied = !table.needs.is_empty() && !self.valid(of, Choice::Deny).is_empty();
        may_ask && !denied && self.met(of) && confirmed && !(waits && self.late(of, true))
    }
}

/// Whether these people can each take a slot of their own, by trying all ways.
fn seats(slots: &[u8], people: &[u8]) -> bool {
    let Some((slot, rest)) = slots.split_first() else { return true };
    (0..people.len()).any(|index| {
        let mut others = people.to_vec();
        others.remove(index) & slot > 0 && seats(rest, &others)
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn nothing_runs_but_what_the_right_people_saw(
        asker in 0..2_usize,
        events in proptest::collection::vec(event(), 1..40),
    ) {
        let mut world = World::new(asker);
        for event in &events {
            world.happen(event)?;
        }
    }
}

/// The histories are worth something: things do run in them, and are refused for every kind of reason.
#[test]
fn histories_come_to_all_kinds_of_ends() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, RngSeed, TestRunner};

    let config = Config { rng_seed: RngSeed::Fixed(7), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let (mut ran, mut over, mut waiting) = (0, 0, 0);
    for _history in 0..150 {
        let events = proptest::collection::vec(event(), 1..40).new_tree(&mut runner).unwrap().current();
        let mut world = World::new(0);
        events.iter().for_each(|event| world.happen(event).unwrap());
        for request in &world.requests {
            match request.state {
                State::Ran => ran += 1,
                State::Over => over += 1,
                State::Waiting | State::Agreed => waiting += 1,
            }
        }
    }
    assert!(ran > 50 && over > 50 && waiting > 20, "{ran} {over} {waiting}");
}
