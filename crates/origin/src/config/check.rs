//! What must hold between keys.

use crate::access::Access;
use crate::sight::Hosts;

use super::layers::Reader;
use super::settings::Config;
use super::values::{HookUrl, Millis, Size, TokenPlace, Watch};

/// What a rendition must be able to carry, in bits per second: less is a slip of the pen.
const LEAST_RATE: u64 = 500_000;

/// The built-in demo's renditions.
const DEMO_RENDITIONS: u64 = 3;

/// What an https hook cannot do without.
const NO_AUTHORITIES: &str = "this system has no certificates of authorities to trust an https hook \
    by; install them (ca-certificates), or name a file here";

/// Notes every contradiction.
pub(super) fn together(config: &Config, reader: &mut Reader) {
    streams(config, reader);
    memory(config, reader);
    ingest(config, reader);
    recording(config, reader);
    access(config, reader);
    listeners(config, reader);
    if let Err(error) = config.log.filter.parse::<tracing_subscriber::EnvFilter>() {
        let filter = &config.log.filter;
        reader.contradiction(
            "log.filter",
            format!("\"{filter}\" is no filter ({error}); \"info\" is one"),
        );
    }
}

fn streams(config: &Config, reader: &mut Reader) {
    let streams = &config.streams;
    let target = u64::from(streams.target_duration) * 1000;
    // A part rounded up to a whole frame has to be shorter than its segment.
    let most = target / 2;
    if streams.part_target.0 > most {
        let message = format!(
            "{} is more than half of streams.target_duration ({} s), so that a segment would be one \
             part; choose {} or less",
            streams.part_target,
            streams.target_duration,
            Millis(most),
        );
        reader.contradiction("streams.part_target", message);
    }
    if let Err(error) = crate::Origin::new(config.without_recording())
        && streams.part_target.0 <= most
        && config.memory.per_rendition <= config.memory.total
    {
        reader.contradiction("streams.target_duration", error.to_string());
    }
}

fn memory(config: &Config, reader: &mut Reader) {
    let memory = &config.memory;
    if memory.per_rendition > memory.total {
        let message = format!(
            "one rendition may hold {}, but all together only memory.total = {}; choose {} or less",
            memory.per_rendition, memory.total, memory.total
        );
        reader.contradiction("memory.per_rendition", message);
        return;
    }
    if config.streams.demo && memory.total.0 / memory.per_rendition.0 < DEMO_RENDITIONS {
        let message = format!(
            "{} is room for {} renditions of memory.per_rendition = {}, and the demo stream alone has \
             {DEMO_RENDITIONS}; choose {} or more, or streams.demo = false",
            memory.total,
            memory.total.0 / memory.per_rendition.0,
            memory.per_rendition,
            Size(memory.per_rendition.0 * DEMO_RENDITIONS),
        );
        reader.contradiction("memory.total", message);
    }
    let rate = config.highest_bit_rate();
    if rate < LEAST_RATE {
        let seconds = config.retained().as_secs();
        let needed = Size((LEAST_RATE / 8 * seconds).next_multiple_of(1 << 20));
        let message = format!(
            "{} has to hold {seconds} s of media ({} segments of {} s, listed and for as long as \
             players may still ask): that is room for {} kbit/s; choose {needed} or more, or a \
             smaller streams.window_segments",
            memory.per_rendition,
            config.streams.window_segments,
            config.streams.target_duration,
            rate / 1000,
        );
        reader.contradiction("memory.per_rendition", message);
    }
}

fn ingest(config: &Config, reader: &mut Reader) {
    let ingest = &config.ingest;
    if ingest.per_path > ingest.total {
        let message = format!(
            "one path may hold {}, but all together only ingest.total = {}; choose {} or less",
            ingest.per_path, ingest.total, ingest.total
        );
        reader.contradiction("ingest.per_path", message);
    }
    // One that is on its way, and one that is cut.
    if ingest.fragment.0 > ingest.per_path.0 / 2 {
        let message = format!(
            "{} is more than half of ingest.per_path = {}, which has to hold one fragment that \
             arrives and one that is cut; choose {} or less",
            ingest.fragment,
            ingest.per_path,
            Size(ingest.per_path.0 / 2)
        );
        reader.contradiction("ingest.fragment", message);
    }
}

