//! What an operator asks about: how much was published, what was built, what was refused and why.
//!
//! Every rendition counts for itself, the publishing side and the viewing side on cache lines of
//! their own, so that two streams never touch the same word; totals are added up when somebody
//! reads them. All of it is relaxed: no other data hangs on a counter.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

use llhls_manifest::Reject;

use crate::error::{MediaError, PlaylistError, PublishError, PublisherError};

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A group of counters, and the public record of what they say.
pub(crate) trait Tally {
    type Stats;

    fn read(&self) -> Self::Stats;

    /// Counts on from what others have counted.
    fn add(&self, counted: &Self::Stats);
}

/// Makes a public record of numbers, the counters behind it, and how one follows from the other.
macro_rules! counters {
    (
        $(#[$about:meta])* $stats:ident,
        $(#[$behind:meta])* $counters:ident,
        { $($(#[$field_about:meta])* $field:ident,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $stats {
            $($(#[$field_about])* pub $field: u64,)*
        }

        $(#[$behind])*
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct $counters {
            $(pub(crate) $field: Counter,)*
        }

        impl Tally for $counters {
            type Stats = $stats;

            fn read(&self) -> $stats {
                $stats { $($field: self.$field.get(),)* }
            }

            fn add(&self, counted: &$stats) {
                $(self.$field.add(counted.$field);)*
            }
        }

        impl AddAssign for $stats {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)*
            }
        }
    };
}

counters! {
    /// What publishers did.
    PublishStats,
    /// Written by whoever publishes a rendition.
    PublishCounters,
    {
        /// Parts with bytes.
        parts,
        /// Their bytes.
        bytes,
        /// Segments that were completed.
        segments,
        /// Versions that became visible.
        versions,
        /// Parts without bytes, listed as `GAP=YES`.
        gap_parts,
        /// Segments that began with `EXT-X-DISCONTINUITY`.
        discontinuities,
        /// Parts refused because they would have broken a promise already printed.
        refused_by_manifest,
        /// Parts refused because no init section had come.
        refused_no_init,
        /// Parts refused because listed media leaves no room for their bytes.
        refused_over_budget,
        /// Parts refused because the playlist names as many as there may be.
        refused_too_many_parts,
        /// Parts refused after the end.
        refused_ended,
        /// Parts refused because another publisher took over.
        refused_superseded,
        /// Parts refused because the presentation was removed.
        refused_gone,
        /// Parts refused because they came in one step with parts of another presentation.
        refused_elsewhere,
        /// Segments whose bytes were released when their time was over.
        segments_released,
        /// Segments whose bytes had to go before their time, because the budget was used up.
        retention_cut_short,
        /// Publishers that left without ending their stream.
        vanished,
        /// Publishers that continued a stream which another one had left.
        resumed,
        /// Streams that were ended.
        ended,
    }
}

impl PublishStats {
    /// Parts refused for whatever reason.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused_by_manifest
            + self.refused_no_init
            + self.refused_over_budget
            + self.refused_too_many_parts
            + self.refused_ended
            + self.refused_superseded
            + self.refused_gone
            + self.refused_elsewhere
    }
}

counters! {
    /// What viewers asked for and did not get, and what had to be built for those who did.
    ViewStats,
    /// Written by requests: when something is built, once a version, or when one fails.
    ViewCounters,
    {
        /// Full playlists written.
        forms_full,
        /// Delta updates written, of both kinds.
        forms_delta,
        /// Playlists compressed, of any form.
        forms_gzip,
        /// `_HLS_part` without `_HLS_msn`.
        rejected_part_without_msn,
        /// Segments too far ahead.
        rejected_msn_too_far,
        /// Parts beyond the Advance Part Limit.
        rejected_part_too_far,
        /// Requests refused for a reason that has no counter of its own.
        rejected_otherwise,
        /// Waits that ended with their deadline.
        timed_out,
        /// Requests that found no seat to wait in.
        busy,
        /// Requests for what was removed.
        gone,
        /// Requests for media that no playlist names.
        not_found,
        /// Requests for media that has left memory.
        expired,
    }
}

counters! {
    /// What happened to names rather than to one stream.
    NameStats,
    /// Written when a publisher is looked for.
    NameCounters,
    {
        /// Publishers refused because somebody else publishes.
        conflicts,
        /// Publishers that displaced another one.
        take_overs,
        /// Publishers refused because there was no room.
        at_capacity,
        /// Publishers refused for their configuration.
        misconfigured,
        /// Presentations opened.
        opened,
        /// Presentations removed.
        removed,
    }
}

/// The counters of one rendition, on both of its sides.
#[derive(Debug, Default)]
pub(crate) struct RenditionCounters {
    pub(crate) publish: PublishCounters,
    pub(crate) view: ViewCounters,
}

impl RenditionCounters {
    /// Takes over what another rendition, which is gone, has counted.
    pub(crate) fn absorb(&self, gone: &Self) {
        self.publish.add(&gone.publish.read());
        self.view.add(&gone.view.read());
    }
}

/// One rendition, now. See [`Playlists::rendition_stats`](crate::Playlists::rendition_stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenditionStats {
    /// What its publishers did.
    pub publish: PublishStats,
    /// What its viewers met with.
    pub view: ViewStats,
    /// Requests that wait now.
    pub waiting: u64,
    /// Bytes of payload held now, listed or retained.
    pub held_bytes: u64,
}

impl AddAssign for RenditionStats {
    fn add_assign(&mut self, other: Self) {
        self.publish += other.publish;
        self.view += other.view;
        self.waiting += other.waiting;
        self.held_bytes += other.held_bytes;
    }
}

/// The whole registry, now. See [`Playlists::stats`](crate::Playlists::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryStats {
    /// Presentations that are there now.
    pub presentations: u64,
    /// Renditions that are there now.
    pub renditions: u64,
    /// Renditions that a publisher holds now.
    pub publishers: u64,
    /// What happened to names.
    pub names: NameStats,
    /// All renditions together; those that are gone keep counting.
    pub renditions_total: RenditionStats,
}

impl NameCounters {
    pub(crate) fn refused(&self, error: &PublisherError) {
        let counter = match error {
            PublisherError::Conflict => &self.conflicts,
            PublisherError::AtCapacity { .. } => &self.at_capacity,
            PublisherError::Config(_)
            | PublisherError::Media(_)
            | PublisherError::WindowTooLong { .. }
            | PublisherError::Mismatch => &self.misconfigured,
        };
        counter.one();
    }
}

impl PublishCounters {
    pub(crate) fn refused(&self, error: &PublishError) {
        let counter = match error {
            PublishError::Refused(_) => &self.refused_by_manifest,
            PublishError::NoInit => &self.refused_no_init,
            PublishError::OverBudget { .. } => &self.refused_over_budget,
            PublishError::TooManyParts { .. } => &self.refused_too_many_parts,
            PublishError::Ended => &self.refused_ended,
            PublishError::Superseded => &self.refused_superseded,
            PublishError::OtherPresentation => &self.refused_elsewhere,
            PublishError::Gone => &self.refused_gone,
        };
        counter.one();
    }
}

impl ViewCounters {
    pub(crate) fn playlist_failed(&self, error: &PlaylistError) {
        let counter = match error {
            PlaylistError::Rejected(Reject::PartWithoutMsn) => &self.rejected_part_without_msn,
            PlaylistError::Rejected(Reject::MsnTooFar { .. }) => &self.rejected_msn_too_far,
            PlaylistError::Rejected(Reject::PartTooFar { .. }) => &self.rejected_part_too_far,
            PlaylistError::Rejected(_) => &self.rejected_otherwise,
            PlaylistError::TimedOut => &self.timed_out,
            PlaylistError::Busy { .. } => &self.busy,
            PlaylistError::Gone => &self.gone,
        };
        counter.one();
    }

    pub(crate) fn media_failed(&self, error: &MediaError) {
        let counter = match error {
            MediaError::NotFound => &self.not_found,
            MediaError::Expired => &self.expired,
            MediaError::TimedOut => &self.timed_out,
            MediaError::Busy { .. } => &self.busy,
            MediaError::Gone => &self.gone,
        };
        counter.one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_keeps_counting() {
        let (gone, total) = (RenditionCounters::default(), RenditionCounters::default());
        gone.view.busy.add(2);
        gone.view.media_failed(&MediaError::Expired);
        total.view.busy.one();
        total.absorb(&gone);
        let stats = total.view.read();
        assert_eq!((stats.busy, stats.expired, stats.not_found), (3, 1, 0));
    }

    #[test]
    fn the_two_sides_of_a_rendition_share_no_line() {
        let counters = RenditionCounters::default();
        let address = |counter: &Counter| std::ptr::from_ref(counter) as usize;
        let distance =
            address(&counters.view.forms_full).abs_diff(address(&counters.publish.parts));
        assert!(distance >= 128, "{distance}");
    }
}
