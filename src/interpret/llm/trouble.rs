use std::time::Duration;

use jiff::Timestamp;

/// Why the model read nothing. A value: somebody else reads then.
///
/// The sentences go to people and to the log. None of them holds a word of the server's: it may repeat the key or the
/// message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelTrouble {
    /// There was no connection.
    #[error("the model cannot be reached")]
    Unreached,
    /// It took too long.
    #[error("the model did not answer in {} s", within.as_secs_f32())]
    Slow {
        /// How long it was waited for.
        within: Duration,
    },
    /// The connection broke in the middle of the answer.
    #[error("the model's answer broke off")]
    BrokeOff,
    /// The server said no.
    #[error("{}", refused(*status))]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is none: not JSON, not the form of a completion, an error in place of one, no choices.
    #[error("the model's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// More bytes than an answer can have.
    #[error("the model's answer is too large")]
    Large,
    /// The model stopped in the middle, at its limit of tokens. What is there may be half a call.
    #[error("the model's answer was cut off at its limit of tokens")]
    CutOff,
    /// It failed several times in a row and is not asked for a while.
    #[error("the model has failed several times and is asked again in a moment")]
    Resting,
    /// The asker's budget of this hour is used up.
    #[error("your budget for the language model is used up until {}", until.strftime("%H:%M UTC"))]
    Spent {
        /// When the next hour begins.
        until: Timestamp,
    },
    /// The message is too long to be read whole.
    #[error("the message has {length} characters, too many for the model")]
    LongMessage {
        /// How long it is.
        length: usize,
    },
}

fn refused(status: u16) -> String {
    let what = match status {
        401 | 403 => "the model's server does not accept our key",
        404 => "the model's server does not know the model or the address",
        429 => "the model's server has too much to do",
        300..=399 => "the model's server sends us elsewhere",
        500.. => "the model's server is broken",
        _ => "the model's server does not accept the request",
    };
    format!("{what} ({status})")
}

impl ModelTrouble {
    /// Whether the same request may succeed a moment later. Not when it took too long: the asker has waited enough.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Unreached | Self::BrokeOff => true,
            Self::Refused { status } => *status == 429 || *status >= 500,
            Self::Slow { .. }
            | Self::Unreadable(_)
            | Self::Large
            | Self::CutOff
            | Self::Resting
            | Self::Spent { .. }
            | Self::LongMessage { .. } => false,
        }
    }

    /// Whether it says something about the server, and not about this one request.
    pub(super) fn is_the_servers(&self) -> bool {
        match self {
            Self::Unreached
            | Self::Slow { .. }
            | Self::BrokeOff
            | Self::Refused { .. }
            | Self::Unreadable(_)
            | Self::Large => true,
            Self::CutOff | Self::Resting | Self::Spent { .. } | Self::LongMessage { .. } => false,
        }
    }
}
