//! Encrypted tracks: cut without a key, played with it.

use std::time::Duration;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

use super::ffmpeg::{TempFile, encode, ffmpeg};
use crate::media::{CutConfig, Fragment, MediaItem, MediaLimits, MediaReader, PresentationCutter};

const KEY: [u8; 16] = *b"sixteen byte key";
const CONSTANT_IV: [u8; 16] = *b"an iv that stays";

#[derive(Clone, Copy, PartialEq)]
enum Scheme {
    /// Counter mode, eight bytes of IV for each sample.
    Cenc,
    /// Blocks chained, one of ten encrypted in pictures, one IV for all.
    Cbcs,
}

fn boxed(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let size = u32::try_from(body.len() + 8).expect("small");
    [&size.to_be_bytes(), kind.as_slice(), &body].concat()
}

/// A header whose one track is encrypted from here on.
fn header(clear: &[u8], scheme: Scheme) -> Vec<u8> {
    let mut bytes = clear.to_vec();
    let find = |bytes: &[u8], kind: &[u8]| bytes.windows(4).position(|window| window == kind);
    let (kind, hidden) = match find(&bytes, b"avc1\0") {
        _ if find(&bytes, b"avcC").is_some() => (b"avc1", b"encv"),
        _ => (b"mp4a", b"enca"),
    };
    let stsd = find(&bytes, b"stsd").expect("a header");
    let entry = stsd + find(&bytes[stsd..], kind).expect("an entry") - 4;
    let size = |bytes: &[u8], at: usize| {
        u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
    };
    let end = entry + size(&bytes, entry) as usize;
    let (name, tenc) = match scheme {
        Scheme::Cenc => (b"cenc", [&[0; 6], [1, 8].as_slice(), &[7; 16]].concat()),
        Scheme::Cbcs => {
            let pattern = if hidden == b"encv" { 0x19 } else { 0 };
            let fields = [1, 0, 0, 0, 0, pattern, 1, 0];
            (
                b"cbcs",
                [&fields, [7; 16].as_slice(), &[16], &CONSTANT_IV].concat(),
            )
        }
    };
    let sinf = boxed(
        b"sinf",
        &[
            &boxed(b"frma", &[kind]),
            &boxed(b"schm", &[&[0; 4], name, &[0, 1, 0, 0]]),
            &boxed(b"schi", &[&boxed(b"tenc", &[&tenc])]),
        ],
    );
    bytes.splice(end..end, sinf.iter().copied());
    bytes[entry + 4..entry + 8].copy_from_slice(hidden);
    let parents = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"];
    let places = parents.map(|parent| find(&bytes, parent).expect("a parent") - 4);
    for at in places.into_iter().chain([entry]) {
        let grown = size(&bytes, at) + u32::try_from(sinf.len()).expect("small");
        bytes[at..at + 4].copy_from_slice(&grown.to_be_bytes());
    }
    bytes
}

/// Clear and encrypted bytes in turns: of a picture all but the start of each larger unit, of sound everything.
fn ranges(sample: &[u8], is_video: bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while is_video && at < sample.len() {
        let length = u32::from_be_bytes(sample[at..at + 4].try_into().expect("a length"));
        let whole = 4 + length as usize;
        let encrypted = whole.saturating_sub(40) / 16 * 16;
        found.push((whole - encrypted, encrypted));
        at += whole;
    }
    found
}

