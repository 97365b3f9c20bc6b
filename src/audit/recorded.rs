/// Proof that the start of what is inside is on the record, durably. Only the ledger makes one, and whoever does the thing
/// takes it by value: so nothing is done off the record, and nothing is done twice.
#[derive(Debug)]
#[must_use = "it was recorded as started and must be carried out"]
pub struct Recorded<T>(T);

impl<T> Recorded<T> {
    pub(super) const fn new(proof: T) -> Self {
        Self(proof)
    }

    /// What was recorded.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// What was recorded, given away.
    pub fn into_inner(self) -> T {
        self.0
    }
}
