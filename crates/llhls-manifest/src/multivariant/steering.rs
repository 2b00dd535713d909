//! What a steering server answers: which pathways to prefer, for how long, and which to make up.

use core::fmt;

/// A steering manifest (§7; draft-pantos-content-steering), for the server that
/// [`ContentSteering`](super::ContentSteering) names.
///
/// Clients ask for it with `_HLS_pathway` and `_HLS_throughput`; whoever serves it decides by
/// them, and keeps the throughput out of cache keys (MV-29).
///
/// ```
/// use llhls_manifest::{PathwayClone, SteeringManifest};
///
/// let json = SteeringManifest::new(300, ["near", "far"])
///     .reload_uri("/steering?session=abc")
///     .pathway_clone(PathwayClone::new("far", "third").host("cdn3.example.com"))
///     .build()?;
/// assert!(json.starts_with(r#"{"VERSION":1,"TTL":300,"RELOAD-URI":"/steering?session=abc""#));
/// # Ok::<(), llhls_manifest::SteeringError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SteeringManifest {
    ttl: u32,
    reload_uri: Option<String>,
    priority: Vec<String>,
    clones: Vec<PathwayClone>,
}

/// A pathway that clients derive from another one, without it being in the multivariant playlist.
#[derive(Clone, Debug)]
pub struct PathwayClone {
    base: String,
    id: String,
    host: Option<String>,
    parameters: Vec<(String, String)>,
    variants: Vec<(String, String)>,
    renditions: Vec<(String, String)>,
}

/// Why a steering manifest cannot be written: always the caller's input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SteeringError {
    /// It is to be asked for again at once, for ever.
    TimeToLive,
    /// There is no pathway to prefer.
    NoPathway,
    /// A pathway's ID is empty or has other characters than letters, digits, `.`, `-` and `_`.
    Pathway(String),
    /// A pathway is preferred twice, or a clone's ID, or one of its replacements, is given twice.
    Duplicate(String),
    /// A clone of itself, or one that replaces nothing.
    Clone(String),
    /// An empty URI or host.
    Empty,
}

impl fmt::Display for SteeringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeToLive => f.write_str("the time to live is zero"),
            Self::NoPathway => f.write_str("no pathway is preferred"),
            Self::Pathway(id) => write!(f, "{id:?} is no pathway ID"),
            Self::Duplicate(id) => write!(f, "{id:?} is there twice"),
            Self::Clone(id) => write!(f, "the pathway {id:?} is a clone of itself, or only a copy"),
            Self::Empty => f.write_str("a URI or a host is empty"),
        }
    }
}

impl core::error::Error for SteeringError {}

impl SteeringManifest {
    /// Prefers these pathways, the best first; valid for `ttl` seconds.
    #[must_use]
    pub fn new<I>(ttl: u32, priority: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            ttl,
            reload_uri: None,
            priority: priority.into_iter().map(Into::into).collect(),
            clones: Vec::new(),
        }
    }

    /// Where to ask next; relative to where this was. Default: there.
    #[must_use]
    pub fn reload_uri(mut self, uri: impl Into<String>) -> Self {
        self.reload_uri = Some(uri.into());
        self
    }

    /// Adds a pathway. A clone of a clone comes after it.
    #[must_use]
    pub fn pathway_clone(mut self, clone: PathwayClone) -> Self {
        self.clones.push(clone);
        self
    }

    /// The manifest as JSON; `application/vnd.apple.steering-list`.
    ///
    /// # Errors
    /// When it would not be one.
    pub fn build(&self) -> Result<String, SteeringError> {
        self.check()?;
        let mut out = format!("{{\"VERSION\":1,\"TTL\":{}", self.ttl);
        if let Some(uri) = &self.reload_uri {
            member(&mut out, "RELOAD-URI");
            string(&mut out, uri);
        }
        member(&mut out, "PATHWAY-PRIORITY");
        array(&mut out, &self.priority, |out, id| string(out, id));
        if !self.clones.is_empty() {
            member(&mut out, "PATHWAY-CLONES");
            array(&mut out, &self.clones, |out, clone| clone.write(out));
        }
        out.push('}');
        Ok(out)
    }

    fn check(&self) -> Result<(), SteeringError> {
        if self.ttl == 0 {
            return Err(SteeringError::TimeToLive);
        }
        if self.priority.is_empty() {
            return Err(SteeringError::NoPathway);
        }
        if self.reload_uri.as_deref() == Some("") {
            return Err(SteeringError::Empty);
        }
        let clones = self.clones.iter();
        let ids = clones.clone().flat_map(|clone| [&clone.id, &clone.base]);
        for id in self.priority.iter().chain(ids) {
            if !is_pathway(id) {
                return Err(SteeringError::Pathway(id.clone()));
            }
        }
        unique(self.priority.iter())?;
        unique(clones.clone().map(|clone| &clone.id))?;
        clones.clone().try_for_each(PathwayClone::check)
    }
}

