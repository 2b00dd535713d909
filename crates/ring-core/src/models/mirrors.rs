//! Mirrors beside whatever empties the slot they mirror.

use loom::thread;

use super::{check, payload, ring};
use crate::ring::Ring;
use crate::sync::Arc;

/// Reads 0 in two lanes in turn, until both have a mirror.
fn warm(ring: &Ring<()>) {
    for turn in 0..24 {
        assert!(ring.read_in_lane(turn % 2, 0, |_| ()).is_some());
    }
}

#[test]
fn a_mirror_made_beside_an_overwrite_does_not_outlive_it() {
    check(|| {
        let ring = ring(1);
        ring.append(payload(0), ()).unwrap();
        // One turn short of a mirror.
        for turn in 0..9 {
            ring.read_in_lane(turn % 2, 0, |_| ()).unwrap();
        }
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(1), ()).unwrap())
        };
        if let Some(found) = ring.read_in_lane(0, 0, |content| content.payload.clone()) {
            assert_eq!(found, payload(0));
        }
        writer.join().unwrap();
        for lane in 0..2 {
            assert!(
                ring.read_in_lane(lane, 0, |_| ()).is_none(),
                "overwritten in every lane"
            );
            let found = ring.read_in_lane(lane, 1, |content| content.payload.clone());
            assert_eq!(found, Some(payload(1)));
            assert_eq!(ring.mirrored_in(lane, 0), None);
        }
    });
}

#[test]
fn a_mirror_made_beside_a_removal_does_not_outlive_it() {
    check(|| {
        let ring = ring(1);
        ring.append(payload(0), ()).unwrap();
        for turn in 0..9 {
            ring.read_in_lane(turn % 2, 0, |_| ()).unwrap();
        }
        let remover = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.remove().is_some())
        };
        let _ = ring.read_in_lane(0, 0, |_| ());
        remover.join().unwrap();
        assert_eq!(
            (ring.mirrored_in(0, 0), ring.mirrored_in(1, 0)),
            (None, None)
        );
    });
}

#[test]
fn a_mirror_made_beside_an_overwrite_and_a_removal_outlives_neither() {
    check(|| {
        let ring = ring(1);
        ring.append(payload(0), ()).unwrap();
        for turn in 0..9 {
            ring.read_in_lane(turn % 2, 0, |_| ()).unwrap();
        }
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.append(payload(1), ()).is_ok())
        };
        let remover = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.remove().is_some())
        };
        if let Some(found) = ring.read_in_lane(0, 0, |content| content.payload.clone()) {
            assert_eq!(found, payload(0));
        }
        writer.join().unwrap();
        assert!(remover.join().unwrap());
        for (lane, position) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            assert!(ring.read_in_lane(lane, position, |_| ()).is_none());
            assert_eq!(ring.mirrored_in(lane, position), None);
        }
    });
}

#[test]
fn mirrors_are_made_and_are_right() {
    check(|| {
        let ring = ring(1);
        ring.append(payload(0), ()).unwrap();
        warm(&ring);
        let reader = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.read_in_lane(1, 0, |content| content.payload.clone()))
        };
        let mine = ring.read_in_lane(0, 0, |content| content.payload.clone());
        assert_eq!(
            (mine, reader.join().unwrap()),
            (Some(payload(0)), Some(payload(0)))
        );
        assert!(ring.mirrored_in(0, 0).is_some() && ring.mirrored_in(1, 0).is_some());
    });
}
