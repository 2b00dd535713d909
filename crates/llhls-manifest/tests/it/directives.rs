use llhls_manifest::{
    ConfigError, Cut, Decision, Directive, DirectiveError, Directives, M3u8Manifest, Msn,
    PartIndex, PlaylistView, Position, Reject, SegmentRequest, Skip, Until, WaitFor,
};

use crate::support::{Feed, body, config, millis};

/// What a request is answered with, in the words of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Now,
    Hold,
    Roll,
    Bad,
}

fn class(view: &PlaylistView, query: &str) -> Class {
    let directives = Directives::parse(Some(query)).unwrap();
    match view.decide(&directives) {
        Decision::Ready => Class::Now,
        Decision::Reject(_) => Class::Bad,
        Decision::Wait(wait) => {
            assert!(
                !wait.is_satisfied(&view.edge()),
                "{query}: waits for what is there"
            );
            match (directives.until, wait) {
                (Some(Until::Part(asked)), WaitFor::Part(target)) if asked != target => {
                    assert_eq!(target, view.edge().next_part(), "{query}");
                    Class::Roll
                }
                _ => Class::Hold,
            }
        }
    }
}

/// Item 5 of the test harness: every M × N × skip × state, against a model that is written from
/// the rules and not from the code.
#[test]
fn the_whole_table() {
    let states: [(&str, Feed); 3] = [
        ("open segment empty", {
            let mut feed = Feed::new(config());
            feed.segments(9);
            feed
        }),
        ("open segment with parts", {
            let mut feed = Feed::new(config());
            feed.segments(9);
            feed.parts(2);
            feed
        }),
        ("ended", {
            let mut feed = Feed::new(config());
            feed.segments(9);
            let _ = feed.manifest.end();
            feed
        }),
    ];
    let mut rows = 0;
    for (state, feed) in &states {
        let view = feed.view();
        let edge = view.edge();
        let first = edge.media_sequence.value();
        let complete = edge.last_complete.unwrap().value();
        let listed = i64::from(edge.open_parts);
        let last = listed - 1;
        let limit = 6; // 3 / 0.5 s
        let msns = [
            0,
            first - 1,
            first,
            complete - 1,
            complete,
            complete + 1,
            complete + 2,
            complete + 3,
            u64::MAX,
        ];
        let parts: [Option<u64>; 9] = [
            None,
            Some(0),
            Some(last.max(0) as u64),
            Some((last + 1) as u64),
            Some((last + limit) as u64),
            Some((last + limit + 1) as u64),
            Some(4),
            Some(5),
            Some(u64::MAX),
        ];
        for msn in msns {
            for part in parts {
                let expected = if *state == "ended" {
                    Class::Now
                } else if msn > complete + 2 {
                    Class::Bad
                } else {
                    match part {
                        None if msn <= complete => Class::Now,
                        None => Class::Hold,
                        // Every segment has parts 0 to 3.
                        Some(n) if msn < complete || (msn == complete && n <= 3) => {
                            let _ = n;
                            Class::Now
                        }
                        Some(_) if msn == complete && listed > 0 => Class::Now,
                        Some(_) if msn == complete => Class::Roll,
                        Some(n) if msn == complete + 1 => {
                            let n = i64::try_from(n).unwrap_or(i64::MAX);
                            if n <= last {
                                Class::Now
                            } else if n > last + limit {
                                Class::Bad
                            } else {
                                Class::Hold
                            }
                        }
                        Some(n) => {
                            if n >= limit as u64 {
                                Class::Bad
                            } else {
                                Class::Hold
                            }
                        }
                    }
                };
                for skip in ["", "&_HLS_skip=YES", "&_HLS_skip=v2", "&_HLS_skip=junk"] {
                    let mut query = format!("_HLS_msn={msn}");
                    if let Some(part) = part {
                        query += &format!("&_HLS_part={part}");
                    }
                    query += skip;
                    assert_eq!(class(&view, &query), expected, "{state}: {query}");
                    rows += 1;
                }
            }
        }
    }
    assert_eq!(rows, 3 * 9 * 9 * 4);
}

#[test]
fn part_without_msn_is_rejected_unless_ended() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let ask = |feed: &Feed, query| feed.view().decide(&Directives::parse(Some(query)).unwrap());
    for query in ["_HLS_part=0", "_HLS_part=3&_HLS_skip=YES"] {
        assert_eq!(ask(&feed, query), Decision::Reject(Reject::PartWithoutMsn));
    }
    let _ = feed.manifest.end();
    assert_eq!(ask(&feed, "_HLS_part=0"), Decision::Ready);
}

