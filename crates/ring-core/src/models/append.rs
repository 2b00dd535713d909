//! Appending and putting, beside reading, ending, resetting and each other.

use loom::thread;

use super::{check, payload, read_checked, ring};
use crate::error::{AppendError, GetError};
use crate::outcome::PutOutcome;
use crate::seq::Seq;
use crate::sync::Arc;

#[test]
fn append_beside_get_and_end_gives_right_bytes_or_a_true_answer() {
    check(|| {
        let ring = ring(2);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()))
        };
        let ender = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.end())
        };
        match read_checked(&ring, 0) {
            Ok(()) | Err(GetError::NotYet { .. } | GetError::Ended { .. }) => {}
            other => panic!("{other:?}"),
        }
        let appended = writer.join().unwrap();
        let end = ender.join().unwrap();
        match appended {
            Ok(seq) => {
                assert_eq!((seq, end.next), (Seq::ZERO, Seq::new(1)));
                assert_eq!(read_checked(&ring, 0), Ok(()));
            }
            Err(error) => {
                assert_eq!((error, end.next), (AppendError::Ended, Seq::ZERO));
                assert_eq!(
                    read_checked(&ring, 0),
                    Err(GetError::Ended { next: Seq::ZERO })
                );
            }
        }
    });
}

#[test]
fn append_over_a_wrap_beside_get_never_shows_other_bytes() {
    check(|| {
        let ring = ring(1);
        ring.append(payload(0), ()).unwrap();
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(1), ()).unwrap())
        };
        match read_checked(&ring, 0) {
            Ok(()) | Err(GetError::Evicted { .. }) => {}
            other => panic!("{other:?}"),
        }
        writer.join().unwrap();
        assert_eq!(
            read_checked(&ring, 0),
            Err(GetError::Evicted {
                oldest: Seq::new(1)
            })
        );
        assert_eq!(read_checked(&ring, 1), Ok(()));
    });
}

#[test]
fn appends_of_two_writers_are_both_published() {
    check(|| {
        let ring = ring(2);
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(9), ()).unwrap())
        };
        let mine = ring.append(payload(9), ()).unwrap();
        let theirs = other.join().unwrap();
        assert_ne!(mine, theirs);
        // Whoever came second has published both: no payload is left behind the head.
        assert_eq!(ring.next(), 2);
        assert!(ring.read(0, |_| ()).is_ok() && ring.read(1, |_| ()).is_ok());
    });
}

#[test]
fn puts_out_of_order_raise_the_watermark_over_both() {
    check(|| {
        let ring = ring(2);
        let later = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.put(1, payload(1), ()).unwrap())
        };
        assert_eq!(ring.put(0, payload(0), ()), Ok(PutOutcome::Inserted));
        if ring.next() == 2 {
            assert_eq!(
                read_checked(&ring, 1),
                Ok(()),
                "the watermark covers what is there"
            );
        }
        assert_eq!(later.join().unwrap(), PutOutcome::Inserted);
        assert_eq!(ring.next(), 2);
        assert_eq!(
            (read_checked(&ring, 0), read_checked(&ring, 1)),
            (Ok(()), Ok(()))
        );
    });
}

#[test]
fn the_same_position_is_put_once() {
    check(|| {
        let ring = ring(2);
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.put(0, payload(0), ()).unwrap())
        };
        let mine = ring.put(0, payload(0), ()).unwrap();
        let outcomes = [mine, other.join().unwrap()];
        assert!(outcomes.contains(&PutOutcome::Inserted));
        assert!(outcomes.contains(&PutOutcome::AlreadyPresent));
        assert_eq!((ring.next(), ring.bytes()), (1, 8));
    });
}

#[test]
fn a_late_fill_does_not_outlive_a_reset() {
    check(|| {
        let ring = ring(2);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()).unwrap())
        };
        let epoch = ring.reset().unwrap();
        writer.join().unwrap();
        assert_eq!(epoch.value(), 1);
        let start = ring.epoch_after(crate::seq::Epoch::new(0)).unwrap().first;
        match read_checked(&ring, 0) {
            // Claimed after the reset: the first of the new epoch.
            Ok(()) => assert_eq!((start, ring.bytes()), (0, 8)),
            Err(error) => {
                assert_eq!(
                    error,
                    GetError::Evicted {
                        oldest: Seq::new(1)
                    }
                );
                assert_eq!((start, ring.bytes()), (1, 0), "dropped, and not counted");
            }
        }
        assert_eq!(ring.next(), 1);
    });
}

#[test]
fn reset_beside_get_gives_right_bytes_or_evicted() {
    check(|| {
        let ring = ring(2);
        ring.append(payload(0), ()).unwrap();
        let resetter = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.reset().unwrap())
        };
        match read_checked(&ring, 0) {
            Ok(()) | Err(GetError::Evicted { .. }) => {}
            other => panic!("{other:?}"),
        }
        resetter.join().unwrap();
        assert_eq!(
            read_checked(&ring, 0),
            Err(GetError::Evicted {
                oldest: Seq::new(1)
            })
        );
    });
}

#[test]
fn removal_beside_append_leaves_no_payload_behind() {
    check(|| {
        let ring = ring(2);
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(0), ()))
        };
        ring.remove().unwrap();
        let appended = writer.join().unwrap();
        assert!(
            matches!(appended, Ok(_) | Err(AppendError::Gone)),
            "{appended:?}"
        );
        assert_eq!(ring.bytes(), 0);
        assert_eq!(read_checked(&ring, 0), Err(GetError::Gone));
    });
}

#[test]
fn release_beside_an_append_that_wraps_counts_each_payload_once() {
    check(|| {
        let ring = ring(2);
        ring.append(payload(0), ()).unwrap();
        ring.append(payload(1), ()).unwrap();
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(2), ()).unwrap())
        };
        // Position 0 goes with the lap or with the release, position 1 with the release.
        let released = ring.release_before(2);
        writer.join().unwrap();
        assert!((1..=2).contains(&released.payloads), "{released:?}");
        assert_eq!((ring.bytes(), ring.oldest(), ring.next()), (8, 2, 3));
        assert_eq!(
            read_checked(&ring, 1),
            Err(GetError::Evicted {
                oldest: Seq::new(2)
            })
        );
        assert_eq!(read_checked(&ring, 2), Ok(()));
    });
}
