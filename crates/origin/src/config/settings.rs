//! The table of all keys: what each is called, means, defaults to and may be.
//!
//! A key is added here and nowhere else. Defaults are texts, read by the same code that reads a
//! file, and ranges are too, so that what is printed is what is meant.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::access::HookRoots;

use super::layers::{PREFIX, Reader};
use super::values::{
    Flushing, HookUrl, JwtKey, LogFormat, Millis, PartAddressing, PublishKeys, Setting, Size,
    TokenKeys, TokenPlace, Watch,
};

/// A section of the file.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// `section.key`.
    pub(super) path: &'static str,
    pub(super) about: &'static [&'static str],
    /// The default as TOML.
    pub(super) default: fn() -> String,
    /// What kind of value it takes.
    pub(super) wanted: &'static str,
    /// The least and the greatest value, where there are such.
    pub(super) range: Option<(&'static str, &'static str)>,
}

impl Key {
    pub(super) fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    pub(super) fn name(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(_, name)| name)
    }

    /// Its variable in the environment.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// All keys, section by section.
pub(super) fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

pub(super) fn key(path: &str) -> Option<&'static Key> {
    keys().find(|key| key.path == path)
}

macro_rules! optional {
    () => {
        None
    };
    ($low:literal $high:literal) => {
        Some(($low, $high))
    };
}

macro_rules! settings {
    ($(
        $(#[doc = $about:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $key_about:literal])+
                $key:ident: $type:ty = $default:literal $(in $low:literal to $high:literal)?,
            )+
        }
    )+) => {
        /// Everything that an operator decides, read and checked: see [`Layers`](super::Layers).
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Config {
            $($(#[doc = $about])+ pub $section: $Section,)+
        }

        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug)]
            #[non_exhaustive]
            pub struct $Section {
                $($(#[doc = $key_about])+ pub $key: $type,)+
            }
        )+

        /// Reads all keys; what is wrong stays with the reader.
        pub(super) fn read(reader: &mut Reader) -> Config {
            Config {
                $($section: $Section {
                    $($key: reader.take(
                        concat!(stringify!($section), ".", stringify!($key)),
                        $default,
                        optional!($($low $high)?),
                    ),)+
                },)+
            }
        }

        /// All sections, in the order in which they are printed.
        pub(super) const SECTIONS: &[Section] = &[$(Section {
            name: stringify!($section),
            about: &[$($about),+],
            keys: &[$(Key {
                path: concat!(stringify!($section), ".", stringify!($key)),
                about: &[$($key_about),+],
                default: || super::layers::from_text::<$type>($default)
                    .expect("defaults are values of their keys")
                    .write(),
                wanted: <$type as Setting>::WANTED,
                range: optional!($($low $high)?),
            }),+],
        }),+];
    };
}

