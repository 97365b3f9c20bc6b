//! What a first start has: the demonstration landscape and the tools that ship.

/// The landscape of the demonstration, `catalog.toml`.
pub const DEMO_LANDSCAPE: &str = include_str!("demo/catalog.toml");

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".yaml"), include_str!(concat!("../../tools/", $name, ".yaml")))),*]
    };
}

/// The tool files that ship, name and text.
pub const SHIPPED_TOOLS: &[(&str, &str)] = shipped![
    "audit",
    "deploy",
    "help",
    "lock",
    "logs",
    "migrate",
    "pending",
    "policy.accept",
    "review",
    "rollback",
    "scale",
    "status",
    "unlock",
    "whoami",
];
