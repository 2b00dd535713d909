//! How a body is coded: as it is, or compressed with gzip (ING-03).

use std::fmt;
use std::io::Write as _;

use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};

use crate::ingest::error::IngestError;

/// As many compressed bytes are decoded at once: they are a mebibyte at most, a thousand times as many.
const STEP: usize = 1024;

/// What has to be done with a body before it is media.
pub(super) enum Coding {
    /// Nothing.
    Identity,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Coding {
    /// By the `Content-Encoding` of a request.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, IngestError> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        let (first, second) = (codings.next(), codings.next());
        let coding = match (first, second) {
            (None, _) => return Ok(Self::Identity),
            (Some(coding), None) => coding.to_str().unwrap_or("?").trim(),
            (Some(_), Some(_)) => "several",
        };
        if coding.eq_ignore_ascii_case("identity") {
            Ok(Self::Identity)
        } else if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))))
        } else {
            // What a stranger sent comes back in the answer, as much of it as has to.
            Err(IngestError::Coding(coding.chars().take(32).collect()))
        }
    }

    /// Hands on what a piece of the body is, decoded, as soon as it can be; at most a mebibyte at once.
    pub(super) fn decode(
        &mut self,
        chunk: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let decoder = match self {
            Self::Identity => return take(chunk),
            Self::Gzip(decoder) => decoder,
        };
        for piece in chunk.chunks(STEP) {
            let written = decoder.write_all(piece).and_then(|()| decoder.flush());
            // What was decoded before a fault is good media.
            let media = std::mem::take(decoder.get_mut());
            if !media.is_empty() {
                take(&media)?;
            }
            written.map_err(IngestError::Gzip)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Coding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "Identity",
            Self::Gzip(_) => "Gzip",
        })
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip() -> Coding {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "GZIP".parse().expect("a value"));
        Coding::of(&headers).expect("it is read")
    }

    #[test]
    fn what_is_decoded_is_handed_on_at_once_in_pieces_of_a_mebibyte() {
        const LEN: usize = 16 << 20;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; LEN]).expect("a Vec takes it");
        let bomb = encoder.finish().expect("a Vec takes it");
        let (mut coding, mut most, mut all) = (gzip(), 0, 0);
        coding
            .decode(&bomb, |media| {
                most = most.max(media.len());
                all += media.len();
                Ok(())
            })
            .expect("it is gzip");
        assert_eq!(all, LEN);
        assert!(most <= 1 << 20 | 64 << 10, "{most} bytes at once");
    }

    #[test]
    fn what_came_before_a_flush_is_there_before_the_end() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"a fragment").expect("a Vec takes it");
        encoder.flush().expect("a Vec takes it");
        let mut got = Vec::new();
        gzip()
            .decode(encoder.get_ref(), |media| {
                got.extend_from_slice(media);
                Ok(())
            })
            .expect("it is gzip");
        assert_eq!(got, b"a fragment");
    }

    #[test]
    fn another_coding_is_named_and_bytes_that_are_not_gzip_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "br".parse().expect("a value"));
        assert!(matches!(Coding::of(&headers), Err(IngestError::Coding(name)) if name == "br"));
        headers.append(header::CONTENT_ENCODING, "gzip".parse().expect("a value"));
        assert!(Coding::of(&headers).is_err());
        let taken = gzip().decode(b"this is not gzip, not at all", |_| Ok(()));
        assert!(matches!(taken, Err(IngestError::Gzip(_))));
    }
}
