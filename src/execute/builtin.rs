use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Carried, Hands, Slip, failed};
use crate::catalog::{Builtin, Call, command, help_line, help_text};
use crate::domain::{Field, Outcome, Output, PersonId, parse_span};
use crate::gate::{Asking, Cleared, Decision, Membership, Policy, Prospect, prospects};
use crate::store::{HeldLock, Row};

impl Hands {
    /// Runs what needs no back end.
    pub(super) async fn builtin(&self, builtin: Builtin, cleared: &Cleared, slip: &Slip) -> Carried {
        match builtin {
            Builtin::Whoami => Carried::plain(self.whoami(cleared)),
            Builtin::Help => Carried::plain(self.help(cleared)),
            Builtin::Pending => Carried::plain(self.pending(cleared).await),
            Builtin::Audit => Carried::plain(self.audit(cleared).await),
            Builtin::Lock => self.lock(cleared, slip),
            Builtin::Unlock => self.unlock(cleared).await,
            Builtin::Policy => self.accept_policy(cleared),
            Builtin::Review => self.review(cleared).await,
        }
    }

    fn whoami(&self, cleared: &Cleared) -> Outcome {
        let policy = self.policy.load();
        let person = cleared.asker();
        let roles: Vec<String> = policy
            .roles_of(person, &self.membership.load(), self.clock.now())
            .into_iter()
            .map(|role| role.0)
            .collect();
        let mut output = say(format!("You are {person}."));
        output.fields = vec![
            Field::new("Roles", roles.join(", ")),
            Field::new(
                "Here you may use",
                self.usable(&policy, &self.asking(cleared, &self.membership.load())).join(" "),
            ),
        ];
        Outcome::Done(output)
    }

    fn asking<'a>(&self, cleared: &'a Cleared, membership: &'a Membership) -> Asking<'a> {
        Asking { person: cleared.asker(), place: cleared.place(), membership, now: self.clock.now() }
    }

    /// The commands that are not refused outright to this person in this place.
    fn usable(&self, policy: &Policy, asking: &Asking<'_>) -> Vec<String> {
        self.catalog
            .tools()
            .filter(|tool| open(&prospects(policy, asking, tool.name())))
            .map(|tool| command(tool.name()))
            .collect()
    }

    fn help(&self, cleared: &Cleared) -> Outcome {
        let policy = self.policy.load();
        let membership = self.membership.load_full();
        let asking = self.asking(cleared, &membership);
        let Some(name) = word(cleared.call(), "command") else {
            let mut lines = String::new();
            for tool in self.catalog.tools() {
                if open(&prospects(&policy, &asking, tool.name())) {
                    let _infallible = writeln!(lines, "{}", help_line(tool));
                }
            }
            let mut output = say("What you can ask for here. More about one: /help deploy".to_owned());
            output.code = Some(lines);
            return Outcome::Done(output);
        };
        let name = name.trim_start_matches('/').replace(' ', ".");
        let Some(tool) = self.catalog.tool(&name) else {
            return failed(format!("there is no command `/{name}`; /help lists what there is"));
        };
        let mut output = say(help_text(tool));
        output.fields = prospects(&policy, &asking, tool.name())
            .iter()
            .map(|prospect| describe(prospect, asking.person))
            .collect();
        Outcome::Done(output)
    }

    fn lock(&self, cleared: &Cleared, slip: &Slip) -> Carried {
        let call = cleared.call();
        let now = self.clock.now();
        let until = match word(call, "until").map(|text| self.read_until(text, now)).transpose() {
            Ok(until) => until,
            Err(sentence) => return Carried::plain(failed(sentence)),
        };
        let lock = HeldLock {
            request: slip.request.clone(),
            environment: word(call, "environment").unwrap_or_default().to_owned(),
            service: word(call, "service").map(str::to_owned),
            reason: word(call, "reason").unwrap_or_default().to_owned(),
            by: cleared.asker().clone(),
            since: now,
            until,
        };
        let end = lock.until.map_or_else(|| "until somebody unlocks it".to_owned(), |at| self.until(at));
        let mut output = say(format!("{} is locked {end}: {}", scope_of(&lock), lock.reason));
        output.undo = Some(unlock_command(&lock));
        output.data = serde_json::to_value(&lock).unwrap_or(Value::Null);
        Carried { outcome: Outcome::Done(output), rows: vec![Row::Lock(lock)] }
    }

