//! Checkpoints leave the database: at once after what is dangerous, else every so many entries or after a while. Whoever
//! holds the database and the key cannot take them back.

mod cosigner;
mod exporter;
mod file;
mod put;
mod s3;
mod sink;
mod stdout;
mod witness;

pub use cosigner::Cosigner;
pub use exporter::{Alarm, Exporter, Pace, read_only};
pub use file::FileSink;
pub use put::{Credentials, Objects, PutSettings, PutSink};
pub use s3::S3Keys;
pub use sink::{Delivered, Outgoing, Shown, Sink, SinkError};
pub use stdout::StandardOutput;
pub use witness::Witness;

use super::Checkpoint;
use super::key::origin;

/// The name that a witness knows the record of a checkpoint by.
fn origin_of(checkpoint: &Checkpoint) -> String {
    origin(&checkpoint.instance, checkpoint.epoch)
}
