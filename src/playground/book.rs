//! The state on disk: one JSON file, replaced as a whole.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tokio::{sync::Mutex, task::spawn_blocking};

use super::{PlaygroundError, config::PlaygroundConfig, refusal::Refusal, state::State};

/// The state, in memory and on disk.
#[derive(Debug)]
pub(super) struct Book {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    state: State,
    /// Keeps other playgrounds out of the directory; none once the book is closed.
    lock: Option<Lock>,
}

/// The right to the directory.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file alone would not do: a child that is being started holds it open for a moment longer.
        let _closed_in_any_case = self.0.unlock();
    }
}

impl Book {
    /// Reads the state of this directory, or begins one.
    pub(super) fn open(config: &PlaygroundConfig) -> Result<Self, PlaygroundError> {
        let path = config.dir.join("state.json");
        let broken = |source| PlaygroundError::State { path: path.clone(), source };
        fs::create_dir_all(&config.dir).map_err(broken)?;
        let lock = File::create(config.dir.join("lock")).map_err(broken)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PlaygroundError::InUse(config.dir.clone())),
            Err(TryLockError::Error(source)) => return Err(broken(source)),
        }
        let mut state = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| broken(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(broken(error)),
        };
        state.settle(config);
        replace(&path, &serde_json::to_vec(&state).map_err(|error| broken(error.into()))?).map_err(broken)?;
        Ok(Self { path, held: Mutex::new(Held { state, lock: Some(Lock(lock)) }) })
    }

    /// Looks at the state.
    pub(super) async fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.held.lock().await.state)
    }

    /// Changes the state. Nothing changes when `change` refuses or the disk does; when this returns, it is on disk.
    pub(super) async fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut held = self.held.lock().await;
        if held.lock.is_none() {
            return Err(Refusal::conflict("the playground is shut down".to_owned()));
        }
        let mut state = held.state.clone();
        let made = change(&mut state)?;
        let bytes = serde_json::to_vec(&state).map_err(|error| Refusal::broken(&error))?;
        let path = self.path.clone();
        match spawn_blocking(move || replace(&path, &bytes)).await {
            Ok(Ok(())) => held.state = state,
            Ok(Err(error)) => return Err(Refusal::broken(&error)),
            Err(error) => return Err(Refusal::broken(&error)),
        }
        Ok(made)
    }

    /// Gives the directory up to others; nothing is written any longer.
    pub(super) async fn close(&self) {
        self.held.lock().await.lock = None;
    }
}

/// Either the old or the new content is there whenever the power goes.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