fn recording(config: &Config, reader: &mut Reader) {
    let recording = &config.recording;
    let Some(directory) = &recording.directory else {
        return;
    };
    if directory.exists() && !directory.is_dir() {
        let message = format!("{} is there and is no folder", directory.display());
        reader.contradiction("recording.directory", message);
    }
    if recording.per_rendition > recording.total {
        let message = format!(
            "one recording may take {}, but all together only recording.total = {}; choose {} or less",
            recording.per_rendition, recording.total, recording.total
        );
        reader.contradiction("recording.per_rendition", message);
    }
    if recording.age < recording.window {
        let message = format!(
            "what is older than {} is not listed, so recording.window = {} is never reached; choose \
             {} or more",
            recording.age, recording.window, recording.window
        );
        reader.contradiction("recording.age", message);
    }
    let listed = u64::from(config.streams.target_duration) * 1000;
    if recording.window.0 < 3 * listed {
        let message = format!(
            "{} is less than three segments of streams.target_duration ({} s), which players need; \
             choose {} or more",
            recording.window,
            config.streams.target_duration,
            Millis(3 * listed)
        );
        reader.contradiction("recording.window", message);
    }
}

fn access(config: &Config, reader: &mut Reader) {
    let access = &config.access;
    let can_verify =
        !access.token_keys.0.is_empty() || !access.jwt_keys.is_empty() || access.hook.is_some();
    let is_https = |hook: &HookUrl| hook.0.scheme_str() == Some("https");
    let https = access.hook.as_ref().is_some_and(is_https);
    if https && access.hook_ca.is_empty() {
        reader.contradiction("access.hook_ca", NO_AUTHORITIES.to_owned());
    }
    if !https && access.hook_ca.path().is_some() {
        let message = "has no effect unless access.hook is an https URL".to_owned();
        reader.contradiction("access.hook_ca", message);
    }
    match access.watch {
        Watch::Token if !can_verify => reader.contradiction(
            "access.watch",
            "\"token\" without access.token_keys, access.jwt_keys or access.hook lets nobody watch; \
             set one of them"
                .to_owned(),
        ),
        Watch::Token => {}
        Watch::Everybody => {
            let idle = [
                ("access.token_keys", access.token_keys.0.is_empty()),
                ("access.jwt_keys", access.jwt_keys.is_empty()),
                ("access.jwt_issuer", access.jwt_issuer.is_none()),
                ("access.jwt_audience", access.jwt_audience.is_none()),
                ("access.cookie_origins", access.cookie_origins.is_empty()),
            ];
            for (path, _) in idle.into_iter().filter(|(_, is_empty)| !is_empty) {
                let message =
                    "has no effect while access.watch is \"everybody\"; set that to \"token\"";
                reader.contradiction(path, message.to_owned());
            }
            return;
        }
    }
    if !access.cookie_origins.is_empty() && access.token_place != TokenPlace::Cookie {
        let message = "has no effect unless access.token_place is \"cookie\"".to_owned();
        reader.contradiction("access.cookie_origins", message);
    }
    for origin in &access.cookie_origins {
        if !Access::is_site(origin) {
            let message = format!(
                "\"{origin}\" is no site; write \"https://HOST\" or \"https://HOST:PORT\", without \
                 anything after it"
            );
            reader.contradiction("access.cookie_origins", message);
        }
    }
}

fn listeners(config: &Config, reader: &mut Reader) {
    let server = &config.server;
    for (one, other, path, missing) in [
        (
            &server.tls_certificate,
            &server.tls_key,
            "server.tls_certificate",
            "server.tls_key",
        ),
        (
            &server.tls_key,
            &server.tls_certificate,
            "server.tls_key",
            "server.tls_certificate",
        ),
    ] {
        if one.is_some() && other.is_none() {
            reader.contradiction(path, format!("needs {missing} beside it"));
        }
        if one.is_some() && server.tls_self_signed {
            let message = "contradicts server.tls_self_signed; choose one of the two";
            reader.contradiction(path, message.to_owned());
        }
    }
    if server.rtmp_listen.is_some() && !server.rtmp {
        let message = "has no effect while server.rtmp is false".to_owned();
        reader.contradiction("server.rtmp_listen", message);
    }
    if server.connections_per_address > server.connections {
        let message = format!(
            "{} from one address are more than the {} in all; choose {} or less",
            server.connections_per_address, server.connections, server.connections
        );
        reader.contradiction("server.connections_per_address", message);
    }
    for host in &config.operations.hosts {
        if !Hosts::is_host(host) {
            let message = format!(
                "\"{host}\" is no name of a host; write it without scheme, port and path, such as \
                 \"origin.internal\""
            );
            reader.contradiction("operations.hosts", message);
        }
    }
    let public = config.server.listen;
    if let Some(operations) = config.operations.listen
        && operations.port() != 0
        && operations.port() == public.port()
        && (operations.ip() == public.ip()
            || operations.ip().is_unspecified()
            || public.ip().is_unspecified())
    {
        let message = format!(
            "{operations} is the port of server.listen ({public}); choose another one, so that \
             metrics are not public"
        );
        reader.contradiction("operations.listen", message);
    }
}
