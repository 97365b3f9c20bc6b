use std::path::Path;
use std::process::{Command, Stdio};

/// The commit of the tree that a folder is in, and whether nothing in it was changed. `None` without git or outside a
/// tree.
pub(super) fn state(folder: &Path) -> Option<(String, bool)> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output = command.current_dir(folder).args(arguments).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some((commit, changed.is_empty()))
}
