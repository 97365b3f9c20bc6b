//! What the app should do, in as few words as it takes.

use std::collections::BTreeSet;

use crate::support::BackEnd;

pub const WAITS: i64 = 30 * 60;
pub const TRUSTED: i64 = 5 * 60;

/// What can be asked for, with what runs when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Deploy,
    Migrate,
    Scale,
}

impl What {
    pub const ALL: [Self; 3] = [Self::Deploy, Self::Migrate, Self::Scale];

    pub fn command(self) -> &'static str {
        match self {
            Self::Deploy => "/deploy order-service v2.4.1 production",
            Self::Migrate => "/migrate order-service latest production",
            Self::Scale => "/scale order-service 2 production",
        }
    }

    pub fn effect(self) -> &'static str {
        match self {
            Self::Deploy => BackEnd::DEPLOY,
            Self::Migrate => BackEnd::MIGRATE,
            Self::Scale => BackEnd::SCALE,
        }
    }

    pub fn needed(self) -> usize {
        match self {
            Self::Deploy | Self::Scale => 1,
            Self::Migrate => 2,
        }
    }
}

/// Where a request stands, as far as the model tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Waits,
    Ran,
    Denied,
    Expired,
    Withdrawn,
    Superseded,
}

#[derive(Debug)]
pub struct Asked {
    pub what: What,
    pub by: &'static str,
    pub stands: Stands,
    pub votes: BTreeSet<&'static str>,
    pub until: i64,
    /// What was shown: the fact that an approval is for.
    pub shown: u32,
    /// Grows when it is put up anew; a press on an older card does not count.
    pub card: u32,
}

/// The model.
#[derive(Debug, Default)]
pub struct Model {
    pub now: i64,
    pub locked: bool,
    /// Whether erin is in the group, and when that was read.
    pub erin: Option<i64>,
    /// What the back end says of version, migrations and replicas.
    pub facts: [u32; 3],
    pub asked: Vec<Asked>,
    pub ran: [usize; 3],
}

impl Model {
    pub fn leads(&self, person: &str) -> bool {
        match person {
            "bob" | "carol" => true,
            "erin" => self.erin.is_some_and(|read| self.now < read + TRUSTED),
            _ => false,
        }
    }

    pub fn ask(&mut self, by: &'static str, what: What) -> bool {
        self.now += 1;
        if self.locked {
            return false;
        }
        for older in self.asked.iter_mut().filter(|asked| asked.what == what && asked.stands == Stands::Waits)
        {
            // One whose time is over and that nobody has ended yet is not replaced but ends by itself.
            if self.now < older.until {
                older.stands = Stands::Superseded;
            }
        }
        let shown = self.facts[what as usize];
        let until = self.now + WAITS;
        self.asked.push(Asked {
            what,
            by,
            stands: Stands::Waits,
            votes: BTreeSet::new(),
            until,
            shown,
            card: 0,
        });
        true
    }

    pub fn open(&self, index: usize) -> bool {
        self.asked[index].stands == Stands::Waits
    }

    /// Whether enough people agree who may, each of them once.
    pub fn complete(&self, index: usize) -> bool {
        let asked = &self.asked[index];
        asked.votes.iter().filter(|person| self.leads(person) && **person != asked.by).count()
            >= asked.what.needed()
    }

    pub fn approve(&mut self, person: &'static str, index: usize, card: u32) {
        let late = self.now >= self.asked[index].until;
        let counts = self.leads(person) && person != self.asked[index].by;
        if !self.open(index) || card != self.asked[index].card || late || !counts || self.locked {
            return;
        }
        if self.asked[index].votes.contains(person) && !self.complete(index) {
            return;
        }
        if !self.complete(index) {
            self.asked[index].votes.insert(person);
        }
        self.start(index);
    }

    /// Runs what is complete, unless what was shown is not so any more: then it is put up anew.
    pub fn start(&mut self, index: usize) {
        let (now, facts) = (self.now, self.facts);
        if !self.open(index) || self.locked || now >= self.asked[index].until || !self.complete(index) {
            return;
        }
        let asked = &mut self.asked[index];
        let there = facts[asked.what as usize];
        if asked.shown != there {
            asked.shown = there;
            put_up(asked, now);
            return;
        }
        asked.stands = Stands::Ran;
        self.ran[asked.what as usize] += 1;
    }

    pub fn deny(&mut self, person: &'static str, index: usize) {
        if !self.open(index) {
            return;
        }
        let counts = self.leads(person) && self.now < self.asked[index].until;
        let asked = &mut self.asked[index];
        if person == asked.by {
            asked.stands = Stands::Withdrawn;
        } else if counts {
            asked.stands = Stands::Denied;
        }
    }

    pub fn retract(&mut self, person: &'static str, index: usize) {
        if !self.open(index) || !self.asked[index].votes.remove(person) {
            return;
        }
        if self.now >= self.asked[index].until {
            self.asked[index].stands = Stands::Expired;
        }
        // What is left may still be enough: then it goes on.
        self.start(index);
    }

    pub fn withdraw(&mut self, person: &'static str, index: usize) {
        if self.open(index) && person == self.asked[index].by {
            self.asked[index].stands = Stands::Withdrawn;
        }
    }

    pub fn tick(&mut self, minutes: i64) {
        self.now += 60 * minutes;
        for asked in &mut self.asked {
            if asked.stands == Stands::Waits && self.now >= asked.until {
                asked.stands = Stands::Expired;
            }
        }
    }

    /// Another policy text: whoever agreed, agreed under another one.
    pub fn reload(&mut self) {
        self.now += 1;
        let now = self.now;
        for asked in self.asked.iter_mut().filter(|asked| asked.stands == Stands::Waits && now < asked.until)
        {
            put_up(asked, now);
        }
    }

    pub fn all_start(&mut self) {
        for index in 0..self.asked.len() {
            self.start(index);
        }
    }
}

pub fn put_up(asked: &mut Asked, now: i64) {
    asked.votes.clear();
    asked.until = now + WAITS;
    asked.card += 1;
}
