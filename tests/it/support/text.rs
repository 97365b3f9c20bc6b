use std::sync::LazyLock;

use regex::Regex;

/// What differs from run to run, and what stands for it in a snapshot.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b(req|msg|dep)_[0-9A-Za-z]+", "${1}_ID"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"/[^ `]*/\.tmp[0-9A-Za-z]+", "DIR"),
        (r"Took: [0-9][^\n]*", "Took: SPAN"),
        (r"\b[0-9a-f]{64}\b", "DIGEST"),
        (r"Policy: [0-9a-f]{8}\b", "Policy: HEX"),
        (r"policy [0-9a-f]{8}\b", "policy HEX"),
        (r"Fingerprint: [0-9a-f]+", "Fingerprint: HEX"),
    ]
    .map(|(pattern, stand_in)| (Regex::new(pattern).unwrap(), stand_in))
    .into()
});

/// The text with everything taken out that differs from run to run.
pub fn tidy(text: &str) -> String {
    VARYING
        .iter()
        .fold(text.to_owned(), |text, (pattern, stand_in)| pattern.replace_all(&text, *stand_in).into_owned())
}
