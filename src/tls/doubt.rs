//! What clients probably refuse, although the port can serve it.

use jiff::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use crate::tls::validity;

/// A name that no certificate has (RFC 2606): its refusal lists those that the certificate has.
const NO_HOST: &str = "no-host.invalid";
/// How a refusal writes the alternative names that are of servers.
const HOST_NAMES: [&str; 2] = ["DnsName(", "IpAddress("];

/// What clients probably refuse. It is no reason not to start: a client may have what is missing, or ask for less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The certificate is not for servers.
    Purpose,
    /// The certificate names no host.
    Names,
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
            Self::Names => {
                "the certificate names no host: it has no subject alternative name that is a name or an address"
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
            Self::Names => {
                "have one signed that has the names and addresses of the port as subject alternative names (subjectAltName), or clients refuse this one"
            }
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
        let mut doubts = Vec::new();
        if !names_a_host(chain) {
            doubts.push(Self::Names);
        }
        let Some(next) = chain.get(1) else {
            return doubts;
        };
        let mut authority = RootCertStore::empty();
        let follows = authority.add(next.clone()).is_ok()
            && !refusal(chain, &authority, now).is_some_and(|refusal| {
                matches!(
                    refusal,
                    CertificateError::UnknownIssuer | CertificateError::BadSignature
                )
            });
        if !follows {
            doubts.push(Self::Chain);
        }
        doubts
    }
}

/// Whether the first certificate has a name or an address of a server, whichever it is. Clients do not look at its common name.
fn names_a_host(chain: &[CertificateDer<'_>]) -> bool {
    let own = chain.first().map(ParsedCertificate::try_from);
    let (Some(Ok(own)), Ok(name)) = (own, ServerName::try_from(NO_HOST)) else {
        return true;
    };
    match verify_server_name(&own, &name) {
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => presented
            .iter()
            .any(|name| HOST_NAMES.iter().any(|kind| name.starts_with(kind))),
        _ => true,
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
        KeyPair, SanType,
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
    fn a_certificate_that_names_no_host_is_doubted() {
        let (issuer, now) = (issuer("one"), Timestamp::now());
        let with_name = |name: SanType| {
            let mut parameters = CertificateParams::default();
            parameters.subject_alt_names.push(name);
            parameters
        };
        let mut by_common_name = CertificateParams::default();
        let subject = &mut by_common_name.distinguished_name;
        subject.push(rcgen::DnType::CommonName, "rates.example");
        let dns = SanType::DnsName("rates.example".try_into().unwrap());
        let wildcard = SanType::DnsName("*.rates.example".try_into().unwrap());
        let address = SanType::IpAddress([192, 0, 2, 1].into());
        let mail = SanType::Rfc822Name("desk@rates.example".try_into().unwrap());
        for (parameters, expected) in [
            (by_common_name, &[Doubt::Names][..]),
            (with_name(mail), &[Doubt::Names]),
            (with_name(dns), &[]),
            (with_name(wildcard), &[]),
            (with_name(address), &[]),
        ] {
            let key = KeyPair::generate().unwrap();
            let own = parameters.signed_by(&key, &issuer).unwrap();
            let doubts = Doubt::of(&[own.der().clone()], now);
            assert_eq!(doubts, expected, "{:?}", parameters.subject_alt_names);
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
