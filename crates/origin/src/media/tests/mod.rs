//! Tests of the whole path from bytes to parts. Tests of one file's own logic are in that file.

/// Generated streams of any shape, cut.
mod cutting;
/// The demo, decoded by somebody else.
mod demo_decodes;
/// Encrypted tracks, cut without a key and decrypted by somebody else.
mod encrypted;
/// Running ffmpeg and ffprobe, which these tests need.
pub(crate) mod ffmpeg;
/// What ffmpeg sends in each of its ways, cut and compared with the source packet by packet.
mod ingest;
/// Arbitrary chunks, arbitrary bytes.
mod properties;
