//! What it costs to take media in, beside copying the same bytes once.
//!
//! `cargo bench -p benches --bench ingest_table [-- I1 --rounds 7]`
//!
//! I1: MB/s on one core from bytes of fragmented MP4, as a socket gives them, to parts that a playlist names. The
//! floor copies the same bytes from the same pieces into one allocation a fragment and does nothing else: less than
//! that no reader can do. Fragments as long as a part go through as they are; longer ones are cut, which copies once more.

use std::time::Duration;

use benches::asked::Asked;
use benches::turns::{Better, Candidate, Table, thread_cpu};
use bytes::Bytes;
use llhls::manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Media, Part, Playlists, Publisher, RegistryConfig, RenditionConfig, Video};
use origin::media::{
    CutConfig, DemoSegment, DemoSource, Independence, InitSection, MediaItem, MediaLimits,
    MediaReader, PresentationCutter, SegmentEnd,
};

/// Pictures a second, and ticks of one.
const RATE: u64 = 30;
const PICTURE: u32 = 3000;
/// Pictures of a part and of a group of pictures.
const PART: u64 = 6;
const GROUP: u64 = 60;
/// What one read of a socket gives.
const READ: usize = 64 << 10;

/// The header of the demo's large picture: one video track, 90 000 ticks a second.
fn header() -> Bytes {
    let demo = DemoSource::new(DemoSegment::TwoSeconds);
    demo.renditions()[0].init().clone()
}

/// One fragment of `pictures` from number `first` on, each of `size` bytes.
fn fragment(first: u64, pictures: u64, size: u32) -> Vec<u8> {
    let mut trun = vec![0, 0, 0x07, 0x01];
    let count = u32::try_from(pictures).expect("few");
    trun.extend_from_slice(&count.to_be_bytes());
    let at = trun.len();
    trun.extend_from_slice(&[0; 4]);
    for picture in first..first + pictures {
        let is_sync = picture.is_multiple_of(GROUP);
        let flags: u32 = if is_sync { 0x0200_0000 } else { 0x0101_0000 };
        for field in [PICTURE, size, flags] {
            trun.extend_from_slice(&field.to_be_bytes());
        }
    }
    let number = u32::try_from(first + 1).expect("few");
    let time = first * u64::from(PICTURE);
    // mfhd 16, tfhd 16, tfdt 20, and the headers of moof, traf, trun and mdat.
    let offset = 8 + 16 + 8 + 16 + 20 + 8 + trun.len() + 8;
    let offset = u32::try_from(offset).expect("small");
    trun[at..at + 4].copy_from_slice(&offset.to_be_bytes());

    let traf = [
        boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]),
        boxed(b"tfdt", &[&[1, 0, 0, 0][..], &time.to_be_bytes()].concat()),
        boxed(b"trun", &trun),
    ]
    .concat();
    let mfhd = boxed(b"mfhd", &[&[0; 4][..], &number.to_be_bytes()].concat());
    let mut out = boxed(b"moof", &[mfhd, boxed(b"traf", &traf)].concat());
    let media = vec![0x5a; usize::try_from(pictures).expect("few") * size as usize];
    out.extend_from_slice(&boxed(b"mdat", &media));
    out
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("small");
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// Media of about `seconds` at `bits` a second, in fragments of `length` pictures.
fn media(seconds: u64, bits: u64, length: u64) -> Vec<u8> {
    let size = u32::try_from(bits / 8 / RATE).expect("a picture");
    (0..seconds * RATE)
        .step_by(usize::try_from(length).expect("few"))
        .flat_map(|first| fragment(first, length, size))
        .collect()
}

fn publisher() -> Publisher {
    let registry = RegistryConfig::new().bytes_per_rendition(512 << 20);
    let playlists = Playlists::new(registry).expect("sound bounds");
    let manifest = ManifestConfig::new(ResourceNames::new("e1").expect("a plain token"))
        .target_duration(2)
        .part_target(MediaDuration::from_millis(200));
    let media = Media::Video(Video::new("avc1.64001f", 1280, 720));
    let (show, video) = ("show".parse(), "video".parse());
    let config = RenditionConfig { manifest, media };
    playlists
        .publisher(&show.expect("a name"), &video.expect("a name"), config)
        .expect("an empty registry has room")
}

