//! The same for a multivariant playlist.

use playlist_oracle::{assert_multivariant, check_multivariant};

const GOOD: &str = "\
#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"a.m3u8\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"CC\",INSTREAM-ID=\"CC1\"
#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1500,CODECS=\"avc1.64001f\",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO=\"a\",CLOSED-CAPTIONS=\"c\"
v.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300,URI=\"i.m3u8\"
";

#[test]
fn the_good_one_is_good() {
    assert_multivariant(GOOD);
}

const SPOILED: &[(&str, &str, &str)] = &[
    (
        "PL-07",
        "#EXT-X-INDEPENDENT",
        "#EXT-X-TARGETDURATION:2\n#EXT-X-INDEPENDENT",
    ),
    ("PL-18", "#EXTM3U\n", "#EXTM3U\n#EXT-X-VERSION:6\n"),
    (
        "PL-19",
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n",
    ),
    ("MV-02", "v.m3u8\n", ""),
    (
        "MV-09",
        "CODECS=\"avc1.64001f\"",
        "CODECS=\"avc1.64001f\",SUPPLEMENTAL-CODECS=\"/db4h\"",
    ),
    ("MV-10", "AUDIO=\"a\"", "AUDIO=\"a\",SCORE=0"),
    (
        "MV-12",
        "AUDIO=\"a\"",
        "AUDIO=\"a\",REQ-VIDEO-LAYOUT=\"CH-3D\"",
    ),
    (
        "MV-13",
        "AUDIO=\"a\"",
        "AUDIO=\"a\",STABLE-VARIANT-ID=\"a b\"",
    ),
    ("MV-03", "BANDWIDTH=2000,", ""),
    ("MV-04", "AVERAGE-BANDWIDTH=1500", "AVERAGE-BANDWIDTH=2500"),
    ("MV-07", "29.970", "29.9700"),
    ("MV-11", "AUDIO=\"a\"", "AUDIO=\"b\""),
    ("MV-14", ",NAME=\"CC\"", ""),
    ("MV-15", "AUTOSELECT=YES", "AUTOSELECT=NO"),
    ("MV-16", "CC1", "CC5"),
    (
        "MV-17",
        "#EXT-X-STREAM",
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",URI=\"b.m3u8\"\n#EXT-X-STREAM",
    ),
    (
        "MV-18",
        "#EXT-X-STREAM",
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"Deutsch\",URI=\"b.m3u8\"\n#EXT-X-STREAM",
    ),
    (
        "MV-25",
        ",URI=\"i.m3u8\"",
        ",URI=\"i.m3u8\",FRAME-RATE=30.000",
    ),
    (
        "MV-26",
        "#EXT-X-STREAM",
        "#EXT-X-SESSION-DATA:DATA-ID=\"x\"\n#EXT-X-STREAM",
    ),
    (
        "MV-27",
        "#EXT-X-STREAM",
        "#EXT-X-SESSION-KEY:METHOD=NONE\n#EXT-X-STREAM",
    ),
    (
        "MV-28",
        "#EXT-X-STREAM",
        "#EXT-X-CONTENT-STEERING:SERVER-URI=\"s\",PATHWAY-ID=\"x\"\n#EXT-X-STREAM",
    ),
    ("MV-31", "INSTREAM-ID=\"CC1\"", "INSTREAM-ID=\"SERVICE1\""),
];

#[test]
fn spoiled_ones_are_caught() {
    for (rule, from, to) in SPOILED {
        assert!(
            GOOD.contains(from),
            "{rule}: {from:?} is not in the good playlist"
        );
        let spoiled = GOOD.replacen(from, to, 1);
        let violations = check_multivariant(&spoiled).expect_err(rule);
        assert!(
            violations.iter().any(|violation| violation.rule == *rule),
            "{rule} is not among {violations:#?}"
        );
    }
}

/// MV-01: something that lists nothing.
#[test]
fn an_empty_one_is_caught() {
    let violations = check_multivariant("#EXTM3U\n").unwrap_err();
    assert!(violations.iter().any(|violation| violation.rule == "MV-01"));
}
