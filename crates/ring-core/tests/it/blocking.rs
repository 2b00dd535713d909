use std::thread;
use std::time::Duration;

use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, Seq, WaitError};

#[test]
fn a_thread_reads_what_another_writes_in_step() {
    let cache = ChunkCache::new(CacheConfig::default()).unwrap();
    let (there, back) = (cache.open("there").unwrap(), cache.open("back").unwrap());
    thread::scope(|scope| {
        let (there_reader, back_writer) = (there.reader(), back.clone());
        scope.spawn(move || {
            for count in 0..1000 {
                let ball = there_reader.wait_blocking(Seq::new(count)).unwrap();
                back_writer.append(ball).unwrap();
            }
        });
        let back_reader = back.reader();
        for count in 0..1000 {
            let ball = Bytes::from(count.to_string());
            let seq = there.append(ball.clone()).unwrap();
            assert_eq!(back_reader.wait_blocking(seq).unwrap(), ball);
        }
    });
    assert_eq!((there.reader().waiting(), back.reader().waiting()), (0, 0));
}

#[test]
fn a_thread_waits_no_longer_than_it_said() {
    let cache = ChunkCache::new(CacheConfig::default()).unwrap();
    let reader = cache.open(1).unwrap().reader();
    let elapsed = reader.wait_blocking_for(Seq::ZERO, Duration::from_millis(1));
    assert_eq!(elapsed, Err(WaitError::Elapsed { next: Seq::ZERO }));
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn a_blocked_thread_hears_of_the_end() {
    let cache = ChunkCache::new(CacheConfig::default()).unwrap();
    let writer = cache.open(1).unwrap();
    let reader = writer.reader();
    let thread = thread::spawn(move || reader.wait_blocking(Seq::new(3)));
    writer.end();
    assert_eq!(
        thread.join().unwrap(),
        Err(WaitError::Ended { next: Seq::ZERO })
    );
}
