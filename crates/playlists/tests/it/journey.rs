use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use llhls_manifest::{Addressing, Cut, Directives, InitVersion, Msn};
use playlists::{Coding, MediaError, Playlists, RegistryConfig, RegistryConfigError, Resource};

use crate::support::{PARTS, audio, name, part, publish, publisher, registry, text, video, viewer};

/// Law 1, on every version: what the text names can be read at once.
#[tokio::test]
async fn every_name_in_every_version_is_readable() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    for number in 0..PARTS * 25 {
        publish(&mut publisher, number..number + 1);
        if number < PARTS - 1 {
            continue;
        }
        let text = text(&viewer, "").await;
        for uri in named(&text) {
            let resource = viewer.resource(uri).await;
            assert!(
                resource.is_ok(),
                "{uri} is named but {resource:?}, after part {number}\n{text}"
            );
        }
    }
}

/// LL-14, LL-23: what a playlist says of a part is true of the segment that holds it, in every
/// version, also around an outage; and the hint points behind the last byte.
#[tokio::test]
async fn parts_as_ranges_are_bytes_of_their_segments() {
    let playlists = registry();
    let mut config = video("e1");
    config.manifest = config.manifest.addressing(Addressing::ByteRanges);
    let mut publisher = playlists
        .publisher(&name("show"), &name("video"), config)
        .unwrap();
    publisher.init(Bytes::from_static(b"init"));
    let viewer = viewer(&playlists);
    let mut segments = BTreeMap::<String, Vec<u8>>::new();
    let mut checked = 0;
    for number in 0..PARTS * 20 {
        let part = part(number);
        let bytes = part.bytes().clone();
        if number == PARTS * 10 + 2 {
            publisher.gap(Duration::from_secs(1)).unwrap();
        }
        let part = if number > PARTS * 10 {
            part.cut(Cut::Auto)
        } else {
            part
        };
        let msn = publisher.publish(part).unwrap().position.msn;
        let segment = segments
            .entry(format!("e1-{}.m4s", msn.value()))
            .or_default();
        segment.extend(&bytes);
        if number < PARTS - 1 {
            continue;
        }
        let text = text(&viewer, "").await;
        for line in text.lines().filter(|line| line.contains("BYTERANGE=")) {
            let (uri, range) = (quoted(line, "URI"), quoted(line, "BYTERANGE"));
            let (length, offset) = range.split_once('@').unwrap();
            let (length, offset): (usize, usize) =
                (length.parse().unwrap(), offset.parse().unwrap());
            let part = &segments[uri][offset..offset + length];
            assert!(part.starts_with(b"part "), "{line}\n{text}");
            let next = &segments[uri][offset + length..];
            assert!(
                next.is_empty() || next.starts_with(b"part "),
                "{line}\n{text}"
            );
            checked += 1;
        }
        let hint = text.lines().last().unwrap();
        // Without an offset, the first byte is meant.
        let start = hint.split_once("BYTERANGE-START=");
        let start: usize = start.map_or(0, |(_, start)| start.parse().unwrap());
        let held = segments.get(quoted(hint, "URI")).map_or(0, Vec::len);
        assert_eq!(start, held, "{hint}\n{text}");
    }
    assert!(checked > 500, "{checked} ranges");
    for (uri, bytes) in segments.iter().rev().skip(1) {
        let Ok(Resource::Segment(parts)) = viewer.resource(uri).await else {
            continue;
        };
        assert_eq!(parts.concat(), *bytes, "{uri}");
    }
}

fn quoted<'a>(line: &'a str, attribute: &str) -> &'a str {
    let (_, value) = line.split_once(&format!("{attribute}=\"")).unwrap();
    value.split_once('"').unwrap().0
}

/// Every URI of a playlist but the hinted one.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        if line.starts_with("#EXT-X-PART:") || line.starts_with("#EXT-X-MAP:") {
            line.split_once("URI=\"")?.1.split('"').next()
        } else {
            (!line.is_empty() && !line.starts_with('#')).then_some(line)
        }
    })
}

#[tokio::test]
async fn a_segment_is_the_rope_of_its_parts() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let parts: Vec<_> = (0..PARTS).map(part).collect();
    let bytes: Vec<Bytes> = parts.iter().map(|part| part.bytes().clone()).collect();
    for part in parts {
        publisher.publish(part).unwrap();
    }
    let segment = viewer(&playlists).segment(Msn::new(1)).unwrap();
    assert_eq!(segment, bytes);
    for (held, given) in segment.iter().zip(&bytes) {
        assert_eq!(held.as_ptr(), given.as_ptr(), "the payload was copied");
    }
}

#[tokio::test(start_paused = true)]
async fn what_left_the_playlist_stays_readable_for_as_long_as_it_was_listed() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    let viewer = viewer(&playlists);
    publish(&mut publisher, 0..PARTS * 16);
    let text = text(&viewer, "").await;
    assert!(
        !text.contains("\ne1-1.m4s\n"),
        "the first segment is still listed: {text}"
    );
    assert!(
        viewer.segment(Msn::new(1)).is_ok(),
        "removed from the playlist, and gone at once"
    );

    // Long after that it is gone, and the answer says so rather than "never heard of it".
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    publish(&mut publisher, PARTS * 16..PARTS * 80);
    assert_eq!(
        viewer.segment(Msn::new(1)).unwrap_err(),
        MediaError::Expired
    );
    assert_eq!(
        viewer.segment(Msn::new(999)).unwrap_err(),
        MediaError::NotFound
    );
}

