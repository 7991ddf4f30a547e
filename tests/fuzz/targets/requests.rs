//! The messages of requests over gRPC, of clients and of operators. Whatever one sends, the answer is a message or a refusal with a reason, and the
//! service has no failure of its own.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::checks::client::{Answer, Client};
use crate::checks::prose;
use crate::checks::service::SERVICE;

/// The methods, by the first byte of an input. That of the last one never ends by itself.
const METHODS: [&str; 12] = [
    "/silkrate.v1.RateService/GetSnapshot",
    "/silkrate.v1.RateService/GetRate",
    "/silkrate.v1.RateService/ConvertAmount",
    "/silkrate.v1.RateService/ListSources",
    "/silkrate.v1.RateService/ListCurrencies",
    "/silkrate.v1.RateService/ListPairs",
    "/silkrate.v1.RateService/ListFixings",
    "/silkrate.v1.RateService/ListRateHistory",
    "/silkrate.v1.RateService/ListPeriodRates",
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    WATCH,
];
const WATCH: &str = "/silkrate.v1.RateService/WatchRates";
/// The first bytes from here on send the rest as it is, without the prefix of a message.
const UNFRAMED_FROM: u8 = 0xf0;

/// The methods of the operators' port.
const OF_OPERATORS: [&str; 9] = [
    "/silkrate.admin.v1.AdminService/ListHeld",
    "/silkrate.admin.v1.AdminService/ReleaseHeld",
    "/silkrate.admin.v1.AdminService/RejectHeld",
    "/silkrate.admin.v1.AdminService/ListFiledDates",
    "/silkrate.admin.v1.AdminService/FileTable",
    "/silkrate.admin.v1.AdminService/GetStore",
    "/silkrate.admin.v1.AdminService/GetSettings",
    "/silkrate.admin.v1.AdminService/ListReplicas",
    "/silkrate.admin.v1.AdminService/StepDown",
];

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::new(Client::new(SERVICE.with(|service| service.grpc), true));
    static OPERATOR: RefCell<Client> = RefCell::new(Client::new(SERVICE.with(|service| service.admin), true));
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("an input is short");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}

fn check(path: &str, answer: &Answer) {
    assert_eq!(answer.head.status, 200, "{path}");
    let status = status(&answer.trailers).or_else(|| status(&answer.head.headers));
    let Some(status) = status else {
        return assert_eq!(path, WATCH, "an answer without a status");
    };
    if status.code() == Code::Ok {
        return;
    }
    let is_of_contract = path.starts_with("/silkrate");
    let is_failure = matches!(
        status.code(),
        Code::Unknown | Code::Internal | Code::DataLoss
    );
    assert!(!(is_failure && is_of_contract), "{path}: {status}");
    prose::check(status.message());
    if is_of_contract {
        let reason = status.get_details_error_info();
        assert!(reason.is_some(), "{path}: no reason: {status}");
    }
}

/// A request of a client.
pub(crate) fn of_client(bytes: &[u8]) {
    CLIENT.with_borrow_mut(|client| send(client, &METHODS, bytes));
}

/// A request of an operator.
pub(crate) fn of_operator(bytes: &[u8]) {
    OPERATOR.with_borrow_mut(|operator| send(operator, &OF_OPERATORS, bytes));
}

fn send(client: &mut Client, methods: &[&str], bytes: &[u8]) {
    let Some((first, message)) = bytes.split_first() else {
        return;
    };
    let path = methods[usize::from(*first) % methods.len()];
    let body = if *first < UNFRAMED_FROM {
        framed(message)
    } else {
        message.to_vec()
    };
    let request = Request::post(format!("http://{}{path}", client.address));
    let request = request
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let request = request.body(Full::new(Bytes::from(body)));
    let request = request.expect("it is a request");
    let answer = SERVICE.with(|service| service.wait(client.send(request, path == WATCH)));
    check(path, &answer);
}
