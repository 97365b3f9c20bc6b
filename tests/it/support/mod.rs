//! What the tests of the whole stand on: a world with a real app in it, and a back end that does as it is told.

mod back_end;
mod machine;
mod said;
mod text;
mod world;

pub use back_end::{Answer, BackEnd};
pub use machine::{Server, command, printed};
pub use said::Said;
pub use text::tidy;
pub use world::{Plan, World};

/// Longer than anything takes on a busy machine; no test waits this long unless it fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
