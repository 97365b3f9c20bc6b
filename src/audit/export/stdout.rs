use std::io::Write as _;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

use super::sink::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::draft::at_text;
use crate::audit::{Checkpoint, PublicKey};

/// Standard output: a JSON line for each checkpoint, for whatever collects the logs.
#[derive(Debug, Default)]
pub struct StandardOutput;

impl Sink for StandardOutput {
    fn name(&self) -> &'static str {
        "standard output"
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        async move {
            let note = &outgoing.checkpoint().note;
            let line = json!({ "at": at_text(outgoing.at), "message": "checkpoint of the record", "checkpoint": note });
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush()).map_err(SinkError::failed)?;
            Ok(Delivered { note: note.clone() })
        }
        .boxed()
    }

    fn check<'a>(&'a self, _outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        std::future::ready(Ok(Shown::Unreadable)).boxed()
    }

    fn held<'a>(&'a self, _keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }
}
