//! The calls of gRPC by method and code, for the metrics.

use http::Response;

use crate::requests::{GRPC_CODES, UNKNOWN, grpc_code};
use crate::telemetry::CallCounts;

/// The services whose methods are counted each on their own.
const SERVICES: [&str; 2] = ["silkrate.v1.RateService", "silkrate.admin.v1.AdminService"];
/// The methods of the contracts, and last everything else: health, reflection, methods that no service has.
const METHODS: [&str; 20] = [
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
    "ListHeld",
    "ReleaseHeld",
    "RejectHeld",
    "ListFiledDates",
    "FileTable",
    "GetStore",
    "ListReplicas",
    "StepDown",
    "GetSettings",
    "other",
];
/// The code of a call whose client left before its answer began.
const CANCELLED: &str = "CANCELLED";

/// Counts of calls, all zero.
pub fn call_counts() -> CallCounts {
    CallCounts::new(METHODS, &GRPC_CODES, CANCELLED)
}

/// The place of a method by its path.
pub fn method_place(path: &str) -> usize {
    let path = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let name = path.filter(|(service, _)| SERVICES.contains(service));
    let name = name.map_or("other", |(_, name)| name);
    let place = METHODS.iter().position(|method| *method == name);
    place.unwrap_or(METHODS.len().saturating_sub(1))
}

/// The place of the code of an answer. A refusal has its status in the headers; that of an answer with messages is in its
/// trailers, and so far it is well. One that is not gRPC at all, such as 415, has none: clients read it as `UNKNOWN`.
pub fn code_place<B>(answer: &Response<B>) -> usize {
    let is_success = answer.status().is_success();
    let without_status = if is_success { 0 } else { UNKNOWN };
    grpc_code(answer.headers()).unwrap_or(without_status)
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
        let mut contract = vec!["other".to_owned()];
        for file in &descriptor.file {
            for service in &file.service {
                let service_name = format!("{}.{}", file.package(), service.name());
                assert!(SERVICES.contains(&service_name.as_str()), "{service_name}");
                for method in &service.method {
                    let path = format!("/{service_name}/{}", method.name());
                    assert_eq!(METHODS[method_place(&path)], method.name());
                    contract.push(method.name().to_owned());
                }
            }
        }
        contract.sort_unstable();
        let mut places = METHODS.map(ToOwned::to_owned);
        places.sort_unstable();
        assert_eq!(contract, places);
        let other = METHODS.len() - 1;
        for path in [
            "/silkrate.v1.RateService/Nothing",
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/GetRate",
            "silkrate.v1.RateService/GetRate",
            "/",
            "",
        ] {
            assert_eq!(method_place(path), other, "{path}");
        }
    }

    #[test]
    fn a_code_has_the_place_of_its_number() {
        let of = |status: &'static str| {
            let name = http::HeaderName::from_static("grpc-status");
            let value = http::HeaderValue::from_static(status);
            let mut answer = Response::new(());
            answer.headers_mut().insert(name, value);
            GRPC_CODES[code_place(&answer)]
        };
        assert_eq!(GRPC_CODES[code_place(&Response::new(()))], "OK");
        let mut no_grpc = Response::new(());
        *no_grpc.status_mut() = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_eq!(GRPC_CODES[code_place(&no_grpc)], "UNKNOWN");
        assert_eq!(of("0"), "OK");
        assert_eq!(of("5"), "NOT_FOUND");
        assert_eq!(Code::NotFound, Code::from(5));
        assert_eq!(of("16"), "UNAUTHENTICATED");
        for odd in ["17", "-1", "x", ""] {
            assert_eq!(of(odd), "UNKNOWN", "{odd}");
        }
    }
}
