//! What a version says about its siblings (§4.4.5.4): values frozen at the instant it was made.

use std::sync::Arc;

use llhls_manifest::{LastListed, RenditionReport};

/// Renditions whose values lie in the version itself: a ladder with two languages. More of them
/// cost one allocation a step, which all versions of that step share.
const INLINE: usize = 8;

/// The newest part of every rendition of a presentation, by slot, at one instant.
#[derive(Clone, Debug)]
pub(crate) enum Edges {
    Few([Option<LastListed>; INLINE]),
    Many(Arc<[Option<LastListed>]>),
}

/// The reports in one version: those of all renditions but its own.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    uris: Arc<[Arc<str>]>,
    edges: Edges,
    /// The slot of the rendition whose version this is.
    own: usize,
}

impl Edges {
    pub(crate) fn collect(of: impl ExactSizeIterator<Item = Option<LastListed>>) -> Self {
        if of.len() > INLINE {
            return Self::Many(of.collect());
        }
        let mut few = [None; INLINE];
        for (place, edge) in few.iter_mut().zip(of) {
            *place = edge;
        }
        Self::Few(few)
    }

    fn as_slice(&self) -> &[Option<LastListed>] {
        match self {
            Self::Few(few) => few,
            Self::Many(many) => many,
        }
    }
}

impl Reports {
    /// The reports for the rendition in slot `own`; `uris` and `edges` are by slot.
    pub(crate) fn new(uris: Arc<[Arc<str>]>, edges: Edges, own: usize) -> Self {
        Self { uris, edges, own }
    }

    /// Nothing to say.
    pub(crate) fn none() -> Self {
        Self::new(Arc::new([]), Edges::Few([None; INLINE]), 0)
    }

    /// One for each sibling that has a part.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RenditionReport<'_>> {
        let all = self.uris.iter().zip(self.edges.as_slice()).enumerate();
        let siblings = all.filter(|(slot, _)| *slot != self.own);
        siblings.filter_map(|(_, (uri, last))| {
            Some(RenditionReport {
                uri,
                last: (*last)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use llhls_manifest::Msn;

    use super::*;

    #[test]
    fn every_sibling_that_has_a_part_is_reported_however_many_there_are() {
        for count in [1, 2, INLINE, INLINE + 1, 40] {
            let uris: Arc<[Arc<str>]> = (0..count).map(|slot| slot.to_string().into()).collect();
            let edge =
                |slot: usize| (slot != 1).then(|| LastListed::Segment(Msn::new(slot as u64)));
            let reports = Reports::new(uris, Edges::collect((0..count).map(edge)), 0);
            let expected: Vec<_> = (2..count).map(|slot| slot.to_string()).collect();
            let uris: Vec<_> = reports.iter().map(|report| report.uri.to_owned()).collect();
            assert_eq!(uris, expected);
            assert!(
                reports
                    .iter()
                    .all(|report| report.last == edge(report.uri.parse().unwrap()).unwrap())
            );
        }
    }
}
