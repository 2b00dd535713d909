//! The slot alone: what guards a payload, and what that costs a read. The candidates are as large
//! as ours and hold the same; they differ in the lock.
//!
//! `spin`'s lock stands for a pin word: a reader adds one to a word, which pins the payload and
//! tells whether a writer is at it, and subtracts one afterwards. Its unsafe code is what ours would
//! be.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;

use benches::turns::{Better, Positions, Table, cpu_per_operation};

const SLOTS: u64 = 1024;
const LEN: usize = 5760;
const READS: u64 = 500_000;

/// What a slot holds beside its position.
type Held = (Bytes, u64);

#[repr(align(64))]
struct Slot<L> {
    stamp: AtomicU64,
    lock: L,
}

fn ring<L>(lock: impl Fn(Held) -> L) -> Vec<Slot<L>> {
    (0..SLOTS)
        .map(|seq| Slot {
            stamp: AtomicU64::new(seq),
            lock: lock((Bytes::from(vec![seq as u8; LEN]), 0)),
        })
        .collect()
}

/// Nanoseconds a read of a random position, the choice of it included. `read` does its work if the
/// stamp that it is lent says so.
fn cost<L, R>(slots: &[Slot<L>], read: impl Fn(&L, &dyn Fn() -> bool) -> Option<R>) -> f64 {
    let mut positions = Positions::new(1);
    cpu_per_operation(READS, |count| {
        for _ in 0..count {
            let seq = positions.below(SLOTS);
            let slot = &slots[seq as usize];
            let is_it = || slot.stamp.load(Ordering::Acquire) == seq;
            assert!(black_box(read(&slot.lock, &is_it)).is_some());
        }
    })
}

pub(crate) fn all(table: &mut Table) {
    let std = ring(std::sync::RwLock::new);
    let mutex = ring(std::sync::Mutex::new);
    let pin = ring(spin::RwLock::new);
    let swap = ring(ArcSwap::from_pointee);
    let held = "no thread panics under a lock";
    table.row(
        "slots: a read of one of 1024 random slots, 5760 B, 1 thread, payload cloned",
        "CPU ns/op",
        Better::Lower,
        vec![
            (
                "std RwLock, as in ring-core",
                Box::new(|| {
                    cost(&std, |lock, is_it| {
                        let guard = lock.read().expect(held);
                        is_it().then(|| guard.0.clone())
                    })
                }),
            ),
            (
                "std Mutex",
                Box::new(|| {
                    cost(&mutex, |lock, is_it| {
                        let guard = lock.lock().expect(held);
                        is_it().then(|| guard.0.clone())
                    })
                }),
            ),
            (
                "pin word (spin's RwLock)",
                Box::new(|| {
                    cost(&pin, |lock, is_it| {
                        let guard = lock.read();
                        is_it().then(|| guard.0.clone())
                    })
                }),
            ),
            (
                "arc-swap",
                Box::new(|| {
                    cost(&swap, |lock, is_it| {
                        let guard = lock.load();
                        is_it().then(|| guard.0.clone())
                    })
                }),
            ),
        ],
    );
    table.row(
        "slots: the same, one byte of the payload looked at",
        "CPU ns/op",
        Better::Lower,
        vec![
            (
                "std RwLock, as in ring-core",
                Box::new(|| {
                    cost(&std, |lock, is_it| {
                        let guard = lock.read().expect(held);
                        is_it().then(|| guard.0[0])
                    })
                }),
            ),
            (
                "pin word (spin's RwLock)",
                Box::new(|| {
                    cost(&pin, |lock, is_it| {
                        let guard = lock.read();
                        is_it().then(|| guard.0[0])
                    })
                }),
            ),
            (
                "arc-swap",
                Box::new(|| {
                    cost(&swap, |lock, is_it| {
                        let guard = lock.load();
                        is_it().then(|| guard.0[0])
                    })
                }),
            ),
        ],
    );
}
