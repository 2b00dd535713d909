//! Waiting beside everything that ends a wait.

use std::pin::pin;
use std::task::{Context, Waker};

use loom::future::block_on;
use loom::thread;

use super::{check, check_within, payload, ring, shaped};
use crate::config::RingConfig;
use crate::cursor::Start;
use crate::error::WaitError;
use crate::reader::Reader;
use crate::seq::Seq;
use crate::sync::Arc;

#[test]
fn a_waiter_never_misses_its_append() {
    check(|| {
        let ring = ring(2);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()).unwrap())
        };
        let reader = Reader::new(Arc::clone(&ring));
        assert_eq!(block_on(reader.wait(Seq::ZERO)).unwrap(), payload(0));
        assert_eq!(reader.waiting(), 0);
        writer.join().unwrap();
    });
}

#[test]
fn a_second_waiter_that_leaves_the_word_alone_never_misses_its_append() {
    check(|| {
        let ring = ring(2);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()).unwrap())
        };
        let reader = Reader::new(Arc::clone(&ring));
        let mut first = pin!(reader.wait(Seq::ZERO));
        let _ = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(block_on(reader.wait(Seq::ZERO)).unwrap(), payload(0));
        writer.join().unwrap();
    });
}

#[test]
fn a_waiter_for_less_than_the_others_never_misses_its_append() {
    check_within(2, || {
        let ring = ring(2);
        let reader = Reader::new(Arc::clone(&ring));
        let mut later = pin!(reader.wait(Seq::new(1)));
        let _ = later.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()).unwrap())
        };
        assert_eq!(block_on(reader.wait(Seq::ZERO)).unwrap(), payload(0));
        writer.join().unwrap();
    });
}

#[test]
fn a_waiter_never_misses_the_end() {
    check(|| {
        let ring = ring(2);
        let ender = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.end())
        };
        let reader = Reader::new(Arc::clone(&ring));
        let ended = Err(WaitError::Ended { next: Seq::ZERO });
        assert_eq!(block_on(reader.wait(Seq::ZERO)), ended);
        ender.join().unwrap();
    });
}

#[test]
fn a_waiter_never_misses_the_removal() {
    check(|| {
        let ring = ring(2);
        let remover = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.remove().is_some())
        };
        let reader = Reader::new(Arc::clone(&ring));
        assert_eq!(block_on(reader.wait(Seq::ZERO)), Err(WaitError::Gone));
        remover.join().unwrap();
    });
}

#[test]
fn a_waiter_behind_a_gap_never_misses_the_put_that_fills_it() {
    check(|| {
        let ring = ring(2);
        let filler = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.put(0, payload(0), ()).unwrap())
        };
        ring.put(1, payload(1), ()).unwrap();
        let reader = Reader::new(Arc::clone(&ring));
        assert_eq!(block_on(reader.wait(Seq::new(1))).unwrap(), payload(1));
        filler.join().unwrap();
    });
}

#[test]
fn a_cancelled_waiter_passes_its_wake_up_on() {
    check_within(2, || {
        // The publisher wakes one waiter only; whoever that is, the other one must hear of it.
        let ring = shaped(&RingConfig::default().slots(2).wake_batch(1));
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()).unwrap())
        };
        let reader = Reader::new(Arc::clone(&ring));
        {
            let mut cancelled = pin!(reader.wait(Seq::ZERO));
            let _ = cancelled
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            let other = reader.clone();
            let waiter = thread::spawn(move || block_on(other.wait(Seq::ZERO)).unwrap());
            // Dropped here, woken or not, while the append is on its way.
            drop(reader.wait(Seq::ZERO));
            let _ = cancelled
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            writer.join().unwrap();
            let _ = cancelled
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(waiter.join().unwrap(), payload(0));
        }
        assert_eq!(reader.waiting(), 0);
    });
}

#[test]
fn a_cursor_never_misses_an_append_though_its_token_rests() {
    check_within(2, || {
        let ring = ring(4);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.append(payload(0), ()).unwrap();
                ring.append(payload(1), ()).unwrap();
            })
        };
        let mut cursor = Reader::new(Arc::clone(&ring)).cursor(Start::At(Seq::ZERO));
        for seq in 0..2 {
            assert_eq!(block_on(cursor.next()).unwrap().payload, payload(seq));
        }
        writer.join().unwrap();
        assert_eq!(ring.head().waiting(), 0);
    });
}
