//! How long the reader without a model takes for a message, and to learn its words at start.

use std::hint::black_box;
use std::sync::Arc;

use countersign::catalog::Catalog;
use countersign::interpret::offline::{BotTurn, Conversation, Offline, Speaker, Turn};
use criterion::{Criterion, criterion_group, criterion_main};

fn conversation(turns: &[(Speaker, &str)]) -> Conversation {
    let turns = turns.iter().map(|(speaker, text)| Turn { speaker: *speaker, text: (*text).to_owned() });
    Conversation { bot: "countersign".to_owned(), turns: turns.collect() }
}

fn read(criterion: &mut Criterion) {
    let Ok(catalog) = Catalog::demo() else { return };
    let catalog = Arc::new(catalog);
    let reader = Offline::new(Arc::clone(&catalog));
    let short = conversation(&[(Speaker::Asker, "deploy checkout 2.4.1 to staging")]);
    let slips = conversation(&[(Speaker::Asker, "pelase put teh gatway at 1.18.3 on developmnet")]);
    let several = conversation(&[(
        Speaker::Asker,
        "first run migration 0044 on orders in staging, after that deploy orders 3.12.1 there and show me its logs",
    )]);
    let thread = conversation(&[
        (Speaker::Asker, "deploy checkout 2.4.1"),
        (Speaker::Bot(BotTurn::Question), "Where: development, staging or production?"),
        (Speaker::Asker, "the second one"),
    ]);
    let pasted =
        format!("what is this?\n{}", "12:00:01 ERROR checkout pool exhausted, roll it back\n".repeat(200));
    let pasted = conversation(&[(Speaker::Asker, &pasted)]);
    for (name, conversation) in [
        ("short", short),
        ("slips", slips),
        ("several", several),
        ("thread", thread),
        ("pasted 10 KB", pasted),
    ] {
        criterion.bench_function(&format!("read/{name}"), |bench| {
            bench.iter(|| reader.read(black_box(&conversation)))
        });
    }
    criterion.bench_function("learn", |bench| bench.iter(|| Offline::new(black_box(Arc::clone(&catalog)))));
}

criterion_group!(benches, read);
criterion_main!(benches);
