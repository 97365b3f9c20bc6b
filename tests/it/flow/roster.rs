//! Roles that come from chat groups and from duty.

use std::sync::{Arc, Mutex};

use countersign::chat::{Answer, Directory, Duty, Standing, Unknown};
use countersign::domain::{Action, ChatUser, PersonId, Platform};
use countersign::gate::GroupKey;
use countersign::store::RequestState;
use futures::FutureExt as _;
use insta::assert_snapshot;

use crate::support::{BackEnd, Said, World, policy_and};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";
const GROUPS: &str = "[[group]]\nplatform = \"console\"\nid = \"leads\"\nroles = [\"team-lead\"]\n\n\
                      [[on_call]]\nteam = \"orders\"\nroles = [\"team-lead\"]\n";

/// A directory that says what it is told to say.
#[derive(Default)]
struct Told {
    leads: Mutex<Option<Vec<&'static str>>>,
    duty: Mutex<Option<Vec<&'static str>>>,
}

fn unknown<T>() -> Result<T, Unknown> {
    Err(Unknown("it does not answer".to_owned()))
}

impl Directory for Told {
    fn members<'a>(&'a self, group: &'a GroupKey) -> Answer<'a, Vec<ChatUser>> {
        assert_eq!((group.platform, group.id.as_str()), (Platform::Console, "leads"));
        let account = |name: &&str| ChatUser {
            platform: Platform::Console,
            workspace: String::new(),
            user: (*name).to_owned(),
            display: (*name).to_owned(),
        };
        let members = self.leads.lock().unwrap().as_ref().map(|names| names.iter().map(account).collect());
        std::future::ready(members.map_or_else(unknown, Ok)).boxed()
    }

    fn standing<'a>(&'a self, _account: &'a ChatUser) -> Answer<'a, Standing> {
        std::future::ready(Ok(Standing::Member)).boxed()
    }

    fn on_call<'a>(&'a self, _team: &'a str) -> Answer<'a, Vec<Duty>> {
        let duty = |name: &&str| Duty { person: PersonId((*name).to_owned()), until: None };
        let people = self.duty.lock().unwrap().as_ref().map(|names| names.iter().map(duty).collect());
        std::future::ready(people.map_or_else(unknown, Ok)).boxed()
    }
}

fn waited_for(said: &Said) -> Vec<&str> {
    said.row().awaits.iter().map(|person| person.0.as_str()).collect()
}

#[tokio::test]
async fn whoever_is_in_the_group_may_agree_until_that_is_not_known_any_more() {
    let back_end = BackEnd::well().await;
    let directory = Arc::new(Told::default());
    *directory.leads.lock().unwrap() = Some(vec!["dave"]);
    let world = World::with_directory(policy_and(GROUPS), &back_end, directory.clone()).await;
    let asked = world.say("alice", DEPLOY).await;
    assert_eq!(waited_for(&asked), ["bob", "carol", "dave"]);
    assert_snapshot!(world.say("dave", "/whoami").await.replies[0].to_text(), @"
    You are dave.
      /whoami
      Roles: engineer, team-lead, viewer
      Here you may use: /audit /deploy /help /lock /logs /migrate /pending /policy accept /rollback /scale /status /unlock /whoami
    ");

    // The directory does not answer: what it said last counts for five minutes and no longer.
    *directory.leads.lock().unwrap() = None;
    world.tick(4).await;
    world.read_roster().await;
    assert_eq!(waited_for(&world.look(&asked).await), ["bob", "carol", "dave"]);
    world.tick(1).await;
    assert_snapshot!(world.press("dave", &asked, Action::Approve).await.replies.last().unwrap().to_text(), @"dave is a viewer; this needs 1 of team-lead.");
    world.read_roster().await;
    assert_eq!(waited_for(&world.look(&asked).await), ["bob", "carol"], "the card says so");
    world.press("bob", &asked, Action::Approve).await;
    world.finish().await;
}

#[tokio::test]
async fn a_vote_does_not_count_any_more_when_its_voter_has_left_the_group_before_the_start() {
    let back_end = BackEnd::well().await;
    let directory = Arc::new(Told::default());
    *directory.duty.lock().unwrap() = Some(vec!["dave"]);
    let world = World::with_directory(policy_and(GROUPS), &back_end, directory.clone()).await;
    let asked = world.say("alice", "/migrate order-service latest production").await;
    world.press("dave", &asked, Action::Approve).await;
    *directory.duty.lock().unwrap() = Some(Vec::new());
    world.read_roster().await;
    let after = world.look(&asked).await;
    assert_eq!((after.row().agreed.len(), waited_for(&after)), (0, vec!["bob", "carol"]));
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Waiting);
    assert_eq!(world.press("carol", &asked, Action::Approve).await.state(), RequestState::Done);
    world.finish().await;
}

#[tokio::test]
async fn groups_of_the_console_stand_in_the_configuration() {
    let back_end = BackEnd::well().await;
    let world = World::with_groups(policy_and(GROUPS), &back_end, &[("leads", &["dave"])]).await;
    assert_eq!(waited_for(&world.say("alice", DEPLOY).await), ["bob", "carol", "dave"]);
    world.finish().await;
}
