//! One version of a playlist: immutable, with every form it may be asked for in.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use llhls_manifest::{Directives, Form, InitVersion, PlaylistView, Skip};

use crate::encode::{Body, Coding, Encoded};
use crate::gzip::{GzipBlocks, Layout, Tail};
use crate::reports::Reports;
use crate::stats::RenditionCounters;

/// An init section and the version it is known by.
#[derive(Clone, Debug)]
pub(crate) struct InitSection {
    pub(crate) version: InitVersion,
    pub(crate) bytes: Bytes,
}

/// One form: its text, and how it is cut for compression.
#[derive(Debug)]
struct Written {
    encoded: Encoded,
    layout: Layout,
}

/// What a rendition looked like at one moment: the edge, the index, and the text.
///
/// Everything that a request needs is decided on one snapshot, so no answer can mix two versions
/// (UP-01). The text is written when the first request asks for it; a version that nobody asks for
/// costs no rendering at all.
#[derive(Debug)]
pub struct Snapshot {
    view: PlaylistView,
    reports: Reports,
    inits: Arc<[InitSection]>,
    counters: Arc<RenditionCounters>,
    /// Of the stream, once this is one of its versions.
    blocks: Option<Arc<GzipBlocks>>,
    tail: Tail,
    full: OnceLock<Written>,
    delta: OnceLock<Written>,
    delta_v2: OnceLock<Written>,
    published_at: SystemTime,
    attachment: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Snapshot {
    pub(crate) fn new(
        view: PlaylistView,
        reports: Reports,
        inits: Arc<[InitSection]>,
        counters: Arc<RenditionCounters>,
    ) -> Self {
        Self {
            view,
            reports,
            inits,
            counters,
            blocks: None,
            tail: Tail::default(),
            full: OnceLock::new(),
            delta: OnceLock::new(),
            delta_v2: OnceLock::new(),
            published_at: SystemTime::now(),
            attachment: OnceLock::new(),
        }
    }

    /// The facts: edge, window, targets, where each part lies.
    #[must_use]
    pub fn view(&self) -> &PlaylistView {
        &self.view
    }

    /// When this version was made, by the system's clock: how old the newest part is. Nothing in
    /// a playlist depends on it.
    #[must_use]
    pub fn published_at(&self) -> SystemTime {
        self.published_at
    }

    /// A value of the caller's own that belongs to exactly this version, such as the headers of
    /// its answers: made for the first who asks, shared with all others, freed with the version.
    ///
    /// There is room for one value: `None` when one of another type was attached first.
    ///
    /// ```
    /// # use playlists::Snapshot;
    /// fn parts_listed(version: &Snapshot) -> Option<&String> {
    ///     version.attachment(|version| version.view().edge().open_parts.to_string())
    /// }
    /// ```
    pub fn attachment<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Option<&T> {
        let value = self.attachment.get_or_init(|| Box::new(make(self)));
        (**value).downcast_ref()
    }

    /// The playlist in one form and coding, each made at most once per version.
    ///
    /// The first caller of a form pays for it, O(window); later ones clone two handles. Whoever
    /// comes while it is being made blocks its thread until it is there: 2 to 20 µs, 100 in the worst
    /// case, and nothing in it can wait for anything else. Waiting as a future would cost a wake-up,
    /// which is as long, and a list of waiters for each form of each version.
    #[must_use]
    pub fn body(&self, form: Form, coding: Coding) -> Body {
        let Written { encoded, layout } = self.cell(form).get_or_init(|| self.write(form));
        encoded.body_with(coding, |text| {
            self.counters.view.forms_gzip.one();
            let own;
            let blocks = match &self.blocks {
                Some(shared) => &**shared,
                None => {
                    own = GzipBlocks::default();
                    &own
                }
            };
            let oldest = self.view.edge().media_sequence;
            blocks.gzip(text, layout, form, oldest, &self.tail)
        })
    }

    /// The form that answers `directives` on this version: a delta where one was asked for and
    /// something can be skipped (§6.2.5.1, SRV-37), else the whole.
    #[must_use]
    pub fn form(&self, directives: &Directives) -> Form {
        match directives.skip {
            // One that was made shows that it can be, without a look at the segments.
            Some(skip) if self.cell(Form::Delta(skip)).get().is_some() || self.view.has_delta() => {
                Form::Delta(skip)
            }
            _ => Form::Full,
        }
    }

    /// An init section, while anything listed or retained may need it.
    #[must_use]
    pub fn init(&self, version: InitVersion) -> Option<Bytes> {
        self.inits
            .iter()
            .find(|init| init.version == version)
            .map(|init| init.bytes.clone())
    }

    /// Makes this a version of the stream whose blocks these are.
    pub(crate) fn share_blocks(&mut self, blocks: &Arc<GzipBlocks>) {
        self.blocks = Some(Arc::clone(blocks));
    }

    const fn cell(&self, form: Form) -> &OnceLock<Written> {
        match form {
            Form::Full => &self.full,
            Form::Delta(Skip::Yes) => &self.delta,
            Form::Delta(Skip::V2) => &self.delta_v2,
        }
    }

    fn write(&self, form: Form) -> Written {
        let view = &self.counters.view;
        match form {
            Form::Full => view.forms_full.one(),
            Form::Delta(_) => view.forms_delta.one(),
        }
        let reports: Vec<_> = self.reports.iter().collect();
        let (mut text, mut layout) = (String::new(), Layout::default());
        self.view
            .write_playlist_with(form, &reports, &mut text, |segment| {
                layout.add(segment.msn, segment.parts, segment.range);
            });
        let encoded = Encoded::new(text);
        Written { encoded, layout }
    }
}
