use super::judge::reason_of;
use super::{Rooms, Trouble, answer};
use crate::domain::{ChatUser, Origin, Place, Reply};
use crate::gate::{Verdict, decide};
use crate::slash::{self, Parsed};
use crate::store::RequestRow;

/// What would come of a message, without any of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The exact command it amounts to, if it amounts to one.
    pub command: Option<String>,
    /// What would change.
    pub change: Option<String>,
    /// Every rule that spoke.
    pub verdict: Option<Verdict>,
    /// What would be said where there is no verdict.
    pub said: Option<String>,
}

impl Rooms {
    /// Takes a message as far as the verdict and changes nothing: no entry, no row, no run. Facts are read.
    ///
    /// # Errors
    /// When what we remember cannot be read.
    pub async fn preview(&self, text: &str, sender: &ChatUser, place: &Place) -> Result<Preview, Trouble> {
        let nothing = Preview { command: None, change: None, verdict: None, said: None };
        let said = |sentence: String| Preview { said: Some(sentence), ..nothing.clone() };
        let aside = match slash::aside(text, &self.catalog) {
            Ok(aside) => aside,
            Err(problem) => return Ok(said(problem.sentence)),
        };
        let proposal = match slash::parse(&aside.command, &self.catalog) {
            Parsed::Proposal(proposal) => proposal,
            Parsed::Problem(problem) => return Ok(said(problem.sentence)),
            Parsed::NotSlash => {
                return Ok(said("This is no exact command; write one, such as /help.".to_owned()));
            }
        };
        let call = match self.catalog.admit(&proposal) {
            Ok(call) => call,
            Err(error) => return Ok(said(error.to_string())),
        };
        let reading = self.hands.facts(&call).await;
        if let Some(sentence) = reading.missing {
            return Ok(said(sentence));
        }
        if let Some(why) = reading.unread {
            return Ok(said(answer::unread(&why)));
        }
        let mut draft = self.draft(sender, place)?;
        self.said_beside(&mut draft, &aside);
        let row = RequestRow {
            tool: Some(call.tool().to_owned()),
            args: call.args().clone(),
            command: Some(self.catalog.render(&call)),
            origin: Some(Origin::Slash),
            facts: reading.facts,
            unreadable: reading.unreadable,
            reason: draft.reason.clone().or_else(|| reason_of(&call)),
            denied: self.denied_lately(&call).await?,
            ..draft
        };
        let Some(mut matter) = self.matter(row).await? else { return Ok(nothing) };
        self.look_earlier(&mut matter).await;
        let verdict = decide(&self.policy.load(), &matter.case(self.clock.now()));
        let short = matter.assessment.short.clone().map(|short| match short {
            crate::catalog::Short::Refuse(sentence) | crate::catalog::Short::Answer(sentence) => sentence,
        });
        Ok(Preview {
            command: matter.row.command.clone(),
            change: Some(matter.assessment.change.clone()).filter(|change| !change.is_empty()),
            verdict: Some(verdict),
            said: short,
        })
    }
}

impl Preview {
    /// What the command line shows.
    pub fn to_reply(&self) -> Reply {
        use crate::domain::{Block, Field, Tone};
        let title = match (&self.verdict, &self.said) {
            (Some(verdict), None) => format!("Would be: {}", verdict.decision.as_str()),
            (_, Some(said)) => said.clone(),
            (None, None) => "Nothing would come of it.".to_owned(),
        };
        let mut reply = Reply { command: self.command.clone(), ..Reply::say(Tone::Info, title) };
        if let Some(change) = &self.change {
            reply.blocks.push(Block::Fields { fields: vec![Field::new("Change", change)] });
        }
        let findings = self.verdict.iter().flat_map(|verdict| &verdict.findings);
        let fields: Vec<Field> = findings
            .map(|finding| {
                let said = format!(
                    "{} ({}): {}",
                    finding.decision.as_str(),
                    finding.reason.as_str(),
                    finding.sentence
                );
                Field::new(&finding.rule, said)
            })
            .collect();
        if !fields.is_empty() {
            reply.blocks.push(Block::Fields { fields });
        }
        reply.with(Block::Note { text: "Nothing was done.".to_owned() })
    }
}
