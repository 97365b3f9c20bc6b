use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary itself, in a clean environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_remove("COUNTERSIGN_CONFIG").env_remove("COUNTERSIGN_DATA");
    command.env_remove("COUNTERSIGN_LISTEN");
    command
}

/// A server that runs: the binary itself, with the whole demonstration.
pub struct Server {
    child: Child,
    /// What it said when it opened.
    pub greeting: String,
}

impl Server {
    /// Starts one on this data and waits until its doors are open.
    pub fn start(data: &Path) -> Self {
        let data = data.to_str().unwrap();
        Self::open(&mut command(&["serve", "--data", data, "--listen", "127.0.0.1:0"]))
    }

    /// The same by a command of the test's own.
    pub fn open(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            greeting.push_str(&line);
            greeting.push('\n');
            if line.starts_with("Ctrl-C stops it") {
                break;
            }
        }
        assert!(greeting.contains("Ctrl-C"), "it did not open: {greeting}");
        Self { child, greeting }
    }

    pub fn address(&self) -> String {
        let words = self.greeting.split_whitespace();
        words.filter_map(|word| word.strip_prefix("http://")).next().unwrap().trim_end_matches('.').to_owned()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Presses Ctrl-C and waits for the end.
    pub fn interrupt(mut self) -> std::process::ExitStatus {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already where the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command printed, where it succeeded.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
