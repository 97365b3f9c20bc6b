//! Floor 3: where time and randomness come in. Everybody else gets them as arguments or through these two traits, so
//! that a test can own them.

use std::sync::Mutex;

use jiff::Timestamp;

use crate::domain::{MessageId, RequestId};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, with a precision of milliseconds: what the store keeps and the record shows.
    fn now(&self) -> Timestamp;
}

/// Draws random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When the operating system has none to give; nothing may be made up instead.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoEntropy;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        to_millis(Timestamp::now())
    }
}

/// The machine's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|_no_detail_helps| NoEntropy)
    }
}

/// A clock that stands until it is moved: for tests.
#[derive(Debug)]
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(Mutex::new(to_millis(at)))
    }

    /// Moves it forward.
    pub fn advance(&self, span: std::time::Duration) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = now.saturating_add(span).map_or(*now, to_millis);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn to_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A new request id of this moment.
///
/// # Errors
/// Without randomness there is no id.
pub fn request_id(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<RequestId, NoEntropy> {
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes)?;
    Ok(RequestId::mint(clock.now(), bytes))
}

/// A new message id of this moment.
///
/// # Errors
/// Without randomness there is no id.
pub fn message_id(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<MessageId, NoEntropy> {
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes)?;
    Ok(MessageId::mint(clock.now(), bytes))
}

/// A new secret of 32 random bytes as 64 hex digits: tokens, nonces, session ids.
///
/// # Errors
/// Without randomness there is no secret.
pub fn token(entropy: &dyn Entropy) -> Result<String, NoEntropy> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
