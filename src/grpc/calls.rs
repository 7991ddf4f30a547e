//! The requests of the gRPC port by method and code, for the metrics.

use http::HeaderMap;

use crate::requests::{GRPC_CODES, grpc_code};
use crate::telemetry::CallCounts;

/// How the path of a method of the rates begins.
const SERVICE: &str = "/silkrate.v1.RateService/";
/// The methods of the contract, and last everything else: health, reflection, methods that no service has.
const METHODS: [&str; 11] = [
    "GetSnapshot",
    "GetRate",
    "WatchRates",
    "ConvertAmount",
    "ListFixings",
    "ListRateHistory",
    "ListPeriodRates",
    "ListSources",
    "ListCurrencies",
    "ListPairs",
    "other",
];
pub(super) fn counts() -> CallCounts {
    CallCounts::new(METHODS, &GRPC_CODES)
}

/// The place of a method by its path.
pub(super) fn method(path: &str) -> usize {
    let name = path.strip_prefix(SERVICE).unwrap_or_default();
    let other = METHODS.len().saturating_sub(1);
    let place = METHODS.iter().position(|method| *method == name);
    place.unwrap_or(other)
}

/// The place of the code of an answer. A refusal has its status in the headers; that of an answer with messages is in its
/// trailers, and so far it is well.
pub(super) fn code(headers: &HeaderMap) -> usize {
    grpc_code(headers).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::FileDescriptorSet;
    use tonic::Code;

    use super::*;
    use crate::pb;

    #[test]
    fn every_method_of_the_contract_has_a_place_of_its_own() {
        let descriptor = FileDescriptorSet::decode(pb::DESCRIPTOR_SET).unwrap();
        let services = descriptor.file.iter().flat_map(|file| &file.service);
        let rates = services.filter(|service| service.name() == "RateService");
        let mut contract: Vec<_> = rates
            .flat_map(|service| &service.method)
            .map(|method| method.name().to_owned())
            .collect();
        contract.push("other".to_owned());
        contract.sort_unstable();
        let mut places = METHODS.map(ToOwned::to_owned);
        places.sort_unstable();
        assert_eq!(contract, places);
        assert_eq!(method("/silkrate.v1.RateService/GetRate"), 1);
        let other = METHODS.len() - 1;
        for path in [
            "/silkrate.v1.RateService/Nothing",
            "/grpc.health.v1.Health/Check",
            "/",
            "",
        ] {
            assert_eq!(method(path), other, "{path}");
        }
    }

    #[test]
    fn a_code_has_the_place_of_its_number() {
        let of = |status: &'static str| {
            let name = http::HeaderName::from_static("grpc-status");
            let value = http::HeaderValue::from_static(status);
            GRPC_CODES[code(&HeaderMap::from_iter([(name, value)]))]
        };
        assert_eq!(GRPC_CODES[code(&HeaderMap::new())], "OK");
        assert_eq!(of("0"), "OK");
        assert_eq!(of("5"), "NOT_FOUND");
        assert_eq!(Code::NotFound, Code::from(5));
        assert_eq!(of("16"), "UNAUTHENTICATED");
        for odd in ["17", "-1", "x", ""] {
            assert_eq!(of(odd), "UNKNOWN", "{odd}");
        }
    }
}