fn encrypt(sample: &mut [u8], ranges: &[(usize, usize)], scheme: Scheme, iv: [u8; 8]) {
    let cipher = Aes128::new(&KEY.into());
    let all = [(0, sample.len())];
    let is_video = !ranges.is_empty();
    let mut at = 0;
    let mut used = 0_u64;
    for &(clear, encrypted) in if is_video { ranges } else { &all } {
        at += clear;
        let body = &mut sample[at..at + encrypted];
        at += encrypted;
        match scheme {
            Scheme::Cenc => {
                for byte in body {
                    let counter = (used / 16).to_be_bytes();
                    let mut block = [0; 16];
                    block[..8].copy_from_slice(&iv);
                    block[8..].copy_from_slice(&counter);
                    let mut block = block.into();
                    cipher.encrypt_block(&mut block);
                    *byte ^= block[(used % 16) as usize];
                    used += 1;
                }
            }
            Scheme::Cbcs => {
                let mut before = CONSTANT_IV;
                for (index, chunk) in body.chunks_exact_mut(16).enumerate() {
                    if is_video && index % 10 != 0 {
                        continue;
                    }
                    let mixed: [u8; 16] = std::array::from_fn(|byte| chunk[byte] ^ before[byte]);
                    let mut block = mixed.into();
                    cipher.encrypt_block(&mut block);
                    before.copy_from_slice(&block);
                    chunk.copy_from_slice(&before);
                }
            }
        }
    }
}

/// The fragment encrypted, as a packager writes it. Not with our own writer, which is under test.
fn protected(fragment: &Fragment, is_video: bool, scheme: Scheme) -> Vec<u8> {
    let mut mdat = Vec::new();
    let mut runs = Vec::new();
    let (mut sizes, mut auxiliary) = (Vec::new(), Vec::new());
    for (index, sample) in fragment.samples().iter().enumerate() {
        let mut bytes = fragment.sample_bytes(index).to_vec();
        let ranges = ranges(&bytes, is_video);
        let number = u64::from(fragment.sequence()) << 32 | index as u64;
        encrypt(&mut bytes, &ranges, scheme, number.to_be_bytes());
        mdat.extend_from_slice(&bytes);
        let offset = i32::try_from(sample.composition_offset).expect("small");
        for field in [sample.duration, sample.size, sample.flags, offset as u32] {
            runs.extend_from_slice(&field.to_be_bytes());
        }
        let mut own = Vec::new();
        if scheme == Scheme::Cenc {
            own.extend_from_slice(&number.to_be_bytes());
        }
        if is_video {
            own.extend_from_slice(&(ranges.len() as u16).to_be_bytes());
            for (clear, encrypted) in ranges {
                own.extend_from_slice(&(clear as u16).to_be_bytes());
                own.extend_from_slice(&(encrypted as u32).to_be_bytes());
            }
        }
        sizes.push(u8::try_from(own.len()).expect("a byte"));
        auxiliary.extend(own);
    }
    let count = (sizes.len() as u32).to_be_bytes();
    let tfhd = boxed(
        b"tfhd",
        &[&[0, 2, 0, 0], &fragment.track().value().to_be_bytes()],
    );
    let time = fragment.decode_time().ticks.to_be_bytes();
    let tfdt = boxed(b"tfdt", &[&[1, 0, 0, 0], &time]);
    let flags = if is_video { 2_u32 } else { 0 };
    let senc = boxed(b"senc", &[&flags.to_be_bytes(), &count, &auxiliary]);
    let saiz = boxed(b"saiz", &[&[0; 5], &count, &sizes]);
    let build = |offset: u32, information: u32| {
        let trun = boxed(
            b"trun",
            &[&[1, 0, 0x0f, 1], &count, &offset.to_be_bytes(), &runs],
        );
        let saio = boxed(
            b"saio",
            &[&[0; 4], &[0, 0, 0, 1], &information.to_be_bytes()],
        );
        let mut inside = vec![tfhd.as_slice(), &tfdt, &senc, &trun];
        // Sound with one vector for all has nothing beside its samples.
        if auxiliary.is_empty() {
            inside.remove(2);
        } else {
            inside.extend([saiz.as_slice(), &saio]);
        }
        let mfhd = boxed(b"mfhd", &[&[0; 4], &fragment.sequence().to_be_bytes()]);
        boxed(b"moof", &[&mfhd, &boxed(b"traf", &inside)])
    };
    let length = build(0, 0).len() as u32;
    let information = (8 + 16 + 8 + tfhd.len() + tfdt.len() + 16) as u32;
    [build(length + 8, information), boxed(b"mdat", &[&mdat])].concat()
}

