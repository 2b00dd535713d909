//! The text of a version: header, closed segments as they were rendered when they closed, the
//! open segment, hints and reports.

use core::ops::Range;

use crate::config::{Addressing, IndependentSegments, PlaylistKind, Settings};
use crate::define;
use crate::directive::Skip;
use crate::edge::LastListed;
use crate::id::Msn;
use crate::part::Continuity;
use crate::report::RenditionReport;
use crate::segment::sequence_before;
use crate::tags;
use crate::view::PlaylistView;

/// Which text of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Everything.
    Full,
    /// A Playlist Delta Update (§6.2.5.1), where one is possible: a live playlist that
    /// advertises it and has something to skip. Else the full text, without `EXT-X-SKIP`
    /// (SRV-31, AMB-07).
    Delta(Skip),
}

/// Where the text of a complete segment lies in a playlist.
///
/// Once a segment is complete its text never changes, but for the one time when it loses its
/// parts. So two texts of one stream with equal `msn` and `parts` are equal, and what was made
/// from one of them (a compressed block, say) need not be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentText {
    /// Whose text it is.
    pub msn: Msn,
    /// Whether its parts are listed.
    pub parts: PartLines,
    /// Where it is, in bytes of the output.
    pub range: Range<usize>,
}

/// Whether a complete segment's text lists its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartLines {
    /// All of them.
    Listed,
    /// None of them any more (UP-09).
    Dropped,
}

impl PlaylistView {
    /// Whether a delta update of this version would skip anything; if not, `Form::Delta` gives
    /// the text of `Form::Full`, and one of them need not be made.
    #[must_use]
    pub fn has_delta(&self) -> bool {
        self.skipped() > 0
    }

