use llhls_manifest::{InitVersion, Key, KeyError, KeyMethod, M3u8Manifest, Msn};

use crate::golden::expect;
use crate::support::{Feed, body, config, delta, judged};

fn aes(number: u8) -> Key {
    Key::new(KeyMethod::Aes128, format!("key{number}"))
        .unwrap()
        .iv([number; 16])
}

/// SEG-07 … SEG-10: keys change at segment borders and stay in effect when their line is gone.
#[test]
fn keys_rotate() {
    let mut feed = Feed::new(config());
    feed.segments(2);
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(2);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    feed.segments(1);
    expect("keys", &body(&feed.view()));
    let _ = feed.manifest.change_keys(&[]).unwrap();
    feed.segments(6);
    expect("keys_gone", &body(&feed.view()));
    let media = judged(&feed.view());
    assert!(
        media.segments.iter().all(|segment| segment.keys.len() == 1),
        "the key or NONE"
    );
    let (msn, keys) = (media.segments[0].msn, media.segments[0].keys.clone());
    assert_eq!((msn, keys), (6, vec!["METHOD=NONE".to_owned()]));
}

/// The section of a playlist is encrypted with the key before it; that stays so when both lines
/// are repeated.
#[test]
fn the_key_of_the_section_stays_its_key() {
    let mut feed = Feed::new(config());
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    let _ = feed.manifest.change_init(InitVersion::new(1));
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    feed.segments(8);
    let text = body(&feed.view());
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("KEY") || l.contains("MAP"))
        .collect();
    let [first, map, second] = lines[..] else {
        panic!("{lines:?}")
    };
    assert!(first.contains("key1") && map.contains("init1") && second.contains("key2"));
    judged(&feed.view());
}

/// A key of the section that had ended before the first listed segment stays ended, although the
/// section's line and its keys are repeated ahead of it.
#[test]
fn the_keys_of_the_section_end_where_they_ended() {
    let mut feed = Feed::new(config());
    let other = aes(1).format("other", "1").unwrap();
    let _ = feed.manifest.change_keys(&[aes(1), other]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[aes(2)]).unwrap();
    for _ in 0..9 {
        feed.segment(4);
        let media = judged(&feed.view());
        let third = media.segments.iter().find(|segment| segment.msn == 3);
        assert!(third.is_none_or(|segment| segment.keys.len() == 1));
    }
    assert!(feed.view().edge().media_sequence > Msn::new(3));
}

/// A key lasts until the next one of its KEYFORMAT: another format alone does not end it.
#[test]
fn a_change_of_key_formats_ends_the_old_keys() {
    let mut feed = Feed::new(config());
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(1);
    let drm = |format: &str| {
        let key = Key::new(KeyMethod::SampleAes, format!("key-{format}")).unwrap();
        key.format(format, "1").unwrap()
    };
    let _ = feed.manifest.change_keys(&[drm("a"), drm("b")]).unwrap();
    feed.segments(1);
    let _ = feed.manifest.change_keys(&[drm("b")]).unwrap();
    feed.segments(1);
    let media = judged(&feed.view());
    let counts: Vec<usize> = media
        .segments
        .iter()
        .map(|segment| segment.keys.len())
        .collect();
    assert_eq!(counts, [1, 2, 1]);
    expect("key_formats", &body(&feed.view()));
}

#[test]
fn keys_are_checked() {
    let mut manifest = M3u8Manifest::new(config()).unwrap();
    let bare = Key::new(KeyMethod::Aes128, "k").unwrap();
    assert_eq!(
        manifest.change_keys(std::slice::from_ref(&bare)),
        Err(KeyError::IvNeeded)
    );
    let gcm = Key::new(KeyMethod::Aes256Gcm, "k").unwrap().iv([0; 16]);
    assert_eq!(manifest.change_keys(&[gcm]), Err(KeyError::IvForbidden));
    assert_eq!(
        manifest.change_keys(&[aes(1), aes(2)]),
        Err(KeyError::SameFormat)
    );
    assert!(Key::new(KeyMethod::SampleAes, "a\"b").is_err());
    let _ = manifest.end();
    assert_eq!(manifest.change_keys(&[aes(1)]), Err(KeyError::Ended));
    let mut plain = M3u8Manifest::new(config().without_init()).unwrap();
    assert!(plain.change_keys(&[bare]).is_ok());
}

/// SRV-39: a delta's reader knows section and key without memory.
#[test]
fn a_delta_repeats_keys() {
    let mut feed = Feed::new(config().window_segments(10));
    let _ = feed.manifest.change_keys(&[aes(1)]).unwrap();
    feed.segments(2);
    let sample = Key::new(KeyMethod::SampleAes, "skd://x")
        .unwrap()
        .format("com.apple", "1")
        .unwrap();
    let _ = feed.manifest.change_keys(&[sample]).unwrap();
    feed.segments(8);
    expect("delta_keys", &delta(&feed.view()));
}
