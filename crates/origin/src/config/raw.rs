//! A TOML value with its place, without a thread to the text it was read from.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

/// A value before anybody knows what it should be.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    /// Where it is in its text, in bytes.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What TOML can say, as far as a configuration needs it.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Raw>),
    /// Keys with their places, in alphabetical order.
    Table(Vec<(Range<usize>, String, Raw)>),
    /// What no key takes: numbers with a fraction, dates, integers beyond 64 bits.
    Other(&'static str),
}

impl Raw {
    /// A text that is not from a file.
    pub(crate) fn text(text: &str) -> Self {
        Self {
            span: 0..0,
            value: Value::Text(text.to_owned()),
        }
    }

    /// What kind of thing it is, for a person.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

impl From<Spanned<DeValue<'_>>> for Raw {
    fn from(spanned: Spanned<DeValue<'_>>) -> Self {
        let span = spanned.span();
        let value = match spanned.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Other("a number beyond 64 bits"), Value::Integer),
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(values) => Value::List(values.iter().cloned().map(Self::from).collect()),
            DeValue::Table(table) => Value::Table(
                table
                    .into_iter()
                    .map(|(key, value)| (key.span(), key.into_inner().into_owned(), value.into()))
                    .collect(),
            ),
        };
        Self { span, value }
    }
}