/// From bytes to published parts. How many parts.
fn ingest(bytes: &[u8], config: CutConfig) -> u64 {
    let init = InitSection::parse(header(), &MediaLimits::default()).expect("a header");
    let mut reader = MediaReader::with_init(MediaLimits::default(), init.clone());
    let mut cutter = PresentationCutter::new(&init, config);
    let mut publisher = publisher();
    publisher.init(init.bytes().clone());
    let mut published = 0;
    let mut closed = true;
    let mut publish = |part: origin::media::MediaPart| {
        let opens = closed || part.segment.opens_segment();
        let ends = part.end == SegmentEnd::Ends && !opens;
        closed = ends;
        let duration = MediaDuration::from_nanos(part.duration.as_nanos());
        let mut ready = Part::new(part.bytes, duration).cut(match (opens, ends) {
            (true, _) => Cut::Before,
            (false, true) => Cut::After,
            (false, false) => Cut::Never,
        });
        if part.independence == Independence::Independent {
            ready = ready.independent();
        }
        publisher.publish(ready).expect("the media keeps the rules");
        published += 1;
    };
    for piece in bytes.chunks(READ) {
        let mut items = Vec::new();
        reader.read(piece, &mut items).expect("well-formed");
        for item in items {
            if let MediaItem::Fragment(fragment) = item {
                let mut parts = Vec::new();
                cutter.push(&fragment, &mut parts).expect("it can be cut");
                parts.into_iter().for_each(&mut publish);
            }
        }
    }
    let mut parts = Vec::new();
    cutter.finish(&mut parts).expect("it can be cut");
    parts.into_iter().for_each(&mut publish);
    published
}

/// One copy of the bytes, a fragment at a time. How many bytes.
fn copy(bytes: &[u8], fragment: usize) -> usize {
    bytes
        .chunks(fragment)
        .map(|fragment| {
            let mut held = Vec::with_capacity(fragment.len());
            for piece in fragment.chunks(READ) {
                held.extend_from_slice(piece);
            }
            std::hint::black_box(held).len()
        })
        .sum()
}

/// I1: megabytes a second of one core.
fn throughput(table: &mut Table, bits: u64, length: u64, name: &str) {
    let seconds = 16_000_000 * 8 / bits;
    // Whole groups of pictures.
    let seconds = seconds.div_ceil(2) * 2;
    let bytes = media(seconds, bits, length);
    let size = bytes.len() / usize::try_from(seconds * RATE / length).expect("few");
    let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(2));
    assert_eq!(ingest(&bytes, config), seconds * RATE / PART);
    let rate = |run: &dyn Fn()| {
        let before = thread_cpu();
        run();
        let nanos = (thread_cpu() - before).max(1);
        bytes.len() as f64 * 1000.0 / nanos as f64
    };
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "ingest",
            Box::new(|| rate(&|| assert!(ingest(&bytes, config) > 0))),
        ),
        (
            "one copy",
            Box::new(|| rate(&|| assert_eq!(copy(&bytes, size), bytes.len()))),
        ),
    ];
    table.row(&format!("I1 {name}"), "MB/s", Better::Higher, candidates);
}

fn main() {
    let Some(asked) = Asked::from_command_line() else {
        return;
    };
    let mut table = Table::new(asked.rounds);
    if asked.wants("I1") {
        throughput(
            &mut table,
            25_000_000,
            PART,
            "25 Mbit/s, fragments of a part",
        );
        throughput(&mut table, 25_000_000, GROUP, "25 Mbit/s, of two seconds");
        throughput(&mut table, 2_000_000, PART, "2 Mbit/s, fragments of a part");
        throughput(&mut table, 2_000_000, 1, "2 Mbit/s, of a picture");
    }
}
