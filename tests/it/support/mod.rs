//! What the tests of the whole stand on: a world with a real app in it, and a back end that does as it is told.

mod back_end;
mod database;
mod machine;
mod office;
mod policy;
mod record;
mod said;
mod schema;
pub mod slack;
mod text;
mod twin;
pub mod webdriver;
mod world;

pub use back_end::{Answer, BackEnd, service};
pub use database::Database;
pub use machine::{Server, command, printed};
pub use office::{Cut, Office, Way};
pub use policy::{policy_and, rule_and, with};
pub use record::{exporter, sound};
pub use said::Said;
pub use schema::Schema;
pub use text::tidy;
pub use twin::{bare_source, twin};
pub use world::World;

/// Longer than anything takes on a busy machine; no test waits this long unless it fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Looks again and again until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !so().await {
        assert!(tokio::time::Instant::now() < end, "it never came to be that {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
