//! What has left memory, from its file; and what is over, on demand.

use std::io;

use bytes::BytesMut;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{HeaderMap, Response};
use llhls::registry::{ArchivedName, PlaylistError, RecordingId};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, Take};
use tokio::sync::OwnedSemaphorePermit;

use super::body::{DeliveryBody, Incomplete};
use super::failure::{self, Asked};
use super::media::{self, Label, Terms};
use super::playlist::{self, Conditions};
use super::policy::Lifetimes;
use super::prepared;
use crate::origin::Origin;
use crate::recording::Recordings;

/// How much of a file is read at once: what an answer holds of it, twice while it is read.
const CHUNK: usize = 64 << 10;

/// What an answer from a file may hold, in bytes.
pub(crate) const FILE_ANSWER_BYTES: u64 = 2 * CHUNK as u64;

/// The multivariant playlist over DVR playlists: the registry's while it has the stream.
pub(super) async fn multivariant(
    origin: &Origin,
    presentation: &str,
    conditions: &Conditions,
) -> Response<DeliveryBody> {
    let coding = conditions.coding();
    let lifetimes = Lifetimes::new(origin.target_duration());
    let live = origin.playlists().dvr_multivariant(presentation, coding);
    let error = match live.await {
        Ok(body) => return playlist::plain(body, conditions, lifetimes.playlist(Asked::Now)),
        Err(error) => error,
    };
    let shelf = origin.recordings().map(Recordings::shelf);
    if let (PlaylistError::Gone, Some(shelf)) = (error, shelf)
        && let Some((body, target)) = shelf.multivariant(presentation, coding).await
    {
        return playlist::plain(
            body,
            conditions,
            Lifetimes::new(target).playlist(Asked::Now),
        );
    }
    failure::playlist(error, Asked::Now, lifetimes)
}

/// The playlist of a recording.
pub(super) async fn playlist(
    origin: &Origin,
    id: &RecordingId,
    conditions: &Conditions,
) -> Response<DeliveryBody> {
    let shelf = origin.recordings().map(Recordings::shelf);
    let on_demand = match shelf {
        Some(shelf) => shelf.load(id).await,
        None => None,
    };
    match on_demand {
        Some(it) => {
            let body = it.playlist(conditions.coding());
            playlist::plain(
                body,
                conditions,
                Lifetimes::new(it.target_duration()).playlist(Asked::Now),
            )
        }
        None => {
            let lifetimes = Lifetimes::new(origin.target_duration());
            failure::playlist(PlaylistError::Gone, Asked::Now, lifetimes)
        }
    }
}

/// A resource of a recording.
pub(super) async fn resource(
    origin: &Origin,
    id: &RecordingId,
    name: &str,
    label: Label,
    terms: Terms,
) -> Response<DeliveryBody> {
    let lifetimes = Lifetimes::new(origin.target_duration());
    let shelf = origin.recordings().map(Recordings::shelf);
    let on_demand = match shelf {
        Some(shelf) => shelf.load(id).await,
        None => None,
    };
    let Some(on_demand) = on_demand else {
        return failure::expired(lifetimes);
    };
    match on_demand.recording.resource(name) {
        Some(name) => {
            let headers = prepared::media_headers(on_demand.recording.carries());
            file(origin, &name, label.complete(headers), terms, lifetimes).await
        }
        None => failure::no_such_media(),
    }
}

/// A stored resource. Its path is made of names that the registry gave, never of a request.
pub(super) async fn file(
    origin: &Origin,
    name: &ArchivedName,
    headers: HeaderMap,
    terms: Terms,
    lifetimes: Lifetimes,
) -> Response<DeliveryBody> {
    let Some(recordings) = origin.recordings() else {
        return failure::expired(lifetimes);
    };
    let Some(seat) = recordings.seat() else {
        return failure::too_many_readers();
    };
    match open(recordings, name, terms).await {
        Ok((file, len)) => media::sliced(headers, terms, len, |range| {
            let taken = range.map_or(len, |range| range.end - range.start);
            DeliveryBody::file(chunks(file.take(taken), seat), taken)
        }),
        // Deleted for want of room.
        Err(error) if error.kind() == io::ErrorKind::NotFound => failure::expired(lifetimes),
        Err(error) => {
            tracing::warn!(file = name.file(), recording = %name.recording(), "cannot be read: {error}");
            failure::unreadable()
        }
    }
}

/// The file at the first byte that is wanted of it, and its length.
async fn open(
    recordings: &Recordings,
    name: &ArchivedName,
    terms: Terms,
) -> io::Result<(File, u64)> {
    let mut file = File::open(recordings.path(name)).await?;
    file.set_max_buf_size(CHUNK);
    let len = file.metadata().await?.len();
    if let super::range::Wanted::Slice { start, .. } = terms.asking.of(len)
        && start > 0
    {
        file.seek(io::SeekFrom::Start(start)).await?;
    }
    Ok((file, len))
}

/// The bytes, a chunk when one is asked for. Reading happens on the threads that Tokio has for
/// what blocks. Keeps the seat until then.
fn chunks(
    file: Take<File>,
    seat: OwnedSemaphorePermit,
) -> BoxStream<'static, Result<bytes::Bytes, Incomplete>> {
    let next = |state: Option<(Take<File>, OwnedSemaphorePermit)>| async move {
        let (mut file, seat) = state?;
        if file.limit() == 0 {
            return None;
        }
        let wanted = usize::try_from(file.limit()).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = BytesMut::with_capacity(wanted);
        match file.read_buf(&mut chunk).await {
            Ok(read) if read > 0 => Some((Ok(chunk.freeze()), Some((file, seat)))),
            Ok(_) | Err(_) => Some((Err(Incomplete), None)),
        }
    };
    stream::unfold(Some((file, seat)), next).boxed()
}
