//! What a playlist says about its siblings.

use crate::edge::{Edge, LastListed};

/// The edge of another media playlist of the presentation (§4.4.5.4).
///
/// Reports are an argument of writing, so that one instant of all renditions can be put into
/// each playlist (LL-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenditionReport<'a> {
    /// The URI of that playlist relative to this one, as its multivariant playlist has it
    /// (LL-25). No `"`, no line break, no `_HLS_` parameter, no
    /// variable that is not defined.
    pub uri: &'a str,
    /// Its newest part or segment.
    pub last: LastListed,
}

impl<'a> RenditionReport<'a> {
    /// The report of a playlist whose version has this edge; `None` while it lists nothing.
    #[must_use]
    pub fn of(uri: &'a str, edge: &Edge) -> Option<Self> {
        edge.last_listed().map(|last| Self { uri, last })
    }
}
