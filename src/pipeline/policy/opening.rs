use jiff::Timestamp;

use crate::audit::{EntryKind, Ledger, LedgerError, Step};
use crate::domain::Digest;
use crate::gate::{Policy, Vocabulary};
use crate::pipeline::entries;
use crate::store::{EventFilter, Guard, PolicyRow, Row, StoreError};

/// Why a server cannot begin with the policy it finds.
#[derive(Debug, thiserror::Error)]
pub enum PolicyOpening {
    /// The very first policy is not right.
    #[error("the policy cannot be loaded:\n{}", .0.join("\n"))]
    Wrong(Vec<String>),
    /// The store and the record disagree.
    #[error(
        "the policy in the database is not the one that was accepted according to the record: somebody changed the \
         database; bring back a backup that `countersign audit verify` finds sound"
    )]
    Tampered,
    /// The accepted policy cannot be read with the present tools and catalogue.
    #[error(
        "the policy that was accepted last cannot be read with the present tools and catalogue; put these back as they \
         were, or change them step by step:\n{}",
        .0.join("\n")
    )]
    Unreadable(Vec<String>),
    /// The record fails.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The policy to begin with: the one that was accepted last. On the very first start that is the file, which is accepted
/// by this.
///
/// # Errors
/// A first file that is not right, or an accepted policy that cannot be trusted or read any more.
pub async fn open_policy(
    ledger: &Ledger,
    (file, text): (&str, &str),
    vocabulary: &Vocabulary,
    now: Timestamp,
) -> Result<Policy, PolicyOpening> {
    let lines =
        |problems: Vec<crate::gate::PolicyProblem>| problems.iter().map(ToString::to_string).collect();
    let store = ledger.store();
    // On the record, so that a row taken out of the database does not make this a first start.
    if store.policy_in_force().await?.is_none() && sworn(ledger).await?.is_none() {
        let policy =
            Policy::load(file, text, vocabulary).map_err(|problems| PolicyOpening::Wrong(lines(problems)))?;
        let row = PolicyRow { digest: policy.digest(), text: text.to_owned(), at: now };
        let entries = vec![entries::policy_loaded(&row, None, now)];
        let step = Step { guard: Guard::Policy(None), rows: vec![Row::Policy(row)], entries };
        // Refused means that another replica began at the same moment; then its policy counts.
        let _begun_by_another = ledger.write(step).await?;
    }
    let accepted = store.policy_in_force().await?.ok_or(PolicyOpening::Tampered)?;
    if sworn(ledger).await? != Some(accepted.digest) {
        return Err(PolicyOpening::Tampered);
    }
    let policy = Policy::load("the accepted policy", &accepted.text, vocabulary)
        .map_err(|problems| PolicyOpening::Unreadable(lines(problems)))?;
    if policy.digest() == accepted.digest { Ok(policy) } else { Err(PolicyOpening::Tampered) }
}

/// The policy that was accepted last, as the record says.
async fn sworn(ledger: &Ledger) -> Result<Option<Digest>, LedgerError> {
    let filter = EventFilter { kinds: vec![EntryKind::PolicyLoaded.as_str()], ..EventFilter::default() };
    let newest = ledger.entries(&filter, 1).await?;
    Ok(newest.first().and_then(|entry| entry.body.get("digest")?.as_str().and_then(Digest::parse)))
}