    async fn unlock(&self, cleared: &Cleared) -> Carried {
        let call = cleared.call();
        let environment = word(call, "environment").unwrap_or_default().to_owned();
        let service = word(call, "service").map(str::to_owned);
        let locks = match self.store.locks(self.clock.now()).await {
            Ok((locks, _generation)) => locks,
            Err(error) => return Carried::plain(failed(error.to_string())),
        };
        let held = locks.iter().find(|lock| lock.environment == environment && lock.service == service);
        let Some(lock) = held else {
            let what = service
                .as_ref()
                .map_or_else(|| environment.clone(), |name| format!("{name} in {environment}"));
            return Carried::plain(Outcome::Done(say(format!("{what} is not locked."))));
        };
        let text = format!("{} is open again. It was locked by {}: {}", scope_of(lock), lock.by, lock.reason);
        Carried { outcome: Outcome::Done(say(text)), rows: vec![Row::Unlock { environment, service }] }
    }

    /// `18:00` is the next time the clock shows it; `2h` is from now; anything else must be a full time stamp.
    fn read_until(&self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let wrong = || format!("`{text}` is no time; write 18:00, 2h, or 2030-01-31T18:00:00Z");
        if let Some(span) = parse_span(text) {
            return now.checked_add(span).map_err(|_out_of_range| wrong());
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return if at > now { Ok(at) } else { Err(format!("`{text}` is in the past")) };
        }
        let time: jiff::civil::Time = text.parse().map_err(|_no_time| wrong())?;
        let zoned = now.to_zoned_datetime(self.zone());
        let today =
            zoned.date().to_datetime(time).to_zoned_datetime(self.zone()).map_err(|_no_such_time| wrong())?;
        let at = if today.timestamp() > now {
            today
        } else {
            let tomorrow = zoned.date().tomorrow().map_err(|_end_of_time| wrong())?;
            tomorrow.to_datetime(time).to_zoned_datetime(self.zone()).map_err(|_no_such_time| wrong())?
        };
        Ok(at.timestamp())
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.catalog.landscape().time_zone).unwrap_or(TimeZone::UTC)
    }

    pub(super) fn clock_time(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone()).strftime("%H:%M %Z").to_string()
    }

    fn until(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned_datetime(self.zone());
        let today = self.clock.now().to_zoned_datetime(self.zone()).date();
        let form = if zoned.date() == today { "until %H:%M %Z" } else { "until %Y-%m-%d %H:%M %Z" };
        zoned.strftime(form).to_string()
    }
}

pub(super) fn say(text: String) -> Output {
    Output { text, ..Output::default() }
}

pub(super) fn word<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.args().get(name)?.as_str()
}

fn open(prospects: &[Prospect]) -> bool {
    prospects.iter().any(|prospect| prospect.decision != Decision::Deny)
}

fn scope_of(lock: &HeldLock) -> String {
    lock.service
        .as_ref()
        .map_or_else(|| lock.environment.clone(), |service| format!("{service} in {}", lock.environment))
}

fn unlock_command(lock: &HeldLock) -> String {
    let service = lock.service.as_ref().map(|service| format!(" --service {service}")).unwrap_or_default();
    format!("/unlock {}{service}", lock.environment)
}

/// One line of "what does it take here".
fn describe(prospect: &Prospect, person: &PersonId) -> Field {
    let mut name = prospect.environment.clone().unwrap_or_else(|| "here".to_owned());
    if let Some(direction) = prospect.direction {
        let _infallible = write!(name, ", {}", format!("{direction:?}").to_lowercase());
    }
    let value = match prospect.decision {
        Decision::Allow => format!("{person} may, at once"),
        Decision::Confirm => format!("{person} may, after confirming"),
        Decision::NeedApproval => format!(
            "{person} may ask; needs {}",
            prospect.needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
        ),
        Decision::Deny => "not for you here".to_owned(),
    };
    Field::new(name, value)
}
