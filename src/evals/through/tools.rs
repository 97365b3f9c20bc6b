//! The tools of a run, made to say what they do: each request carries the call it belongs to.

use crate::catalog::{Builtin, Manifest, Run, SHIPPED_TOOLS};

/// The header with the call, as JSON in percent signs.
pub(super) const EFFECT: &str = "x-effect";
/// The header with the status that the tool takes for a yes.
pub(super) const EXPECT: &str = "x-expect";

/// The one connection of a rehearsal.
pub const CONNECTION: &str = "recorder";

/// The tools as they are rehearsed: everything as it is, but that their requests say what they are and go to the
/// recorder. `whoami` is there too, to put the bot's statements of a thread in its mouth.
pub fn rehearsed(tools: &[Manifest]) -> Vec<Manifest> {
    let mut rehearsed: Vec<Manifest> = tools.iter().cloned().map(speaking).collect();
    let missing = !rehearsed.iter().any(|tool| tool.run == Run::Builtin(Builtin::Whoami));
    let shipped = SHIPPED_TOOLS.iter().find(|(file, _)| *file == "whoami.yaml").filter(|_| missing);
    rehearsed.extend(shipped.and_then(|(_, text)| serde_saphyr::from_str::<Manifest>(text).ok()));
    rehearsed
}

fn speaking(mut tool: Manifest) -> Manifest {
    if let Run::Http(http) = &mut tool.run {
        let call = format!("{{{{ {{'tool': '{}', 'args': args}} | tojson | urlencode }}}}", tool.name);
        http.headers.insert(EFFECT.to_owned(), call);
        let expected = http.expect.first().copied().unwrap_or(200);
        http.headers.insert(EXPECT.to_owned(), expected.to_string());
        tool.connection = Some(CONNECTION.to_owned());
    }
    if let Some(watch) = &mut tool.watch {
        // It is done at once; nobody waits for a recorder.
        "50ms".clone_into(&mut watch.every);
    }
    tool
}
