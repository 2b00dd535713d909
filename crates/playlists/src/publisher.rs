//! The publishing side of a rendition: one owner at a time.

use std::sync::Arc;

use bytes::Bytes;
use llhls_manifest::{InitVersion, PlaylistView};
use tokio::time::Instant;

use crate::error::{PublishError, PublisherError};
use crate::media::Media;
use crate::multivariant;
use crate::name::StreamName;
use crate::part::{Part, Published};
use crate::presentation::Presentation;
use crate::rendition::Rendition;
use crate::timeline::{Seat, Timeline};

/// The right to publish one rendition.
///
/// There is at most one at a time. Publishing takes one lock, the presentation's timeline, which
/// no viewer ever takes: only its other publishers and the housekeeper do, for microseconds.
///
/// A publisher that is dropped without [`fin`](Self::fin) has vanished: what becomes of the stream
/// then is the registry's [`Absence`](crate::Absence). The next publisher of the same name
/// continues the Media Sequence Numbers behind an `EXT-X-DISCONTINUITY`.
#[derive(Debug)]
pub struct Publisher {
    presentation: Arc<Presentation>,
    rendition: Arc<Rendition>,
    seat: Seat,
}

impl Publisher {
    pub(crate) fn new(
        presentation: Arc<Presentation>,
        rendition: Arc<Rendition>,
        seat: Seat,
    ) -> Self {
        Self {
            presentation,
            rendition,
            seat,
        }
    }

    /// Sets the init section that the next part needs.
    ///
    /// The same bytes again change nothing. Other bytes after media has been published start a new
    /// version: it is hinted at once (LL-21), and the next part opens a segment with `EXT-X-MAP` and
    /// `EXT-X-DISCONTINUITY` (SEG-05); the other renditions of the presentation follow with a
    /// discontinuity at the same point of the timeline (§6.2.4). Where codec or resolution changed
    /// too, say [`set_media`](Self::set_media).
    ///
    /// From a publisher that was displaced nothing is taken; its next part tells it so.
    pub fn init(&mut self, bytes: Bytes) -> InitVersion {
        self.step(|timeline, seat, now| match timeline.desk(seat) {
            Ok(desk) => {
                let version = desk.init(bytes, now);
                timeline.make_visible();
                version
            }
            Err(_) => InitVersion::new(0),
        })
    }

    /// Publishes one part: bytes and text become visible in one step, then waiters wake.
    ///
    /// If a sibling began a discontinuity, the first part that can follow it does: one that is
    /// independent and, where capture times are known, at the same point of the timeline.
    ///
    /// Cost: one ring slot, O(1) amortised for the manifest, O(renditions) for the reports; text
    /// is written only when somebody asks for it.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing of a refused part is visible. After `Ended`, `Superseded` and
    /// `Gone` no part will be taken, after the others the next one may be tried.
    pub fn publish(&mut self, part: Part) -> Result<Published, PublishError> {
        let published = self.step(|timeline, seat, now| timeline.publish(seat, part, now));
        published.inspect_err(|error| self.count(error))
    }

