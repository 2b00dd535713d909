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
    (
        "LL-14",
        "URI=\"7.1.m4s\"",
        "URI=\"7.1.m4s\",BYTERANGE=\"10\"",
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
