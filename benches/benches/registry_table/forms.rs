use std::hint::black_box;
use std::sync::Barrier;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use llhls_manifest::Directives;
use playlists::Coding;

use crate::streams::{Ours, Peer, Shape, delta};
use benches::turns::{Better, Candidate, Table, cpu_per_operation, thread_cpu};

fn whole(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    std::io::Write::write_all(&mut encoder, text).expect("into memory");
    encoder.finish().expect("into memory")
}

/// M4: one part.
pub(crate) fn per_part(table: &mut Table) {
    let mut peer = Peer::new();
    let (configured, all) = (Shape::AS_CONFIGURED, Shape::ALL_PARTS);
    let mut unwatched = Ours::new(configured);
    let mut watched = Ours::new(configured);
    let mut watched_all = Ours::new(all);
    let mut watched_both = Ours::new(configured);
    watched.assert_gzip();
    watched_all.assert_gzip();
    println!(
        "\nM4: {} bytes of the peer, {} with all parts, {} as configured",
        peer.text().len(),
        watched_all.text(&Directives::NONE).len(),
        watched.text(&Directives::NONE).len(),
    );
    let delta = delta();
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "playlists 0.1.6, `Playlists::add`, gzip always",
            Box::new(|| cpu_per_operation(1_200, |n| (0..n).for_each(|_| peer.publish()))),
        ),
        (
            "publish, unwatched",
            Box::new(|| cpu_per_operation(120_000, |n| (0..n).for_each(|_| unwatched.publish()))),
        ),
        (
            "publish, each version asked for in gzip, as configured",
            Box::new(|| {
                cpu_per_operation(12_000, |n| {
                    for _ in 0..n {
                        watched.publish();
                        black_box(watched.ask(&Directives::NONE, Coding::Gzip));
                    }
                })
            }),
        ),
        (
            "publish, each version asked for in gzip, all parts listed",
            Box::new(|| {
                cpu_per_operation(6_000, |n| {
                    for _ in 0..n {
                        watched_all.publish();
                        black_box(watched_all.ask(&Directives::NONE, Coding::Gzip));
                    }
                })
            }),
        ),
        (
            "publish, each version and its delta update asked for in gzip, as configured",
            Box::new(|| {
                cpu_per_operation(6_000, |n| {
                    for _ in 0..n {
                        watched_both.publish();
                        black_box(watched_both.ask(&Directives::NONE, Coding::Gzip));
                        black_box(watched_both.ask(&delta, Coding::Gzip));
                    }
                })
            }),
        ),
    ];
    table.row(
        "M4: one part, 32 segments × 12",
        "ns",
        Better::Lower,
        candidates,
    );
}

/// M5: one request for what was made before.
pub(crate) fn per_request(table: &mut Table) {
    let peer = Peer::new();
    let (bytes, _) = peer.cache.last_delta(7).expect("it reads").expect("one");
    assert!(!bytes.is_empty());
    let ours = Ours::new(Shape::AS_CONFIGURED);
    let delta = delta();
    let judged = playlist_oracle::assert_media_playlist(&ours.text(&delta));
    assert!(judged.skipped > 0);
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "playlists 0.1.6, `last_delta`",
            Box::new(|| {
                cpu_per_operation(400, |n| {
                    (0..n).for_each(|_| drop(black_box(peer.cache.last_delta(7))));
                })
            }),
        ),
        (
            "`Viewer::playlist`, gzip",
            Box::new(|| {
                cpu_per_operation(1_000_000, |n| {
                    (0..n).for_each(|_| drop(black_box(ours.ask(&delta, Coding::Gzip))));
                })
            }),
        ),
    ];
    table.row(
        "M5: a delta update once more",
        "ns",
        Better::Lower,
        candidates,
    );

    let (ours, other) = (&ours, &Ours::new(Shape::AS_CONFIGURED));
    let peer = &peer;
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "playlists 0.1.6, `last`, one thread",
            Box::new(|| threads(1, |_| drop(black_box(peer.gzip())))),
        ),
        (
            "playlists 0.1.6, `last`, two threads",
            Box::new(|| threads(2, |_| drop(black_box(peer.gzip())))),
        ),
        (
            "`Viewer::playlist`, one thread",
            Box::new(|| {
                threads(1, |_| {
                    drop(black_box(ours.ask(&Directives::NONE, Coding::Gzip)));
                })
            }),
        ),
        (
            "`Viewer::playlist`, two threads on one stream",
            Box::new(|| {
                threads(2, |_| {
                    drop(black_box(ours.ask(&Directives::NONE, Coding::Gzip)));
                })
            }),
        ),
        (
            "`Viewer::playlist`, two threads on a stream each",
            Box::new(|| {
                threads(2, |thread| {
                    let ours = if thread == 0 { ours } else { other };
                    drop(black_box(ours.ask(&Directives::NONE, Coding::Gzip)));
                })
            }),
        ),
    ];
    table.row(
        "M5: the whole playlist once more, per request of one thread",
        "ns",
        Better::Lower,
        candidates,
    );
}

/// CPU nanoseconds of one request, of the slowest of some threads that ask at once.
fn threads(count: usize, request: impl Fn(usize) + Sync) -> f64 {
    const REQUESTS: u64 = 300_000;
    let start = Barrier::new(count);
    let spent = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|thread| {
                let (start, request) = (&start, &request);
                scope.spawn(move || {
                    start.wait();
                    let before = thread_cpu();
                    (0..REQUESTS).for_each(|_| request(thread));
                    thread_cpu() - before
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .max()
    });
    spent.unwrap_or_default() as f64 / REQUESTS as f64
}

/// M6: bytes of the gzip form.
pub(crate) fn sizes() {
    println!("\n### M6: bytes of the gzip form");
    println!("| playlist | text | level 6 in one piece | as served | ratio |");
    println!("|---|---:|---:|---:|---:|");
    let peer = Peer::new();
    let text = peer.text();
    let one_piece = whole(text.as_bytes()).len();
    line("playlists 0.1.6, 32 × 12", &text, one_piece, &peer.gzip());
    for (name, shape) in [
        ("32 × 12, all parts listed", Shape::ALL_PARTS),
        ("32 × 12, as configured", Shape::AS_CONFIGURED),
        ("7 × 10", Shape::LIVE),
        ("1800 × 10", Shape::HOUR),
    ] {
        let mut ours = Ours::new(shape);
        // Wherever in a group the window happens to begin and end.
        for _ in 0..40 {
            (0..shape.parts).for_each(|_| ours.publish());
            ours.assert_gzip();
        }
        let text = ours.text(&Directives::NONE);
        let one_piece = whole(text.as_bytes()).len();
        let served = ours.ask(&Directives::NONE, Coding::Gzip).bytes;
        line(name, &text, one_piece, &served);
    }
}

fn line(name: &str, text: &str, one_piece: usize, served: &Bytes) {
    println!(
        "| {name} | {} | {one_piece} | {} | {:.2} |",
        text.len(),
        served.len(),
        served.len() as f64 / one_piece as f64
    );
}