/// SRV-04 while the request is pending: the segment closes one part short of the asked one.
#[test]
fn a_pending_part_rolls_over() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    feed.parts(2);
    let asked = Position::new(Msn::new(3), PartIndex::new(2));
    let directives = Directives {
        until: Some(Until::Part(asked)),
        skip: None,
    };
    assert_eq!(
        feed.view().decide(&directives),
        Decision::Wait(WaitFor::Part(asked))
    );
    let wait = WaitFor::Part(asked);
    let _ = feed.manifest.close_segment();
    assert!(
        !wait.is_satisfied(&feed.view().edge()),
        "SRV-11: the next segment has no part yet"
    );
    let rolled = WaitFor::Part(Position::new(Msn::new(4), PartIndex::new(0)));
    assert_eq!(feed.view().decide(&directives), Decision::Wait(rolled));
    feed.parts(1);
    assert!(wait.is_satisfied(&feed.view().edge()));
    assert_eq!(feed.view().decide(&directives), Decision::Ready);
}

/// SRV-02, AMB-02: a segment is not there before its URI line is.
#[test]
fn a_segment_request_waits_for_the_whole_segment() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    feed.parts(3);
    let directives = Directives::parse(Some("_HLS_msn=3")).unwrap();
    let wait = WaitFor::Segment(Msn::new(3));
    assert_eq!(feed.view().decide(&directives), Decision::Wait(wait));
    let _ = feed.manifest.close_segment();
    assert_eq!(feed.view().decide(&directives), Decision::Ready);
    assert!(body(&feed.view()).contains("\ne1-3.m4s\n"));

    let mut feed = Feed::new(config().segment_request(SegmentRequest::FirstPart));
    feed.segments(2);
    let first = Position::new(Msn::new(3), PartIndex::new(0));
    assert_eq!(
        feed.view().decide(&directives),
        Decision::Wait(WaitFor::Part(first))
    );
    feed.parts(1);
    assert_eq!(feed.view().decide(&directives), Decision::Ready);
}

/// SRV-20, AMB-05.
#[test]
fn a_playlist_without_parts_ignores_the_part() {
    let mut feed = Feed::new(config().without_parts());
    for _ in 0..2 {
        let facts = feed.facts(millis(2000)).independent().cut(Cut::After);
        feed.push(facts);
    }
    let ask = |query| feed.view().decide(&Directives::parse(Some(query)).unwrap());
    assert_eq!(ask("_HLS_msn=2&_HLS_part=7"), Decision::Ready);
    assert_eq!(
        ask("_HLS_msn=3&_HLS_part=7"),
        Decision::Wait(WaitFor::Segment(Msn::new(3)))
    );
    assert_eq!(
        ask("_HLS_msn=3"),
        Decision::Wait(WaitFor::Segment(Msn::new(3)))
    );
    assert_eq!(
        ask("_HLS_msn=5"),
        Decision::Reject(Reject::MsnTooFar { limit: Msn::new(4) })
    );
}

/// SRV-22: nothing is ready before the first complete segment, whatever was asked.
#[test]
fn nothing_is_ready_before_the_first_segment() {
    let mut feed = Feed::new(config());
    feed.parts(2);
    let first = Decision::Wait(WaitFor::Segment(Msn::new(1)));
    assert_eq!(feed.view().decide(&Directives::NONE), first);
    let part = Directives::parse(Some("_HLS_msn=1&_HLS_part=1")).unwrap();
    assert_eq!(feed.view().decide(&part), first);
    let _ = feed.manifest.close_segment();
    assert_eq!(feed.view().decide(&Directives::NONE), Decision::Ready);
    assert_eq!(feed.view().decide(&part), Decision::Ready);
}

/// SRV-22, AMB-21: an operator may ask for more than one segment before the first answer.
#[test]
fn nothing_is_ready_before_as_much_media_as_configured() {
    let maximum = millis(6_000);
    let mut feed = Feed::new(config().serve_after(maximum));
    feed.segments(1);
    let held = |msn| Decision::Wait(WaitFor::Segment(Msn::new(msn)));
    assert_eq!(feed.view().decide(&Directives::NONE), held(2));
    feed.segments(1);
    let there = Directives::parse(Some("_HLS_msn=1")).unwrap();
    assert_eq!(feed.view().decide(&there), held(3));
    assert!(!feed.view().is_playable());
    feed.segments(1);
    assert_eq!(feed.view().decide(&there), Decision::Ready);

    let mut short = Feed::new(config().serve_after(maximum));
    short.segments(1);
    let _ = short.manifest.end();
    assert_eq!(short.view().decide(&Directives::NONE), Decision::Ready);
    assert!(short.view().is_playable());

    let refused = M3u8Manifest::new(config().serve_after(millis(6_001))).unwrap_err();
    assert_eq!(refused, ConfigError::ServeAfter { maximum });
}

