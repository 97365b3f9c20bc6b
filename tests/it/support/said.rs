use std::fmt;

use countersign::domain::{Block, Reply, RequestId};
use countersign::store::{RequestRow, RequestState};

use super::tidy;

/// What came of something that a person did.
#[derive(Clone, Debug)]
pub struct Said {
    /// The request it started or was about.
    pub row: Option<RequestRow>,
    /// What people see that they did not see before: the card as it is now, then the remarks.
    pub replies: Vec<Reply>,
    /// Whether the event was known already.
    pub again: bool,
}

impl Said {
    pub fn row(&self) -> &RequestRow {
        self.row.as_ref().expect("it belongs to a request")
    }

    pub fn id(&self) -> &RequestId {
        &self.row().id
    }

    pub fn state(&self) -> RequestState {
        self.row().state
    }

    /// The commands that are offered to go on with.
    pub fn offers(&self) -> Vec<String> {
        let blocks = self.replies.iter().flat_map(|reply| &reply.blocks);
        blocks
            .filter_map(|block| match block {
                Block::Suggest { command, .. } => Some(command.clone()),
                _ => None,
            })
            .collect()
    }
}

/// How it stands and what people see, as a snapshot has it.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.row.as_ref().map_or("no request", |row| row.state.as_str());
        write!(f, "= {state}")?;
        for reply in &self.replies {
            let tone = format!("{:?}", reply.tone).to_lowercase();
            write!(f, "\n[{tone}] {}", tidy(&reply.to_text()))?;
        }
        Ok(())
    }
}
