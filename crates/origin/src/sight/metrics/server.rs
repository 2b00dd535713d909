//! The process, its connections, its certificates.

use std::time::UNIX_EPOCH;

use crate::sight::Process;
use crate::sight::process::Descriptors;

use super::family::{Family, counter, counters, gauge, gauges};

pub(super) static FAMILIES: &[Family] = &[
    gauges(
        "llhls_build",
        &["version"],
        "Always 1; the version is its label",
        |_, to| to.value(&[env!("CARGO_PKG_VERSION")], 1),
    ),
    gauges(
        "llhls_start_time",
        &[],
        "When the origin started, in Unix time",
        |scene, to| {
            let since = scene.sight().started.duration_since(UNIX_EPOCH);
            to.real(&[], since.unwrap_or_default().as_secs_f64())
        },
    )
    .seconds(),
    counters(
        "process_cpu",
        &[],
        "Time on processors, user and system; where the system tells it, as are the next three",
        |_, to| Process::look().map_or(Ok(()), |it| to.real(&[], it.cpu.as_secs_f64())),
    )
    .seconds(),
    gauges(
        "process_resident_memory",
        &[],
        "Memory of the process that is really there",
        |_, to| Process::look().map_or(Ok(()), |it| to.value(&[], it.resident_bytes)),
    )
    .bytes(),
    gauges(
        "process_open_fds",
        &[],
        "File descriptors that are open",
        |_, to| Descriptors::look().map_or(Ok(()), |it| to.value(&[], it.open)),
    ),
    gauges(
        "process_max_fds",
        &[],
        "File descriptors that there may be; beyond them connections wait to be accepted",
        |_, to| {
            let limit = Descriptors::look().and_then(|it| it.limit);
            limit.map_or(Ok(()), |limit| to.value(&[], limit))
        },
    ),
    gauges(
        "llhls_connections",
        &["protocol", "security"],
        "Connections that are open; `unknown` before their first request",
        |scene, to| {
            let mut connections = scene.sight().transport.connections();
            connections
                .try_for_each(|(protocol, security, open, _)| to.value(&[protocol, security], open))
        },
    ),
    counters(
        "llhls_connections_begun",
        &["protocol", "security"],
        "Connections so far, by what they spoke; `unknown` those that said nothing",
        |scene, to| {
            let mut connections = scene.sight().transport.connections();
            connections.try_for_each(|(protocol, security, _, begun)| {
                to.value(&[protocol, security], begun)
            })
        },
    ),
    gauge(
        "llhls_connections_limit",
        "Connections over HTTP that there may be at once",
        |scene| scene.sight().transport.room().connections,
    ),
    counters(
        "llhls_refused_connections",
        &["reason"],
        "Connections closed as they came: too many in all, of one address, or of RTMP",
        |scene, to| to.values(scene.sight().transport.refusals()),
    ),
    counter(
        "llhls_failed_accepts",
        "Connections that could not be accepted, for want of descriptors or memory",
        |scene| scene.sight().transport.failed_accepts(),
    ),
    counter(
        "llhls_failed_tls_handshakes",
        "TLS handshakes that failed or took too long",
        |scene| scene.sight().transport.failed_handshakes(),
    ),
    gauges(
        "llhls_certificate_expiry_timestamp",
        &["listener"],
        "When the certificate in use ends, in Unix time",
        |scene, to| {
            for listener in scene.sight().transport.listening() {
                let end = listener.certificate_ends;
                if let Some(end) = end.and_then(|end| end.duration_since(UNIX_EPOCH).ok()) {
                    to.value(&[&listener.address.to_string()], end.as_secs())?;
                }
            }
            Ok(())
        },
    )
    .seconds(),
    counter(
        "llhls_network_sent",
        "Written to sockets: heads, bodies, TLS; what clients gave up is not in it",
        |scene| scene.sight().transport.sent_bytes(),
    )
    .bytes(),
    counter(
        "llhls_network_received",
        "Read from sockets: requests, media, TLS, RTMP",
        |scene| scene.sight().transport.received_bytes(),
    )
    .bytes(),
];
