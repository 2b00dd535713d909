//! One good playlist, and every way we thought of to spoil it.

use playlist_oracle::{assert_media_playlist, check_media, check_succession};

const GOOD: &str = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18.00000,PART-HOLD-BACK=3.00000
#EXT-X-PART-INF:PART-TARGET=1.00000
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI=\"i0.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:00.000Z
#EXT-X-PART:DURATION=1.00000,URI=\"7.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI=\"7.1.m4s\"
#EXTINF:2.00000,
7.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"i1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:02.000Z
#EXT-X-PART:DURATION=1.00000,URI=\"8.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.50000,URI=\"8.1.m4s\"
#EXTINF:1.50000,
8.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:03.500Z
#EXT-X-PART:DURATION=1.00000,URI=\"9.0.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"
#EXT-X-RENDITION-REPORT:URI=\"../a/index.m3u8\",LAST-MSN=9,LAST-PART=0
";

#[test]
fn the_good_one_is_good() {
    let media = assert_media_playlist(GOOD);
    assert_eq!(media.segments.len(), 2);
    assert_eq!(media.segments[1].dsn, 1);
    assert_eq!(media.open.msn, 9);
    check_succession(&media, &media).unwrap();
}

/// Replacing the first text by the second must break the rule.
const SPOILED: &[(&str, &str, &str)] = &[
    ("PL-01", "#EXTM3U\n", "\n#EXTM3U\n"),
    ("PL-02", "7.m4s\n#EXT-X-DISC", "7\u{feff}.m4s\n#EXT-X-DISC"),
    ("PL-03", "7.m4s\n#EXT-X-DISC", "7\u{7}.m4s\n#EXT-X-DISC"),
    (
        "PL-04",
        "LAST-MSN=9,LAST-PART=0\n",
        "LAST-MSN=9,LAST-PART=0",
    ),
    ("PL-05", "YES,CAN-SKIP", "YES, CAN-SKIP"),
    (
        "PL-07",
        "#EXT-X-MEDIA-SEQUENCE:7",
        "#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-MEDIA-SEQUENCE:7",
    ),
    (
        "PL-08",
        "CAN-BLOCK-RELOAD=YES,",
        "CAN-BLOCK-RELOAD=YES,CAN-BLOCK-RELOAD=YES,",
    ),
    (
        "PL-09",
        "INDEPENDENT=YES\n#EXT-X-PART:DURATION=1.00000,URI=\"7.1",
        "INDEPENDENT=\"YES\"\n#EXT-X-PART:DURATION=1.00000,URI=\"7.1",
    ),
    ("PL-09", "URI=\"7.1.m4s\"", "URI=7.1.m4s"),
    ("PL-10", "PART-TARGET=1.00000", "PART-TARGET=1e0"),
    ("PL-11", "SEQUENCE:7", "SEQUENCE:18446744073709551616"),
    ("PL-12", "#EXTINF:2.00000,", "#EXTINF:2.0000000,"),
    ("PL-13", "URI=\"../a/index.m3u8\"", "URI=\"../a/index.m3u8"),
    (
        "PL-14",
        "7.m4s\n#EXT-X-DISC",
        "7.m4s\n#EXT-DEBUG:1\n#EXT-X-DISC",
    ),
    (
        "PL-16",
        "#EXT-X-VERSION:6\n",
        "#EXT-X-VERSION:6\n#EXT-X-VERSION:6\n",
    ),
    ("PL-17", "#EXT-X-VERSION:6", "#EXT-X-VERSION:5"),
    ("PL-18", "#EXT-X-VERSION:6", "#EXT-X-VERSION:9"),
    (
        "PL-22",
        "#EXT-X-TARGET",
        "#EXT-X-START:TIME-OFFSET=-1.0\n#EXT-X-TARGET",
    ),
    ("PL-23", "URI=\"7.0.m4s\"", "URI=\"{$x}7.0.m4s\""),
    (
        "PL-24",
        "#EXTINF:2.0",
        "#EXT-X-INDEPENDENT-SEGMENTS\n#EXTINF:2.0",
    ),
    ("PL-25", "INDEPENDENT=YES", "INDEPENDENT=YES,COLOUR=RED"),
    (
        "PL-26",
        "#EXT-X-TARGET",
        "#EXT-X-ALLOW-CACHE:YES\n#EXT-X-TARGET",
    ),
    (
        "MP-01",
        "#EXT-X-TARGETDURATION:2\n",
        "#EXT-X-TARGETDURATION:2\n#EXT-X-TARGETDURATION:2\n",
    ),
    ("MP-02", "#EXT-X-TARGETDURATION:2\n", ""),
    ("MP-03", "#EXTINF:2.00000,", "#EXTINF:2.50000,"),
    (
        "MP-06",
        "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MAP:URI=\"i0.mp4\"\n",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MAP:URI=\"i0.mp4\"\n#EXT-X-MEDIA-SEQUENCE:7\n",
    ),
    (
        "MP-09",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MAP:URI=\"i0.mp4\"\n",
        "#EXT-X-MAP:URI=\"i0.mp4\"\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n",
    ),
    ("SEG-01", "#EXTINF:2.00000,", "#EXTINF:2.00000"),
    ("SEG-04", "#EXTINF:2.0", "#EXT-X-BYTERANGE:100\n#EXTINF:2.0"),
    (
        "SEG-07",
        "#EXT-X-MAP:URI=\"i0",
        "#EXT-X-KEY:METHOD=NONE,URI=\"k\"\n#EXT-X-MAP:URI=\"i0",
    ),
    (
        "SEG-10",
        "#EXT-X-MAP:URI=\"i0",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP:URI=\"i0",
    ),
    ("SEG-11", "#EXT-X-MAP:URI=\"i0.mp4\"\n", ""),
    ("SEG-12", "2026-11-21T00:00:00.000Z", "2026-11-21T00:00:00Z"),
    ("SEG-14", "T00:00:03.500Z", "T00:00:02.400Z"),
    (
        "SEG-17",
        "#EXT-X-PRELOAD",
        "#EXT-X-DATERANGE:ID=\"a\"\n#EXT-X-PRELOAD",
    ),
    (
        "SEG-22",
        "#EXT-X-PRELOAD",
        "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-11-21T00:00:00.000Z\",CLASS=\"com.apple.hls.interstitial\"\n#EXT-X-PRELOAD",
    ),
    ("LL-01", "#EXT-X-PART-INF:PART-TARGET=1.00000\n", ""),
    (
        "LL-03",
        "DURATION=1.00000,URI=\"7.1",
        "DURATION=1.00001,URI=\"7.1",
    ),
    (
        "LL-04",
        "DURATION=1.00000,URI=\"9.0.m4s\",INDEPENDENT=YES",
        "DURATION=0.84999,URI=\"9.0.m4s\"\n#EXT-X-PART:DURATION=1.00000,URI=\"9.x.m4s\"",
    ),
    (
        "LL-05",
        "CAN-SKIP-UNTIL=18.00000",
        "CAN-SKIP-UNTIL=11.99999",
    ),
    (
        "LL-06",
        "CAN-SKIP-UNTIL=18.00000",
        "CAN-SKIP-DATERANGES=YES",
    ),
    ("LL-07", "CAN-SKIP-UNTIL=18.00000", "HOLD-BACK=5.99999"),
    ("LL-08", "PART-HOLD-BACK=3.00000", "PART-HOLD-BACK=1.99999"),
    ("LL-09", "PART-HOLD-BACK=3.00000", "PART-HOLD-BACK=2.99999"),
    ("LL-13", ",URI=\"7.1.m4s\"", ""),
    (
        "LL-14",
        "URI=\"7.1.m4s\"",
        "URI=\"7.1.m4s\",BYTERANGE=\"10\"",
    ),
    (
        "LL-15",
        "#EXTINF:2.00000,\n",
        "#EXTINF:2.00000,\n#EXT-X-PART:DURATION=1.00000,URI=\"7.2.m4s\"\n",
    ),
    (
        "LL-16",
        "#EXTINF:2.0",
        "#EXT-X-MAP:URI=\"i2.mp4\"\n#EXTINF:2.0",
    ),
    ("LL-19", "#EXTINF:1.50000,", "#EXTINF:1.50010,"),
    (
        "LL-20",
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"\n",
        "",
    ),
    ("LL-20", "URI=\"9.1.m4s\"", "URI=\"9.0.m4s\""),
    (
        "LL-23",
        "URI=\"9.0.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"",
        "URI=\"9.m4s\",BYTERANGE=\"10@0\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.m4s\",BYTERANGE-START=11",
    ),
    (
        "LL-24",
        "#EXT-X-RENDITION",
        "#EXT-X-ENDLIST\n#EXT-X-RENDITION",
    ),
    (
        "LL-35",
        "#EXT-X-RENDITION",
        "#EXT-X-ENDLIST\n#EXT-X-RENDITION",
    ),
    ("LL-25", "../a/index", "https://a/index"),
    ("LL-27", "LAST-MSN=9,", ""),
    (
        "LL-28",
        "LAST-PART=0\n",
        "LAST-PART=0\n#EXT-X-RENDITION-REPORT:URI=\"../a/index.m3u8\",LAST-MSN=9,LAST-PART=0\n",
    ),
    (
        "AMB-13",
        "URI=\"9.1.m4s\"\n",
        "URI=\"9.1.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i2.mp4\"\n",
    ),
    ("AMB-17", "URI=\"7.1.m4s\"", "URI=\"7.1.m4s\",GAP=YES"),
    (
        "SRV-23",
        "7.m4s\n#EXT-X-DISC",
        "7.m4s?_HLS_msn=1\n#EXT-X-DISC",
    ),
    (
        "SRV-31",
        "CAN-SKIP-UNTIL=18.00000,PART-HOLD-BACK=3.00000\n#EXT-X-PART-INF:PART-TARGET=1.00000\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n",
        "PART-HOLD-BACK=3.00000\n#EXT-X-PART-INF:PART-TARGET=1.00000\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n",
    ),
    (
        "SRV-34",
        "#EXT-X-MEDIA-SEQUENCE:7",
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXT-X-MEDIA-SEQUENCE:7",
    ),
    (
        "AMB-07",
        "#EXT-X-MAP:URI=\"i0",
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n#EXT-X-MAP:URI=\"i0",
    ),
];

