//! What clients probably refuse, although the port can serve it.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};

use crate::tls::validity;

/// What clients probably refuse. It is no reason not to start: a client may have what is missing, or ask for less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The certificate is not for servers.
    Purpose,
    /// The certificate after it in the file is not that of its authority.
    Chain,
}

impl Doubt {
    /// What is wrong.
    pub fn problem(self) -> &'static str {
        match self {
            Self::Purpose => {
                "the certificate is not for TLS servers: its extended key usage lacks serverAuth"
            }
            Self::Chain => {
                "the second certificate is not that of the authority that signed the first one"
            }
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Purpose => "have a certificate for servers signed, or clients refuse this one",
            Self::Chain => {
                "put the certificates of its authorities after it, the one that signed it first, or most clients refuse it"
            }
        }
    }

    /// Those about a certificate that is valid now, and those after it.
    pub(super) fn of(chain: &[CertificateDer<'_>], now: Timestamp) -> Vec<Self> {
        let purpose = refusal(chain, &RootCertStore::empty(), now);
        let is_for_others = purpose.is_some_and(|refusal| {
            matches!(
                refusal,
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }
            )
        });
        if is_for_others {
            // A verifier checks nothing else in such a certificate.
            return vec![Self::Purpose];
        }
        let Some(next) = chain.get(1) else {
            return Vec::new();
        };
        let mut authority = RootCertStore::empty();
        let follows = authority.add(next.clone()).is_ok()
            && !refusal(chain, &authority, now).is_some_and(|refusal| {
                matches!(
                    refusal,
                    CertificateError::UnknownIssuer | CertificateError::BadSignature
                )
            });
        if follows {
            Vec::new()
        } else {
            vec![Self::Chain]
        }
    }
}

/// Why a client that trusts these authorities refuses the first certificate.
fn refusal(
    chain: &[CertificateDer<'_>],
    authorities: &RootCertStore,
    now: Timestamp,
) -> Option<CertificateError> {
    let own = ParsedCertificate::try_from(chain.first()?).ok()?;
    let now = now.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
    validity::refusal(&own, authorities, now)
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa,
        KeyPair,
    };

    use super::*;

    fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut parameters = CertificateParams::default();
        let names = &mut parameters.distinguished_name;
        names.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
    }

    fn signed(
        issuer: &CertifiedIssuer<'static, KeyPair>,
        usages: &[ExtendedKeyUsagePurpose],
    ) -> CertificateDer<'static> {
        let mut parameters = CertificateParams::new(["rates.example".to_owned()]).unwrap();
        parameters.extended_key_usages = usages.to_vec();
        let key = KeyPair::generate().unwrap();
        parameters.signed_by(&key, issuer).unwrap().der().clone()
    }

    #[test]
    fn a_chain_whose_next_certificate_did_not_sign_the_first_one_is_doubted() {
        // One of them has the name of the right one, and another key.
        let (right, other, namesake) = (issuer("one"), issuer("two"), issuer("one"));
        let now = Timestamp::now();
        let own = signed(&right, &[ExtendedKeyUsagePurpose::ServerAuth]);
        for (next, expected) in [
            (Some(&right), &[][..]),
            (None, &[]),
            (Some(&other), &[Doubt::Chain]),
            (Some(&namesake), &[Doubt::Chain]),
        ] {
            let next = next.map(|issuer| issuer.der().clone());
            let chain: Vec<_> = [own.clone()].into_iter().chain(next).collect();
            assert_eq!(Doubt::of(&chain, now), expected);
        }
    }

    #[test]
    fn a_certificate_for_clients_alone_is_doubted_and_one_for_everything_is_not() {
        use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
        let issuer = issuer("one");
        let now = Timestamp::now();
        for (usages, expected) in [
            (&[ClientAuth][..], &[Doubt::Purpose][..]),
            (&[ClientAuth, ServerAuth], &[]),
            (&[], &[]),
        ] {
            assert_eq!(Doubt::of(&[signed(&issuer, usages)], now), expected);
        }
    }
}
