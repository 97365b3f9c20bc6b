//! One replica's process: started, listened to, restarted when it dies, stopped when nobody holds it any longer.

use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::{
    clock::now,
    config::Timing,
    fleet::{Launch, ReplicaSpec, Seen, Sight},
    logs::{Level, LogLine},
    replica::Hello,
};

/// How long a process has to say its port.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long a process has to end by itself when its standard input closes.
const FAREWELL_WITHIN: Duration = Duration::from_millis(500);

/// What a keeper is told. It stops when the sender is dropped.
#[derive(Debug)]
pub(super) enum Signal {
    /// Kill the process with SIGKILL.
    Kill,
}

/// Keeps one replica running.
#[derive(Debug)]
pub(super) struct Keeper {
    launch: Launch,
    spec: ReplicaSpec,
    shown: watch::Sender<Seen>,
    signals: mpsc::Receiver<Signal>,
}

/// How a process came to its end.
enum End {
    Stopped,
    Died(String),
}

impl Keeper {
    pub(super) fn new(
        launch: Launch,
        spec: ReplicaSpec,
        shown: watch::Sender<Seen>,
        signals: mpsc::Receiver<Signal>,
    ) -> Self {
        Self { launch, spec, shown, signals }
    }

    /// Runs until nobody holds the sender of the signals.
    pub(super) async fn run(mut self) {
        let mut deaths = 0;
        loop {
            let born = Instant::now();
            let why = match self.live().await {
                End::Stopped => return,
                End::Died(why) => why,
            };
            deaths = if born.elapsed() >= self.launch.timing.restart_at_most { 1 } else { deaths + 1 };
            let pause = pause_after(deaths, &self.launch.timing);
            self.note(Level::Error, format!("stopped: {why}; starts again in {} s", pause.as_secs_f32()));
            self.show(Sight::Down { why: format!("not running ({why})") });
            if self.stopped_within(pause).await {
                return;
            }
            self.show(Sight::Starting);
        }
    }

    /// One life of the process.
    async fn live(&mut self) -> End {
        let mut child = match self.spawn() {
            Ok(child) => child,
            Err(error) => return End::Died(format!("could not be started: {error}")),
        };
        let Some(mut lines) = child.stdout.take().map(|out| BufReader::new(out).lines()) else {
            return End::Died("has no standard output".to_owned());
        };
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(keep_errors(self.spec.clone(), BufReader::new(errors).lines()));
        }
        let port = tokio::select! {
            hello = hello(&mut lines) => hello,
            () = dismissed(&mut self.signals) => { farewell(child).await; return End::Stopped; }
        };
        match (port, child.id()) {
            (Some(port), Some(pid)) => self.show(Sight::Up { pid, port }),
            _ => {
                let killed = child.start_kill();
                let status = child.wait().await;
                let ended = status.map_or_else(|error| error.to_string(), describe);
                tracing::debug!(instance = self.spec.instance, ?killed, "a replica said no port");
                return End::Died(format!("did not say its port: {ended}"));
            }
        }
        self.listen(child, lines).await
    }

    /// Keeps what the process says until it ends or is stopped.
    async fn listen(&mut self, mut child: Child, mut lines: Lines<BufReader<ChildStdout>>) -> End {
        loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => self.keep(&line),
                    // The pipe closes only as the process ends.
                    Ok(None) | Err(_) => return died(&mut child).await,
                },
                signal = self.signals.recv() => match signal {
                    Some(Signal::Kill) => match child.start_kill() {
                        Ok(()) => return died(&mut child).await,
                        Err(error) => tracing::warn!(%error, "a replica could not be killed"),
                    },
                    None => { farewell(child).await; return End::Stopped; }
                },
            }
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let spec = &self.spec;
        let mut command = Command::new(&self.launch.program);
        command.args(&self.launch.args);
        command.args(["--service", &spec.target.service, "--environment", &spec.target.environment]);
        command.args(["--version", &spec.version, "--instance", &spec.instance]);
        command.arg("--sqlite").arg(&spec.database);
        command.args(["--traffic-ms", &self.launch.timing.traffic_every.as_millis().to_string()]);
        if let Some(column) = &spec.requires {
            command.args(["--requires", column]);
        }
        // One arena: thirty-odd small processes should not each keep several.
        command.env_clear().env("MALLOC_ARENA_MAX", "1");
        // A group of its own: Ctrl-C in a terminal is the parent's to act on.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
    }

    fn keep(&self, line: &str) {
        match serde_json::from_str(line) {
            Ok(line) => self.spec.log.write(&line),
            Err(_) => self.note(Level::Info, line.to_owned()),
        }
    }

    fn note(&self, level: Level, text: String) {
        self.spec.log.write(&LogLine { time: now(), instance: self.spec.instance.clone(), level, text });
    }

    fn show(&self, sight: Sight) {
        self.shown.send_replace(Seen { sight, since: now() });
    }

    /// Waits, unless it is told to stop.
    async fn stopped_within(&mut self, pause: Duration) -> bool {
        timeout(pause, dismissed(&mut self.signals)).await.is_ok()
    }
}

/// The pause before a replica that died this often starts again.
fn pause_after(deaths: u32, timing: &Timing) -> Duration {
    let doubled = 2_u32.saturating_pow(deaths.saturating_sub(1));
    timing.restart_after.saturating_mul(doubled).min(timing.restart_at_most)
}

async fn hello(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<u16> {
    let line = timeout(HELLO_WITHIN, lines.next_line()).await.ok()?.ok()??;
    serde_json::from_str::<Hello>(&line).ok().map(|hello| hello.port)
}

/// Ends when nobody holds the sender any longer. There is nothing to kill meanwhile.
async fn dismissed(signals: &mut mpsc::Receiver<Signal>) {
    while let Some(Signal::Kill) = signals.recv().await {}
}

async fn died(child: &mut Child) -> End {
    End::Died(child.wait().await.map_or_else(|error| error.to_string(), describe))
}

/// Closes the process's standard input, which ends it, and kills it when that does not.
async fn farewell(mut child: Child) {
    drop(child.stdin.take());
    if timeout(FAREWELL_WITHIN, child.wait()).await.is_err()
        && let Err(error) = child.kill().await
    {
        tracing::warn!(%error, "a replica could not be killed");
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("killed by signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// What a process writes to its standard error, a panic for one, belongs in its log.
async fn keep_errors<R: AsyncRead + Unpin>(spec: ReplicaSpec, mut lines: Lines<BufReader<R>>) {
    while let Ok(Some(text)) = lines.next_line().await {
        spec.log.write(&LogLine { time: now(), instance: spec.instance.clone(), level: Level::Error, text });
    }
}

#[cfg(test)]
mod tests;
