use std::fs;
use std::process::Command;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use ring_core::{CacheConfig, ChunkCache, Writer};
use seed::Options;
use seed::chunk_cache::ChunkCache as Seed;

/// Parts large enough that the allocator maps each by itself and returns it to the system when it
/// is freed. Smaller ones are as free to the program, but stay resident in the allocator's pools.
const PART: usize = 256 << 10;
const PARTS: usize = 250;

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("a Linux kernel");
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|it| it.parse::<u64>().ok());
    pages.expect("its second field is a number of pages") * 4096
}

/// What a child process prints: microseconds of the pause, KiB before, KiB after.
pub(crate) fn child(candidate: &str) {
    let before = resident();
    let kib = |bytes: u64| bytes / 1024;
    match candidate {
        "seed-idle" => {
            let options = Options {
                num_playlists: 1000,
                ..Options::default()
            };
            let cache = Seed::new(options);
            println!("{}", kib(resident() - before));
            drop(cache);
        }
        "ours-idle" => {
            let cache = ChunkCache::new(CacheConfig::default()).expect("a possible shape");
            let writers: Vec<Writer> = (0..1000)
                .map(|key| cache.open(key).expect("room"))
                .collect();
            println!("{}", kib(resident() - before));
            drop(writers);
        }
        "seed-finished" => {
            let cache = Seed::new(Options::default());
            for id in 1..=PARTS {
                let part = Bytes::from(vec![7; PART]);
                cache
                    .add_for_stream_id(7, id, part)
                    .now_or_never()
                    .expect("free")
                    .expect("fits");
            }
            let full = resident() - before;
            let started = Instant::now();
            cache.zero_stream_id_sync(7);
            let pause = started.elapsed().as_micros();
            println!(
                "{} of {} KiB, {pause} µs",
                kib(resident() - before),
                kib(full)
            );
        }
        "ours-finished" => {
            let cache = ChunkCache::new(CacheConfig::default()).expect("a possible shape");
            let writer = cache.open(7).expect("room");
            for _ in 0..PARTS {
                writer.append(Bytes::from(vec![7; PART])).expect("fits");
            }
            let full = resident() - before;
            let started = Instant::now();
            cache.remove(&7);
            let pause = started.elapsed().as_micros();
            let left = kib(resident().saturating_sub(before));
            println!("{left} of {} KiB, {pause} µs", kib(full));
        }
        other => panic!("no candidate {other}"),
    }
}

fn ask(candidate: &str) -> String {
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own)
        .args(["--memory-of", candidate])
        .output()
        .expect("it starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// R10: a thousand open streams of each one's default shape, nothing written.
pub(crate) fn idle() {
    let [peer, ours] = ["seed-idle", "ours-idle"].map(|it| ask(it).parse::<f64>().expect("KiB"));
    println!("\n### R10: idle memory, 1000 streams of the default shape");
    println!("| candidate | MiB | ratio |\n|---|---:|---:|");
    println!("| playlists 0.1.6 | {:.1} | 1 |", peer / 1024.0);
    println!(
        "| ring-core | {:.2} | 1/{:.0} |",
        ours / 1024.0,
        peer / ours
    );
}

/// R11: 64 MiB in a stream that is then finished.
pub(crate) fn finished() {
    println!("\n### R11: memory of a finished stream, 250 × 256 KiB");
    println!("| candidate | resident afterwards, pause |\n|---|---:|");
    println!(
        "| playlists 0.1.6, `zero_stream_id` | {} |",
        ask("seed-finished")
    );
    println!("| ring-core, `remove` | {} |", ask("ours-finished"));
}
