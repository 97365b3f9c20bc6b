//! Random histories of the whole app against a model of it that shares no code with it: after each step every request
//! stands as the model says, and exactly what the model says has run.

mod model;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::chat::{Answer as Told, Directory, Duty, Standing};
use countersign::clock::Clock as _;
use countersign::domain::{Action, ChatUser, Platform, Reply};
use countersign::gate::GroupKey;
use countersign::store::RequestState;
use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::json;

use self::model::{Model, Stands, What};
use crate::support::{Answer, BackEnd, Said, World, policy_and, service};

/// Erin leads by a group, which she may leave and enter.
const MORE: &str = "[[person]]\nid = \"erin\"\nroles = [\"engineer\"]\nidentities = [\"console:erin\"]\n\n\
                    [[group]]\nplatform = \"console\"\nid = \"leads\"\nroles = [\"team-lead\"]\n";
const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
/// Who is in the group.
#[derive(Default)]
struct Group(Mutex<bool>);

impl Directory for Group {
    fn members<'a>(&'a self, _group: &'a GroupKey) -> Told<'a, Vec<ChatUser>> {
        let erin = ChatUser {
            platform: Platform::Console,
            workspace: String::new(),
            user: "erin".to_owned(),
            display: "erin".to_owned(),
        };
        let members = if *self.0.lock().unwrap() { vec![erin] } else { Vec::new() };
        std::future::ready(Ok(members)).boxed()
    }

    fn standing<'a>(&'a self, _account: &'a ChatUser) -> Told<'a, Standing> {
        std::future::ready(Ok(Standing::Member)).boxed()
    }

    fn on_call<'a>(&'a self, _team: &'a str) -> Told<'a, Vec<Duty>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

/// A history: the app, the model beside it, and what was done, for when they part.
struct History {
    world: World,
    back_end: BackEnd,
    group: Arc<Group>,
    model: Model,
    said: Vec<Said>,
    /// The card of each request as it was at first.
    first: Vec<Reply>,
    dice: Dice,
    policy: u32,
    log: Vec<String>,
}

impl History {
    async fn begin(seed: u64) -> Self {
        let back_end = BackEnd::well().await;
        back_end.answers(BackEnd::SCALE, Answer::Json(200, json!({})));
        let group = Arc::new(Group::default());
        let world = World::with_directory(policy_and(MORE), &back_end, group.clone()).await;
        let now = world.clock.now().as_second();
        let model = Model { now, ..Model::default() };
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut history = Self {
            world,
            back_end,
            group,
            model,
            said: Vec::new(),
            first: Vec::new(),
            dice,
            policy: 0,
            log: Vec::new(),
        };
        history.show_facts();
        history
    }

