use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::private_dir;

/// The right to use a data directory. One process has it at a time; it ends with the process, however that ends.
#[derive(Debug)]
pub struct DataLock(File);

impl Drop for DataLock {
    fn drop(&mut self) {
        // Closing the file alone would not do: a child that is being started holds it open for a moment longer.
        let _closed_in_any_case = self.0.unlock();
    }
}

impl DataLock {
    /// Takes the lock, and makes the directory where there is none.
    ///
    /// # Errors
    /// A directory that cannot be written, or one that another process uses.
    pub fn take(data_dir: &Path) -> Result<Self> {
        let shown = data_dir.display();
        private_dir(data_dir).with_context(|| {
            format!(
                "cannot write to the data directory `{shown}`: make it writable, or set `data_dir` to another"
            )
        })?;
        let path = data_dir.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot write to the data directory `{shown}`: make it writable, or set `data_dir` to another"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another countersign is running on the data in `{shown}`; stop it first, or use another data directory"
                )
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock the data directory `{shown}`"))
            }
        }
    }
}
