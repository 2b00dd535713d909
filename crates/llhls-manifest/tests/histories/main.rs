//! Playlists of seeded histories with what each must say, one JSON object a line: for parsers that
//! are not written in Rust. What they must say comes from the publisher's books, not from a
//! reader of the text.
//!
//! `cargo run -p llhls-manifest --example histories [SEEDS]`

use std::io::{self, BufWriter, Write};

use llhls_manifest::{Form, Skip};

#[path = "../it/books.rs"]
mod books;
#[path = "../it/facts.rs"]
#[allow(dead_code, reason = "shared with the tests, which read playlists too")]
mod facts;
mod graphs;
#[path = "../it/lives.rs"]
mod lives;
#[path = "../it/ops.rs"]
mod ops;

use facts::{Facts, quote};
use ops::{Operation, World};

/// Operations in each life; most of them push a part.
const PARTS: usize = 90;

fn main() -> io::Result<()> {
    let seeds = std::env::args().nth(1).and_then(|seeds| seeds.parse().ok());
    let mut out = BufWriter::new(io::stdout().lock());
    for seed in 0..seeds.unwrap_or(48) {
        media(seed, &mut out)?;
        for graph in 0..4 {
            let (text, facts) = graphs::graph(seed * 4 + graph);
            record(&mut out, "multivariant", seed, 0, &text, &facts)?;
        }
    }
    out.flush()
}

/// Every version of a life, and every delta update.
fn media(seed: u64, out: &mut impl Write) -> io::Result<()> {
    let (choice, bytes) = lives::life(seed, PARTS);
    let mut world = World::new(choice);
    for (step, operation) in Operation::decode_all(&bytes).enumerate() {
        if world.apply(operation).is_err() {
            continue;
        }
        let mut write = |form: Form, facts: &Facts| {
            let mut text = String::new();
            world.manifest.view().write_playlist(form, &[], &mut text);
            record(out, "media", seed, step, &text, &facts.json())
        };
        write(Form::Full, &world.facts())?;
        if let Some(facts) = world.delta_facts() {
            write(Form::Delta(Skip::Yes), &facts)?;
        }
    }
    Ok(())
}

fn record(
    out: &mut impl Write,
    kind: &str,
    seed: u64,
    step: usize,
    text: &str,
    facts: &str,
) -> io::Result<()> {
    // Only between values: a line break within one is written as an escape.
    let facts = facts.replace('\n', " ");
    let text = quote(text);
    writeln!(
        out,
        "{{\"kind\": \"{kind}\", \"seed\": {seed}, \"step\": {step}, \"text\": {text}, \"facts\": {facts}}}"
    )
}
