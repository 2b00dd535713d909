//! The query of a playlist request: the one text that strangers write into the manifest crate.
//!
//! * Any text is read or refused, never a panic, and reading it twice says the same.
//! * A query put together from numbers, with other people's parameters around it and in any order,
//!   is read back as those numbers.
//! * What a request is told to wait for has not happened yet, and it is never told to wait for
//!   ever: once the playlist ends, every request is ready.
#![no_main]

use std::sync::OnceLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use llhls_manifest::{
    Decision, Directives, M3u8Manifest, ManifestConfig, MediaDuration, MediaRef, Msn, PartFacts,
    PartIndex, PlaylistView, Position, ResourceNames, Skip, Until,
};

#[derive(Arbitrary, Debug)]
enum Query<'a> {
    Text(&'a str),
    Built(Built<'a>),
}

#[derive(Arbitrary, Debug)]
struct Built<'a> {
    msn: Option<u16>,
    part: Option<u8>,
    skip: Option<bool>,
    foreign: [&'a str; 2],
    part_first: bool,
}

impl Built<'_> {
    fn query(&self) -> String {
        let mut msn = self
            .msn
            .map(|n| format!("_HLS_msn={n}"))
            .unwrap_or_default();
        let mut part = self
            .part
            .map(|n| format!("_HLS%5fpart={n}"))
            .unwrap_or_default();
        if self.part_first {
            std::mem::swap(&mut msn, &mut part);
        }
        let skip = match self.skip {
            None => "",
            Some(false) => "_HLS_skip=YES",
            Some(true) => "_HLS_skip=v%32",
        };
        let [first, second] = self.foreign.map(foreign);
        [first.as_str(), &msn, &part, skip, &second].join("&")
    }

    fn meaning(&self) -> Directives {
        let until = match (self.msn, self.part) {
            (None, None) => None,
            (Some(msn), None) => Some(Until::Segment(Msn::new(msn.into()))),
            (None, Some(part)) => Some(Until::PartWithoutMsn(PartIndex::new(part.into()))),
            (Some(msn), Some(part)) => Some(Until::Part(Position::new(
                Msn::new(msn.into()),
                PartIndex::new(part.into()),
            ))),
        };
        let skip = self.skip.map(|v2| if v2 { Skip::V2 } else { Skip::Yes });
        Directives { until, skip }
    }
}

/// A parameter of somebody else: it cannot be taken for one of ours, nor end early.
fn foreign(value: &str) -> String {
    format!("token={}", value.replace('&', "+"))
}

/// A stream at each of its ages: empty, before and after its first segment, and ended.
fn views() -> &'static [PlaylistView] {
    static VIEWS: OnceLock<Vec<PlaylistView>> = OnceLock::new();
    VIEWS.get_or_init(|| {
        let names = ResourceNames::new("fuzz").expect("the epoch is alphanumeric");
        let config = ManifestConfig::new(names)
            .target_duration(1)
            .part_target(MediaDuration::from_millis(250));
        let mut manifest = M3u8Manifest::new(config).expect("the configuration is sound");
        let mut views = vec![manifest.view()];
        for part in 0..90 {
            let facts = PartFacts::new(MediaDuration::from_millis(250), MediaRef::new(part));
            let facts = if part % 4 == 0 {
                facts.independent()
            } else {
                facts
            };
            let _rolled = manifest.push(facts).expect("the part fits its target");
            if !(6..=85).contains(&part) {
                views.push(manifest.view());
            }
        }
        let _rolled = manifest.end();
        views.push(manifest.view());
        views
    })
}

fn decide(directives: &Directives) {
    let (ended, live) = views()
        .split_last()
        .expect("there is at least the empty one");
    for view in live {
        if let Decision::Wait(wait) = view.decide(directives) {
            assert!(!wait.is_satisfied(&view.edge()), "{wait:?} has happened");
        }
    }
    assert_eq!(ended.decide(directives), Decision::Ready);
}

fuzz_target!(|query: Query<'_>| {
    let directives = match query {
        Query::Text(text) => {
            let directives = Directives::parse(Some(text));
            assert_eq!(directives, Directives::parse(Some(text)));
            directives
        }
        Query::Built(built) => {
            let directives = Directives::parse(Some(&built.query()));
            assert_eq!(directives, Ok(built.meaning()));
            directives
        }
    };
    if let Ok(directives) = directives {
        decide(&directives);
    }
});
