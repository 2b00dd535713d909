//! Which part of a list is asked for.

use llhls::registry::StreamName;

/// Entries of a page, and the most that may be asked for.
const USUAL: usize = 500;
const MOST: usize = 1000;

/// What a query says about the answer: `after`, `limit`, `since`, `history`. What makes no sense is
/// left out of account, as other parameters are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Only names behind this one.
    pub(super) after: Option<StreamName>,
    /// At most so many.
    pub(super) limit: usize,
    /// Only samples with a greater number.
    pub(super) since: u64,
    /// Whether lists have an outline of the last minutes.
    pub(super) history: bool,
}

impl Page {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let value = |name: &str| {
            let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        Self {
            // A name needs no escaping, so an escape makes it none.
            after: value("after").and_then(|it| it.parse().ok()),
            limit: value("limit")
                .and_then(|it| it.parse().ok())
                .unwrap_or(USUAL)
                .clamp(1, MOST),
            since: value("since").and_then(|it| it.parse().ok()).unwrap_or(0),
            history: value("history") == Some("1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_bounded_whatever_is_asked() {
        let usual = Page::parse(None);
        assert_eq!((usual.limit, usual.since, usual.history), (USUAL, 0, false));
        let page = Page::parse(Some("x&limit=2&after=cam-1&since=17&history=1&token=a=b"));
        assert_eq!(page.after.unwrap().as_str(), "cam-1");
        assert_eq!((page.limit, page.since, page.history), (2, 17, true));
        for (query, limit) in [
            ("limit=0", 1),
            ("limit=99999999", MOST),
            ("limit=-1", USUAL),
        ] {
            assert_eq!(Page::parse(Some(query)).limit, limit, "{query}");
        }
        assert_eq!(Page::parse(Some("after=../x")).after, None);
    }
}
