use super::{Policy, Vocabulary};
pub const HOUSE: &str = "countersign";
pub struct Diff;
impl Diff { pub fn weaker(&self) -> impl Iterator<Item = &String> { std::iter::empty() } }
pub fn diff(_a: &Policy, _b: &Policy) -> Diff { Diff }
impl Policy { pub fn vocabulary(&self) -> &Vocabulary { &self.vocabulary } }
