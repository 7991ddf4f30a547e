//! An operator who submits tables of the past, and a client that asks about them: what was acknowledged stays, and the answers
//! never change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::admin::{FileTableRequest, FileTableResponse, Row, Table};
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::{ConvertAmountRequest, ListFixingsRequest};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::findings::{Count, Findings};
use crate::grpc::{ANSWER_TIMEOUT, is_answer};

/// The date of the first table that is submitted.
const FIRST: Date = date(2000, 1, 3);
/// The pause between two tables, and between two questions.
const PAUSE: Duration = Duration::from_millis(150);
/// The rows of a page at the end: as many as the service gives.
const PAGE_SIZE: i32 = 1000;

/// The price of a dollar in a table, in hundredths of a tenge.
fn hundredths(number: u32) -> u32 {
    14_000 + number % 90
}

/// Submits one table after the other until the run stops. One without an answer is submitted again: whether it was filed
/// is not known.
pub(crate) async fn submit_the_past(url: String, findings: Arc<Findings>, stop: CancellationToken) {
    let mut number = 0;
    while !stop.is_cancelled() {
        if !findings.has_rates() {
            // The first table is that of the bank.
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let day = FIRST + i64::from(number).days();
        match answered(&findings, submit(&url, day, hundredths(number))).await {
            Ok(outcome) if outcome.refused.is_none() && outcome.held_rows == 0 => {
                findings.acknowledge(day, hundredths(number));
                number += 1;
            }
            Ok(outcome) => {
                findings.violation(&format!("the table of {day} was not filed: {outcome:?}"));
                number += 1;
            }
            Err(status) => {
                refused(&findings, &status);
                findings.add(Count::TablesUnanswered, 1);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn submit(url: &str, day: Date, hundredths: u32) -> Result<FileTableResponse, Status> {
    let client = AdminServiceClient::connect(url.to_owned()).await;
    let mut client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    let row = |currency: &str, value: String| Row {
        currency: currency.to_owned(),
        units: "1".to_owned(),
        value,
        home_currency: "KZT".to_owned(),
        published_change: None,
    };
    let value = |hundredths: u32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let table = Table {
        source: "nbk".to_owned(),
        document: "daily".to_owned(),
        pivot: "KZT".to_owned(),
        effective_date: day.to_string(),
        as_of_time: None,
        rows: vec![
            row("USD", value(hundredths)),
            row("EUR", value(hundredths + 1_000)),
        ],
    };
    let request = FileTableRequest { table: Some(table) };
    Ok(client.file_table(request).await?.into_inner())
}

/// Asks for a hundred dollars on dates whose tables were acknowledged, until the run stops.
pub(crate) async fn ask_about_the_past(
    url: String,
    findings: Arc<Findings>,
    stop: CancellationToken,
) {
    let mut random = fastrand::Rng::with_seed(2);
    while !stop.is_cancelled() {
        tokio::time::sleep(PAUSE).await;
        let known: Vec<(Date, u32)> = findings.acknowledged().into_iter().collect();
        let Some((day, hundredths)) = random.choice(known) else {
            continue;
        };
        match answered(&findings, ask(&url, day)).await {
            Ok(result) => {
                findings.add(Count::QuestionsAboutThePast, 1);
                if result != hundredths.to_string() {
                    findings.violation(&format!(
                        "100 USD are {result} KZT on {day}, not {hundredths}"
                    ));
                }
            }
            Err(status) if status.code() == Code::NotFound => {
                findings.violation(&format!("nothing is known of {day}: {status}"));
            }
            Err(status) => refused(&findings, &status),
        }
    }
}

/// A hundred dollars in tenge on a day.
async fn ask(url: &str, day: Date) -> Result<String, Status> {
    let request = ConvertAmountRequest {
        amount: "100".to_owned(),
        from_currency: "USD".to_owned(),
        to_currency: "KZT".to_owned(),
        date: Some(day.to_string()),
        round_to_minor_unit: false,
    };
    let client = RateServiceClient::connect(url.to_owned()).await;
    let mut client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(client.convert_amount(request).await?.into_inner().result)
}

/// The answer to a request, unless there is none for too long.
async fn answered<T>(
    findings: &Findings,
    request: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, request).await;
    answer.unwrap_or_else(|elapsed| {
        findings.add(Count::SilentConnections, 1);
        Err(Status::deadline_exceeded(elapsed.to_string()))
    })
}

/// A service that was killed or stops may leave a request without an answer. It may not refuse one.
fn refused(findings: &Findings, status: &Status) {
    if is_answer(status) && status.code() != Code::DeadlineExceeded && !findings.is_stopping() {
        findings.violation(&format!("an operator or a reader was refused: {status}"));
    }
}

/// Checks, at the end, that every table that was acknowledged is there.
pub(crate) async fn check_acknowledged(url: &str, findings: &Findings) {
    let mut client = RateServiceClient::connect(url.to_owned()).await.unwrap();
    let mut request = ListFixingsRequest {
        source: "nbk".to_owned(),
        currency: "USD".to_owned(),
        page_size: Some(PAGE_SIZE),
        ..ListFixingsRequest::default()
    };
    let mut found = BTreeMap::new();
    loop {
        let page = client
            .list_fixings(request.clone())
            .await
            .unwrap()
            .into_inner();
        for fixing in page.fixings {
            found.insert(fixing.effective_date, fixing.value);
        }
        if page.next_page_token.is_none() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    for (day, hundredths) in findings.acknowledged() {
        let value = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        if found.get(&day.to_string()) != Some(&value) {
            findings.violation(&format!("the acknowledged table of {day} is lost"));
        }
    }
}
