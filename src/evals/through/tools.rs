//! The tools of a run, made to say what they do: each request carries the call it belongs to.

use crate::catalog::{Manifest, Run};

/// The header with the call, as JSON in percent signs.
pub(super) const EFFECT: &str = "x-effect";
/// The header with the status that the tool takes for a yes.
pub(super) const EXPECT: &str = "x-expect";

/// The one connection of a rehearsal.
pub const CONNECTION: &str = "recorder";

/// The tools as they are rehearsed: those of the set, and the product's others, since its policy speaks of them.
/// Everything is as it is, but that their requests say what they are and go to the recorder.
pub fn rehearsed(set: &[Manifest], product: &[Manifest]) -> Vec<Manifest> {
    let others = product.iter().filter(|tool| set.iter().all(|known| known.name != tool.name));
    set.iter().chain(others).cloned().map(speaking).collect()
}

fn speaking(mut tool: Manifest) -> Manifest {
    if let Run::Http(http) = &mut tool.run {
        let call = format!(
            "{{{{ {{'tool': '{}', 'args': args, 'request': request.id}} | tojson | urlencode }}}}",
            tool.name
        );
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
