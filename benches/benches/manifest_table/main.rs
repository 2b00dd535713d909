//! The manifest beside the crate that this project grew from: one run, one table, ratios.
//!
//! `cargo bench -p benches --bench manifest_table [-- M1 M2 M3 M5 --rounds 7]`
//!
//! Parts are byte ranges of their segments, as in the peer's own bench. Candidates run in turn,
//! round after round; times are the thread's CPU time, so that other work on the machine matters
//! little. Each playlist is first judged by the oracle.
//!
//! The peer lists every part of its whole window, which the specification advises against. So
//! there are two shapes of ours. *As configured by an operator*: parts go three target durations
//! from the edge (UP-09). *At equal text*: the target duration is so long that none goes, and the
//! playlist has as many lines and bytes as the peer's.
//!
//! `M1`, `M2`: a part and the whole text after it, which is what the peer's `add_part` does; and
//! a part alone, as when nobody asks for text. `M3`: the same after a million parts. `M5`: what a
//! request for a delta update costs: the first one of a version, which writes it, and each
//! further one, which shares it.

use benches::asked::Asked;
use benches::turns::{Better, Candidate, Table, cpu_per_operation};
use llhls_manifest::{
    Addressing, DiscontinuitySequence, Form, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef,
    Msn, PartFacts, ResourceNames, Skip, WallClock,
};
use seed::Options;

/// 12 parts of 500 ms a segment, as in the peer's own bench.
const PARTS: u64 = 12;

struct Ours {
    manifest: M3u8Manifest,
    parts: u64,
    text: String,
}

impl Ours {
    /// A full window, judged.
    fn new(window: u32, target_duration: u32) -> Self {
        Self::starting(1, window, target_duration)
    }

    fn starting(first: u64, window: u32, target_duration: u32) -> Self {
        let config = ManifestConfig::new(ResourceNames::new("e1").expect("a plain token"))
            .target_duration(target_duration)
            .part_target(MediaDuration::from_millis(500))
            .segment_duration(MediaDuration::from_secs(6))
            .window_segments(window)
            .addressing(Addressing::ByteRanges)
            .start(Msn::new(first), DiscontinuitySequence::new(0))
            .window_duration(MediaDuration::ZERO);
        let manifest = M3u8Manifest::new(config).expect("a sound configuration");
        let mut ours = Self {
            manifest,
            parts: 0,
            text: String::new(),
        };
        for _ in 0..(u64::from(window) + 2) * PARTS + 5 {
            ours.push();
        }
        ours.render(Form::Full);
        let media = playlist_oracle::assert_media_playlist(&ours.text);
        assert_eq!(media.segments.len(), window as usize);
        ours
    }

    #[inline]
    fn push(&mut self) {
        let start = WallClock::from_unix_millis(1_795_219_200_000);
        let facts =
            PartFacts::new(MediaDuration::from_millis(500), MediaRef::new(self.parts)).size(64_000);
        let facts = facts
            .captured_at(start.plus(MediaDuration::from_millis(500).saturating_mul(self.parts)));
        let facts = if self.parts.is_multiple_of(PARTS) {
            facts.independent()
        } else {
            facts
        };
        self.manifest.push(facts).expect("a regular part");
        self.parts += 1;
    }

    #[inline]
    fn render(&mut self, form: Form) {
        self.text.clear();
        self.manifest
            .view()
            .write_playlist(form, &[], &mut self.text);
    }
}

struct Peer {
    manifest: seed::m3u8_manifest::M3u8Manifest,
    parts: u64,
    bytes: usize,
}

impl Peer {
    fn options(window: u32) -> Options {
        Options {
            max_segments: window as usize + 1,
            max_parted_segments: window as usize + 1,
            num_playlists: 2,
            segment_min_ms: 6_000,
            ..Options::default()
        }
    }

    fn new(window: u32) -> Self {
        let manifest = seed::m3u8_manifest::M3u8Manifest::new(Self::options(window));
        let mut peer = Self {
            manifest,
            parts: 0,
            bytes: 0,
        };
        for _ in 0..(u64::from(window) + 2) * PARTS + 5 {
            peer.push();
        }
        peer
    }

    #[inline]
    fn push(&mut self) {
        let (text, ..) =
            self.manifest
                .add_part_with_byte_len(500, self.parts.is_multiple_of(PARTS), 64_000);
        self.bytes = text.len();
        self.parts += 1;
    }
}

/// M1, M2: one part into a window.
fn one_part(table: &mut Table, row: &str, window: u32) {
    let mut peer = Peer::new(window);
    let (mut push, mut trimmed) = (Ours::new(window, 6), Ours::new(window, 6));
    // Three target durations are the whole window: every part stays listed.
    let mut all = Ours::new(window, window * 2);
    println!(
        "\n{row}: {} bytes of the peer, {} at equal text, {} as configured",
        peer.bytes,
        all.text.len(),
        trimmed.text.len()
    );
    let count = if window > 100 { 600 } else { 2_400 };
    let (text, mut copy) = (all.text.clone(), String::with_capacity(all.text.len()));
    let them: Vec<Candidate<'_>> = vec![
        (
            "peer: add_part",
            Box::new(|| cpu_per_operation(count, |n| (0..n).for_each(|_| peer.push()))),
        ),
        (
            "(copy of that text, from one piece)",
            Box::new(|| {
                cpu_per_operation(count, |n| {
                    for _ in 0..n {
                        copy.clear();
                        copy.push_str(&text);
                        std::hint::black_box(&copy);
                    }
                })
            }),
        ),
        (
            "push, full text, at equal text",
            Box::new(|| {
                cpu_per_operation(count, |n| {
                    for _ in 0..n {
                        all.push();
                        all.render(Form::Full);
                    }
                })
            }),
        ),
        (
            "push, full text, as configured",
            Box::new(|| {
                cpu_per_operation(count, |n| {
                    for _ in 0..n {
                        trimmed.push();
                        trimmed.render(Form::Full);
                    }
                })
            }),
        ),
        (
            "push, nobody asks for text",
            Box::new(|| {
                cpu_per_operation(count, |n| {
                    for _ in 0..n {
                        push.push();
                        std::hint::black_box(push.manifest.view());
                    }
                })
            }),
        ),
    ];
    table.row(
        &format!("{row}: one part, {window} segments × 12"),
        "ns",
        Better::Lower,
        them,
    );
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a Linux kernel");
    let pages = statm.split(' ').nth(1).and_then(|it| it.parse().ok());
    pages.map_or(0, |pages: u64| pages * 4096)
}