#[test]
fn spoiled_ones_are_caught() {
    for (rule, from, to) in SPOILED {
        assert!(
            GOOD.contains(from),
            "{rule}: {from:?} is not in the good playlist"
        );
        let spoiled = GOOD.replacen(from, to, 1);
        match check_media(&spoiled) {
            Ok(_) => panic!("{rule} was not caught in\n{spoiled}"),
            Err(violations) => assert!(
                violations.iter().any(|violation| violation.rule == *rule),
                "{rule} is not among {violations:#?}"
            ),
        }
    }
}

/// The same for a change between two versions.
const CHANGES: &[(&str, &str, &str)] = &[
    ("MP-04", "DURATION:2", "DURATION:3"),
    ("LL-12", "PART-HOLD-BACK=3.00000", "PART-HOLD-BACK=3.50000"),
    ("UP-03", "SEQUENCE:7", "SEQUENCE:6"),
    (
        "UP-02",
        "#EXT-X-PART:DURATION=0.50000,URI=\"8.1.m4s\"\n#EXTINF:1.50000,",
        "#EXT-X-PART:DURATION=0.60000,URI=\"8.1.m4s\"\n#EXTINF:1.60000,",
    ),
    (
        "UP-04",
        "DISCONTINUITY-SEQUENCE:0",
        "DISCONTINUITY-SEQUENCE:1",
    ),
    ("SEG-11", "i0.mp4", "i9.mp4"),
    ("SEG-14", "T00:00:02.000Z", "T00:00:02.001Z"),
    (
        "LL-22",
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"",
        "#EXT-X-PART:DURATION=1.00000,URI=\"9.9.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.2.m4s\"",
    ),
];