impl PathwayClone {
    /// The pathway `id`, as `base` is but for what is replaced.
    #[must_use]
    pub fn new(base: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            id: id.into(),
            host: None,
            parameters: Vec::new(),
            variants: Vec::new(),
            renditions: Vec::new(),
        }
    }

    /// Every URI has this host.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Every URI has this query parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The variant with this stable ID has this URI.
    #[must_use]
    pub fn variant(mut self, stable_id: impl Into<String>, uri: impl Into<String>) -> Self {
        self.variants.push((stable_id.into(), uri.into()));
        self
    }

    /// The rendition with this stable ID has this URI.
    #[must_use]
    pub fn rendition(mut self, stable_id: impl Into<String>, uri: impl Into<String>) -> Self {
        self.renditions.push((stable_id.into(), uri.into()));
        self
    }

    fn lists(&self) -> [(&'static str, &[(String, String)]); 3] {
        [
            ("PARAMS", &self.parameters),
            ("PER-VARIANT-URIS", &self.variants),
            ("PER-RENDITION-URIS", &self.renditions),
        ]
    }

    fn check(&self) -> Result<(), SteeringError> {
        let lists = self.lists();
        let replaces = self.host.is_some() || lists.iter().any(|(_, list)| !list.is_empty());
        if self.base == self.id || !replaces {
            return Err(SteeringError::Clone(self.id.clone()));
        }
        let mut uris = self.variants.iter().chain(&self.renditions);
        if self.host.as_deref() == Some("") || uris.any(|(_, uri)| uri.is_empty()) {
            return Err(SteeringError::Empty);
        }
        for (_, list) in lists {
            unique(list.iter().map(|(name, _)| name))?;
        }
        Ok(())
    }

    fn write(&self, out: &mut String) {
        out.push_str("{\"BASE-ID\":");
        string(out, &self.base);
        member(out, "ID");
        string(out, &self.id);
        out.push_str(",\"URI-REPLACEMENT\":{");
        let start = out.len();
        if let Some(host) = &self.host {
            out.push_str("\"HOST\":");
            string(out, host);
        }
        for (name, list) in self.lists() {
            if list.is_empty() {
                continue;
            }
            if out.len() > start {
                out.push(',');
            }
            string(out, name);
            out.push_str(":{");
            for (index, (name, value)) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(out, name);
                out.push(':');
                string(out, value);
            }
            out.push('}');
        }
        out.push_str("}}");
    }
}

/// Whether a text can be a pathway's ID, in a steering manifest and in the playlist that it steers.
pub(super) fn is_pathway(id: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !id.is_empty() && id.chars().all(legal)
}

fn unique<'a>(ids: impl Iterator<Item = &'a String>) -> Result<(), SteeringError> {
    let mut seen: Vec<&String> = ids.collect();
    seen.sort();
    match seen.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SteeringError::Duplicate(pair[0].clone())),
        None => Ok(()),
    }
}

fn member(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

fn array<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// A JSON string (RFC 8259 §7).
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
