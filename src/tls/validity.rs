//! From when until when a certificate is valid.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

/// The longest time before the end of a certificate from which on it is a reason to warn. Programs that renew certificates
/// begin a month before the end: nine days of failed attempts are no accident.
const WARNING_MAX: SignedDuration = SignedDuration::from_hours(21 * 24);
/// The part of its life that is left when a certificate of a few days or hours is a reason to warn; those are renewed when a
/// third is left.
const WARNING_PART: i32 = 4;

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its first instant. None is before 1970: certificates did not exist, and clients refuse such a date.
    pub begins: Timestamp,
    /// Its last instant.
    pub ends: Timestamp,
}

impl Validity {
    /// Reads the dates of a certificate.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let none = RootCertStore::empty();
        // The verifier reads the dates before anything else, and tells them when it refuses a certificate for them: at the
        // beginning of time for the first one, at its end for the last one.
        let begins = match refusal(&parsed, &none, Duration::ZERO) {
            Some(CertificateError::NotValidYetContext { not_before, .. }) => instant(not_before),
            Some(wrong @ (CertificateError::BadEncoding | CertificateError::Other(_))) => {
                return Err(wrong.into());
            }
            // It is valid from the beginning of time on.
            _ => Timestamp::UNIX_EPOCH,
        };
        match refusal(&parsed, &none, Duration::from_secs(u64::MAX)) {
            Some(CertificateError::ExpiredContext { not_after, .. }) => Ok(Self {
                begins,
                ends: instant(not_after),
            }),
            other => Err(other.unwrap_or(CertificateError::BadEncoding).into()),
        }
    }

    /// Whether its end is a reason to warn: three weeks before it, or in the last quarter of a short life.
    pub fn is_near_its_end(&self, now: Timestamp) -> bool {
        let life = self.ends.duration_since(self.begins);
        let warning = (life / WARNING_PART).min(WARNING_MAX);
        self.ends.duration_since(now) <= warning
    }
}

/// Why a certificate is refused by a verifier that trusts these authorities, at a time since 1970.
pub(super) fn refusal(
    certificate: &ParsedCertificate<'_>,
    authorities: &RootCertStore,
    time: Duration,
) -> Option<CertificateError> {
    let algorithms = ring::default_provider()
        .signature_verification_algorithms
        .all;
    let time = UnixTime::since_unix_epoch(time);
    let verified =
        verify_server_cert_signed_by_trust_anchor(certificate, authorities, &[], time, algorithms);
    match verified.err()? {
        Error::InvalidCertificate(reason) => Some(reason),
        _ => None,
    }
}

/// The instant; the last one that there is for a later one.
fn instant(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(first: (i32, u8, u8), last: (i32, u8, u8)) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(["rates.example".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(first.0, first.1, first.2);
        parameters.not_after = date_time_ymd(last.0, last.1, last.2);
        parameters.self_signed(&key).unwrap().into()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_dates_of_a_certificate_are_read_whatever_they_are() {
        for (first, last, begins, ends) in [
            ((2026, 4, 2), (2026, 7, 1), "2026-04-02", "2026-07-01"),
            ((1999, 12, 31), (2001, 1, 1), "1999-12-31", "2001-01-01"),
            ((2040, 1, 1), (9998, 12, 31), "2040-01-01", "9998-12-31"),
            ((1970, 1, 1), (2051, 1, 1), "1970-01-01", "2051-01-01"),
        ] {
            let validity = Validity::of(&certificate(first, last)).unwrap();
            assert_eq!(validity.begins, at(&format!("{begins}T00:00:00Z")));
            assert_eq!(validity.ends, at(&format!("{ends}T00:00:00Z")));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_dates() {
        assert!(Validity::of(&CertificateDer::from(vec![0x30, 0])).is_err());
    }

    #[test]
    fn three_weeks_before_the_end_it_is_near_and_of_a_short_life_in_the_last_quarter() {
        let of = |begins: &str, ends: &str| Validity {
            begins: at(begins),
            ends: at(ends),
        };
        let long = of("2026-04-01T00:00:00Z", "2026-06-30T00:00:00Z");
        assert!(!long.is_near_its_end(at("2026-06-08T23:59:59Z")));
        assert!(long.is_near_its_end(at("2026-06-09T00:00:00Z")));
        assert!(long.is_near_its_end(at("2026-07-09T00:00:00Z")));
        let short = of("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z");
        assert!(!short.is_near_its_end(at("2026-04-01T17:59:59Z")));
        assert!(short.is_near_its_end(at("2026-04-01T18:00:00Z")));
    }
}
