//! Appending beside reading, ending and other appends.

use loom::thread;

use super::{check, payload, read_checked, ring};
use crate::error::{AppendError, GetError};
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
        let append = |ring: &Arc<_>| {
            let ring: Arc<crate::ring::Ring<()>> = Arc::clone(ring);
            move || ring.append(bytes::Bytes::from_static(b"x"), ()).unwrap()
        };
        let other = thread::spawn(append(&ring));
        let mine = append(&ring)();
        let theirs = other.join().unwrap();
        assert_ne!(mine, theirs);
        // Whoever came second has published both: no payload is left behind the head.
        assert_eq!(ring.next(), 2);
        assert!(ring.read(0, |_| ()).is_ok() && ring.read(1, |_| ()).is_ok());
    });
}
