/// Proof that the start of what is inside is on the record, durably. Only the ledger makes one, and whoever does the thing
/// takes it by value: so nothing is done off the record, and nothing is done twice.
///
/// Nobody else can make one:
///
/// ```compile_fail,E0624
/// # fn outside(cleared: countersign::gate::Cleared) {
/// let forged = countersign::audit::Recorded::new(cleared);
/// # }
/// ```
///
/// ```compile_fail,E0423
/// # fn outside(cleared: countersign::gate::Cleared) {
/// let forged = countersign::audit::Recorded(cleared);
/// # }
/// ```
///
/// and the hands take nothing less:
///
/// ```compile_fail,E0308
/// # use countersign::execute::{Hands, Progress, Slip};
/// # use tokio::sync::mpsc::Sender;
/// # async fn outside(hands: Hands, cleared: countersign::gate::Cleared, slip: Slip, progress: Sender<Progress>) {
/// hands.run(cleared, &slip, progress).await;
/// # }
/// ```
///
/// With both seals it is theirs:
///
/// ```
/// # use countersign::{audit::Recorded, execute::{Hands, Progress, Slip}, gate::Cleared};
/// # use tokio::sync::mpsc::Sender;
/// # async fn outside(hands: Hands, job: Recorded<Cleared>, slip: Slip, progress: Sender<Progress>) {
/// hands.run(job, &slip, progress).await;
/// # }
/// ```
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
