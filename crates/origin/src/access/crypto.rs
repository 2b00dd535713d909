//! Signatures of JWTs: three algorithms over ring, and keys that know which of them is theirs.
//!
//! `jsonwebtoken` reads the token; ring, which TLS uses anyway, does the arithmetic. Its own
//! backends would bring a second library of cryptography, RSA included, which nobody needs here.

use std::fmt;
use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error as SignatureError, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey};
use ring::{hmac, signature};

/// An algorithm that viewers' JWTs may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtAlgorithm {
    Hs256,
    Es256,
    EdDsa,
}

impl JwtAlgorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    fn jose(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for JwtAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.jose())
    }
}

/// A key that verifies JWTs of exactly one algorithm, so that no token can choose another one.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: JwtAlgorithm,
    key: DecodingKey,
}

/// What stands before the key in a `SubjectPublicKeyInfo` (RFC 5480, RFC 8410).
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

impl VerifyingKey {
    /// A shared secret for HS256.
    #[must_use]
    pub fn hs256(secret: &[u8]) -> Self {
        Self {
            algorithm: JwtAlgorithm::Hs256,
            key: DecodingKey::from_secret(secret),
        }
    }

    /// A public key on P-256 for ES256, in PEM; `None` when it is none.
    #[must_use]
    pub fn es256(pem: &str) -> Option<Self> {
        let key = public_key(pem, &P256_PREFIX, 65)?;
        Some(Self {
            algorithm: JwtAlgorithm::Es256,
            key: DecodingKey::from_ec_der(&key),
        })
    }

    /// A public key of Ed25519 for `EdDSA`, in PEM; `None` when it is none.
    #[must_use]
    pub fn eddsa(pem: &str) -> Option<Self> {
        let key = public_key(pem, &ED25519_PREFIX, 32)?;
        Some(Self {
            algorithm: JwtAlgorithm::EdDsa,
            key: DecodingKey::from_ed_der(&key),
        })
    }

    pub(crate) fn from_pem(algorithm: JwtAlgorithm, pem: &str) -> Option<Self> {
        match algorithm {
            JwtAlgorithm::Hs256 => None,
            JwtAlgorithm::Es256 => Self::es256(pem),
            JwtAlgorithm::EdDsa => Self::eddsa(pem),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm.jose()
    }

    pub(super) fn key(&self) -> &DecodingKey {
        install();
        &self.key
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifyingKey({}, ..)", self.algorithm)
    }
}

/// The bits of a public key in PEM whose kind `prefix` says.
fn public_key(pem: &str, prefix: &[u8], len: usize) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let body = pem
        .split_once("-----BEGIN PUBLIC KEY-----")?
        .1
        .split_once("-----END PUBLIC KEY-----")?
        .0;
    let body: String = body.split_ascii_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(body)
        .ok()?;
    let key = der.strip_prefix(prefix)?;
    (key.len() == len).then(|| key.to_vec())
}

/// Makes ring the library behind `jsonwebtoken`. A program around this one that chose another
/// library before keeps it, and it verifies the same signatures.
fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

fn verifier(
    algorithm: &Algorithm,
    key: &DecodingKey,
) -> jsonwebtoken::errors::Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?);
            Ok(Box::new(Shared(key)))
        }
        Algorithm::ES256 => Ok(Box::new(Public {
            algorithm: *algorithm,
            key: signature::UnparsedPublicKey::new(
                &signature::ECDSA_P256_SHA256_FIXED,
                key.try_get_as_bytes()?.to_vec(),
            ),
        })),
        Algorithm::EdDSA => Ok(Box::new(Public {
            algorithm: *algorithm,
            key: signature::UnparsedPublicKey::new(
                &signature::ED25519,
                key.try_get_as_bytes()?.to_vec(),
            ),
        })),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Shared(hmac::Key);

impl Verifier<Vec<u8>> for Shared {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), SignatureError> {
        hmac::verify(&self.0, message, tag).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Shared {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct Public {
    algorithm: Algorithm,
    key: signature::UnparsedPublicKey<Vec<u8>>,
}

impl Verifier<Vec<u8>> for Public {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.key
            .verify(message, signature)
            .map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Public {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