    /// Publishes parts of several renditions of one presentation that belong to one instant, in
    /// one step: all bytes are stored and all manifests rolled before any of it becomes visible,
    /// and every version reports the state of all renditions after the step (LL-26). So the bodies
    /// do not depend on the order of the parts, and two instances that are fed the same steps give
    /// the same ones.
    ///
    /// If one of the parts begins a discontinuity, all of them do (§6.2.4), except those that
    /// cannot open a segment; these follow as soon as they can.
    ///
    /// A result for each part, in the order given. A part that is refused keeps none of the others
    /// back. Parts of another presentation than the first part's are
    /// [`OtherPresentation`](PublishError::OtherPresentation).
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use llhls_manifest::{ManifestConfig, MediaDuration, ResourceNames};
    /// # use playlists::*;
    /// # let playlists = Playlists::new(RegistryConfig::new())?;
    /// # let open = |name: &str, media| {
    /// #     let manifest = ManifestConfig::new(ResourceNames::new("e1")?);
    /// #     let config = RenditionConfig { manifest, media };
    /// #     playlists.publisher(&"show".parse()?, &name.parse()?, config)
    /// #         .map_err(Box::<dyn std::error::Error>::from)
    /// # };
    /// let mut video = open("video", Media::Video(Video::new("avc1.64001f", 1280, 720)))?;
    /// let mut audio = open("audio", Media::Audio(Audio::new("mp4a.40.2", 2)))?;
    /// video.init(Bytes::from_static(b"video init"));
    /// audio.init(Bytes::from_static(b"audio init"));
    ///
    /// let second = MediaDuration::from_secs(1);
    /// let part = |bytes| Part::new(Bytes::from_static(bytes), second).independent();
    /// let step = [(&mut video, part(b"pictures")), (&mut audio, part(b"sound"))];
    /// for result in Publisher::publish_together(step) {
    ///     result?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn publish_together<'a>(
        parts: impl IntoIterator<Item = (&'a mut Self, Part)>,
    ) -> Vec<Result<Published, PublishError>> {
        let mut parts = parts.into_iter().peekable();
        let Some(home) = parts
            .peek()
            .map(|(first, _)| Arc::clone(&first.presentation))
        else {
            return Vec::new();
        };
        let (mut order, mut step, mut publishers) = (Vec::new(), Vec::new(), Vec::new());
        for (publisher, part) in parts {
            let at_home = Arc::ptr_eq(&publisher.presentation, &home);
            order.push(at_home);
            if at_home {
                step.push((publisher.seat, part));
            }
            publishers.push(publisher);
        }
        let mut published = home
            .step(|timeline, now| timeline.publish_together(step, now))
            .into_iter();
        let results = order
            .into_iter()
            .zip(publishers)
            .map(|(at_home, publisher)| {
                let result = if at_home {
                    published
                        .next()
                        .expect("each part of the step has a result")
                } else {
                    Err(PublishError::OtherPresentation)
                };
                result.inspect_err(|error| publisher.count(error))
            });
        results.collect()
    }

    /// Lists media that is missing: gap parts and gap segments that last `duration` (SEG-15,
    /// LL-30). For an encoder that knows what it lost; absent publishers are seen to by the
    /// registry's [`Absence`](crate::Absence). What was published before stays playable.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish). Before the first part nothing can be missing:
    /// [`PublishError::NoInit`].
    pub fn gap(&mut self, duration: std::time::Duration) -> Result<(), PublishError> {
        let listed = self.step(|timeline, seat, now| timeline.gap(seat, duration.into(), now));
        listed.inspect_err(|error| self.count(error))
    }

    /// Says what the rendition carries from now on, where codec, resolution or language changed:
    /// the multivariant playlist is written anew. Publish a new [`init`](Self::init) with it.
    ///
    /// # Errors
    ///
    /// [`PublisherError::Media`] for text that no attribute can carry; nothing has changed then.
    pub fn set_media(&mut self, media: Media) -> Result<(), PublisherError> {
        multivariant::check(&self.rendition.name, &media).map_err(PublisherError::Media)?;
        self.step(|timeline, seat, _| {
            if timeline.desk(seat).is_ok() {
                self.rendition.set_media(media);
            }
        });
        Ok(())
    }

    /// Ends the stream: the open segment is closed, the playlist gets `EXT-X-ENDLIST`, everybody
    /// who waits is answered. The media stays readable until the presentation is removed.
    pub fn fin(self) {
        self.step(|timeline, seat, now| {
            if let Ok(desk) = timeline.desk(seat) {
                desk.end(now);
                timeline.make_visible();
            }
        });
    }

    /// The name of the rendition.
    #[must_use]
    pub fn rendition(&self) -> &StreamName {
        &self.rendition.name
    }

    /// The manifest's current state, as the newest version shows it; also when this publisher was
    /// displaced.
    #[must_use]
    pub fn view(&self) -> PlaylistView {
        self.presentation.timeline().desks()[self.seat.slot].view()
    }

    /// The rendition, as viewers share it.
    pub(crate) fn shared(&self) -> Arc<Rendition> {
        Arc::clone(&self.rendition)
    }

    fn step<T>(&self, change: impl FnOnce(&mut Timeline, Seat, Instant) -> T) -> T {
        self.presentation
            .step(|timeline, now| change(timeline, self.seat, now))
    }

    fn count(&self, error: &PublishError) {
        self.rendition.counters.publish.refused(error);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.step(|timeline, seat, now| {
            if let Ok(desk) = timeline.desk(seat) {
                desk.vacate(now);
            }
        });
    }
}

