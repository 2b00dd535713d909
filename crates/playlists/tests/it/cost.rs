//! What the steady state allocates. The numbers are written down so that a change of them is
//! meant, not found out later.

use bytes::Bytes;
use llhls_manifest::{Cut, MediaDuration};
use playlists::{Coding, Part, Publisher};

use crate::support::{PARTS, directives, publisher, registry, viewer};

/// Segments in a full window, and some.
const SEGMENTS: u64 = 100;

fn publish(publisher: &mut Publisher, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let part = Part::new(Bytes::from_static(b"part"), MediaDuration::from_millis(500));
        let part = part.independent().cut(if number % PARTS == PARTS - 1 {
            Cut::After
        } else {
            Cut::Never
        });
        publisher.publish(part).unwrap();
    }
}

fn per_part(parts: u64, run: impl FnOnce()) -> f64 {
    allocation_counter::measure(run).count_total as f64 / parts as f64
}

#[test]
fn a_part_that_nobody_asks_for_costs_a_handful_of_allocations() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let parts = SEGMENTS * PARTS;
    publish(&mut publisher, 0..parts);
    let allocations = per_part(parts, || publish(&mut publisher, parts..2 * parts));
    assert!(allocations <= 7.0, "{allocations} a part");
}

#[tokio::test]
async fn a_version_in_either_coding_costs_a_few_more() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    let parts = SEGMENTS * PARTS;
    publish(&mut publisher, 0..parts);
    let request = directives("");
    let mut costs = [0.0; 2];
    for (cost, coding) in costs.iter_mut().zip([Coding::Identity, Coding::Gzip]) {
        let before = viewer.edge().unwrap().open.value() * PARTS;
        *cost = per_part(parts, || {
            for number in before..before + parts {
                publish(&mut publisher, number..number + 1);
                let answer = viewer.playlist(&request, coding);
                at_once(answer).unwrap();
            }
        });
    }
    assert!(costs[0] <= 10.0 && costs[1] <= 15.0, "{costs:?}");
}

#[test]
fn a_request_for_what_is_there_allocates_nothing() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..SEGMENTS * PARTS);
    let viewer = viewer(&playlists);
    for query in ["", "_HLS_skip=YES"] {
        let request = directives(query);
        let ask = || drop(at_once(viewer.playlist(&request, Coding::Gzip)).unwrap());
        ask();
        ask();
        assert_eq!(allocation_counter::measure(ask).count_total, 0, "{query}");
    }
    let last = viewer.edge().unwrap().last_part.unwrap();
    let part = || drop(at_once(viewer.part(last)).unwrap());
    part();
    assert_eq!(allocation_counter::measure(part).count_total, 0);
}

/// The answer of an operation that has nothing to wait for.
fn at_once<T>(operation: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(operation).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("it is there"),
    }
}
