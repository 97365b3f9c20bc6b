use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::command;

/// A command of the harness, run by the binary in the project's folder.
pub struct Eval(Vec<String>);

/// How one ended.
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
}

impl Eval {
    pub fn of(arguments: &[&str]) -> Self {
        Self(vec!["eval".to_owned()]).and(arguments)
    }

    pub fn and(mut self, arguments: &[&str]) -> Self {
        self.0.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    pub fn command(&self) -> std::process::Command {
        let arguments: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let mut command = command(&arguments);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
        command.env_remove("OPENAI_API_KEY").env_remove("COUNTERSIGN_EVAL_API_KEY");
        command
    }

    /// Runs it to its end.
    pub fn ends_with(&self, code: i32) -> Ended {
        let output = self.command().output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ended = Ended { stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert_eq!(output.status.code(), Some(code), "{:?}\n{}\n{}", self.0, ended.stdout, ended.stderr);
        ended
    }
}

/// The report in the folder of a run.
pub fn report(folder: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(Path::new(folder).join("report.json")).unwrap()).unwrap()
}

pub fn lines(file: &Path) -> impl Iterator<Item = String> + use<> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}