    fn show_facts(&mut self) {
        let [version, migrations, replicas] = self.model.facts;
        let version = ["v2.4.0", "v2.3.1"][version as usize % 2];
        self.back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3 + replicas % 2, version)));
        let pending: Vec<_> = (0..=migrations % 2).map(|number| format!("000{number}_more")).collect();
        self.back_end
            .answers(BackEnd::MIGRATIONS, Answer::Json(200, json!({ "applied": [], "pending": pending })));
    }

    async fn step(&mut self) {
        let person = self.dice.one(&PEOPLE);
        let index = if self.said.is_empty() { None } else { Some(self.dice.roll(self.said.len().min(4))) };
        // Most of the time about one of the last few.
        let index = index.map(|back| self.said.len() - 1 - back);
        match (self.dice.roll(24), index) {
            (0..=4, _) | (_, None) => self.ask(person).await,
            (5..=10, Some(index)) => self.press(person, index, Action::Approve).await,
            (11, Some(index)) => self.press(person, index, Action::Deny).await,
            (12..=13, Some(index)) => self.press(person, index, Action::Retract).await,
            (14, Some(index)) => self.press(person, index, Action::Withdraw).await,
            (15, Some(index)) => self.press_an_old_card(person, index).await,
            (16..=17, Some(index)) => self.both(index).await,
            (18, _) => self.wait().await,
            (19, _) => {
                let what = self.dice.roll(3);
                self.log.push(format!("fact {what} changes"));
                self.model.facts[what] += 1;
                self.show_facts();
                // Values come again, and a value that is as it was has not changed.
                self.model.facts[what] %= 2;
            }
            (20, _) => self.group().await,
            (21, _) => self.reload().await,
            (22, _) => self.lock().await,
            (_, _) => self.start_again().await,
        }
        self.compare().await;
    }

    async fn ask(&mut self, person: &'static str) {
        let person = if person == "dave" { "alice" } else { person };
        let what = self.dice.one(&What::ALL);
        self.log.push(format!("{person} asks {}", what.command()));
        let said = self.world.say(person, what.command()).await;
        if self.model.ask(person, what) {
            assert_eq!(said.state(), RequestState::Waiting, "{}\n{said}", self.log.join("\n"));
            self.first.push(self.world.card(said.id()).await);
            self.said.push(said);
        } else {
            assert_eq!(said.state(), RequestState::Refused, "{}\n{said}", self.log.join("\n"));
        }
    }

    async fn press(&mut self, person: &'static str, index: usize, action: Action) {
        self.log.push(format!("{person} presses {} on {index}", action.as_str()));
        let card = self.model.asked[index].card;
        self.world.press(person, &self.said[index], action).await;
        self.model.now += 1;
        match action {
            Action::Approve => self.model.approve(person, index, card),
            Action::Deny => self.model.deny(person, index),
            Action::Retract => self.model.retract(person, index),
            Action::Withdraw => self.model.withdraw(person, index),
            Action::Confirm => unreachable!("nothing here is confirmed"),
        }
    }

    async fn press_an_old_card(&mut self, person: &'static str, index: usize) {
        self.log.push(format!("{person} presses approve on the first card of {index}"));
        let click = self.world.click(person, &self.first[index], Action::Approve, None);
        self.world.deliver(click).await.unwrap();
        self.model.now += 1;
        self.model.approve(person, index, 0);
    }

    /// Two press at the same moment, each on the card as it is.
    async fn both(&mut self, index: usize) {
        let (one, other) = (self.dice.one(&PEOPLE), self.dice.one(&PEOPLE));
        self.log.push(format!("{one} and {other} press approve on {index} at once"));
        let card = self.world.card(self.said[index].id()).await;
        let click = |person| self.world.deliver(self.world.click(person, &card, Action::Approve, None));
        let (first, second) = tokio::join!(click(one), click(other));
        first.unwrap();
        second.unwrap();
        self.world.settle().await;
        let generation = self.model.asked[index].card;
        self.model.now += 2;
        self.model.approve(one, index, generation);
        self.model.approve(other, index, generation);
    }

    async fn wait(&mut self) {
        let minutes = self.dice.one(&[1u32, 4, 9, 16]);
        self.log.push(format!("{minutes} minutes pass"));
        self.world.tick(minutes.into()).await;
        self.model.tick(minutes.into());
    }

    async fn group(&mut self) {
        let member = !*self.group.0.lock().unwrap();
        self.log.push(format!("erin {} the group", if member { "enters" } else { "leaves" }));
        *self.group.0.lock().unwrap() = member;
        self.world.read_roster().await;
        self.world.settle().await;
        self.model.erin = member.then_some(self.model.now);
        // A vote that counts again may be the last one.
        self.model.all_start();
    }

    async fn reload(&mut self) {
        self.policy += 1;
        self.log.push("the policy is read anew".to_owned());
        self.world.save_policy(format!("{}\n# {}\n", policy_and(MORE), self.policy)).await;
        self.model.reload();
    }

    async fn lock(&mut self) {
        let command =
            if self.model.locked { "/unlock production" } else { "/lock production --reason audit" };
        self.log.push(command.to_owned());
        self.world.say("carol", command).await;
        self.model.now += 1;
        self.model.locked = !self.model.locked;
    }

    async fn start_again(&mut self) {
        self.log.push("the server dies and starts again".to_owned());
        self.world.crash().await;
        self.world.settle().await;
        self.model.erin = self.group.0.lock().unwrap().then_some(self.model.now);
        self.model.all_start();
    }

    async fn compare(&mut self) {
        self.world.settle().await;
        assert_eq!(
            self.world.clock.now(),
            Timestamp::from_second(self.model.now).unwrap(),
            "the clocks part"
        );
        let log = || self.log.join("\n");
        for (index, (said, asked)) in self.said.iter().zip(&self.model.asked).enumerate() {
            let there = self.world.look(said).await;
            let stands = match there.state() {
                RequestState::Waiting => Stands::Waits,
                RequestState::Done | RequestState::Failed => Stands::Ran,
                RequestState::Denied => Stands::Denied,
                RequestState::Expired => Stands::Expired,
                RequestState::Withdrawn => Stands::Withdrawn,
                RequestState::Superseded => Stands::Superseded,
                other => panic!("request {index} is {}\n{}", other.as_str(), log()),
            };
            assert_eq!(stands, asked.stands, "request {index}: {asked:?}\n{}\n{there}", log());
        }
        for what in What::ALL {
            let ran = self.back_end.asked(what.effect());
            assert_eq!(ran, self.model.ran[what as usize], "{what:?} ran\n{}", log());
        }
    }
}

async fn histories(seeds: std::ops::Range<u64>, steps: usize) {
    let mut ran = 0;
    for seed in seeds {
        let mut history = History::begin(seed).await;
        for _step in 0..steps {
            history.step().await;
        }
        ran += history.model.ran.iter().sum::<usize>();
        history.world.clock.advance(Duration::from_secs(3_600));
        history.world.tick(0).await;
        history.world.finish().await;
    }
    // A model under which nothing ever runs would agree with everything.
    assert!(ran > 0);
}

#[tokio::test]
async fn the_app_does_what_the_model_says() {
    histories(0..8, 40).await;
}

#[tokio::test]
#[ignore = "the same over many more histories: cargo test --test it -- --ignored many_histories"]
async fn the_app_does_what_the_model_says_over_many_histories() {
    histories(1_000..1_200, 60).await;
}
