use std::fmt;

use super::Checkpoint;

/// Why the record in the database is not the one that we swore to elsewhere. Until somebody accepts that, things are read
/// and nothing is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// A sink has a newer checkpoint: the database is an older copy.
    Behind {
        /// The sink.
        sink: String,
        /// The epoch and size of its checkpoint.
        newest: (u64, u64),
        /// The checkpoint, where the sink shows it.
        checkpoint: Option<Checkpoint>,
        /// The epoch and size of the record here.
        found: (u64, u64),
    },
    /// A sink has a checkpoint of a history that is not ours.
    Fork {
        /// The sink.
        sink: String,
        /// The epoch and size of its checkpoint.
        newest: (u64, u64),
        /// The checkpoint, where the sink shows it.
        checkpoint: Option<Checkpoint>,
    },
    /// The record does not know of the key that signs: it is a copy from before the key was changed.
    KeyUnknown,
}

impl Divergence {
    /// The newest checkpoint that it is about: epoch and size.
    pub const fn newest(&self) -> Option<(u64, u64)> {
        match self {
            Self::Behind { newest, .. } | Self::Fork { newest, .. } => Some(*newest),
            Self::KeyUnknown => None,
        }
    }

    /// That checkpoint, where it can be shown.
    pub const fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::Behind { checkpoint, .. } | Self::Fork { checkpoint, .. } => checkpoint.as_ref(),
            Self::KeyUnknown => None,
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind { sink, newest: (epoch, size), found: (here, entries), .. } if epoch == here => {
                write!(f, "the record here has {entries} entries, but {sink} has a checkpoint of {size}")
            }
            Self::Behind { sink, newest: (epoch, _), found: (here, _), .. } => {
                write!(f, "the record here is number {here}, but {sink} has a checkpoint of number {epoch}")
            }
            Self::Fork { sink, newest: (_, size), .. } => {
                write!(
                    f,
                    "the first {size} entries here are not the ones that the checkpoint in {sink} was made of"
                )
            }
            Self::KeyUnknown => f.write_str("the record here is from before the signing key was changed"),
        }
    }
}
