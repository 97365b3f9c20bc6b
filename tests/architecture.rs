//! The house as its plan says: who may see whom, which rooms have no windows, and what is done in one place only.
//!
//! The source is read with `syn`, so that comments and strings do not count and macros' arguments do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use syn::visit::{self, Visit};

/// Every room and its floor. A room uses strictly lower floors.
const FLOORS: [(&str, u8); 25] = [
    ("domain", 0),
    ("catalog", 1),
    ("slash", 2),
    ("gate", 2),
    ("ground", 2),
    ("redact", 2),
    ("clock", 3),
    ("store", 3),
    ("audit", 4),
    ("chat", 5),
    ("interpret", 5),
    ("execute", 5),
    ("pipeline", 6),
    ("web", 7),
    ("doors", 7),
    ("control", 7),
    ("worker", 7),
    ("evals", 7),
    ("playground", 7),
    ("config", 8),
    ("telemetry", 9),
    ("app", 9),
    ("cli", 10),
    ("main", 10),
    ("lib", 11),
];

/// Up to here rooms are synchronous, total and windowless.
const WINDOWLESS: u8 = 2;

/// What a windowless room does not reach for.
const WINDOWS: [&str; 14] = [
    "tokio",
    "sqlx",
    "reqwest",
    "axum",
    "tracing",
    "getrandom",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "jiff::Timestamp::now",
];

/// What is done in one place only: the path, and where it may be.
const ONE_PLACE: [(&str, &[&str]); 6] = [
    ("sqlx", &["store/", "playground/database", "playground/schema", "playground/mod.rs"]),
    ("Command::new", &["playground/keeper.rs", "execute/command", "cli/eval/git.rs"]),
    ("std::env::var", &["config/"]),
    ("SystemTime::now", &["playground/"]),
    ("Timestamp::now", &["clock.rs", "playground/clock.rs"]),
    ("getrandom", &["clock.rs"]),
];

/// The longest a file may be.
const LINES: usize = 450;

struct Source {
    /// From `src/`, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.path.contains("tests") || self.path.ends_with("samples.rs")
    }
}

/// What a file says, as far as it matters here.
#[derive(Default)]
struct Seen {
    /// Paths such as `std::fs::read` or `crate::gate::decide`, from code and from `use`.
    paths: BTreeSet<String>,
    asynchronous: bool,
    unsafe_code: bool,
    strings: BTreeSet<String>,
}

