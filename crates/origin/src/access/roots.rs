//! Whom the hook's client trusts.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// The certificates of authorities that an https hook is trusted by. Default: those of the system.
#[derive(Clone, Debug, Default)]
pub struct HookRoots(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    File {
        path: PathBuf,
        roots: Arc<RootCertStore>,
    },
}

/// Why a file cannot be used as [`HookRoots`].
#[derive(Debug)]
#[non_exhaustive]
pub enum HookRootsError {
    /// It cannot be read.
    Read(io::Error),
    /// It is not PEM.
    Pem(pem::Error),
    /// There is no certificate of an authority in it.
    Empty,
}

impl HookRoots {
    /// Those in a file of PEM, and no others.
    ///
    /// # Errors
    ///
    /// [`HookRootsError`] when there are none.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, HookRootsError> {
        let path = path.into();
        let text = std::fs::read(&path).map_err(HookRootsError::Read)?;
        let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.map_err(HookRootsError::Pem)?);
        if roots.is_empty() {
            return Err(HookRootsError::Empty);
        }
        let roots = Arc::new(roots);
        Ok(Self(Source::File { path, roots }))
    }

    /// The file that they were read from.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.0 {
            Source::System => None,
            Source::File { path, .. } => Some(path),
        }
    }

    /// Whether there are none, so that no https hook could ever be asked. Reads the system's.
    pub(crate) fn is_empty(&self) -> bool {
        self.load().is_empty()
    }

    fn load(&self) -> Arc<RootCertStore> {
        match &self.0 {
            Source::System => {
                let mut roots = RootCertStore::empty();
                // What cannot be read of them is not trusted.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                Arc::new(roots)
            }
            Source::File { roots, .. } => Arc::clone(roots),
        }
    }

    /// A client's side of TLS that trusts them alone.
    pub(super) fn client(&self) -> ClientConfig {
        // Named, since with two of them in a build rustls would not choose by itself.
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_root_certificates(self.load())
            .with_no_client_auth()
    }
}

impl fmt::Display for HookRootsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(formatter, "cannot be read: {error}"),
            Self::Pem(_) | Self::Empty => {
                formatter.write_str("holds no certificate of an authority in PEM")
            }
        }
    }
}

impl std::error::Error for HookRootsError {}
