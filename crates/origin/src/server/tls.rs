//! TLS: a certificate that can be exchanged while the server runs.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{Accept, TlsAcceptor};

use super::certificate;

/// How often certificate files are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// TLS 1.3 and 1.2 with one certificate, offering HTTP/2 and HTTP/1.1 by ALPN. Cloning shares all.
///
/// Session tickets make the next connection of a client cheaper. Early data (0-RTT) is refused:
/// an attacker can repeat it, and not every request here only reads.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    files: Option<Arc<Files>>,
    every: Duration,
}

/// The certificate that new connections get.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// What the files looked like when they were last read with success.
    seen: Mutex<Stamps>,
}

/// Modification time and length of both files.
type Stamps = [(SystemTime, u64); 2];

/// What [`Tls::reload`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The files are the ones that were read before.
    Unchanged,
    /// New connections get another certificate from now on.
    Replaced,
}

impl Tls {
    /// The certificate chain in `certificate` and its private key in `key`, both PEM, as ACME
    /// clients write them. While a [`Server`](crate::Server) runs with it, both files are looked at
    /// every ten seconds and read again when they changed.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when a file cannot be read, holds no such thing, or the two do not belong
    /// together.
    pub fn from_files(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let seen = stamps(&certificate, &key)?;
        let certified = read(&certificate, &key)?;
        let files = Files {
            certificate,
            key,
            seen: Mutex::new(seen),
        };
        Self::new(certified, Some(Arc::new(files)))
    }

    /// A certificate for `names` (DNS names and IP addresses) that vouches for itself: for
    /// development. Browsers warn of it; it is another one after every start.
    ///
    /// # Errors
    ///
    /// [`TlsError::Generate`] when a name is none.
    pub fn self_signed(names: impl IntoIterator<Item = String>) -> Result<Self, TlsError> {
        let names: Vec<String> = names.into_iter().collect();
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| TlsError::Generate(error.to_string()))?;
        let chain = vec![made.cert.der().clone()];
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let certified = CertifiedKey::from_der(chain, key.into(), &provider());
        Self::new(certified.map_err(TlsError::Config)?, None)
    }

    fn new(certified: CertifiedKey, files: Option<Arc<Files>>) -> Result<Self, TlsError> {
        let current = Arc::new(Current(RwLock::new(Arc::new(certified))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // The state of a session is with the client, not in a table here.
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Config)?;
        config.send_tls13_tickets = 1;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            current,
            files,
            every: EVERY,
        })
    }

    /// How often the files are looked at. Default ten seconds.
    #[must_use]
    pub fn check_every(mut self, time: Duration) -> Self {
        self.every = time;
        self
    }

    /// Reads the files again if they changed. Blocks for as long as reading two files takes.
    /// A certificate that is not from files never changes.
    ///
    /// # Errors
    ///
    /// [`TlsError`] as [`from_files`](Self::from_files); the certificate that was in use stays,
    /// and the next call tries again. Between the writing of one file and of the other that is
    /// [`TlsError::Mismatch`].
    pub fn reload(&self) -> Result<Reloaded, TlsError> {
        let Some(files) = &self.files else {
            return Ok(Reloaded::Unchanged);
        };
        let mut seen = files.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&files.certificate, &files.key)?;
        if now == *seen {
            return Ok(Reloaded::Unchanged);
        }
        let certified = read(&files.certificate, &files.key)?;
        self.current.replace(certified);
        *seen = now;
        Ok(Reloaded::Replaced)
    }

    /// Reloads for ever.
    pub(super) async fn watch(&self) {
        if self.files.is_none() {
            return;
        }
        loop {
            tokio::time::sleep(self.every).await;
            let tls = self.clone();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(Reloaded::Replaced)) => tracing::info!("the certificate was replaced"),
                Ok(Ok(Reloaded::Unchanged)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the certificate in use stays"),
                // The runtime is ending.
                Err(_) => return,
            }
        }
    }

    pub(super) fn accept<I: AsyncRead + AsyncWrite + Unpin>(&self, socket: I) -> Accept<I> {
        self.acceptor.accept(socket)
    }

    /// When the certificate ends that new connections get; `None` where it does not say.
    #[must_use]
    pub fn certificate_ends(&self) -> Option<SystemTime> {
        let current = self.current.get();
        certificate::not_after(current.cert.first()?)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of the key.
        formatter
            .debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Current {
    fn get(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, certified: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

/// Named at each use: with two of them in a build rustls would not choose by itself.
fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn stamps(certificate: &Path, key: &Path) -> Result<Stamps, TlsError> {
    let stamp = |path: &Path| {
        let metadata = fs::metadata(path).map_err(|error| TlsError::read(path, error))?;
        let modified = metadata
            .modified()
            .map_err(|error| TlsError::read(path, error))?;
        Ok((modified, metadata.len()))
    };
    Ok([stamp(certificate)?, stamp(key)?])
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let text = |path: &Path| fs::read(path).map_err(|error| TlsError::read(path, error));
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |_| TlsError::Content { path }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(wrong(certificate))?;
    if chain.is_empty() {
        let path = certificate.to_owned();
        return Err(TlsError::Content { path });
    }
    let key = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(wrong(key))?;
    let certified = CertifiedKey::from_der(chain, key, &provider());
    certified.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch,
        other => TlsError::Config(other),
    })
}

/// Why there is no TLS. The operator's to change.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM, or holds no certificate or no key.
    Content {
        /// Which one.
        path: PathBuf,
    },
    /// The key is not the certificate's.
    Mismatch,
    /// The certificate or the key cannot be used.
    Config(rustls::Error),
    /// No certificate could be made for these names.
    Generate(String),
}

impl TlsError {
    fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Read { path, source }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(formatter, "{}: {source}", path.display()),
            Self::Content { path } => write!(
                formatter,
                "{}: not PEM, or not what should be in it",
                path.display()
            ),
            Self::Mismatch => formatter.write_str("the key does not belong to the certificate"),
            Self::Config(error) => write!(formatter, "{error}"),
            Self::Generate(reason) => write!(formatter, "a self-signed certificate: {reason}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Config(error) => Some(error),
            _ => None,
        }
    }
}