/// Law 9: wakers and what hangs on a version are code of others, which may come back to the registry.
#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};
    use std::time::Duration;

    use llhls_manifest::{Cut, ManifestConfig, MediaDuration, ResourceNames};

    use super::*;
    use crate::{Absence, Audio, Playlists, RegistryConfig, RenditionConfig, Video, Viewer};

    /// Looks at the timeline's lock when it is woken, and when a version that it is attached to is freed.
    struct Witness {
        presentation: Arc<Presentation>,
        woken: AtomicUsize,
        freed: AtomicUsize,
    }

    struct Attached(Arc<Witness>);

    impl Wake for Witness {
        fn wake(self: Arc<Self>) {
            assert!(self.presentation.is_at_rest(), "woken under the timeline");
            self.woken.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Drop for Attached {
        fn drop(&mut self) {
            let Self(witness) = self;
            assert!(
                witness.presentation.is_at_rest(),
                "freed under the timeline"
            );
            witness.freed.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct World {
        playlists: Playlists,
        video: Publisher,
        audio: Publisher,
    }

    impl World {
        fn new() -> Self {
            let config = RegistryConfig::new()
                .bytes_per_rendition(1 << 20)
                .absence(Absence::End { linger: 1 });
            let playlists = Playlists::new(config).unwrap();
            let open = |name: &str, media| {
                let manifest = ManifestConfig::new(ResourceNames::new("e1").unwrap());
                let config = RenditionConfig { manifest, media };
                let names = ("show".parse().unwrap(), name.parse().unwrap());
                let mut publisher = playlists.publisher(&names.0, &names.1, config).unwrap();
                publisher.init(Bytes::from_static(b"init"));
                publisher.publish(part().cut(Cut::After)).unwrap();
                publisher.publish(part()).unwrap();
                publisher
            };
            Self {
                video: open("video", Media::Video(Video::new("avc1.64001f", 1280, 720))),
                audio: open("audio", Media::Audio(Audio::new("mp4a.40.2", 2))),
                playlists,
            }
        }

        fn witness(&self) -> Arc<Witness> {
            Arc::new(Witness {
                presentation: Arc::clone(&self.video.presentation),
                woken: AtomicUsize::new(0),
                freed: AtomicUsize::new(0),
            })
        }

        fn viewer(&self) -> Viewer {
            self.playlists.viewer("show", "video").unwrap()
        }
    }

    fn part() -> Part {
        let second = MediaDuration::from_secs(1);
        Part::new(Bytes::from_static(b"media"), second).independent()
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_woken_and_nothing_is_freed_under_the_timeline() {
        type Step = fn(World) -> Playlists;
        let steps: [(&str, Step); 8] = [
            ("publish", |mut world| {
                world.video.publish(part()).unwrap();
                world.playlists
            }),
            ("publish_together", |mut world| {
                let parts = [(&mut world.audio, part()), (&mut world.video, part())];
                assert_eq!(Publisher::publish_together(parts).len(), 2);
                world.playlists
            }),
            ("gap", |mut world| {
                world.video.gap(Duration::from_secs(1)).unwrap();
                world.playlists
            }),
            ("init", |mut world| {
                world.video.init(Bytes::from_static(b"other"));
                world.playlists
            }),
            ("fin", |world| {
                world.video.fin();
                world.playlists
            }),
            ("fin of all", |world| {
                world.playlists.fin("show");
                world.playlists
            }),
            ("absence", |world| {
                let World {
                    playlists, video, ..
                } = world;
                drop(video);
                playlists.tick(later());
                playlists
            }),
            // The last version goes with the media.
            ("remove", |world| {
                world.playlists.remove("show");
                world.playlists.tick(later());
                world.playlists
            }),
        ];
        for (name, step) in steps {
            let world = World::new();
            let (witness, viewer) = (world.witness(), world.viewer());
            let attached = |_: &_| Attached(Arc::clone(&witness));
            assert!(viewer.snapshot().unwrap().attachment(attached).is_some());
            let mut hinted = pin!(viewer.part(viewer.edge().unwrap().next_part()));
            let waker = Arc::clone(&witness).into();
            let mut context = Context::from_waker(&waker);
            assert!(hinted.as_mut().poll(&mut context).is_pending());
            let playlists = step(world);
            assert_eq!(witness.woken.load(Ordering::Relaxed), 1, "{name}");
            assert_eq!(witness.freed.load(Ordering::Relaxed), 1, "{name}");
            assert!(hinted.poll(&mut context).is_ready(), "{name}");
            drop(playlists);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_housekeeper_is_woken_behind_the_timeline() {
        let world = World::new();
        let witness = world.witness();
        let mut housekeeping = pin!(world.playlists.housekeeping());
        let waker = Arc::clone(&witness).into();
        let mut context = Context::from_waker(&waker);
        assert!(housekeeping.as_mut().poll(&mut context).is_pending());
        drop(world.video);
        assert_eq!(witness.woken.load(Ordering::Relaxed), 1);
    }
}
