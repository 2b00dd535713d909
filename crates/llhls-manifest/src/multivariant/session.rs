//! What concerns the presentation as a whole.

use crate::text::quoted;

/// One `EXT-X-SESSION-DATA` (§4.4.6.4).
#[derive(Clone, Debug)]
pub struct SessionData {
    pub(super) id: String,
    pub(super) language: Option<String>,
    pub(super) contents: Contents,
}

#[derive(Clone, Debug)]
pub(super) enum Contents {
    Value(String),
    Json(String),
    Raw(String),
}

impl SessionData {
    /// A value; `id` in reverse domain notation.
    #[must_use]
    pub fn value(id: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            language: None,
            contents: Contents::Value(value.into()),
        }
    }

    /// A JSON resource.
    #[must_use]
    pub fn json(id: impl Into<String>, uri: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            language: None,
            contents: Contents::Json(uri.into()),
        }
    }

    /// A resource of any other kind.
    #[must_use]
    pub fn raw(id: impl Into<String>, uri: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            language: None,
            contents: Contents::Raw(uri.into()),
        }
    }

    /// The language of the value, as in RFC 5646.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// `#EXT-X-SESSION-DATA` (§4.4.6.4).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-SESSION-DATA:DATA-ID=\"");
        out.push_str(&self.id);
        out.push('"');
        match &self.contents {
            Contents::Value(value) => quoted(out, "VALUE", value),
            // JSON is the default format.
            Contents::Json(uri) => quoted(out, "URI", uri),
            Contents::Raw(uri) => {
                quoted(out, "URI", uri);
                out.push_str(",FORMAT=RAW");
            }
        }
        if let Some(language) = &self.language {
            quoted(out, "LANGUAGE", language);
        }
        out.push('\n');
    }
}

/// The `EXT-X-CONTENT-STEERING` of a presentation (§4.4.6.6).
#[derive(Clone, Debug)]
pub struct ContentSteering {
    pub(super) server_uri: String,
    pub(super) pathway: Option<String>,
}

impl ContentSteering {
    /// Steered by the manifest at `server_uri`.
    #[must_use]
    pub fn new(server_uri: impl Into<String>) -> Self {
        Self {
            server_uri: server_uri.into(),
            pathway: None,
        }
    }

    /// The pathway to start on.
    #[must_use]
    pub fn pathway(mut self, pathway: impl Into<String>) -> Self {
        self.pathway = Some(pathway.into());
        self
    }

    /// `#EXT-X-CONTENT-STEERING` (§4.4.6.6).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("#EXT-X-CONTENT-STEERING:SERVER-URI=\"");
        out.push_str(&self.server_uri);
        out.push('"');
        if let Some(pathway) = &self.pathway {
            quoted(out, "PATHWAY-ID", pathway);
        }
        out.push('\n');
    }
}
