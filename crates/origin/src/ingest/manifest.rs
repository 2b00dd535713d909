//! What encoders that package by themselves send beside their media: manifests. Of all that is in them only the end counts.

use axum::body::Body;
use futures_util::StreamExt as _;

use crate::ingest::error::IngestError;

/// The longest manifest that is read.
const LIMIT: usize = 1 << 20;

/// Where an MPD says what it is, and where a playlist ends.
const HEAD: usize = 4096;
const TAIL: usize = 64;

/// What a manifest says of its presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing will follow: an MPD of type `static`, a playlist that ends with `EXT-X-ENDLIST`.
    Ended,
    /// More will come.
    Live,
}

/// Reads a manifest, of which a few kilobytes are kept. `None` for one that breaks off.
///
/// # Errors
///
/// [`IngestError::ManifestTooLarge`].
pub(super) async fn read(body: Body) -> Result<Option<Says>, IngestError> {
    let mut chunks = body.into_data_stream();
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            return Ok(None);
        };
        length += chunk.len();
        if length > LIMIT {
            return Err(IngestError::ManifestTooLarge { limit: LIMIT });
        }
        let room = HEAD - head.len();
        head.extend_from_slice(&chunk[..chunk.len().min(room)]);
        tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
        tail.drain(..tail.len().saturating_sub(TAIL));
    }
    Ok(Some(if is_static(&head) || is_at_end(&tail) {
        Says::Ended
    } else {
        Says::Live
    }))
}

/// Whether an MPD is of type `static`.
fn is_static(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let Some((_, behind)) = head.split_once("<MPD") else {
        return false;
    };
    let element = behind.split('>').next().unwrap_or_default();
    let mut attributes = element.split_ascii_whitespace();
    attributes.any(|attribute| matches!(attribute, "type=\"static\"" | "type='static'"))
}

/// Whether the last line of a playlist ends it.
fn is_at_end(tail: &[u8]) -> bool {
    tail.trim_ascii_end()
        .rsplit(|byte| *byte == b'\n')
        .next()
        .is_some_and(|line| line == b"#EXT-X-ENDLIST")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn says(manifest: &str) -> Option<Says> {
        let pieces: Vec<_> = manifest
            .as_bytes()
            .chunks(7)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        read(body).await.expect("short enough")
    }

    #[tokio::test]
    async fn the_end_is_told_from_more_to_come() {
        let mpd = |kind: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"\n\ttype=\"{kind}\"\n\tid=\"1\">\n\
                 <Period><X type=\"static\"/></Period>{}</MPD>",
                " ".repeat(10_000)
            )
        };
        assert_eq!(says(&mpd("static")).await, Some(Says::Ended));
        assert_eq!(says(&mpd("dynamic")).await, Some(Says::Live));
        let playlist = format!(
            "#EXTM3U\n{}#EXTINF:2,\n1.m4s\n",
            "#EXT-X-KEY\n".repeat(1000)
        );
        assert_eq!(says(&playlist).await, Some(Says::Live));
        for end in ["#EXT-X-ENDLIST\n", "#EXT-X-ENDLIST", "#EXT-X-ENDLIST\r\n"] {
            let ended = format!("{playlist}{end}");
            assert_eq!(says(&ended).await, Some(Says::Ended), "{end:?}");
        }
        assert_eq!(says("").await, Some(Says::Live));
    }

    #[tokio::test]
    async fn a_manifest_that_breaks_off_says_nothing() {
        let pieces = [
            Ok("#EXTM3U\n#EXT-X-ENDLIST"),
            Err(std::io::Error::other("gone")),
        ];
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        assert_eq!(read(body).await.expect("short enough"), None);
        let long = Body::from(vec![b' '; LIMIT + 1]);
        assert!(matches!(
            read(long).await,
            Err(IngestError::ManifestTooLarge { .. })
        ));
    }
}
