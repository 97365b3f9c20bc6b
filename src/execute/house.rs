//! What people ask of the house itself: what waits for them, that a policy file is accepted, that a review is closed.

use std::sync::Arc;

use super::builtin::{say, word};
use super::{Candidate, Carried, Hands, failed};
use crate::catalog::Call;
use crate::domain::{Digest, Outcome, PersonId, RequestId};
use crate::gate::Cleared;
use crate::store::{Closed, PolicyRow, RequestRow, ReviewRow, Row, StoreError, TimerKind};

/// What is said where the file that was meant does not wait.
pub(super) const NO_CANDIDATE: &str = "no policy file with this digest waits; the file may have changed since, and is asked about anew when it does";

impl Hands {
    /// What waits for a person: requests that they can decide now, their own that wait for others, and reviews.
    pub(super) async fn pending(&self, cleared: &Cleared) -> Outcome {
        match self.listed(cleared.asker()).await {
            Ok(outcome) => outcome,
            Err(error) => failed(error.to_string()),
        }
    }

    async fn listed(&self, person: &PersonId) -> Result<Outcome, StoreError> {
        let waiting = self.store.waiting(self.clock.now()).await?;
        let (mine, others): (Vec<_>, Vec<_>) = waiting.iter().partition(|row| row.awaits.contains(person));
        let own = others.into_iter().filter(|row| row.asker.as_ref() == Some(person));
        let own: Vec<String> =
            own.map(|row| format!("{}  waits for {}", self.line(row), people(&row.awaits))).collect();
        let mut reviews = Vec::new();
        for review in self.store.open_reviews().await? {
            let row = self.store.request(&review.request).await?;
            reviews.extend(
                row.filter(|row| row.asker.as_ref() != Some(person))
                    .map(|row| format!("/review {} \"what you found\"  {}", row.id, self.line(&row))),
            );
        }
        let mut output = say(match mine.len() {
            0 => "Nothing waits for you.".to_owned(),
            1 => "One request waits for you.".to_owned(),
            many => format!("{many} requests wait for you."),
        });
        let mut lines: Vec<String> = mine.iter().map(|row| self.line(row)).collect();
        for (heading, more) in
            [("Yours, waiting for others:", own), ("Emergencies that nobody has reviewed:", reviews)]
        {
            if !more.is_empty() {
                lines.extend([heading.to_owned()].into_iter().chain(more));
            }
        }
        output.code = (!lines.is_empty()).then(|| lines.join("\n"));
        Ok(Outcome::Done(output))
    }

    fn line(&self, row: &RequestRow) -> String {
        let until = row.expires_at.map(|at| format!(", until {}", self.clock_time(at))).unwrap_or_default();
        format!("{}{until}", what(row))
    }

    /// Puts exactly the policy in force that was agreed to.
    pub(super) fn accept_policy(&self, cleared: &Cleared) -> Carried {
        let Some(candidate) = self.candidate_of(cleared.call()) else {
            return Carried::plain(failed(NO_CANDIDATE));
        };
        let said = format!("{} is in force; policy {}", candidate.file, candidate.digest.short());
        let row = PolicyRow { digest: candidate.digest, text: candidate.text.clone(), at: self.clock.now() };
        Carried { outcome: Outcome::Done(say(said)), rows: vec![Row::Policy(row)] }
    }

    /// The policy file that waits, if it is the one that is meant and is still compared with the policy in force.
    pub(super) fn candidate_of(&self, call: &Call) -> Option<Arc<Candidate>> {
        let meant = word(call, "digest").and_then(Digest::parse);
        let in_force = self.policy.load().digest();
        let candidate = self.candidates.load_full()?;
        (meant == Some(candidate.digest) && candidate.instead_of == in_force).then_some(candidate)
    }

    /// Closes the review of an emergency. Whoever broke the glass does not look at it themselves.
    pub(super) async fn review(&self, cleared: &Cleared) -> Carried {
        match self.closed(cleared).await {
            Ok(carried) => carried,
            Err(error) => Carried::plain(failed(error.to_string())),
        }
    }

    async fn closed(&self, cleared: &Cleared) -> Result<Carried, StoreError> {
        let meant = word(cleared.call(), "request").and_then(RequestId::parse);
        let Some(id) = meant else { return Ok(Carried::plain(failed("that is no request id"))) };
        let (row, review) = (self.store.request(&id).await?, self.store.review(&id).await?);
        let (Some(row), Some(review)) = (row, review) else {
            return Ok(Carried::plain(failed(format!(
                "{id} is no emergency, so there is nothing to review"
            ))));
        };
        if let Some(closed) = &review.closed {
            return Ok(Carried::plain(Outcome::Done(say(format!("{} has reviewed it already.", closed.by)))));
        }
        let by = cleared.asker().clone();
        let had_a_hand = row.asker.as_ref() == Some(&by) || row.agreed.contains(&by);
        if had_a_hand {
            let why = format!("{by} had a hand in {id} and cannot review it; somebody else must");
            return Ok(Carried::plain(failed(why)));
        }
        let command = row.command.clone().unwrap_or_default();
        let said = format!("{by} has reviewed the emergency of {}: {command}", people(row.asker.as_slice()));
        let note = word(cleared.call(), "note").map(str::to_owned);
        let closed = Some(Closed { at: self.clock.now(), by, note });
        let rows = vec![
            Row::Review(ReviewRow { closed, ..review }),
            Row::TimerGone { request: id, kind: TimerKind::Review },
        ];
        Ok(Carried { outcome: Outcome::Done(say(said)), rows })
    }
}

fn what(row: &RequestRow) -> String {
    let asker = row.asker.as_ref().map_or("somebody", |asker| asker.0.as_str());
    let command = row.command.clone().unwrap_or_else(|| format!("{} things at once", row.steps.len()));
    format!("{command}  by {asker} in #{}", row.place.channel)
}

fn people(people: &[PersonId]) -> String {
    people.iter().map(|person| person.0.as_str()).collect::<Vec<_>>().join(", ")
}
