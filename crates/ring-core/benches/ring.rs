//! The ring by itself: what one operation costs. Beside its peers it is measured by
//! `cargo bench -p benches --bench ring_table`.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use ring_core::{CacheConfig, ChunkCache, DigestPolicy, RingConfig, Seq, Start, Writer};

const SLOTS: u64 = 1024;

fn stream(ring: RingConfig) -> Writer {
    let ring = ring.slots(SLOTS as usize);
    let cache = ChunkCache::new(CacheConfig::default().ring(ring)).expect("a possible shape");
    let writer = cache.open(1).expect("an empty cache");
    for number in 0..SLOTS {
        writer
            .append(Bytes::from(vec![number as u8; 1024]))
            .expect("a live stream");
    }
    writer
}

fn writing(criterion: &mut Criterion) {
    let payload = Bytes::from(vec![7; 1024]);
    let mut group = criterion.benchmark_group("write 1 KiB");
    let writer = stream(RingConfig::default());
    group.bench_function("append", |bencher| {
        bencher.iter(|| writer.append(payload.clone()));
    });
    let hashing = stream(RingConfig::default().digest(DigestPolicy::OnWrite));
    group.bench_function("append, digest", |bencher| {
        bencher.iter(|| hashing.append(payload.clone()));
    });
    let copying = stream(RingConfig::default());
    group.bench_function("append_copy", |bencher| {
        bencher.iter(|| copying.append_copy(&payload));
    });
    let replica = stream(RingConfig::default());
    let mut next = SLOTS;
    group.bench_function("put, in order", |bencher| {
        bencher.iter(|| {
            next += 1;
            replica.put(Seq::new(next - 1), payload.clone())
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let mut seq = 0;
    let mut next = move || {
        seq = (seq + 397) % SLOTS;
        Seq::new(seq)
    };
    let mut group = criterion.benchmark_group("read 1 KiB");
    group.bench_function("get", |bencher| bencher.iter(|| reader.get(next())));
    group.bench_function("with", |bencher| {
        bencher.iter(|| reader.with(next(), |payload, ()| payload[0]));
    });
    group.bench_function("get, not yet", |bencher| {
        bencher.iter(|| reader.get(black_box(Seq::new(SLOTS + 9))));
    });
    group.bench_function("last", |bencher| bencher.iter(|| reader.last()));
    group.finish();
}

fn following(criterion: &mut Criterion) {
    let payload = Bytes::from(vec![7; 1024]);
    let writer = stream(RingConfig::default());
    let reader = writer.reader();
    let mut cursor = reader.cursor(Start::Live);
    let mut group = criterion.benchmark_group("follow");
    group.bench_function("append and next", |bencher| {
        bencher.iter(|| {
            writer.append(payload.clone()).expect("a live stream");
            cursor.try_next().expect("in step")
        });
    });
    group.bench_function("wait, append, wake", |bencher| {
        bencher.iter(|| {
            let mut context = Context::from_waker(Waker::noop());
            let mut wait = pin!(reader.wait(reader.next()));
            assert!(wait.as_mut().poll(&mut context).is_pending());
            writer.append(payload.clone()).expect("a live stream");
            wait.as_mut().poll(&mut context)
        });
    });
    group.finish();
}

criterion_group!(benches, writing, reading, following);
criterion_main!(benches);