/// SRV-06: whoever waits when the stream ends is released.
#[test]
fn the_end_satisfies_every_wait() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let waits = [
        WaitFor::Segment(Msn::new(4)),
        WaitFor::Part(Position::new(Msn::new(4), PartIndex::new(5))),
    ];
    assert!(
        waits
            .iter()
            .all(|wait| !wait.is_satisfied(&feed.view().edge()))
    );
    let _ = feed.manifest.end();
    assert!(
        waits
            .iter()
            .all(|wait| wait.is_satisfied(&feed.view().edge()))
    );
}

/// SRV-10 as data.
#[test]
fn the_deadline_is_three_target_durations() {
    assert_eq!(Feed::new(config()).view().block_deadline(), millis(6000));
}

/// AMB-03: 3 / PART-TARGET, rounded up; 3 from one second on.
#[test]
fn advance_part_limit() {
    for (part_target, limit) in [(333, 10), (200, 15), (500, 6), (1000, 3), (2000, 3)] {
        let mut feed = Feed::new(config().part_target(millis(part_target)));
        let facts = feed.facts(millis(part_target)).cut(Cut::After);
        feed.push(facts);
        let ask = |part: u32| {
            let position = Position::new(Msn::new(2), PartIndex::new(part));
            feed.view().decide(&Directives {
                until: Some(Until::Part(position)),
                skip: None,
            })
        };
        assert!(matches!(ask(limit - 1), Decision::Wait(_)), "{part_target}");
        let last = Position::new(Msn::new(2), PartIndex::new(limit - 1));
        assert_eq!(
            ask(limit),
            Decision::Reject(Reject::PartTooFar { limit: last })
        );
    }
}

/// SRV-13.
#[test]
fn malformed_numbers_are_errors() {
    let msn = Err(DirectiveError::Number(Directive::Msn));
    for value in [
        "",
        "-1",
        "+1",
        "1.0",
        "0x1",
        " 1",
        "1 ",
        "a",
        "18446744073709551616",
        "%31%2B",
    ] {
        assert_eq!(
            Directives::parse(Some(&format!("_HLS_msn={value}"))),
            msn,
            "{value:?}"
        );
    }
    assert_eq!(Directives::parse(Some("_HLS_msn")), msn);
    assert_eq!(
        Directives::parse(Some("_HLS_msn=000000000000000000001")),
        msn
    );
    assert_eq!(
        Directives::parse(Some("_HLS_msn=1&_HLS_part=-1")),
        Err(DirectiveError::Number(Directive::Part))
    );
    for (query, name) in [
        ("_HLS_msn=1&_HLS_msn=1", Directive::Msn),
        ("_HLS_msn=1&_HLS_part=1&_HLS_part=2", Directive::Part),
        ("_HLS_skip=YES&_HLS_skip=YES", Directive::Skip),
    ] {
        assert_eq!(
            Directives::parse(Some(query)),
            Err(DirectiveError::Duplicate(name))
        );
    }
}

/// SRV-14, SRV-15.
#[test]
fn order_encoding_and_strangers_do_not_matter() {
    let expected = Directives {
        until: Some(Until::Part(Position::new(Msn::new(12), PartIndex::new(3)))),
        skip: Some(Skip::V2),
    };
    for query in [
        "_HLS_msn=12&_HLS_part=3&_HLS_skip=v2",
        "_HLS_skip=v2&token=a%26b&_HLS_part=3&&_HLS_msn=12",
        "%5FHLS_msn=%31%32&_HLS%5fpart=3&_HLS_skip=%762",
        "_HLS_msn=012&_HLS_part=03&_HLS_skip=v2&_HLS_push=1&_HLS_report=x",
    ] {
        assert_eq!(Directives::parse(Some(query)), Ok(expected), "{query}");
    }
    for query in [
        None,
        Some(""),
        Some("&&=&=="),
        Some("_HLS_skip=maybe"),
        Some("_hls_msn=1"),
        Some("%"),
        Some("%5"),
        Some("x=%zz"),
    ] {
        assert_eq!(Directives::parse(query), Ok(Directives::NONE), "{query:?}");
    }
    let huge = Directives::parse(Some("_HLS_msn=18446744073709551615&_HLS_part=4294967296"));
    let position = Position::new(Msn::new(u64::MAX), PartIndex::new(u32::MAX));
    assert_eq!(huge.unwrap().until, Some(Until::Part(position)));
}