#[tokio::test]
async fn init_sections_are_found_by_their_version() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    assert_eq!(
        viewer.init(InitVersion::new(0)).unwrap(),
        Bytes::from_static(b"init")
    );
    assert_eq!(
        viewer.init(InitVersion::new(7)).unwrap_err(),
        MediaError::NotFound
    );
    for unknown in [
        "",
        "x",
        "e1-1",
        "e2-1.m4s",
        "../e1-1.m4s",
        "e1-18446744073709551616.m4s",
    ] {
        assert_eq!(
            viewer.resource(unknown).await.unwrap_err(),
            MediaError::NotFound,
            "{unknown}"
        );
    }
    assert!(matches!(
        viewer.resource("e1-1.0.m4s").await,
        Ok(Resource::Part(_))
    ));
}

#[tokio::test]
async fn renditions_report_each_other_and_share_one_multivariant_playlist() {
    let playlists = registry();
    let mut video = publisher(&playlists);
    let mut sound = playlists
        .publisher(&name("show"), &name("audio"), audio("e1"))
        .unwrap();
    sound.init(Bytes::from_static(b"init"));
    publish(&mut video, 0..PARTS + 1);
    publish(&mut sound, 0..PARTS + 1);

    let of_audio = text(&playlists.viewer("show", "audio").unwrap(), "").await;
    let report = "#EXT-X-RENDITION-REPORT:URI=\"../video/media.m3u8\",LAST-MSN=2,LAST-PART=0\n";
    assert!(of_audio.contains(report), "{of_audio}");
    assert!(
        !of_audio.contains("../audio/"),
        "a report about itself: {of_audio}"
    );

    let body = playlists
        .multivariant("show", Coding::Identity)
        .await
        .unwrap();
    let multivariant = String::from_utf8(body.bytes.to_vec()).unwrap();
    playlist_oracle::assert_multivariant(&multivariant);
    assert!(multivariant.contains("video/media.m3u8"), "{multivariant}");
    assert!(
        multivariant.contains("CODECS=\"avc1.64001f,mp4a.40.2\""),
        "{multivariant}"
    );
    assert!(
        multivariant.contains("RESOLUTION=1280x720"),
        "{multivariant}"
    );
}

#[tokio::test]
async fn what_a_caller_attaches_is_made_once_a_version() {
    let playlists = registry();
    let mut publisher = publisher(&playlists);
    publish(&mut publisher, 0..PARTS);
    let viewer = viewer(&playlists);
    let first = viewer.version(&Directives::NONE).await.unwrap();
    assert_eq!(first.attachment(|_| 1_u32), Some(&1));
    assert_eq!(first.attachment(|_| 2_u32), Some(&1), "made twice");
    assert_eq!(first.attachment(|_| "another type"), None);

    publish(&mut publisher, PARTS..PARTS + 1);
    let second = viewer.version(&Directives::NONE).await.unwrap();
    assert_eq!(second.attachment(|_| 2_u32), Some(&2));
    assert!(second.published_at() >= first.published_at());
}

/// What a viewer presents reaches every request, and the text is the same for all viewers.
#[tokio::test]
async fn a_query_parameter_is_on_every_uri_and_defined_in_every_playlist() {
    let config = RegistryConfig::new().query_parameter("token");
    let playlists = Playlists::new(config).unwrap();
    let mut publishers: Vec<_> = [("video", video("e1")), ("audio", audio("e2"))]
        .into_iter()
        .map(|(rendition, config)| {
            let rendition = name(rendition);
            let mut publisher = playlists
                .publisher(&name("show"), &rendition, config)
                .unwrap();
            publisher.init(Bytes::from_static(b"init"));
            publisher
        })
        .collect();
    for publisher in &mut publishers {
        publish(publisher, 0..PARTS * 2 + 1);
    }
    // A version that knows its sibling.
    publish(&mut publishers[0], PARTS * 2 + 1..PARTS * 2 + 2);
    let multivariant = playlists.multivariant("show", Coding::Identity).await;
    let multivariant = String::from_utf8(multivariant.unwrap().bytes.to_vec()).unwrap();
    let media = text(&viewer(&playlists), "").await;
    for text in [&multivariant, &media] {
        assert!(
            text.contains("#EXT-X-DEFINE:QUERYPARAM=\"token\"\n"),
            "{text}"
        );
        let quoted = text
            .split("URI=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let bare = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let uris: Vec<_> = quoted.chain(bare).collect();
        assert!(uris.len() >= 2, "{text}");
        for uri in uris {
            assert!(uri.ends_with("?token={$token}"), "{uri}\n{text}");
        }
    }
    assert!(media.contains("#EXT-X-RENDITION-REPORT:"), "{media}");
    for bad in ["", "a b", "t\"", "{$x}"] {
        let config = RegistryConfig::new().query_parameter(bad);
        let refused = Playlists::new(config).err();
        assert_eq!(refused, Some(RegistryConfigError::QueryParameter), "{bad}");
    }
}
