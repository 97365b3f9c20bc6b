use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use crate::evals::{Answered, Price, Progress};

/// The shortest pause between two lines of progress.
const PACE: Duration = Duration::from_millis(200);

/// Shows how a run goes, on one line of a terminal. Elsewhere only how it ended.
pub(super) struct Ticker {
    progress: Progress,
    price: Option<Price>,
    shows: bool,
    quiet: bool,
    shown: Duration,
}

impl Ticker {
    pub(super) fn new(progress: Progress, price: Option<Price>, quiet: bool) -> Self {
        let shows = !quiet && std::io::stderr().is_terminal();
        Self { progress, price, shows, quiet, shown: Duration::ZERO }
    }

    pub(super) fn count(&mut self, answered: &Answered, elapsed: Duration) {
        self.progress.count(answered);
        if self.shows && elapsed.saturating_sub(self.shown) >= PACE {
            self.shown = elapsed;
            write("\r\u{1b}[2K", &self.progress.line(elapsed, self.price.as_ref()));
        }
    }

    pub(super) fn end(&self, elapsed: Duration) {
        if self.quiet {
            return;
        }
        let line =
            format!("{}, {:.1}s\n", self.progress.line(elapsed, self.price.as_ref()), elapsed.as_secs_f64());
        write(if self.shows { "\r\u{1b}[2K" } else { "" }, &line);
    }
}

fn write(before: &str, line: &str) {
    let mut err = std::io::stderr().lock();
    // With standard error gone there is nobody to tell.
    let _nobody_reads = write!(err, "{before}{line}").and_then(|()| err.flush());
}
