use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::domain::Digest;

/// A policy file that allows more than the policy in force does, and so waits until people have agreed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name, for people.
    pub file: String,
    /// Its digest, as the gate makes it.
    pub digest: Digest,
    /// The digest of the policy in force that it was compared with.
    pub instead_of: Digest,
    /// Its text. Exactly this is accepted, whatever the file says by then.
    pub text: String,
    /// What it allows more, one line each.
    pub weaker: Vec<String>,
}

/// The candidate of the moment, shared by whoever looks at the file and whoever accepts it.
pub type Candidates = Arc<ArcSwapOption<Candidate>>;
