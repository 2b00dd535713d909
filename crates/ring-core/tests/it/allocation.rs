use allocation_counter::measure;
use bytes::Bytes;
use ring_core::{CacheConfig, ChunkCache, RingConfig, Seq, Writer};

fn stream(ring: RingConfig) -> Writer {
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    cache.open(1).expect("an empty cache")
}

fn append_copies(writer: &Writer, count: usize) {
    for number in 0..count {
        let len = 900 + number % 100;
        writer
            .append_copy(&[number as u8; 1000][..len])
            .expect("a live stream");
    }
}

#[test]
fn copies_allocate_nothing_in_the_steady_state() {
    let writer = stream(RingConfig::default().slots(64));
    // The first laps make the buffers, and some larger ones where a short payload came first.
    append_copies(&writer, 64 * 100);
    let steady = measure(|| append_copies(&writer, 64 * 100));
    assert_eq!(steady.count_total, 0, "{steady:?}");
}

#[test]
fn copies_allocate_nothing_while_others_read() {
    let writer = stream(RingConfig::default().slots(64));
    let reader = writer.reader();
    let read_and_write = || {
        for number in 0..64 {
            let seq = writer.append_copy(&[number; 1000]).expect("a live stream");
            assert_eq!(reader.get(seq).expect("just written"), &[number; 1000][..]);
        }
    };
    (0..3).for_each(|_| read_and_write());
    assert_eq!(measure(read_and_write).count_total, 0);
}

#[test]
fn copies_bounded_by_bytes_allocate_nothing_either() {
    let writer = stream(RingConfig::default().slots(4096).max_bytes(20_000));
    let copies = || {
        for _ in 0..500 {
            writer.append_copy(&[7; 1000]).expect("a live stream");
        }
    };
    // One lap for the blocks of slots.
    (0..10).for_each(|_| copies());
    assert_eq!(measure(copies).count_total, 0);
}

#[test]
fn appends_and_reads_allocate_nothing_in_the_steady_state() {
    let writer = stream(RingConfig::default().slots(64));
    let reader = writer.reader();
    let payload = Bytes::from_static(b"payload");
    let work = || {
        for _ in 0..64 {
            let seq = writer.append(payload.clone()).expect("a live stream");
            assert!(reader.get(seq).is_ok() && reader.get(seq.next()).is_err());
        }
    };
    work();
    assert_eq!(measure(work).count_total, 0);
}

#[cfg(feature = "async")]
#[test]
fn waiting_and_waking_allocate_nothing_in_the_steady_state() {
    use std::pin::pin;
    use std::task::{Context, Waker};

    let writer = stream(RingConfig::default().slots(64));
    let reader = writer.reader();
    let work = || {
        for _ in 0..64 {
            let mut wait = pin!(reader.wait(reader.next()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(wait.as_mut().poll(&mut context).is_pending());
            writer.append(Bytes::new()).expect("a live stream");
            assert!(wait.as_mut().poll(&mut context).is_ready());
        }
    };
    work();
    assert_eq!(measure(work).count_total, 0);
}

#[test]
fn asking_for_what_is_not_there_allocates_nothing() {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let asked = measure(|| {
        for seq in [0, 1, 4095, 4096, 1 << 40, u64::MAX] {
            assert!(reader.get(Seq::new(seq)).is_err());
            assert!(reader.range(Seq::new(seq), 1000).is_err());
        }
    });
    assert_eq!(asked.count_total, 0);
}
