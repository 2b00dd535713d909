//! The types of values: how each is read, written and named.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::nearest::nearest;
use super::raw::{Raw, Value};

mod keys;

pub use keys::{HookUrl, JwtKey, PublishKeys, TokenKeys};

/// A value that a key can have.
pub(super) trait Setting: Sized + Clone + Debug {
    /// What is wanted, for a person: "a duration, such as \"200ms\"".
    const WANTED: &'static str;

    fn read(raw: &Raw) -> Result<Self, Wrong>;

    /// As TOML.
    fn write(&self) -> String;

    /// For types that have an order.
    fn at_least(&self, _other: &Self) -> bool {
        true
    }
}

/// Why a value is none of the wanted type.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    /// The part that is wrong, where it is less than the whole.
    pub(super) span: Option<Range<usize>>,
}

impl Wrong {
    #[track_caller]
    pub(super) fn new(message: impl Into<String>) -> Self {
        #[cfg(test)]
        super::error::seen::note();
        let message = message.into();
        Self {
            message,
            span: None,
        }
    }

    pub(super) fn at(self, span: &Range<usize>) -> Self {
        let span = self.span.or_else(|| Some(span.clone()));
        Self { span, ..self }
    }

    #[track_caller]
    fn kind<T: Setting>(raw: &Raw) -> Self {
        match &raw.value {
            Value::Text(text) => Self::new(format!("\"{text}\" is not {}", T::WANTED)),
            _ => Self::new(format!("is {}, but should be {}", raw.kind(), T::WANTED)),
        }
    }
}

/// A text as TOML.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

impl Setting for bool {
    const WANTED: &'static str = "true or false";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        match raw.value {
            Value::Boolean(value) => Ok(value),
            _ => Err(Wrong::kind::<Self>(raw)),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($type:ty) => {
        impl Setting for $type {
            const WANTED: &'static str = "a whole number";

            fn read(raw: &Raw) -> Result<Self, Wrong> {
                match raw.value {
                    Value::Integer(value) => Self::try_from(value)
                        .map_err(|_| Wrong::new(format!("{value} is out of range"))),
                    _ => Err(Wrong::kind::<Self>(raw)),
                }
            }

            fn write(&self) -> String {
                self.to_string()
            }

            fn at_least(&self, other: &Self) -> bool {
                self >= other
            }
        }
    };
}

whole_number!(u32);
whole_number!(usize);

macro_rules! parsed {
    ($type:ty, $wanted:literal) => {
        impl Setting for $type {
            const WANTED: &'static str = $wanted;

            fn read(raw: &Raw) -> Result<Self, Wrong> {
                match &raw.value {
                    Value::Text(text) => text.parse().map_err(|_| Wrong::kind::<Self>(raw)),
                    _ => Err(Wrong::kind::<Self>(raw)),
                }
            }

            fn write(&self) -> String {
                quote(&self.to_string())
            }
        }

        impl Setting for Option<$type> {
            const WANTED: &'static str = concat!($wanted, ", or \"\" for none");

            fn read(raw: &Raw) -> Result<Self, Wrong> {
                match &raw.value {
                    Value::Text(text) if text.is_empty() => Ok(None),
                    Value::Text(text) => {
                        text.parse().map(Some).map_err(|_| Wrong::kind::<Self>(raw))
                    }
                    _ => Err(Wrong::kind::<Self>(raw)),
                }
            }

            fn write(&self) -> String {
                self.as_ref().map_or_else(|| quote(""), Setting::write)
            }
        }
    };
}

parsed!(
    SocketAddr,
    "an address with a port, such as \"127.0.0.1:8080\""
);
parsed!(String, "a text");

impl Setting for Option<PathBuf> {
    const WANTED: &'static str = "a path, or \"\" for none";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        Ok(Option::<String>::read(raw)?.map(PathBuf::from))
    }

    fn write(&self) -> String {
        let text = self.as_ref().map(|path| path.display().to_string());
        text.write()
    }
}

impl Setting for Vec<String> {
    const WANTED: &'static str = "a list of texts";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::List(items) = &raw.value else {
            return Err(Wrong::kind::<Self>(raw));
        };
        items
            .iter()
            .map(|item| String::read(item).map_err(|wrong| wrong.at(&item.span)))
            .collect()
    }

    fn write(&self) -> String {
        let items = self.iter().map(Setting::write);
        format!("[{}]", items.collect::<Self>().join(", "))
    }
}

