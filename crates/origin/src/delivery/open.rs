//! The open segment: sent part by part, as its parts are published (§6.2.6).

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llhls::manifest::{Msn, PartIndex, PartLookup, Position};
use llhls::registry::{MediaError, Viewer};

use super::body::{DeliveryBody, Incomplete};
use super::media::{respond_with, unsatisfiable};
use super::range::Asking;

/// A segment whose end is not known yet, read from its start.
///
/// A part is handed on when it is whole, so no byte of it leaves before all of it can leave at the
/// speed of the link (HINT-02).
#[derive(Debug)]
pub(super) struct Growing {
    viewer: Viewer,
    msn: Msn,
    next: u32,
}

impl Growing {
    pub(super) const fn new(viewer: Viewer, msn: Msn) -> Self {
        Self {
            viewer,
            msn,
            next: 0,
        }
    }

    /// The next part, waited for where it is hinted; `None` when the segment is complete.
    async fn next(&mut self) -> Result<Option<Bytes>, MediaError> {
        loop {
            let position = Position::new(self.msn, PartIndex::new(self.next));
            match self.viewer.part(position).await {
                Ok(bytes) => {
                    self.next += 1;
                    return Ok(Some(bytes));
                }
                Err(MediaError::NotFound) => {
                    let version = self.viewer.snapshot().map_err(|_| MediaError::Gone)?;
                    match version.view().part(position) {
                        PartLookup::Gap => self.next += 1,
                        PartLookup::Never => return Ok(None),
                        _ => return Err(MediaError::NotFound),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the next part is there already.
    fn is_ready(&self) -> bool {
        let position = Position::new(self.msn, PartIndex::new(self.next));
        self.viewer.snapshot().is_ok_and(|version| {
            matches!(
                version.view().part(position),
                PartLookup::Available(_) | PartLookup::Gap
            )
        })
    }

    /// The rest as a body, after `first`, without the first `skip` bytes of both together and with
    /// at most `take` bytes.
    fn body(self, first: Vec<Bytes>, skip: u64, take: u64) -> DeliveryBody {
        let rest = stream::unfold(Some(self), |growing| async {
            let mut growing = growing?;
            match growing.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(growing))),
                Ok(None) => None,
                Err(_) => Some((Err(Incomplete), None)),
            }
        });
        let all = stream::iter(first.into_iter().map(Ok)).chain(rest);
        DeliveryBody::growing(cut(all.boxed(), skip, take))
    }
}

/// `skip` bytes less at the start, and no more than `take` after that.
fn cut(
    parts: BoxStream<'static, Result<Bytes, Incomplete>>,
    skip: u64,
    take: u64,
) -> BoxStream<'static, Result<Bytes, Incomplete>> {
    let state = (parts, skip, take);
    let cut = stream::unfold(state, |(mut parts, mut skip, mut take)| async move {
        while take > 0 {
            let mut bytes = match parts.next().await? {
                Ok(bytes) => bytes,
                Err(error) => return Some((Err(error), (parts, skip, 0))),
            };
            let skipped = skip.min(bytes.len() as u64);
            skip -= skipped;
            bytes.advance(usize::try_from(skipped).expect("no more than the length of a Bytes"));
            let kept = take.min(bytes.len() as u64);
            take -= kept;
            bytes.truncate(usize::try_from(kept).expect("no more than the length of a Bytes"));
            if !bytes.is_empty() {
                return Some((Ok(bytes), (parts, skip, take)));
            }
        }
        None
    });
    cut.boxed()
}

/// Answers for an open segment: 200 without a length, 206, or 416 (HINT-08 … HINT-11, AMB-12).
///
/// # Errors
///
/// Why the first byte that was asked for does not come.
pub(super) async fn respond(
    mut headers: HeaderMap,
    mut growing: Growing,
    asking: Asking,
) -> Result<Response<DeliveryBody>, MediaError> {
    let mut parts = Vec::new();
    while growing.is_ready() {
        parts.extend(growing.next().await?);
    }
    let mut len: u64 = parts.iter().map(|part| part.len() as u64).sum();
    let (start, last) = match asking {
        Asking::From { start, last } => (start, last),
        // The end of what has none yet cannot be counted from, so that range is ignored.
        Asking::Whole | Asking::Last(_) => {
            if parts.is_empty() {
                parts.push(first(&mut growing).await?);
            }
            let body = growing.body(parts, 0, u64::MAX);
            return Ok(respond_with(StatusCode::OK, headers, body));
        }
    };
    if start > len {
        return Ok(unsatisfiable(headers, len));
    }
    if start == len {
        // Where the hint points to: nothing is said before its part is whole.
        let hinted = first(&mut growing).await?;
        len += hinted.len() as u64;
        parts.push(hinted);
    }
    // Without a last byte, as much as there is now: a range must have an end to be sent.
    let last = last.unwrap_or(len - 1);
    let range = HeaderValue::try_from(format!("bytes {start}-{last}/*"))
        .expect("digits and punctuation make a header value");
    headers.insert(header::CONTENT_RANGE, range);
    let take = (last - start).saturating_add(1);
    let body = if last < len {
        DeliveryBody::rope(super::rope::Rope::new(parts).slice(start..last + 1))
    } else {
        growing.body(parts, start, take)
    };
    Ok(respond_with(StatusCode::PARTIAL_CONTENT, headers, body))
}

/// A part that must come. A segment that closes without it has given up its hint (HINT-04).
async fn first(growing: &mut Growing) -> Result<Bytes, MediaError> {
    growing.next().await?.ok_or(MediaError::NotFound)
}