fn first_sample(items: &[MediaItem]) -> Vec<u8> {
    let first = items.iter().find_map(|item| match item {
        MediaItem::Fragment(fragment) => Some(fragment.sample_bytes(0).to_vec()),
        _ => None,
    });
    first.expect("there are samples")
}

/// Encrypts the one track of `clear`, cuts it, and holds what is played with the key against the clear packets.
fn check(clear: &[u8], scheme: Scheme, codec: &str, parts_at_least: usize) {
    let mut items = Vec::new();
    let mut reader = MediaReader::new(MediaLimits::default());
    reader
        .read(clear, &mut items)
        .expect("ffmpeg writes what we read");
    let init = reader.init().expect("a header");
    let is_video = init.tracks().all(crate::media::TrackInfo::is_video);
    let clear_bytes = first_sample(&items);
    let mut sent = header(init.bytes(), scheme);
    for item in &items {
        if let MediaItem::Fragment(fragment) = item {
            sent.extend(protected(fragment, is_video, scheme));
        }
    }

    let mut items = Vec::new();
    let mut reader = MediaReader::new(MediaLimits::default());
    reader.read(&sent, &mut items).expect("well-formed");
    assert_ne!(first_sample(&items), clear_bytes, "it was not encrypted");
    let init = reader.init().expect("a header").clone();
    let track = init.tracks().next().expect("one track");
    assert!(track.codec.starts_with(codec), "{}", track.codec);
    let config = CutConfig::new(Duration::from_millis(200), Duration::from_secs(1));
    let mut cutter = PresentationCutter::new(&init, config);
    let mut parts = Vec::new();
    for item in &items {
        if let MediaItem::Fragment(fragment) = item {
            cutter.push(fragment, &mut parts).expect("it can be cut");
        }
    }
    cutter.finish(&mut parts).expect("it can be cut");
    assert!(parts.len() >= parts_at_least, "{}", parts.len());

    let mut served = init.for_track(track.id).expect("its own").to_vec();
    parts
        .iter()
        .for_each(|part| served.extend_from_slice(&part.bytes));
    let (clear, served) = (TempFile::with("mp4", clear), TempFile::with("mp4", &served));
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    let packets = |file: &TempFile, options: &str| {
        let path = file.path().to_str().expect("a temporary path is UTF-8");
        let text = ffmpeg(&format!(
            "{options} -i file:{path} -map 0 -c copy -f framecrc -"
        ));
        let text = String::from_utf8(text).expect("text");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    // Where it can seek, this ffmpeg takes the encryption of one fragment for that of another.
    let with_key = format!("-seekable 0 -decryption_key {key}");
    assert_eq!(packets(&served, &with_key), packets(&clear, ""));
    let path = served.path().to_str().expect("a temporary path is UTF-8");
    ffmpeg(&format!("{with_key} -i file:{path} -f null -"));
}

const PICTURES: &str = "-f lavfi -i testsrc2=size=160x90:rate=30:duration=3";
const X264: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 30 -sc_threshold 0";
const GOPS: &str = "-movflags +cmaf+frag_keyframe+empty_moov+default_base_moof";
const FRAMES: &str = "-movflags +cmaf+empty_moov+default_base_moof -frag_duration 1";

#[test]
fn encrypted_groups_of_pictures_become_parts_that_can_be_decrypted() {
    let clear = encode(PICTURES, X264, GOPS);
    check(&clear, Scheme::Cenc, "avc1.", 15);
    check(&clear, Scheme::Cbcs, "avc1.", 15);
}

#[test]
fn encrypted_frames_are_put_together() {
    let clear = encode(PICTURES, &X264.replace("-bf 2", "-bf 0"), FRAMES);
    check(&clear, Scheme::Cbcs, "avc1.", 15);
    let tone = "-f lavfi -i sine=sample_rate=48000:duration=3";
    let clear = encode(tone, "-c:a aac", FRAMES);
    check(&clear, Scheme::Cenc, "mp4a.40.2", 14);
    check(&clear, Scheme::Cbcs, "mp4a.40.2", 14);
}
