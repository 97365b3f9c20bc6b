//! What the operators read about the policy file.

use crate::domain::{Block, Digest, Field, Reply, Tone};
use crate::execute::Candidate;

/// The file is not right.
pub(in crate::pipeline) fn policy_refused(file: &str, problems: &[String]) -> Reply {
    Reply::say(Tone::Failed, format!("{file} is not right, so the policy stays as it was"))
        .with(Block::Code { text: problems.join("\n") })
        .with(Block::Note { text: "Put it right and save it; it is read again at once.".to_owned() })
}

/// The file is in force.
pub(in crate::pipeline) fn policy_accepted(file: &str, digest: &Digest) -> Reply {
    Reply::say(
        Tone::Done,
        format!("{file} was read again and is in force; it allows nothing more than before"),
    )
    .with(Block::Fields { fields: vec![Field::new("Policy", digest.short())] })
    .with(Block::Note { text: "What waits is put up again under it.".to_owned() })
}

/// The file allows more, and people are asked.
pub(in crate::pipeline) fn policy_waits(candidate: &Candidate) -> Reply {
    let Candidate { file, weaker, .. } = candidate;
    let what = match weaker.len() {
        1 => "in one thing".to_owned(),
        count => format!("in {count} things"),
    };
    Reply::say(Tone::Info, format!("{file} allows more than the policy in force, {what}")).with(Block::Note {
        text:
            "Until people agree to that below, the policy stays as it is. To take it back, restore the file."
                .to_owned(),
    })
}
