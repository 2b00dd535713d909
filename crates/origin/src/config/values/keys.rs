//! Secrets in a configuration, and what may hold one: given as they are, as a digest, or as the
//! file they are in.

use std::fmt;
use std::path::Path;

use http::Uri;

use crate::access::{HookRoots, JwtAlgorithm, KeyDigest, Secret, StreamPattern, VerifyingKey};

use super::{Raw, Setting, Value, Wrong};

/// The least length of a secret that others present or sign with, in bytes: what a random text of
/// letters and digits needs to be beyond guessing.
const SHORTEST: usize = 20;

/// Publish keys, by the streams they are for.
#[derive(Clone, Debug, Default)]
pub struct PublishKeys(pub Vec<(StreamPattern, KeyDigest)>);

/// Secrets that viewers' tokens are signed with; the first one signs, all verify.
#[derive(Clone, Debug, Default)]
pub struct TokenKeys(pub Vec<Secret>);

/// A key that viewers' JWTs are verified with.
#[derive(Clone, Debug)]
pub struct JwtKey {
    /// `kid` of the tokens it verifies; empty for tokens without one.
    pub id: String,
    /// The key, which knows the one algorithm it is for.
    pub key: VerifyingKey,
}

/// Where the hook is. Its query may hold a key, so nothing prints it.
#[derive(Clone)]
pub struct HookUrl(pub Uri);

impl fmt::Debug for HookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("HookUrl")
            .field(&self.0.host())
            .finish()
    }
}

impl Setting for Option<HookUrl> {
    const WANTED: &'static str = "a URL, such as \"https://auth.example/allow\", or \"\" for none";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        // What it is may hold a key: it is not repeated.
        let wrong = || Wrong::new(format!("should be {}", <Self as Setting>::WANTED));
        let Value::Text(text) = &raw.value else {
            return Err(wrong());
        };
        if text.is_empty() {
            return Ok(None);
        }
        let url: Uri = text.parse().map_err(|_| wrong())?;
        let is_web = matches!(url.scheme_str(), Some("http" | "https"));
        (is_web && url.host().is_some())
            .then(|| Some(HookUrl(url)))
            .ok_or_else(wrong)
    }

    fn write(&self) -> String {
        // Only ever written as the default, which is none.
        "\"\"".to_owned()
    }
}

impl Setting for HookRoots {
    const WANTED: &'static str = "a path to certificates in PEM, or \"\" for the system's";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Some(path) = Option::<String>::read(raw)? else {
            return Ok(Self::default());
        };
        Self::from_file(&path).map_err(|error| Wrong::new(format!("{path} {error}")))
    }

    fn write(&self) -> String {
        let path = self.path().map(|path| path.display().to_string());
        path.write()
    }
}

/// A secret: a text, or `{ file = "…" }`, whose first line it is.
fn secret(raw: &Raw) -> Result<String, Wrong> {
    let text = match &raw.value {
        Value::Text(text) => text.clone(),
        Value::Table(entries) => match entries.as_slice() {
            [(_, key, path)] if key == "file" => {
                first_line(&String::read(path)?).map_err(|wrong| wrong.at(&path.span))?
            }
            _ => return Err(Wrong::new("should be a text or { file = \"PATH\" }").at(&raw.span)),
        },
        _ => {
            let message = format!(
                "is {}, but should be a text or {{ file = \"PATH\" }}",
                raw.kind()
            );
            return Err(Wrong::new(message).at(&raw.span));
        }
    };
    Ok(text)
}

