//! The calls that these tests make at a replica.

use silkrate::pb;
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::admin::{FileTableRequest, FileTableResponse, Row, Table};
use silkrate::pb::rate_service_client::RateServiceClient;
use tonic::Code;

/// Files a table of three currencies at the replica whose operators use this URL.
pub(crate) async fn file_table(
    admin: &str,
    day: &str,
    dollar: &str,
) -> Result<FileTableResponse, Code> {
    let row = |currency: &str, value: &str| Row {
        currency: currency.to_owned(),
        units: "1".to_owned(),
        value: value.to_owned(),
        home_currency: "KZT".to_owned(),
        published_change: None,
    };
    let table = Table {
        source: "nbk".to_owned(),
        document: "daily".to_owned(),
        pivot: "KZT".to_owned(),
        effective_date: day.to_owned(),
        as_of_time: None,
        rows: vec![row("USD", dollar), row("EUR", "548.60"), row("RUB", "5.9")],
    };
    let request = FileTableRequest { table: Some(table) };
    let client = AdminServiceClient::connect(admin.to_owned()).await;
    let mut client = client.map_err(|_not_reached| Code::Unavailable)?;
    let answer = client.file_table(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

/// A snapshot of every pair, of the replica whose clients use this URL.
pub(crate) async fn every_pair(rates: &str) -> Result<pb::GetSnapshotResponse, Code> {
    let client = RateServiceClient::connect(rates.to_owned()).await;
    let mut client = client.map_err(|_not_reached| Code::Unavailable)?;
    let filter = pb::RateFilter {
        pairs: vec!["*/*".to_owned()],
    };
    let request = pb::GetSnapshotRequest {
        filter: Some(filter),
        ..Default::default()
    };
    let answer = client.get_snapshot(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}
