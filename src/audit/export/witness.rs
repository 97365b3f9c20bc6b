use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::{Client, Response, StatusCode, Url};

use super::cosigner::Cosigner;
use super::sink::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::{Checkpoint, PublicKey};

/// The most that is read of an answer, in bytes.
const MOST: usize = 1 << 16;

/// How often the size that the witness has seen last is corrected within one delivery.
const TRIES: u32 = 3;

/// A witness that speaks the C2SP protocol: it signs only what goes on from all that it has signed before.
pub struct Witness {
    name: String,
    client: Client,
    url: Url,
    cosigner: Cosigner,
    /// What it has seen last, as far as we know.
    seen: AtomicU64,
}

/// What it answers.
enum Answer {
    /// Its signatures.
    Signed(String),
    /// The size that it has seen last is another.
    Seen(u64),
    /// It has the same size with another root, or our proof is none to it.
    Other,
}

impl Witness {
    /// The witness whose `add-checkpoint` is under this address.
    pub fn new(client: Client, url: Url, cosigner: Cosigner) -> Self {
        let name = format!("witness {}", cosigner.name());
        Self { name, client, url, cosigner, seen: AtomicU64::new(0) }
    }

    fn failed(&self, reason: impl std::fmt::Display) -> SinkError {
        SinkError::Failed(format!("{}: {reason}", self.name))
    }

    async fn add(&self, outgoing: &Outgoing<'_>) -> Result<Delivered, SinkError> {
        let checkpoint = outgoing.checkpoint();
        let mut old = self.seen.load(Ordering::Relaxed).min(checkpoint.size);
        for _try in 0..TRIES {
            match self.ask(outgoing, old).await? {
                Answer::Signed(lines) => {
                    let note = self.cosigner.add_to(&checkpoint.note, &lines);
                    let note = note.ok_or_else(|| self.failed("it did not sign with its key"))?;
                    self.seen.store(checkpoint.size, Ordering::Relaxed);
                    return Ok(Delivered { note });
                }
                Answer::Seen(size) if size > checkpoint.size => {
                    return Err(outgoing.behind(&self.name, (checkpoint.epoch, size), None));
                }
                Answer::Seen(size) if size != old => old = size,
                Answer::Seen(_) | Answer::Other => {
                    return Err(outgoing.fork(&self.name, (checkpoint.epoch, old), None));
                }
            }
        }
        Err(self.failed("others hand it checkpoints of this record at the same time"))
    }

    async fn ask(&self, outgoing: &Outgoing<'_>, old: u64) -> Result<Answer, SinkError> {
        let mut body = format!("old {old}\n");
        for hash in outgoing.proof_from(old).await? {
            body.push_str(&format!("{hash}\n"));
        }
        body.push('\n');
        body.push_str(&outgoing.checkpoint().note);
        let answer = self.client.post(self.url.clone()).body(body).send().await;
        let answer = answer.map_err(|error| {
            self.failed(if error.is_timeout() { "it did not answer in time" } else { "it cannot be reached" })
        })?;
        match answer.status() {
            StatusCode::OK => Ok(Answer::Signed(self.text(answer).await?)),
            StatusCode::CONFLICT => {
                let size = self.text(answer).await?;
                // The same size with another root is a conflict too, and then there need not be a size.
                Ok(size.trim().parse().map_or(Answer::Other, Answer::Seen))
            }
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Answer::Other),
            StatusCode::FORBIDDEN => {
                Err(self.failed("it does not know the key; give it the one of `countersign audit key`"))
            }
            StatusCode::NOT_FOUND => {
                let origin = super::origin_of(outgoing.checkpoint());
                Err(self.failed(format!("it does not know the record `{origin}`; have it added there")))
            }
            status => Err(self.failed(format!("it answered {status}"))),
        }
    }

    async fn text(&self, mut answer: Response) -> Result<String, SinkError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_cut| self.failed("the answer broke off"))? {
            if bytes.len() + chunk.len() > MOST {
                return Err(self.failed("the answer is too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Sink for Witness {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        self.add(outgoing).boxed()
    }

    /// What it has cannot be read, but it refuses what does not go on from that; so this hands the checkpoint over.
    fn check<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        async move { self.add(outgoing).await.map(|_delivered| Shown::Unreadable) }.boxed()
    }

    fn held<'a>(&'a self, _keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }
}