settings! {
    /// Where encoders and viewers connect, and what strangers may take.
    server: Server {
        /// Address and port for HTTP/1.1 and cleartext HTTP/2. Whoever can reach it may watch and
        /// publish, unless the section `access` says otherwise. Port 0 takes any free one.
        listen: SocketAddr = "127.0.0.1:8080",
        /// Address and port for TLS, where there is a certificate.
        tls_listen: SocketAddr = "127.0.0.1:8443",
        /// Certificate chain in PEM. Read again when the file changes.
        tls_certificate: Option<PathBuf> = "",
        /// Its private key in PEM.
        tls_key: Option<PathBuf> = "",
        /// Serve TLS with a certificate made at start, for development: browsers warn of it.
        tls_self_signed: bool = "false",
        /// Whether to take RTMP from encoders: `rtmp://ADDRESS/live/NAME`, and where a publish key is
        /// needed `rtmp://ADDRESS/live/NAME?key=KEY`.
        rtmp: bool = "true",
        /// Address and port for RTMP. Empty: port 1935 of the address in `listen`, where it is free.
        rtmp_listen: Option<SocketAddr> = "",
        /// Connections at once, over all listeners. Each needs a file descriptor.
        connections: usize = "8192" in "1" to "10000000",
        /// Connections at once from one address; behind a proxy as many as in all.
        connections_per_address: usize = "2048" in "1" to "10000000",
        /// Requests at once, over all connections. One more is answered 503.
        requests: usize = "32768" in "1" to "100000000",
        /// Requests at once on one HTTP/2 connection. A player that blocks on the playlist of each
        /// rendition and fetches a part of each needs two a rendition.
        streams_per_connection: u32 = "128" in "8" to "10000",
        /// The largest head of a request: its line and all of its fields, cookies and tokens among
        /// them. A larger one is answered 431.
        header_bytes: Size = "16KiB" in "8KiB" to "1MiB",
        /// The most fields of a request over HTTP/1.1.
        header_count: usize = "64" in "16" to "1000",
        /// What a client may send over HTTP/2 ahead of what was read of it. An encoder that
        /// publishes over HTTP/2 from far away needs its bit rate times the time there and back:
        /// 64 KiB are 10 Mbit/s at 50 ms. Counts for every connection in the worst case.
        receive_window: Size = "64KiB" in "64KiB" to "16MiB",
        /// How long a new connection may take to the head of its first request, TLS included.
        header_time: Millis = "10s" in "1s" to "5m",
        /// How long a connection may be silent between requests.
        idle_time: Millis = "1m" in "1s" to "1h",
        /// How long a client may take for the body of one answer.
        answer_time: Millis = "1m" in "1s" to "1h",
        /// How long blocked requests may still wait after the signal to stop.
        drain_time: Millis = "10s" in "0s" to "10m",
    }

    /// Where the people and machines connect that watch over the server.
    operations: Operations {
        /// Whether to serve them.
        enabled: bool = "true",
        /// Address and port for the status page, /metrics, /healthz, /readyz and all of the API. They
        /// are never on the public port, /healthz and /readyz aside, which tell nothing else. Nobody is
        /// asked for a key here: choose an address that the world cannot reach. Empty: port 9464 of
        /// this machine alone, where it is free.
        listen: Option<SocketAddr> = "",
        /// Names by which they ask, such as "origin.internal", without port: what a Prometheus
        /// scrapes by name has to be here. Addresses and localhost need not. Any other name is
        /// answered 421 (/healthz and /readyz aside), so that no page of a stranger asks by way of
        /// an operator's browser.
        hosts: Vec<String> = "[]",
    }

    /// What all streams have in common.
    streams: Streams {
        /// EXT-X-TARGETDURATION in seconds: how long segments are meant to be. An encoder's key
        /// frames may not be further apart.
        target_duration: u32 = "2" in "1" to "60",
        /// How long parts are meant to be. Each track rounds it up to whole frames. Viewers are
        /// about three parts behind; each part is a request of every viewer.
        part_target: Millis = "200ms" in "20ms" to "5s",
        /// How playlists address parts. "names": each has a URL of its own, which every cache can keep.
        /// "ranges": a part is a byte range of its segment, which is sent while it grows. A cache then
        /// keeps media once instead of twice, if it can serve ranges of an answer that has not ended.
        part_addressing: PartAddressing = "names",
        /// How many complete segments a playlist lists at least.
        window_segments: u32 = "15" in "3" to "10000",
        /// Whether to publish the built-in demo stream.
        demo: bool = "true",
    }

    /// What all streams together may hold. Room is set aside when a rendition is opened, so that no
    /// stream can starve another one.
    memory: Memory {
        /// Media of all renditions.
        total: Size = "1GiB" in "1MiB" to "1024GiB",
        /// Media of one rendition. It has to hold everything that its playlist names, and what
        /// players may still ask for after that: about twice the window.
        per_rendition: Size = "64MiB" in "1MiB" to "64GiB",
        /// How many streams there may be at once. One more encoder is refused.
        streams: usize = "256" in "1" to "100000",
        /// How many renditions one stream may have.
        renditions: usize = "16" in "1" to "64",
        /// How many requests may wait for the next part of one rendition.
        waiting_requests: usize = "100000" in "1" to "10000000",
    }

    /// What encoders may make the server hold before anything of it is published. What they need is
    /// a fraction of a second of their media, or a whole fragment where they send long ones, and all
    /// of it up to the second key frame while a stream begins.
    ingest: Ingest {
        /// How many paths there may be that encoders publish on, or may come back to. One more
        /// encoder is answered 503.
        paths: usize = "256" in "1" to "100000",
        /// How many encoders may send on one path at once. Two are what redundancy needs; a
        /// connection that broke without a word counts until its time is over.
        encoders_per_path: usize = "8" in "1" to "64",
        /// What all encoders together may have under way. One that finds no room is answered 503.
        /// It may be there a second time while it is cut into parts.
        total: Size = "256MiB" in "4MiB" to "256GiB",
        /// Of this, what one path may have, so that no encoder takes the room of all others. One
        /// that needs more is answered 413.
        per_path: Size = "64MiB" in "2MiB" to "16GiB",
        /// The largest fragment (`mdat`): the bit rate times how long the encoder's fragments are.
        /// 16 MiB are two seconds at 67 Mbit/s, or ten at 13 Mbit/s. A larger one is answered 413.
        fragment: Size = "16MiB" in "64KiB" to "4GiB",
        /// The largest header (`ftyp` and `moov`); one or two kilobytes are usual. Each is kept for
        /// as long as a segment needs it.
        header: Size = "128KiB" in "4KiB" to "16MiB",
        /// The most tracks of one header.
        tracks: usize = "16" in "1" to "64",
        /// How many encoders may be connected over RTMP.
        rtmp_connections: usize = "128" in "1" to "100000",
    }

    /// What is kept on disk: how far back viewers may go while a stream is live
    /// (`/live/NAME/dvr.m3u8`), and what they may watch there afterwards. Live goes on whatever
    /// happens to the disk.
    recording: Recording {
        /// The folder, made where there is none. Empty: nothing is recorded. One origin at a time
        /// may use it; what it finds there at start is watchable again.
        directory: Option<PathBuf> = "",
        /// How much media the DVR playlist of a live stream lists. About twice this is on disk.
        window: Millis = "1h" in "10s" to "7days",
        /// How old a listed segment may be, and how long a recording is kept after its stream is
        /// gone.
        age: Millis = "1day" in "1m" to "3650days",
        /// All recordings together. Streams that are gone make room first, the oldest first; of a
        /// live one nothing is deleted that is listed: rather is a new segment not stored.
        total: Size = "64GiB" in "1MiB" to "1048576GiB",
        /// The recording of one rendition. Its DVR playlist lists at most half of it, since players
        /// may still ask for what was listed.
        per_rendition: Size = "16GiB" in "1MiB" to "1048576GiB",
        /// What a crash of the machine may cost. "lazy": the last seconds, as many as the system
        /// keeps to itself. "flushed": nothing that was listed, for three flushes a segment.
        durability: Flushing = "lazy",
        /// Media that may wait for the disk. When it is full, segments are lost to the recording and
        /// listed there as gaps.
        queue: Size = "256MiB" in "1MiB" to "64GiB",
        /// How many answers may be read from files at once, each of which holds 128 KiB. One more is
        /// answered 503.
        readers: usize = "1024" in "1" to "1000000",
    }

    /// Who may publish and who may watch.
    access: Access {
        /// Keys of publishers, by stream: "show", or "cam-*" for all names that begin so, or "*".
        /// A key is a text of at least 20 characters, { file = "PATH" } to read it from a file's
        /// first line, or "sha256:" and the 64 hexadecimal digits of its digest, so that the file
        /// can be shown around. Encoders send it as `Authorization: Bearer KEY` or `?key=KEY`. Without any
        /// key, and without a hook, everybody may publish everything; with one, a stream that no
        /// pattern names can be published by nobody.
        publish_keys: PublishKeys = "{}",
        /// Who may watch: "everybody", or "token": who presents one that is valid for the stream.
        watch: Watch = "everybody",
        /// How a token reaches every playlist, part and segment. "path": /t/TOKEN/live/…, which all
        /// players keep by themselves. "query": ?token=TOKEN, handed on by EXT-X-DEFINE, which
        /// AVPlayer, hls.js and Shaka know and some others do not. "cookie": ?token=TOKEN once, for
        /// the multivariant playlist, then a cookie for this stream alone; players of other sites
        /// need `cookie_origins`. Playlists are the same bytes for everybody in all three.
        token_place: TokenPlace = "path",
        /// Secrets of at least 20 characters that signed tokens are made with (`origin sign`). All
        /// of them verify and the first one signs: put a new one in front to change it, and remove
        /// the old one when its last token has expired. { file = "PATH" } reads one from a file.
        token_keys: TokenKeys = "[]",
        /// Keys that JSON Web Tokens are verified with:
        /// `{ id = "k1", algorithm = "HS256", secret = "…" }` or
        /// `{ id = "k2", algorithm = "ES256", public_key = { file = "k2.pem" } }`, or `EdDSA` there.
        /// The algorithm is the key's, whatever a token says. A token needs `exp` and `stream` (a
        /// name, a pattern as above, or a list of them); its `kid` names the key.
        jwt_keys: Vec<JwtKey> = "[]",
        /// What `iss` of a JWT has to be. Empty: anything.
        jwt_issuer: Option<String> = "",
        /// What `aud` of a JWT has to be or contain. Empty: tokens with `aud` are refused.
        jwt_audience: Option<String> = "",
        /// How far the clock of whoever issues tokens may be off.
        clock_skew: Millis = "5s" in "0s" to "5m",
        /// Sites whose pages may play with cookies, such as `"https://player.example"`. Their answers
        /// allow credentials; all others can then read no answer.
        cookie_origins: Vec<String> = "[]",
        /// A service that is asked about publishers and viewers whom no key or token above decides:
        /// it gets a POST with JSON and allows with 2xx, refuses with 401, 403 or 404. If it says
        /// anything else or nothing in time, the answer is no. It is sent what publishers and viewers
        /// presented: https, or http on this machine or in a network that you trust.
        hook: Option<HookUrl> = "",
        /// The authorities whose certificates an https hook may have.
        hook_ca: HookRoots = "",
        /// How long to wait for the hook.
        hook_timeout: Millis = "2s" in "10ms" to "30s",
        /// How long its word holds for the same stream and the same token or key.
        hook_cache: Millis = "30s" in "0s" to "1h",
        /// How many of its words are remembered; when there is no room the oldest go.
        hook_cache_entries: usize = "10000" in "1" to "1000000",
    }

    /// What is written to standard error.
    log: Log {
        /// "text" for people, "json" for collectors.
        format: LogFormat = "text",
        /// What is logged: error, warn, info, debug or trace, or a list such as
        /// "info,origin=debug". At debug each request is a line. Secrets are on no line at any level.
        filter: String = "info",
    }

    /// The player page.
    page: Page {
        /// A file to serve as hls.js. Empty: the copy in the binary, which is there when `npm ci` ran
        /// before the build.
        player_library: Option<PathBuf> = "",
    }
}
