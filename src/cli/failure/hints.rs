//! What to do about the refusals of a server, and about connections that cannot be used.

use crate::client::HandshakeFault;
use crate::domain::Reason;

/// The hint for a connection that cannot be used.
pub(super) fn handshake_hint(fault: &HandshakeFault) -> &'static str {
    match fault {
        HandshakeFault::NoTls => "write http:// in the URL, or name the port that speaks TLS",
        HandshakeFault::NotPlain => {
            "write https:// if the server, or a proxy before it, has TLS; a proxy must pass HTTP/2 on"
        }
        HandshakeFault::NoHttp2 => "name the port of gRPC; a proxy before it must pass HTTP/2 on",
        HandshakeFault::UnknownAuthority => {
            "name the PEM file of the authority that signed it, with --ca-file FILE or in SILKRATE_CA"
        }
        HandshakeFault::OtherName(_) => {
            "write a name of the certificate in the URL, or give the server a certificate for this name"
        }
        HandshakeFault::Certificate(_) => {
            "renew the certificate of the server, and check the clock of this machine"
        }
        HandshakeFault::NoClientCertificate => {
            "name the certificate of this client and its key with --certificate-file and --key-file, or in SILKRATE_CERTIFICATE and SILKRATE_CERTIFICATE_KEY"
        }
        HandshakeFault::ClientCertificate(_) => {
            "use a certificate that is in force, of an authority in client_ca of the server"
        }
        HandshakeFault::Tls(_) => "the log of the server may say more",
    }
}

/// The hint for a server's reason. It does not repeat the message.
pub(super) fn refusal_hint(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::InvalidPair | Reason::PairNotQuoted => {
            "`silkrate rates '*/USD'` and `silkrate rates 'KZT/*'` print the pairs that are quoted"
        }
        Reason::TooManyPairs | Reason::MessageTooLarge => {
            "use a star for a side, such as '*/USD', or several requests"
        }
        Reason::NoRateOnDate => "`silkrate history BASE/QUOTE` prints the dates that have a rate",
        Reason::InvalidAmount => {
            "an amount has at most 28 digits and no separators, and so must its result"
        }
        Reason::InvalidCurrency => "`silkrate rates 'KZT/*'` prints currencies that are quoted",
        Reason::InvalidPeriod => {
            "the server is of an earlier version: ask for another step or period"
        }
        Reason::InvalidDate => "write dates as 2026-04-02, the earlier one first",
        Reason::InvalidSource => "`silkrate sources` prints the ids",
        Reason::NotLeader => {
            "`silkrate shared` names the replica that leads; its shared.advertise_admin says where it is reached"
        }
        Reason::NotShared => "set shared.servers of the service, or ask a replica with --admin URL",
        Reason::NoState => {
            "name several replicas with commas between their URLs: another one may have a state; `silkrate shared` says what this one does"
        }
        Reason::StoreUnavailable => "the latest rates are still served; see the log of the server",
        Reason::KeyRequired | Reason::InvalidKey | Reason::KeyExpired | Reason::KeyRevoked => {
            "name a file with a key that is valid with --access-key-file, or in SILKRATE_ACCESS_KEY_FILE"
        }
        Reason::InsufficientScope => {
            "an operator makes a key for it: `silkrate keys add NAME --scope admin`"
        }
        Reason::NotHeld => "`silkrate held` prints the held values",
        Reason::HeldValueChanged => {
            "`silkrate held` prints the value that is held now: decide on that one"
        }
        _ => return None,
    })
}
