use countersign::gate::DEMO_POLICY;

/// The shipped policy with more at its end.
pub fn policy_and(more: &str) -> String {
    format!("{DEMO_POLICY}\n{more}\n")
}

/// The shipped policy with more in one of its rules.
pub fn rule_and(rule: &str, more: &str) -> String {
    let id = format!("id = \"{rule}\"\n");
    assert!(DEMO_POLICY.contains(&id), "there is no rule `{rule}`");
    DEMO_POLICY.replace(&id, &format!("{id}{more}\n"))
}

/// A policy text with something else in the place of something.
pub fn with(policy: &str, this: &str, that: &str) -> String {
    assert!(policy.contains(this), "`{this}` is not there");
    policy.replace(this, that)
}