impl Seen {
    fn in_source(source: &Source) -> Self {
        let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.path));
        let mut seen = Self::default();
        seen.visit_file(&file);
        seen
    }

    fn uses(&self, path: &str) -> bool {
        self.paths.iter().any(|used| {
            let found = used.strip_prefix(path).or_else(|| Some(used.split_once(&format!("::{path}"))?.1));
            found.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    }

    fn rooms(&self) -> BTreeSet<&str> {
        let inner = self.paths.iter().filter_map(|path| path.strip_prefix("crate::"));
        inner.filter_map(|path| path.split("::").next()).collect()
    }

    /// `use a::{b, c::d}` as the paths it stands for.
    fn tree(&mut self, before: &str, tree: &syn::UseTree) {
        let join = |name: &dyn std::fmt::Display| {
            if before.is_empty() { name.to_string() } else { format!("{before}::{name}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.tree(&join(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(before, item)),
            syn::UseTree::Name(name) => drop(self.paths.insert(join(&name.ident))),
            syn::UseTree::Rename(name) => drop(self.paths.insert(join(&name.ident))),
            syn::UseTree::Glob(_) => drop(self.paths.insert(before.to_owned())),
        }
    }

    /// Arguments of macros have no grammar that `syn` knows; paths and strings are picked out of their text.
    fn macro_text(&mut self, text: &str) {
        static STRING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""((\\.|[^"\\])*)""#).unwrap());
        static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+(\s*::\s*\w+)*").unwrap());
        self.strings.extend(STRING.captures_iter(text).map(|found| found[1].to_owned()));
        let code = STRING.replace_all(text, " ");
        let paths: Vec<String> =
            PATH.find_iter(&code).map(|path| path.as_str().replace(char::is_whitespace, "")).collect();
        self.asynchronous |= paths.iter().any(|word| word == "async" || word == "await");
        self.unsafe_code |= paths.iter().any(|word| word == "unsafe");
        self.paths.extend(paths);
    }
}

/// Code that is only there for tests is not looked at.
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => attribute.path().is_ident("cfg") && list.tokens.to_string().contains("test"),
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !for_tests(&item.attrs) {
            self.tree("", &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.insert(names.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macro_text(&call.tokens.to_string());
        visit::visit_macro(self, call);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.asynchronous |= signature.asyncness.is_some();
        self.unsafe_code |= matches!(signature.safety, syn::Safety::Unsafe(_));
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.asynchronous = true;
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, wait: &'ast syn::ExprAwait) {
        self.asynchronous = true;
        visit::visit_expr_await(self, wait);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.unsafe_code = true;
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.strings.insert(text.value());
    }
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Everything in which these sources differ from the plan.
fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let mut fault = |what: String| faults.push(format!("src/{}: {what}", source.path));
        let Some(here) = floor(source.room()) else {
            fault(format!("the room `{}` is on no floor; add it to FLOORS", source.room()));
            continue;
        };
        if source.text.lines().count() > LINES {
            fault(format!("longer than {LINES} lines"));
        }
        let is_door = source.path == format!("{}/mod.rs", source.room()) || !source.path.contains('/');
        if is_door && !source.text.trim_start().starts_with("//!") {
            fault("a room says at its door what it is for (`//!`)".to_owned());
        }
        let seen = Seen::in_source(source);
        if seen.unsafe_code {
            fault("unsafe".to_owned());
        }
        if seen.strings.iter().any(|text| text.contains("sh -c") || text == "-c") {
            fault("a shell string".to_owned());
        }
        if source.is_test() {
            continue;
        }
        for other in seen.rooms() {
            if other != source.room() && floor(other).is_none_or(|there| there >= here) {
                fault(format!("uses crate::{other}, which is not on a lower floor"));
            }
        }
        for (path, places) in ONE_PLACE {
            if seen.uses(path) && !places.iter().any(|place| source.path.starts_with(place)) {
                fault(format!("uses {path}, which is for {} alone", places.join(", ")));
            }
        }
        if here > WINDOWLESS {
            continue;
        }
        if seen.asynchronous {
            fault("async in a room without windows".to_owned());
        }
        for window in WINDOWS.iter().filter(|window| seen.uses(window)) {
            fault(format!("uses {window} in a room without windows"));
        }
    }
    faults
}

fn read(folder: &Path, sources: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let name = path.strip_prefix(root).unwrap().display().to_string();
            sources.push(Source { path: name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

#[test]
fn the_house_is_built_as_planned() {
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    assert!(sources.len() > 50, "the source was not found");
    let faults = faults(&sources);
    let long: Vec<_> = sources
        .iter()
        .filter(|source| source.text.lines().count() > 300)
        .map(|source| &*source.path)
        .collect();
    assert!(faults.is_empty(), "{}\n(files over 300 lines: {})", faults.join("\n"), long.join(", "));
    for (room, _) in FLOORS {
        assert!(sources.iter().any(|source| source.room() == room), "there is no room `{room}`");
    }
}

/// What the checker finds in a file, without the file's name.
fn found(path: &str, text: &str) -> Vec<String> {
    let source = Source { path: path.to_owned(), text: format!("//! A room.\n{text}") };
    let prefix = format!("src/{path}: ");
    faults(&[source]).into_iter().map(|fault| fault.trim_start_matches(&prefix).to_owned()).collect()
}

#[test]
fn the_checker_finds_what_it_looks_for() {
    let lower = "uses crate::store, which is not on a lower floor";
    assert_eq!(found("gate/mod.rs", "use crate::store::{Row, Store};"), [lower]);
    assert_eq!(found("clock.rs", "fn f() { crate::store::open() }"), [lower], "the same floor is not lower");
    assert_eq!(found("gate/mod.rs", "fn f() { assert!(crate::store::open()) }"), [lower], "in a macro");
    assert_eq!(
        found("execute/mod.rs", "use crate::config::Config;"),
        ["uses crate::config, which is not on a lower floor"]
    );
    assert_eq!(found("gate/mod.rs", "async fn f() {}"), ["async in a room without windows"]);
    assert_eq!(found("gate/mod.rs", "fn f() { g(async { 1 }) }"), ["async in a room without windows"]);
    assert_eq!(found("catalog/load.rs", "use std::{fs, fmt};"), ["uses std::fs in a room without windows"]);
    assert_eq!(
        found("domain/a.rs", "fn f() { tracing::info!(\"x\") }"),
        ["uses tracing in a room without windows"]
    );
    let sql =
        "uses sqlx, which is for store/, playground/database, playground/schema, playground/mod.rs alone";
    assert_eq!(found("web/a.rs", "use sqlx::Row;"), [sql]);
    let child =
        "uses Command::new, which is for playground/keeper.rs, execute/command, cli/eval/git.rs alone";
    assert_eq!(found("app/a.rs", "fn f() { std::process::Command::new(\"ls\"); }"), [child]);
    assert_eq!(
        found("playground/keeper.rs", "fn f() { Command::new(\"sh\").arg(\"-c\"); }"),
        ["a shell string"]
    );
    assert_eq!(found("web/a.rs", "fn f() { unsafe { g() } }"), ["unsafe"]);
    assert_eq!(found("nowhere/mod.rs", ""), ["the room `nowhere` is on no floor; add it to FLOORS"]);
    assert_eq!(found("web/a.rs", &"\n".repeat(450)), ["longer than 450 lines"]);
    let bare = Source { path: "web/mod.rs".to_owned(), text: "mod a;".to_owned() };
    assert_eq!(faults(&[bare]), ["src/web/mod.rs: a room says at its door what it is for (`//!`)"]);
}

#[test]
fn the_checker_leaves_alone_what_is_allowed() {
    assert_eq!(
        found("gate/mod.rs", "use crate::catalog::Call; use std::time::Duration; // async tokio"),
        [""; 0]
    );
    assert_eq!(
        found("gate/mod.rs", "#[cfg(test)] mod tests { use std::fs; fn f() { crate::store::open() } }"),
        [""; 0]
    );
    assert_eq!(found("gate/tests/a.rs", "use std::fs;"), [""; 0]);
    assert_eq!(found("store/db.rs", "use sqlx::Row; async fn f() {}"), [""; 0]);
    assert_eq!(found("pipeline/a.rs", "use crate::pipeline::Rooms;"), [""; 0]);
}