/// A duration in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl From<Millis> for Duration {
    fn from(Millis(millis): Millis) -> Self {
        Self::from_millis(millis)
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = humantime::format_duration((*self).into()).to_string();
        formatter.write_str(&text.replace(' ', ""))
    }
}

impl Setting for Millis {
    const WANTED: &'static str = "a duration with its unit, such as \"200ms\", \"2s\" or \"5m\"";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::Text(text) = &raw.value else {
            return Err(Wrong::kind::<Self>(raw));
        };
        let duration = humantime::parse_duration(text).map_err(|_| Wrong::kind::<Self>(raw))?;
        let millis = u64::try_from(duration.as_millis())
            .ok()
            .filter(|millis| Duration::from_millis(*millis) == duration);
        millis
            .map(Self)
            .ok_or_else(|| Wrong::new(format!("\"{text}\" is not a whole number of milliseconds")))
    }

    fn write(&self) -> String {
        quote(&self.to_string())
    }

    fn at_least(&self, other: &Self) -> bool {
        self >= other
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl std::fmt::Display for Size {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let whole = |(_, shift): &&(&str, u32)| self.0 > 0 && self.0.is_multiple_of(1 << shift);
        match units.iter().find(whole) {
            Some((unit, shift)) => write!(formatter, "{}{unit}", self.0 >> shift),
            None => write!(formatter, "{}B", self.0),
        }
    }
}

impl Setting for Size {
    const WANTED: &'static str = "a size with its unit, such as \"64MiB\" or \"4GiB\"";

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        let Value::Text(text) = &raw.value else {
            return Err(Wrong::kind::<Self>(raw));
        };
        // A bare number would be bytes, and is more often a forgotten unit.
        let has_unit = text.ends_with(['b', 'B']);
        let size = text.parse::<bytesize::ByteSize>().ok();
        let size = size
            .filter(|_| has_unit)
            .ok_or_else(|| Wrong::kind::<Self>(raw))?;
        Ok(Self(size.as_u64()))
    }

    fn write(&self) -> String {
        quote(&self.to_string())
    }

    fn at_least(&self, other: &Self) -> bool {
        self >= other
    }
}

/// An enum whose values are words.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $wanted:literal {
        $($(#[$variant_about:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_about])* $variant,)*
        }

        impl Setting for $name {
            const WANTED: &'static str = $wanted;

            fn read(raw: &Raw) -> Result<Self, Wrong> {
                let Value::Text(text) = &raw.value else {
                    return Err(Wrong::kind::<Self>(raw));
                };
                match text.as_str() {
                    $($word => Ok(Self::$variant),)*
                    other => Err(match nearest(other, [$($word),*].into_iter()) {
                        Some(near) => Wrong::new(format!("\"{other}\" is not {}; \"{near}\" is meant?", Self::WANTED)),
                        None => Wrong::kind::<Self>(raw),
                    }),
                }
            }

            fn write(&self) -> String {
                quote(self.word())
            }
        }

        impl $name {
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// Who may watch.
    Watch, "\"everybody\" or \"token\"" {
        /// Whoever can reach the server.
        Everybody = "everybody",
        /// Who presents a token for the stream.
        Token = "token",
    }
}

words! {
    /// How a viewer's token reaches every request of a player.
    TokenPlace, "\"query\", \"path\" or \"cookie\"" {
        /// As a query parameter that playlists hand on with `EXT-X-DEFINE:QUERYPARAM`.
        Query = "query",
        /// As the first element of the path, which relative URIs keep.
        Path = "path",
        /// As a cookie, set by the first answer.
        Cookie = "cookie",
    }
}

words! {
    /// What a crash of the machine may cost a recording.
    Flushing, "\"lazy\" or \"flushed\"" {
        /// The last seconds.
        Lazy = "lazy",
        /// Nothing that was listed.
        Flushed = "flushed",
    }
}

words! {
    /// How playlists address parts.
    PartAddressing, "\"names\" or \"ranges\"" {
        /// Each has a name of its own.
        Names = "names",
        /// As byte ranges of their segment.
        Ranges = "ranges",
    }
}

words! {
    /// How log lines look.
    LogFormat, "\"text\" or \"json\"" {
        /// For people.
        Text = "text",
        /// One JSON object a line, for collectors.
        Json = "json",
    }
}
