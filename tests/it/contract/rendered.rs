//! The messages that silkrate writes as JSON, by the code that writes them.

use prost_reflect::DynamicMessage;
use silkrate::{json, pb};

use crate::contract::reference::SERVER_TIME;

/// Writes a message as JSON. The second argument is the request.
type Render = fn(&DynamicMessage, Option<&DynamicMessage>) -> String;

/// Every response that has a JSON form; the messages in its fields are rendered with it.
pub(crate) const RENDERED: &[(&str, Render)] = &[
    ("silkrate.v1.GetSnapshotResponse", |message, _| {
        let message: pb::GetSnapshotResponse = message.transcode_to().unwrap();
        json::text(&json::GetSnapshotResponse::from(&message).at(&SERVER_TIME)).unwrap()
    }),
    ("silkrate.v1.GetRateResponse", |message, _| {
        let message: pb::GetRateResponse = message.transcode_to().unwrap();
        json::text(&json::GetRateResponse::from(&message)).unwrap()
    }),
    ("silkrate.v1.WatchRatesResponse", |message, _| {
        let message: pb::WatchRatesResponse = message.transcode_to().unwrap();
        json::text(&json::WatchRatesResponse::of(&message).unwrap()).unwrap()
    }),
    ("silkrate.v1.ConvertAmountResponse", |message, request| {
        let message: pb::ConvertAmountResponse = message.transcode_to().unwrap();
        let request: pb::ConvertAmountRequest = request.unwrap().transcode_to().unwrap();
        json::text(&json::ConvertAmountResponse::of(&request, &message)).unwrap()
    }),
    ("silkrate.v1.ListSourcesResponse", |message, _| {
        let message: pb::ListSourcesResponse = message.transcode_to().unwrap();
        json::text(&json::ListSourcesResponse::from(&message).at(&SERVER_TIME)).unwrap()
    }),
    ("silkrate.v1.ListCurrenciesResponse", |message, _| {
        let message: pb::ListCurrenciesResponse = message.transcode_to().unwrap();
        json::text(&json::ListCurrenciesResponse::from(&message)).unwrap()
    }),
    ("silkrate.v1.ListPairsResponse", |message, _| {
        let message: pb::ListPairsResponse = message.transcode_to().unwrap();
        json::text(&json::ListPairsResponse::from(&message)).unwrap()
    }),
    ("silkrate.v1.ListFixingsResponse", |message, _| {
        let message: pb::ListFixingsResponse = message.transcode_to().unwrap();
        json::text(&json::ListFixingsResponse::from(&message)).unwrap()
    }),
    ("silkrate.v1.ListRateHistoryResponse", |message, _| {
        let message: pb::ListRateHistoryResponse = message.transcode_to().unwrap();
        json::text(&json::ListRateHistoryResponse::from(&message)).unwrap()
    }),
    ("silkrate.v1.ListPeriodRatesResponse", |message, _| {
        let message: pb::ListPeriodRatesResponse = message.transcode_to().unwrap();
        json::text(&json::ListPeriodRatesResponse::from(&message)).unwrap()
    }),
    ("silkrate.admin.v1.ListHeldResponse", |message, _| {
        let message: pb::admin::ListHeldResponse = message.transcode_to().unwrap();
        json::text(&json::ListHeldResponse::from(&message)).unwrap()
    }),
    ("silkrate.admin.v1.ReleaseHeldResponse", |message, _| {
        let message: pb::admin::ReleaseHeldResponse = message.transcode_to().unwrap();
        json::text(&json::Decision::from(&message)).unwrap()
    }),
    ("silkrate.admin.v1.ListReplicasResponse", |message, _| {
        let message: pb::admin::ListReplicasResponse = message.transcode_to().unwrap();
        json::text(&json::ListReplicasResponse::from(&message)).unwrap()
    }),
    ("silkrate.admin.v1.StepDownResponse", |message, _| {
        let message: pb::admin::StepDownResponse = message.transcode_to().unwrap();
        json::text(&json::StepDownResponse::from(&message)).unwrap()
    }),
    ("silkrate.admin.v1.RejectHeldResponse", |message, _| {
        let message: pb::admin::RejectHeldResponse = message.transcode_to().unwrap();
        json::text(&json::Decision::from(&message)).unwrap()
    }),
];

/// Responses without a JSON form, and why.
pub(crate) const NOT_RENDERED: &[(&str, &str)] = &[
    (
        "silkrate.admin.v1.ListFiledDatesResponse",
        "`silkrate backfill` alone reads it",
    ),
    (
        "silkrate.admin.v1.FileTableResponse",
        "`silkrate backfill` alone reads it",
    ),
    (
        "silkrate.admin.v1.GetStoreResponse",
        "`silkrate backfill` alone reads it",
    ),
    (
        "silkrate.admin.v1.GetSettingsResponse",
        "`silkrate config --diff` alone reads it",
    ),
];
