use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;

/// Says on standard error how far long work has come, if somebody looks.
pub(super) struct Progress {
    watched: Watched,
    what: &'static str,
    last: Instant,
    shown: usize,
}

enum Watched {
    Yes,
    No,
}

impl Progress {
    /// Of work that is counted in these.
    pub(super) fn of(what: &'static str) -> Self {
        let watched = if std::io::stderr().is_terminal() { Watched::Yes } else { Watched::No };
        Self { watched, what, last: Instant::now(), shown: 0 }
    }

    /// So many are done, of so many or of nobody knows how many.
    pub(super) fn done(&mut self, done: u64, total: Option<u64>) {
        if matches!(self.watched, Watched::No) || self.last.elapsed() < Duration::from_millis(200) {
            return;
        }
        self.last = Instant::now();
        let line = match total {
            Some(total) if total > 0 => {
                format!("{done} of {total} {} ({} %)", self.what, done.saturating_mul(100) / total)
            }
            Some(_) | None => format!("{done} {}", self.what),
        };
        self.write(&line);
    }

    fn write(&mut self, line: &str) {
        let gap = " ".repeat(self.shown.saturating_sub(line.len()));
        // With standard error gone there is nobody to tell.
        let _nobody = write!(std::io::stderr(), "\r{line}{gap}");
        self.shown = line.len();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown > 0 {
            self.write("");
            let _nobody = write!(std::io::stderr(), "\r");
        }
    }
}