/// M3: a part after a million parts, beside one in a fresh stream.
fn age(table: &mut Table) {
    const AGE: u64 = 1_000_000;
    // One part a segment: the peer keeps a number per segment for ever.
    let peer_after = |segments: u32| {
        let mut peer = seed::m3u8_manifest::M3u8Manifest::new(Options {
            segment_min_ms: 0,
            ..Peer::options(8)
        });
        for _ in 0..segments {
            peer.add_part(500, true);
        }
        peer
    };
    let (mut fresh_peer, mut old_peer) = (peer_after(40), peer_after(20_000));
    // Numbers as long as the old one's will be: digits are not age.
    let (mut fresh, mut old) = (Ours::starting(AGE / PARTS, 8, 6), Ours::new(8, 6));
    for _ in 0..AGE / 100 {
        old.push();
    }
    let young = resident();
    for _ in AGE / 100..AGE {
        old.push();
    }
    println!(
        "\nM3: {} KiB more are resident after {AGE} parts than after {}",
        resident().saturating_sub(young) / 1024,
        AGE / 100
    );
    old.render(Form::Full);
    playlist_oracle::assert_media_playlist(&old.text);
    let turn = |ours: &mut Ours| {
        cpu_per_operation(24_000, |n| {
            for _ in 0..n {
                ours.push();
                ours.render(Form::Full);
            }
        })
    };
    let ours: Vec<Candidate<'_>> = vec![
        ("fresh stream", Box::new(|| turn(&mut fresh))),
        ("after 1 000 000 parts", Box::new(|| turn(&mut old))),
    ];
    table.row("M3: ours, push and full text", "ns", Better::Lower, ours);
    let turn_peer = |peer: &mut seed::m3u8_manifest::M3u8Manifest| {
        cpu_per_operation(200, |n| {
            for _ in 0..n {
                std::hint::black_box(peer.add_part(500, true));
            }
        })
    };
    let peers: Vec<Candidate<'_>> = vec![
        ("fresh stream", Box::new(|| turn_peer(&mut fresh_peer))),
        (
            "after 20 000 segments",
            Box::new(|| turn_peer(&mut old_peer)),
        ),
    ];
    table.row(
        "M3: peer, add_part, one part a segment",
        "ns",
        Better::Lower,
        peers,
    );
}

/// M5: a delta update, per request.
fn delta(table: &mut Table) {
    use seed::m3u8_cache::M3u8Cache;
    let cache = M3u8Cache::new(Peer::options(32));
    let mut manifest = seed::m3u8_manifest::M3u8Manifest::new(Peer::options(32));
    cache.ensure_stream_id(1).expect("a free place");
    for part in 0..34 * PARTS {
        let (text, segment, sequence, index, new_segment) =
            manifest.add_part(500, part % PARTS == 0);
        if new_segment && segment > 1 {
            let _ = cache.end_segment(1, segment - 1, index);
        }
        cache
            .add(1, segment, sequence, index, text)
            .expect("a place for it");
    }
    let (bytes, _) = cache.last_delta(1).expect("it reads").expect("a delta");
    assert!(!bytes.is_empty());

    let mut ours = Ours::new(32, 6);
    ours.render(Form::Delta(Skip::Yes));
    assert!(playlist_oracle::assert_media_playlist(&ours.text).skipped > 0);
    let once: std::sync::Arc<str> = ours.text.as_str().into();
    let them: Vec<Candidate<'_>> = vec![
        (
            "peer: last_delta",
            Box::new(|| {
                cpu_per_operation(400, |n| {
                    for _ in 0..n {
                        std::hint::black_box(cache.last_delta(1).expect("it reads"));
                    }
                })
            }),
        ),
        (
            "first request of a version: written",
            Box::new(|| {
                cpu_per_operation(40_000, |n| {
                    (0..n).for_each(|_| ours.render(Form::Delta(Skip::Yes)));
                })
            }),
        ),
        (
            "each further one: shared",
            Box::new(|| {
                cpu_per_operation(4_000_000, |n| {
                    for _ in 0..n {
                        std::hint::black_box(std::sync::Arc::clone(std::hint::black_box(&once)));
                    }
                })
            }),
        ),
    ];
    table.row(
        "M5: a delta update, per request, 32 segments × 12",
        "ns",
        Better::Lower,
        them,
    );
}

fn main() {
    let Some(asked) = Asked::from_command_line() else {
        return;
    };
    let mut table = Table::new(asked.rounds);
    if asked.wants("M1") {
        one_part(&mut table, "M1", 32);
    }
    if asked.wants("M2") {
        one_part(&mut table, "M2", 8);
        one_part(&mut table, "M2", 128);
    }
    if asked.wants("M3") {
        age(&mut table);
    }
    if asked.wants("M5") {
        delta(&mut table);
    }
}