fn first_line(path: &str) -> Result<String, Wrong> {
    let text = std::fs::read_to_string(Path::new(path))
        .map_err(|error| Wrong::new(format!("{path} cannot be read: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn long_enough(text: &str, raw: &Raw) -> Result<(), Wrong> {
    if text.len() < SHORTEST {
        let message = format!(
            "is {} bytes long and could be guessed; use at least {SHORTEST} random ones, as \
             `openssl rand -hex 20` makes them",
            text.len()
        );
        return Err(Wrong::new(message).at(&raw.span));
    }
    Ok(())
}

impl Setting for PublishKeys {
    const WANTED: &'static str = "a table of stream names and keys, such as { show = \"KEY\" }";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::Table(entries) = &raw.value else {
            // What it is may be a key: it is not repeated.
            return Err(Wrong::new(format!(
                "is {}, but should be {}",
                raw.kind(),
                Self::WANTED
            )));
        };
        let keys = entries.iter().map(|(span, stream, raw)| {
            let pattern = StreamPattern::parse(stream).ok_or_else(|| {
                let message = format!(
                    "\"{stream}\" is no name of a stream, nor the beginning of names and a *"
                );
                Wrong::new(message).at(span)
            })?;
            let text = secret(raw)?;
            let digest = match text.strip_prefix("sha256:") {
                Some(hex) => KeyDigest::from_hex(hex).ok_or_else(|| {
                    Wrong::new("after sha256: there should be 64 hexadecimal digits").at(&raw.span)
                })?,
                None => {
                    long_enough(&text, raw)?;
                    KeyDigest::of(text.as_bytes())
                }
            };
            Ok((pattern, digest))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> String {
        // Only ever written as the default, which is empty: a digest has no way back.
        "{}".to_owned()
    }
}

impl Setting for TokenKeys {
    const WANTED: &'static str = "a list of secrets";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::List(items) = &raw.value else {
            return Err(Wrong::new(format!(
                "is {}, but should be {}",
                raw.kind(),
                Self::WANTED
            )));
        };
        let secrets = items.iter().map(|item| {
            let text = secret(item)?;
            long_enough(&text, item)?;
            Ok(Secret::new(text))
        });
        secrets.collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> String {
        "[]".to_owned()
    }
}

impl Setting for Vec<JwtKey> {
    const WANTED: &'static str = "a list of keys, such as \
        [{ id = \"k1\", algorithm = \"ES256\", public_key = { file = \"k1.pem\" } }]";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::List(items) = &raw.value else {
            return Err(Wrong::new(format!(
                "is {}, but should be {}",
                raw.kind(),
                Self::WANTED
            )));
        };
        let mut keys = Self::new();
        for item in items {
            let key = jwt_key(item).map_err(|wrong| wrong.at(&item.span))?;
            if keys.iter().any(|other| other.id == key.id) {
                let message = format!("two keys have the id \"{}\"", key.id);
                return Err(Wrong::new(message).at(&item.span));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn write(&self) -> String {
        "[]".to_owned()
    }
}

fn jwt_key(raw: &Raw) -> Result<JwtKey, Wrong> {
    let Value::Table(entries) = &raw.value else {
        return Err(Wrong::new(
            "should be a table of id, algorithm and secret or public_key",
        ));
    };
    let (mut id, mut algorithm, mut shared, mut public) = (String::new(), None, None, None);
    for (span, key, value) in entries {
        match key.as_str() {
            "id" => id = String::read(value).map_err(|wrong| wrong.at(&value.span))?,
            "algorithm" => {
                let name = String::read(value).map_err(|wrong| wrong.at(&value.span))?;
                algorithm = Some(JwtAlgorithm::parse(&name).ok_or_else(|| {
                    let message = format!("\"{name}\" is not HS256, ES256 or EdDSA");
                    Wrong::new(message).at(&value.span)
                })?);
            }
            "secret" => shared = Some(value),
            "public_key" => public = Some(value),
            other => {
                let message = format!("\"{other}\" is not id, algorithm, secret or public_key");
                return Err(Wrong::new(message).at(span));
            }
        }
    }
    let key = match (algorithm, shared, public) {
        (Some(JwtAlgorithm::Hs256), Some(value), None) => {
            let text = secret(value)?;
            long_enough(&text, value)?;
            VerifyingKey::hs256(text.as_bytes())
        }
        (Some(algorithm @ (JwtAlgorithm::Es256 | JwtAlgorithm::EdDsa)), None, Some(value)) => {
            let pem = pem(value)?;
            VerifyingKey::from_pem(algorithm, &pem).ok_or_else(|| {
                let message = format!("is no public key of {algorithm} in PEM");
                Wrong::new(message).at(&value.span)
            })?
        }
        (None, ..) => return Err(Wrong::new("needs an algorithm: HS256, ES256 or EdDSA")),
        (Some(JwtAlgorithm::Hs256), ..) => return Err(Wrong::new("HS256 needs a secret alone")),
        _ => return Err(Wrong::new("ES256 and EdDSA need a public_key alone")),
    };
    Ok(JwtKey { id, key })
}

/// A key's text, or all of the file it is in.
fn pem(raw: &Raw) -> Result<String, Wrong> {
    match &raw.value {
        Value::Table(entries) => match entries.as_slice() {
            [(_, key, path)] if key == "file" => {
                let name = String::read(path)?;
                std::fs::read_to_string(&name).map_err(|error| {
                    Wrong::new(format!("{name} cannot be read: {error}")).at(&path.span)
                })
            }
            _ => Err(Wrong::new("should be a text or { file = \"PATH\" }").at(&raw.span)),
        },
        _ => String::read(raw).map_err(|wrong| wrong.at(&raw.span)),
    }
}
