//! From a configuration to the parts it configures.

use std::time::Duration;

use llhls::manifest::{Addressing, ManifestConfig, MediaDuration, ResourceNames};
use llhls::registry::{Durability, RegistryConfig};

use crate::access::{Access, AccessConfig};
use crate::ingest::IngestConfig;
use crate::media::MediaLimits;
use crate::origin::OriginConfig;
use crate::recording::RecordingConfig;
use crate::server::{Limits, Tls, TlsError};
use crate::sight::Hosts;

use super::settings::Config;
use super::values::{Flushing, PartAddressing, Watch};

impl Config {
    /// What an [`Origin`](crate::Origin) is made of.
    #[must_use]
    pub fn origin_config(&self) -> OriginConfig {
        let config = self.without_recording();
        match self.recording_config() {
            Some(recording) => config.recording(recording),
            None => config,
        }
    }

    /// The same but for the disk, which a check leaves alone.
    pub(super) fn without_recording(&self) -> OriginConfig {
        let memory = &self.memory;
        let mut registry = RegistryConfig::new()
            .presentations(memory.streams)
            .renditions(memory.renditions)
            .total_bytes(memory.total.0)
            .bytes_per_rendition(memory.per_rendition.0)
            .waiters(memory.waiting_requests);
        let access = self.access_config();
        if let Some(parameter) = access.query_parameter() {
            registry = registry.query_parameter(parameter);
        }
        let mut config = OriginConfig::new()
            .registry(registry)
            .target_duration(self.streams.target_duration)
            .part_target(MediaDuration::from_millis(self.streams.part_target.0))
            .part_addressing(match self.streams.part_addressing {
                PartAddressing::Names => Addressing::Discrete,
                PartAddressing::Ranges => Addressing::ByteRanges,
            })
            .window_segments(self.streams.window_segments)
            .ingest(self.ingest_config())
            .access(Access::new(access));
        if let Some(path) = &self.page.player_library {
            config = config.player_library(path);
        }
        config
    }

    pub(super) fn ingest_config(&self) -> IngestConfig {
        let ingest = &self.ingest;
        let limits = MediaLimits::default()
            .init_bytes(ingest.header.0)
            .media_data_bytes(ingest.fragment.0)
            .tracks(ingest.tracks);
        IngestConfig::new()
            .points(ingest.paths)
            .sources(ingest.encoders_per_path)
            .total_bytes(ingest.total.0)
            .bytes_per_point(ingest.per_path.0)
            .limits(limits)
            .rtmp_connections(ingest.rtmp_connections)
    }

    fn recording_config(&self) -> Option<RecordingConfig> {
        let recording = &self.recording;
        let config = RecordingConfig::new(recording.directory.as_ref()?)
            .window(recording.window.into())
            .age(recording.age.into())
            .total_bytes(recording.total.0)
            .bytes_per_rendition(recording.per_rendition.0)
            .queue_bytes(recording.queue.0)
            .readers(recording.readers)
            .durability(match recording.durability {
                Flushing::Lazy => Durability::Lazy,
                Flushing::Flushed => Durability::Flushed,
            });
        Some(config)
    }

    /// What strangers may take of the server.
    pub fn limits(&self) -> Limits {
        let server = &self.server;
        Limits::new()
            .connections(server.connections)
            .connections_per_address(server.connections_per_address)
            .requests(server.requests)
            .streams_per_connection(server.streams_per_connection)
            .header_bytes(u32::try_from(server.header_bytes.0).unwrap_or(u32::MAX))
            .header_count(server.header_count)
            .receive_window(u32::try_from(server.receive_window.0).unwrap_or(u32::MAX))
            .header_time(server.header_time.into())
            .idle_time(server.idle_time.into())
            .answer_time(server.answer_time.into())
            .drain_time(server.drain_time.into())
    }

    /// By which names operators may ask.
    #[must_use]
    pub fn operators_hosts(&self) -> Hosts {
        Hosts::new().names(&self.operations.hosts)
    }

    /// TLS, where it is wanted. Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when they are no certificate and key.
    pub fn tls(&self) -> Result<Option<Tls>, TlsError> {
        let server = &self.server;
        if server.tls_self_signed {
            let mut names = ["localhost", "127.0.0.1", "::1"]
                .map(str::to_owned)
                .to_vec();
            let address = server.tls_listen.ip();
            if !address.is_unspecified() && !address.is_loopback() {
                names.push(address.to_string());
            }
            return Tls::self_signed(names).map(Some);
        }
        match (&server.tls_certificate, &server.tls_key) {
            (Some(certificate), Some(key)) => Tls::from_files(certificate, key).map(Some),
            _ => Ok(None),
        }
    }

    fn access_config(&self) -> AccessConfig {
        let access = &self.access;
        let mut config = AccessConfig::new()
            .clock_skew(access.clock_skew.into())
            .jwt_issuer(access.jwt_issuer.clone())
            .jwt_audience(access.jwt_audience.clone());
        for (streams, key) in &access.publish_keys.0 {
            config = config.publish_key(streams.clone(), *key);
        }
        for secret in &access.token_keys.0 {
            config = config.token_key(secret.clone());
        }
        for key in &access.jwt_keys {
            config = config.jwt_key(&key.id, key.key.clone());
        }
        if access.watch == Watch::Token {
            config = config.viewers_need_tokens(access.token_place);
        }
        for site in &access.cookie_origins {
            config = config.cookie_origin(site);
        }
        if let Some(hook) = &access.hook {
            config = config.hook(
                hook.0.clone(),
                access.hook_timeout.into(),
                access.hook_cache.into(),
                access.hook_cache_entries,
            );
            config = config.hook_roots(access.hook_ca.clone());
        }
        config
    }

    /// How much media of one rendition is kept at once.
    pub(super) fn retained(&self) -> Duration {
        let streams = &self.streams;
        let names = ResourceNames::new("check").expect("a plain word is an epoch");
        let manifest = ManifestConfig::new(names)
            .target_duration(streams.target_duration)
            .part_target(MediaDuration::from_millis(streams.part_target.0))
            .window_segments(streams.window_segments);
        let window = u64::from(streams.window_segments) * u64::from(streams.target_duration);
        manifest.retained_duration().map_or_else(
            |_| Duration::from_secs(2 * window),
            |kept| Duration::from_nanos(kept.as_nanos()),
        )
    }

    /// What one rendition may have in bits per second, all the time, without a part being refused.
    #[must_use]
    pub fn highest_bit_rate(&self) -> u64 {
        let millis = u64::try_from(self.retained().as_millis()).unwrap_or(u64::MAX);
        let bits = u128::from(self.memory.per_rendition.0) * 8 * 1000;
        u64::try_from(bits / u128::from(millis.max(1))).unwrap_or(u64::MAX)
    }
}
