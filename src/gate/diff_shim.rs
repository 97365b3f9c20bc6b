use super::Policy;
pub struct Diff;
impl Diff { pub fn weaker(&self) -> impl Iterator<Item = &String> { std::iter::empty() } }
pub fn diff(_a: &Policy, _b: &Policy) -> Diff { Diff }