    /// Appends the playlist's text.
    ///
    /// `reports` are the siblings' edges at the same instant; they are left out of an ended
    /// playlist, which must not change any more. Costs one copy of the text; allocates only if
    /// `out` has to grow.
    pub fn write_playlist(&self, form: Form, reports: &[RenditionReport<'_>], out: &mut String) {
        self.write_playlist_with(form, reports, out, |_| {});
    }

    /// As [`write_playlist`](Self::write_playlist), and tells of each complete segment listed,
    /// in order, where its text is. What lies before the first of them, and after the last, may
    /// be different in each version.
    pub fn write_playlist_with(
        &self,
        form: Form,
        reports: &[RenditionReport<'_>],
        out: &mut String,
        mut on_segment: impl FnMut(SegmentText),
    ) {
        let skipped = match form {
            Form::Full => 0,
            Form::Delta(_) => self.skipped(),
        };
        let listed = self.closed.listed();
        let bare = self.bare();
        out.reserve(self.estimate(skipped, bare));

        self.write_header(form, skipped, out);
        for (index, segment) in listed.iter().enumerate().skip(skipped) {
            if index == skipped {
                segment.at.write_state(&self.settings.names, out);
            }
            let start = out.len();
            let parts = if index < bare {
                let (before, after) = segment.without_parts();
                out.push_str(before);
                out.push_str(after);
                PartLines::Dropped
            } else {
                out.push_str(segment.with_parts());
                PartLines::Listed
            };
            on_segment(SegmentText {
                msn: segment.at.msn,
                parts,
                range: start..out.len(),
            });
        }
        if self.settings.part_target.is_some() && !self.open.is_empty() {
            if listed.is_empty() {
                self.open.at.write_state(&self.settings.names, out);
            }
            out.push_str(&self.open.text);
        }
        if self.ended() {
            tags::endlist(out);
        } else {
            self.write_hints(out);
            write_reports(reports, out);
        }
    }

    /// How many segments a delta update skips: those that end further than CAN-SKIP-UNTIL from
    /// the end of the last complete segment (SRV-32).
    pub(crate) fn skipped(&self) -> usize {
        let listed = self.closed.listed();
        match (self.settings.skip_until, listed.last()) {
            (Some(distance), Some(last)) if !self.ended() => {
                self.closed.further_than(distance, last.end())
            }
            _ => 0,
        }
    }

    /// How many of the listed segments, from the oldest, list their parts no more (UP-09).
    fn bare(&self) -> usize {
        let first = self.edge.media_sequence.value();
        let bare = self.parts_from.value().saturating_sub(first);
        usize::try_from(bare).unwrap_or(usize::MAX)
    }

    fn write_header(&self, form: Form, skipped: usize, out: &mut String) {
        let settings = &self.settings;
        let skips_ranges =
            skipped > 0 && form == Form::Delta(Skip::V2) && settings.skip_date_ranges;
        tags::extm3u(out);
        tags::version(out, self.declared_version(skipped, skips_ranges));
        out.push_str(&settings.fixed_header);
        tags::media_sequence(out, self.edge.media_sequence);
        let dsn = match self.closed.listed().first() {
            Some(first) => first.sequence_before(),
            None => sequence_before(&self.open.at),
        };
        tags::discontinuity_sequence(out, dsn);
        match settings.kind {
            PlaylistKind::Live => {}
            PlaylistKind::Event => tags::playlist_type(out, "EVENT"),
            PlaylistKind::Vod => tags::playlist_type(out, "VOD"),
            PlaylistKind::IFrames => tags::i_frames_only(out),
        }
        if skipped > 0 {
            let removed = skips_ranges.then(|| self.recently_removed());
            tags::skip(out, skipped as u64, removed.as_deref());
        }
        // A date range needs a date to be placed by (SEG-19).
        if self
            .closed
            .listed()
            .iter()
            .any(|segment| segment.at.time.is_some())
        {
            match settings.skip_until.filter(|_| skips_ranges) {
                Some(distance) => self.ranges.write_recent(self.end(), distance, out),
                None => self.ranges.write_all(out),
            }
        }
    }

    fn recently_removed(&self) -> String {
        let distance = self.settings.skip_until.unwrap_or_default();
        self.ranges.recently_removed(self.end(), distance)
    }

    /// The lowest version that may be declared for what the body uses (§8), or the one that was
    /// configured if that is higher (AMB-18).
    fn declared_version(&self, skipped: usize, skips_ranges: bool) -> u8 {
        let listed = self.closed.listed().after(skipped);
        let i_frames = self.settings.kind == PlaylistKind::IFrames;
        let open = self.settings.part_target.is_some() && !self.open.is_empty();
        let mut floor = self.settings.minimum_version;
        let mut raise = |condition: bool, version: u8| {
            if condition {
                floor = floor.max(version);
            }
        };
        raise(!listed.is_empty(), 3);
        raise(i_frames, 4);
        let maps = (!listed.is_empty() || open) && self.settings.init.is_some();
        raise(maps, if i_frames { 5 } else { 6 });
        raise(skipped > 0, 9);
        raise(skips_ranges, 10);
        for definition in &self.settings.definitions {
            raise(true, definition.version());
        }
        // Once a segment was encrypted, all later ones say so or say NONE; so there is nothing to
        // look for while the newest one has no key line.
        if !self.open.at.keys.lines.is_empty() {
            let starts = listed.iter().map(|segment| &segment.at);
            for at in starts.chain(open.then_some(&self.open.at)) {
                raise(true, at.keys.version.max(at.map_keys.version));
            }
        }
        floor
    }

    /// One hint for the next part (LL-20), and one for its initialisation section if no listed
    /// segment has it (LL-21).
    fn write_hints(&self, out: &mut String) {
        if self.settings.part_target.is_none() {
            return;
        }
        if let Some(init) = self.next_init {
            tags::preload_hint_map(out, &self.settings.names, init);
        }
        let start = (self.settings.addressing == Addressing::ByteRanges).then_some(self.open.bytes);
        tags::preload_hint_part(out, &self.settings.names, self.hinted(), start);
    }

    /// About how long the text is, without looking at each segment.
    fn estimate(&self, skipped: usize, bare: usize) -> usize {
        let listed = self.closed.listed();
        let bare = bare.max(skipped);
        let before = |index: usize| index.checked_sub(1).and_then(|index| listed.get(index));
        let up_to = |index: usize| {
            // The first listed segment has no neighbour to count from.
            before(index).map_or_else(
                || listed.first().map_or((0, 0), |first| first.text_before()),
                |segment| segment.text_end,
            )
        };
        let bare_text = up_to(bare).1 - up_to(skipped).1;
        let text = up_to(listed.len()).0 - up_to(bare).0;
        // Header, state, hints and a few reports.
        usize::try_from(bare_text + text).unwrap_or_default() + self.open.text.len() + 1_024
    }
}

fn write_reports(reports: &[RenditionReport<'_>], out: &mut String) {
    for report in reports {
        debug_assert!(
            !report.uri.contains(['"', '\n', '\r']),
            "a quoted string cannot hold it"
        );
        let (msn, part): (Msn, Option<u32>) = match report.last {
            LastListed::Part(last) => (last.msn, Some(last.part.value())),
            LastListed::Segment(last) => (last, None),
        };
        tags::rendition_report(out, report.uri, msn, part);
    }
}

/// A discontinuity brings its initialisation section along, so that the two always stay next to
/// each other when the window slides.
pub(crate) const fn prints_map(continuity: Continuity, init_changed: bool) -> bool {
    init_changed || matches!(continuity, Continuity::Discontinuous)
}

/// The lines from VERSION to MEDIA-SEQUENCE (PL-24); players treat a change of theirs as fatal.
pub(crate) fn fixed_header(settings: &Settings) -> String {
    let mut text = String::new();
    let out = &mut text;
    if settings.independent_segments == IndependentSegments::Printed {
        tags::independent_segments(out);
    }
    for definition in &settings.definitions {
        definition.write(out);
    }
    if let Some((offset, precision)) = settings.start_offset {
        define::write_start(out, offset, precision);
    }
    tags::target_duration(out, settings.target_secs);
    if settings.kind != PlaylistKind::Vod {
        tags::server_control(
            out,
            settings.skip_until,
            settings.skip_date_ranges,
            settings.hold_back,
            settings.part_hold_back,
        );
    }
    if let Some(part_target) = settings.part_target {
        tags::part_inf(out, part_target);
    }
    text
}
