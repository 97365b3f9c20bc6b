use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::sink::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::{Checkpoint, NoteScanner, PublicKey};

/// A file that only ever grows, best on a volume of its own: one signed note after the other, with an empty line between.
/// It takes nothing that does not go on from what it has.
pub struct FileSink {
    name: String,
    path: PathBuf,
    known: Arc<Mutex<Known>>,
}

/// What was read of the file so far.
#[derive(Clone, Default)]
struct Known {
    length: u64,
    newest: Option<Checkpoint>,
}

impl FileSink {
    /// A sink in this file, which is made when there is something to write to it.
    pub fn new(path: PathBuf) -> Self {
        Self { name: format!("file {}", path.display()), path, known: Arc::default() }
    }

    /// The newest genuine checkpoint. Only what is new since the last look is read.
    async fn newest(&self, keys: &[PublicKey]) -> Result<Option<Checkpoint>, SinkError> {
        let (path, known, keys) = (self.path.clone(), Arc::clone(&self.known), keys.to_vec());
        self.blocking(move || {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let file = open(&path)?;
            let length =
                file.as_ref().map_or(Ok(0), |file| Ok::<_, std::io::Error>(file.metadata()?.len()))?;
            if length < known.length {
                *known = Known::default();
                return Err(std::io::Error::other("it became shorter: somebody has taken checkpoints out"));
            }
            let Some(mut file) = file else { return Ok(None) };
            file.seek(SeekFrom::Start(known.length))?;
            let mut newest = known.newest.clone();
            each_note(file, &mut |note| {
                let Ok(read) = Checkpoint::parse(&note) else { return };
                let newer = newest.as_ref().is_none_or(|newest| read.age() > newest.age());
                // Whatever is not signed by us says nothing.
                if newer && read.is_signed_by(&keys) {
                    newest = Some(read);
                }
            })?;
            *known = Known { length, newest: newest.clone() };
            Ok(newest)
        })
        .await
    }

    async fn lock(&self) -> Result<File, SinkError> {
        let path = self.path.clone();
        self.blocking(move || {
            let file = writable(&path)?;
            file.lock()?;
            Ok(file)
        })
        .await
    }

    async fn append(&self, checkpoint: Checkpoint) -> Result<(), SinkError> {
        let (path, known) = (self.path.clone(), Arc::clone(&self.known));
        self.blocking(move || {
            let length = append(&path, &checkpoint.note)?;
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Known { length, newest: Some(checkpoint) };
            Ok(())
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, SinkError> {
        let done = tokio::task::spawn_blocking(work).await.map_err(SinkError::failed)?;
        done.map_err(|error| SinkError::Failed(format!("{}: {error}", self.name)))
    }
}

fn open(path: &Path) -> std::io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn writable(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).read(true).open(path)
}

/// Calls `take` with each note, without ever holding the whole file.
fn each_note(file: File, take: &mut impl FnMut(String)) -> std::io::Result<()> {
    let mut scanner = NoteScanner::default();
    for line in BufReader::new(file).split(b'\n') {
        scanner.feed(&String::from_utf8_lossy(&line?));
        scanner.found().into_iter().for_each(&mut *take);
    }
    scanner.complete();
    scanner.found().into_iter().for_each(take);
    Ok(())
}

/// Writes a note at the end and waits until it is on disk. After the half of one that a crash left it starts anew. Returns
/// the length of the file.
fn append(path: &Path, note: &str) -> std::io::Result<u64> {
    let mut file = writable(path)?;
    let length = file.metadata()?.len();
    let mut end = [b'\n'; 2];
    let kept = length.min(2);
    file.seek(SeekFrom::Start(length - kept))?;
    let at = usize::try_from(2 - kept).unwrap_or_default();
    file.read_exact(end.get_mut(at..).unwrap_or_default())?;
    let gap = if end == *b"\n\n" { "" } else { "\n\n" };
    file.write_all(format!("{gap}{note}\n").as_bytes())?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        async move {
            let note = outgoing.checkpoint().note.clone();
            // Held until it is written, so that two that share the file take turns.
            let _held = self.lock().await?;
            let newest = self.newest(outgoing.keys()).await?;
            if let Some(newest) = newest {
                outgoing.continues(&newest, &self.name).await?;
                if newest.age() == outgoing.checkpoint().age() {
                    return Ok(Delivered { note });
                }
            }
            self.append(outgoing.checkpoint().clone()).await?;
            Ok(Delivered { note })
        }
        .boxed()
    }

    fn check<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        async move {
            let newest = self.newest(outgoing.keys()).await?;
            if let Some(newest) = &newest {
                outgoing.continues(newest, &self.name).await?;
            }
            Ok(Shown::of(newest.as_ref()))
        }
        .boxed()
    }

    fn held<'a>(&'a self, keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        async move {
            let (path, keys) = (self.path.clone(), keys.to_vec());
            self.blocking(move || {
                let mut held = Vec::new();
                let Some(file) = open(&path)? else { return Ok(held) };
                each_note(file, &mut |note| {
                    let read = Checkpoint::parse(&note).ok().filter(|read| read.is_signed_by(&keys));
                    held.extend(read);
                })?;
                Ok(held)
            })
            .await
        }
        .boxed()
    }
}
