//! Paths of requests, an element at a time.

/// The first element of what follows a slash, and what follows the next slash, if there is one.
///
/// Byte by byte: elements are a few bytes long, and the searches of `str` are made for long texts.
pub(crate) fn element(path: &str) -> (&str, Option<&str>) {
    match path.bytes().position(|byte| byte == b'/') {
        Some(end) => (&path[..end], Some(&path[end + 1..])),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_what_slashes_divide() {
        for path in ["", "/", "a", "a/", "/a", "a/b", "a//b", "ä/ö/ü"] {
            let (mut elements, mut rest) = (Vec::new(), Some(path));
            while let Some(path) = rest {
                let (first, next) = element(path);
                elements.push(first);
                rest = next;
            }
            assert_eq!(elements, path.split('/').collect::<Vec<_>>(), "{path}");
        }
    }
}
