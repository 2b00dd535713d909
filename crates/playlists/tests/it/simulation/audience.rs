use std::io::Read as _;
use std::time::Duration;

use llhls_manifest::{Decision, Directives, WaitFor};
use playlist_oracle::Media;
use playlists::{Body, Coding, MediaError, PlaylistError, Resource, Viewer};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::support::Random;

/// Three target durations: nobody is held for longer (SRV-10).
pub(super) const LONGEST: Duration = Duration::from_secs(6);

/// A request under way.
pub(super) struct Request {
    /// Whose books it is judged by.
    pub(super) epoch: String,
    pub(super) viewer: Viewer,
    pub(super) since: Instant,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Playlist {
        directives: Directives,
        expected: Decision,
        coding: Coding,
        task: JoinHandle<Result<Body, PlaylistError>>,
    },
    Resource {
        name: String,
        task: JoinHandle<Result<Resource, MediaError>>,
    },
}

impl Request {
    /// Asks for something: where the playlist is, near it, far from it, or nonsense.
    pub(super) fn random(epoch: String, viewer: &Viewer, random: &mut Random) -> Option<Self> {
        let snapshot = viewer.snapshot().ok()?;
        let view = snapshot.view();
        let edge = view.edge();
        let kind = if random.one_in(3) {
            let mut hinted = edge.next_part();
            if random.one_in(4) {
                hinted.part = llhls_manifest::PartIndex::new(hinted.part.value() + 1);
            }
            let name = match (random.below(3), view.hinted_init()) {
                (0, Some(version)) => view.names().init(version).to_string(),
                _ => view.names().part(hinted).to_string(),
            };
            let task = tokio::spawn({
                let (viewer, name) = (viewer.clone(), name.clone());
                async move { viewer.resource(&name).await }
            });
            Kind::Resource { name, task }
        } else {
            let msn = (edge.open.value() + random.below(5)).saturating_sub(1);
            let part = random.below(6);
            let mut query = match random.below(8) {
                0 => String::new(),
                1 => format!("_HLS_part={part}"),
                2 | 3 => format!("_HLS_msn={msn}"),
                _ => format!("_HLS_msn={msn}&_HLS_part={part}"),
            };
            query.push_str(["", "", "&_HLS_skip=YES", "&_HLS_skip=v2"][random.below(4) as usize]);
            let directives = Directives::parse(Some(&query)).unwrap();
            let coding = [Coding::Identity, Coding::Gzip][random.below(2) as usize];
            let task = tokio::spawn({
                let viewer = viewer.clone();
                async move { viewer.playlist(&directives, coding).await }
            });
            Kind::Playlist {
                directives,
                expected: view.decide(&directives),
                coding,
                task,
            }
        };
        Some(Self {
            epoch,
            viewer: viewer.clone(),
            since: Instant::now(),
            kind,
        })
    }

    pub(super) fn is_finished(&self) -> bool {
        match &self.kind {
            Kind::Playlist { task, .. } => task.is_finished(),
            Kind::Resource { task, .. } => task.is_finished(),
        }
    }

    /// The client hangs up.
    pub(super) fn abort(self) {
        match self.kind {
            Kind::Playlist { task, .. } => task.abort(),
            Kind::Resource { task, .. } => task.abort(),
        }
    }

    /// Nobody waits for what is there, or for what will never be, or for longer than he should.
    pub(super) fn check_pending(&self) {
        let Ok(snapshot) = self.viewer.snapshot() else {
            panic!("a request outlives its presentation");
        };
        let (view, edge) = (snapshot.view(), snapshot.view().edge());
        let waited = self.since.elapsed();
        assert!(waited <= LONGEST, "held for {waited:?}");
        match &self.kind {
            Kind::Playlist { expected, .. } => {
                if let Decision::Wait(target) = expected
                    && view.is_playable()
                {
                    let missed = target.is_satisfied(&edge);
                    assert!(!missed, "{target:?} is there, {edge:?}, and was not told");
                }
                assert!(!edge.is_ended(), "an ended playlist answers everything");
            }
            Kind::Resource { name, .. } => {
                let hinted = view.names().part(edge.next_part()).to_string();
                assert_eq!(*name, hinted, "it is not hinted any more, and was not told");
                assert!(!edge.is_ended());
            }
        }
    }
}

/// The text of a body.
pub(super) fn text(body: &Body, coding: Coding) -> String {
    let mut text = String::new();
    match coding {
        Coding::Identity => (&body.bytes[..]).read_to_string(&mut text).unwrap(),
        Coding::Gzip => flate2::read::GzDecoder::new(&body.bytes[..])
            .read_to_string(&mut text)
            .unwrap(),
    };
    text
}

/// SRV-11: a playlist has what was waited for.
pub(super) fn check_target(media: &Media, target: WaitFor) {
    let last = match (media.open.parts.len(), media.segments.last()) {
        (0, Some(segment)) => (segment.msn, segment.parts.len()),
        (parts, _) => (media.open.msn, parts),
    };
    let there = match target {
        WaitFor::Part(position) => {
            let wanted = (position.msn.value(), position.part.value() as usize + 1);
            last >= wanted
        }
        WaitFor::Segment(msn) => media
            .segments
            .last()
            .is_some_and(|it| it.msn >= msn.value()),
    };
    assert!(
        there || media.ended,
        "{target:?} was waited for, up to {last:?} came"
    );
}
