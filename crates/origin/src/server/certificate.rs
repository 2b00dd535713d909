//! When a certificate ends: the one thing that an operator must know of it in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use yasna::models::{GeneralizedTime, UTCTime};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag, tags};

/// `notAfter` of a certificate in DER (RFC 5280 §4.1); `None` where it is none.
pub(super) fn not_after(der: &[u8]) -> Option<SystemTime> {
    let seconds = yasna::parse_der(der, |certificate| {
        certificate.read_sequence(|certificate| {
            let end = certificate.next().read_sequence(tbs)?;
            // The algorithm and the signature.
            certificate.next().read_der()?;
            certificate.next().read_der()?;
            Ok(end)
        })
    });
    let seconds = u64::try_from(seconds.ok()?).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The end, in seconds since the epoch; what follows the dates is read over.
fn tbs(fields: &mut yasna::BERReaderSeq<'_, '_>) -> ASN1Result<i64> {
    fields.read_optional(|version| version.read_tagged(Tag::context(0), |it| it.read_u8()))?;
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields.next().read_der()?;
    }
    let end = fields.next().read_sequence(|validity| {
        validity.next().read_der()?;
        time(validity.next())
    })?;
    while fields.read_optional(|rest| rest.read_der())?.is_some() {}
    Ok(end)
}

/// Until 2049 in two digits, after that in four.
fn time(reader: BERReader<'_, '_>) -> ASN1Result<i64> {
    match reader.lookahead_tag()? {
        tags::TAG_UTCTIME => reader
            .read_utctime()
            .map(|time: UTCTime| time.datetime().unix_timestamp()),
        tags::TAG_GENERALIZEDTIME => reader
            .read_generalized_time()
            .map(|time: GeneralizedTime| time.datetime().unix_timestamp()),
        _ => Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_of_its_forms() {
        for (year, seconds) in [(2031, 1_927_843_200), (2060, 2_842_992_000)] {
            let end = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(not_after(&ending(year)), Some(end), "{year}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = ending(2031);
        assert_eq!(not_after(b""), None);
        assert_eq!(not_after(b"-----BEGIN"), None);
        for len in 0..whole.len() {
            assert_eq!(not_after(&whole[..len]), None, "{len} bytes of it");
        }
    }
}
