//! Floor 3: where time and randomness come in. Everybody else gets them as arguments or through these two traits, so
//! that a test can own them.

use std::sync::{Arc, Mutex, PoisonError};

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
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(span).map_or(*now, to_millis);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Makes ids. Those it makes within one millisecond grow too, so that what is written later sorts later.
pub struct Mint {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    last: Mutex<(i64, u128)>,
}

/// How many bits of an id are random.
const RANDOM_BITS: u32 = 80;

impl Mint {
    /// A mint that takes time and randomness from here.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, last: Mutex::new((i64::MIN, 0)) }
    }

    /// A new request id of this moment.
    ///
    /// # Errors
    /// Without randomness there is no id.
    pub fn request_id(&self) -> Result<RequestId, NoEntropy> {
        self.draw().map(|(at, bytes)| RequestId::mint(at, bytes))
    }

    /// A new message id of this moment.
    ///
    /// # Errors
    /// Without randomness there is no id.
    pub fn message_id(&self) -> Result<MessageId, NoEntropy> {
        self.draw().map(|(at, bytes)| MessageId::mint(at, bytes))
    }

    /// Random bytes for the first id of a millisecond; for the next ones the number after.
    fn draw(&self) -> Result<(Timestamp, [u8; 10]), NoEntropy> {
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = last.1 + 1;
        let number = if last.0 == now.as_millisecond() && next >> RANDOM_BITS == 0 {
            next
        } else {
            let mut bytes = [0; 10];
            self.entropy.fill(&mut bytes)?;
            bytes.iter().fold(0u128, |number, byte| (number << 8) | u128::from(*byte))
        };
        *last = (now.as_millisecond(), number);
        let bytes = number.to_be_bytes();
        let random = bytes.last_chunk::<10>().copied().ok_or(NoEntropy)?;
        Ok((now, random))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_grow() {
        let clock = Arc::new(StandingClock::at(Timestamp::UNIX_EPOCH));
        let mint = Mint::new(clock.clone(), Arc::new(SystemEntropy));
        let mut ids: Vec<_> = (0..100).map(|_| mint.message_id().unwrap()).collect();
        clock.advance(std::time::Duration::from_millis(1));
        ids.push(mint.message_id().unwrap());
        assert!(ids.is_sorted(), "{ids:?}");
    }
}
