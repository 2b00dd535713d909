//! Which content coding a request accepts (RFC 9110 §12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use llhls::registry::Coding;

/// Gzip when the client takes it, else the text as it is.
///
/// An explicit `gzip;q=0` refuses it, `*` stands for every coding that is not named, and a request
/// without the header gets the identity: some clients send none because they cannot decode.
pub(crate) fn accepted_coding(headers: &HeaderMap) -> Coding {
    let (mut gzip, mut any) = (None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        // Bytes: a text would first be looked through for whether it is one.
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let mut fields = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let coding = fields.next().unwrap_or_default();
            let taken =
                if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
                    &mut gzip
                } else if coding == b"*" {
                    &mut any
                } else {
                    continue;
                };
            *taken = Some(!fields.any(is_zero_weight));
        }
    }
    if gzip.or(any).unwrap_or(false) {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// Whether a parameter is `q=0`, `q=0.0` and so on.
fn is_zero_weight(parameter: &[u8]) -> bool {
    str::from_utf8(parameter)
        .ok()
        .and_then(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, weight)| weight.trim().parse::<f32>().ok())
        .is_some_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_the_client_takes_it() {
        let coding = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            accepted_coding(&headers)
        };
        for accepted in [
            "gzip",
            "gzip, deflate, br",
            "br;q=1, GZIP;q=0.5",
            "*",
            "x-gzip",
        ] {
            assert_eq!(coding(accepted), Coding::Gzip, "{accepted}");
        }
        for refused in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "*, gzip;q=0",
            "gzip; q=0.000",
            "*;q=0",
        ] {
            assert_eq!(coding(refused), Coding::Identity, "{refused}");
        }
        assert_eq!(accepted_coding(&HeaderMap::new()), Coding::Identity);
    }
}
