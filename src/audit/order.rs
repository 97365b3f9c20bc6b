use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Deed, Exporter, LedgerError, Position, payload_words};
use crate::domain::PersonId;

/// What an operator has done to the record, from the command line of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What.
    pub what: What,
    /// Who, by the name in the policy, if they say.
    pub by: Option<PersonId>,
    /// The account of this machine it came from.
    pub account: String,
    /// Why.
    pub reason: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Take a payload away.
    Purge {
        /// The entry.
        entry: String,
        /// The payload; left out: the only one.
        name: Option<String>,
    },
    /// Sign with a new key.
    RotateKey,
    /// Go on with a restored backup.
    AcceptRestore,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OrderError {
    /// The record cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nobody of that name is known.
    #[error("`{0}` is not in the policy; say who you are by the name in it")]
    Stranger(PersonId),
    /// The entry is none.
    #[error("`{0}` is no entry; entries are numbers, as in `7`, or `1:7` for the seventh of record 1")]
    NoPosition(String),
}

impl Order {
    /// Refuses an order in the name of somebody whom nobody knows.
    ///
    /// # Errors
    /// [`OrderError::Stranger`].
    pub fn check(&self, is_known: impl FnOnce(&PersonId) -> bool) -> Result<(), OrderError> {
        match &self.by {
            Some(person) if !is_known(person) => Err(OrderError::Stranger(person.clone())),
            Some(_) | None => Ok(()),
        }
    }

    /// Carries it out and says what was done.
    ///
    /// # Errors
    /// Nothing was done.
    pub async fn carry_out(self, exporter: &Exporter, at: Timestamp) -> Result<String, OrderError> {
        let ledger = exporter.ledger();
        let deed = Deed { by: Actor { person: self.by, identity: self.account }, reason: self.reason, at };
        match self.what {
            What::Purge { entry, name } => {
                let head = ledger.head().await?;
                let present = head.and_then(|head| u64::try_from(head.epoch).ok()).unwrap_or_default();
                let position =
                    Position::parse(&entry, present).ok_or_else(|| OrderError::NoPosition(entry.clone()))?;
                let purged = ledger.purge(position, name, &deed).await?;
                let says = Position::new(present, purged.written.seqs.start);
                Ok(format!(
                    "The {} of entry {position} is gone for good. Entry {says} says who took it away, and why. The record \
                     stays verifiable.",
                    payload_words(&purged.name)
                ))
            }
            What::RotateKey => {
                let key = ledger.rotate_key(&deed).await?;
                let missing = exporter.export_now().await?;
                let head = ledger.head().await?;
                let epoch = head.and_then(|head| u64::try_from(head.epoch).ok()).unwrap_or_default();
                let mut said = format!(
                    "A new key signs from here on; the old one is gone. Give the new one to whoever checks the record, \
                     witnesses first:\n{}",
                    key.verifier_key(epoch)
                );
                for sink in missing {
                    said.push_str(&format!(
                        "\nThe checkpoint that both keys signed has not reached the {sink} yet."
                    ));
                }
                Ok(said)
            }
            What::AcceptRestore => {
                let epoch = exporter.accept_restore(&deed).await?;
                Ok(format!(
                    "Accepted. Record {epoch} has begun; its first entry says what was found and what is lost. Earlier \
                     records stay verifiable. Things are changed again."
                ))
            }
        }
    }
}