#[test]
fn illegal_changes_are_caught() {
    let old = assert_media_playlist(GOOD);
    for (rule, from, to) in CHANGES {
        assert!(
            GOOD.contains(from),
            "{rule}: {from:?} is not in the good playlist"
        );
        let text = GOOD.replacen(from, to, 1);
        let new = assert_media_playlist(&text);
        let violations = check_succession(&old, &new).unwrap_err();
        assert!(
            violations.iter().any(|violation| violation.rule == *rule),
            "{rule} is not among {violations:#?}"
        );
    }
}

#[test]
fn legal_changes_pass() {
    let old = assert_media_playlist(GOOD);
    let grown = GOOD.replace(
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"\n",
        "#EXT-X-PART:DURATION=1.00000,URI=\"9.1.m4s\"\n#EXTINF:2.00000,\n9.m4s\n\
         #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.0.m4s\"\n",
    );
    let new = assert_media_playlist(&grown);
    check_succession(&old, &new).unwrap();
}

/// Five segments of two seconds, from `first` on, the first `bare` of them without parts.
fn plain(first: u64, bare: usize, kind: &str, tail: &str) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n\
         #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.00000\n\
         #EXT-X-PART-INF:PART-TARGET=1.00000\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:0\n{kind}#EXT-X-MAP:URI=\"i0.mp4\"\n"
    );
    for (index, msn) in (first..first + 5).enumerate() {
        let second = msn * 2;
        text += &format!("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:{second:02}.000Z\n");
        for part in (0..2).filter(|_| index >= bare) {
            text += &format!("#EXT-X-PART:DURATION=1.00000,URI=\"{msn}.{part}.m4s\"\n");
        }
        text += &format!("#EXTINF:2.00000,\n{msn}.m4s\n");
    }
    let next = first + 5;
    text + &tail.replace(
        "HINT",
        &format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{next}.0.m4s\"\n"),
    )
}

