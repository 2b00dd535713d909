//! The body of an answer: memory of the registry, whole, in pieces, or as it comes; or a file.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body::{Body, Frame, SizeHint};

use super::rope::Rope;

/// The body of what [`Delivery`](crate::Delivery) answers. Its frames are the very memory that the
/// registry holds: nothing is copied between a slot and the socket. What has left memory is read
/// from its file as fast as the socket takes it.
pub struct DeliveryBody {
    content: Content,
}

enum Content {
    Whole(Option<Bytes>),
    Rope(Rope),
    Growing(BoxStream<'static, Result<Bytes, Incomplete>>),
    /// Of known length: what is still to come of it.
    File(BoxStream<'static, Result<Bytes, Incomplete>>, u64),
}

/// A body ended before its segment did: its publisher went away, or its file cannot be read. The connection is broken off, so
/// that nobody takes for a segment what is half of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete;

impl DeliveryBody {
    pub(super) const fn empty() -> Self {
        let content = Content::Whole(None);
        Self { content }
    }

    pub(super) fn whole(bytes: Bytes) -> Self {
        let content = Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()));
        Self { content }
    }

    pub(super) fn rope(rope: Rope) -> Self {
        let content = Content::Rope(rope);
        Self { content }
    }

    pub(super) fn growing(parts: BoxStream<'static, Result<Bytes, Incomplete>>) -> Self {
        let content = Content::Growing(parts);
        Self { content }
    }

    /// Chunks that are `len` bytes together, unless one of them is an error.
    pub(super) fn file(chunks: BoxStream<'static, Result<Bytes, Incomplete>>, len: u64) -> Self {
        let content = Content::File(chunks, len);
        Self { content }
    }
}

impl Body for DeliveryBody {
    type Data = Bytes;
    type Error = Incomplete;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        let next = match &mut self.content {
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Content::Rope(rope) => Poll::Ready(rope.next().map(Ok)),
            Content::Growing(parts) => parts.as_mut().poll_next(context),
            Content::File(chunks, remaining) => {
                let next = chunks.as_mut().poll_next(context);
                if let Poll::Ready(Some(Ok(chunk))) = &next {
                    *remaining = remaining.saturating_sub(chunk.len() as u64);
                }
                next
            }
        };
        next.map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Rope(rope) => rope.len() == 0,
            Content::Growing(_) => false,
            Content::File(_, remaining) => *remaining == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Rope(rope) => SizeHint::with_exact(rope.len()),
            Content::Growing(_) => SizeHint::default(),
            Content::File(_, remaining) => SizeHint::with_exact(*remaining),
        }
    }
}

impl fmt::Debug for DeliveryBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeliveryBody")
            .field("length", &self.size_hint().exact())
            .finish()
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the segment was not completed")
    }
}

impl std::error::Error for Incomplete {}