/// Whole playlists that break a rule which no single replacement breaks.
#[test]
fn spoiled_wholes_are_caught() {
    let good = plain(7, 2, "", "HINT");
    assert_media_playlist(&good);
    // A parent that ends more than three target durations from the edge still has its parts.
    let stale = plain(7, 0, "", "HINT");
    let undated = plain(7, 2, "", "HINT").replace("#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-GONE");
    let undated: String = undated
        .lines()
        .filter(|line| !line.starts_with("#EXT-X-GONE"))
        .map(|line| format!("{line}\n"))
        .collect();
    let undated =
        undated + "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-11-21T00:00:00.000Z\",DURATION=1\n";
    let ranged = good.replace(
        "#EXTINF:2.00000,\n11.m4s",
        "#EXTINF:2.00000,\n#EXT-X-BYTERANGE:30@0\n11.m4s",
    );
    let ranged = ranged
        .replace("URI=\"11.0.m4s\"", "URI=\"11.m4s\",BYTERANGE=\"10@0\"")
        .replace("URI=\"11.1.m4s\"", "URI=\"11.m4s\",BYTERANGE=\"10@10\"");
    for (rule, body) in [("UP-09", stale), ("SEG-19", undated), ("LL-17", ranged)] {
        let violations = check_media(&body).expect_err(rule);
        assert!(
            violations.iter().any(|violation| violation.rule == rule),
            "{rule} is not among {violations:#?}"
        );
    }
}

/// The same for changes.
#[test]
fn illegal_successions_are_caught() {
    let range = |more: &str| {
        format!("#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-11-21T00:00:15.000Z\"{more}\nHINT")
    };
    let key = |text: String| {
        text.replace(
            "#EXT-X-MAP",
            "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n#EXT-X-MAP",
        )
    };
    let plain_ = |first: u64, bare: usize| plain(first, bare, "", "HINT");
    let ended = plain(7, 2, "", "#EXT-X-ENDLIST\n");
    let event = "#EXT-X-PLAYLIST-TYPE:EVENT\n";
    // Two segments, and then one of them.
    let [two, one] = {
        let text = plain_(8, 2);
        let at =
            |date: &str| text.find(&format!("#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:{date}"));
        let [eight, nine, ten] = ["16", "18", "20"].map(|second| at(second).unwrap());
        let hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.0.m4s\"\n";
        let header = |first: &str| text[..eight].replace("SEQUENCE:8", first);
        [
            header("SEQUENCE:8") + &text[eight..ten] + hint,
            header("SEQUENCE:9") + &text[nine..ten] + hint,
        ]
    };
    let cases = [
        (
            "MP-13",
            plain(7, 2, event, "HINT"),
            plain(8, 2, event, "HINT"),
        ),
        ("UP-05", two, one),
        ("UP-06", plain_(7, 3), plain_(7, 2)),
        ("UP-15", ended, plain_(7, 2)),
        ("SEG-08", plain_(7, 2), key(plain_(7, 2))),
        (
            "SEG-18",
            plain(7, 2, "", &range(",DURATION=1.0")),
            plain(7, 2, "", &range(",DURATION=2.0")),
        ),
        (
            "SEG-20",
            plain(7, 2, "", &range(",DURATION=1.0")),
            plain_(7, 2),
        ),
    ];
    for (rule, old, new) in cases {
        let (old, new) = (assert_media_playlist(&old), assert_media_playlist(&new));
        let violations = check_succession(&old, &new).expect_err(rule);
        assert!(
            violations.iter().any(|violation| violation.rule == rule),
            "{rule} is not among {violations:#?}"
        );
    }
}
