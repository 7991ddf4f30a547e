//! Streams that resume at every position that was ever published.

use std::time::Duration;

use futures_util::StreamExt;
use silkrate::grpc::Rates;
use silkrate::pb;
use silkrate::pb::ResumeVerdict;
use silkrate::pb::rate_service_server::RateService;
use silkrate::pb::watch_rates_response::Event;
use tonic::Request;

use crate::findings::Findings;
use crate::history::{History, Served, filter};
use crate::subscriber::FILTERS;

/// The first rows come at once; or after two seconds, if a replica waits for what a reader says that it has seen on another one.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What is served now.
pub(crate) async fn snapshot(rates: &Rates, pairs: &[&str]) -> pb::GetSnapshotResponse {
    let request = pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: None,
    };
    let answer = rates.get_snapshot(Request::new(request)).await;
    answer.unwrap().into_inner()
}

/// Resumes at every position with every filter: the rows of that position and the changes since make the rows of now.
pub(crate) async fn from_every_position(rates: &Rates, history: &History, findings: &Findings) {
    for pairs in FILTERS {
        let now = snapshot(rates, pairs).await;
        let present = now.position.clone().unwrap();
        for position in history.positions() {
            let served = history.served(&position, pairs).unwrap();
            let resumed = resume(rates, pairs, &position).await;
            let resumed = resumed.map(|(verdict, _, rows)| (verdict, rows));
            let is_of_epoch = position.epoch == present.epoch;
            let rows = match resumed {
                Some((ResumeVerdict::Resumed, Event::Update(update))) if is_of_epoch => {
                    after(&served, update)
                }
                Some((ResumeVerdict::SnapshotOtherEpoch, Event::Snapshot(snapshot)))
                    if !is_of_epoch =>
                {
                    snapshot.rates
                }
                // Which pairs the ticker had before it started a replica does not know.
                Some((ResumeVerdict::SnapshotTooOld, Event::Snapshot(snapshot)))
                    if history.is_shared() && pairs.is_empty() =>
                {
                    snapshot.rates
                }
                other => {
                    findings.violation(&format!("{other:?} at {position:?} of {present:?}"));
                    continue;
                }
            };
            findings.count("resumed positions", 1);
            let same = sorted(rows) == sorted(now.rates.clone());
            findings.check(same, || format!("resumed at {position:?}: other rows"));
        }
    }
}

/// Resumes at positions that are yet to come: the verdict says so, and the rows are those of now, or of a commit that came while a
/// replica waited.
pub(crate) async fn from_the_future(rates: &Rates, history: &History, findings: &Findings) {
    for pairs in FILTERS {
        let now = snapshot(rates, pairs).await;
        for ahead in [1, 2, 1_000_000] {
            let mut position = now.position.clone().unwrap();
            position.revision += ahead;
            let resumed = resume(rates, pairs, &position).await;
            let holds = match &resumed {
                Some((ResumeVerdict::SnapshotAhead, Some(at), Event::Snapshot(rows))) => {
                    let served = history.served(at, pairs);
                    is_after(at, &now) && served.is_some_and(|served| served.rates == rows.rates)
                }
                Some((ResumeVerdict::Resumed, ..)) => history.places(&position).is_some(),
                _ => false,
            };
            findings.check(holds, || format!("{resumed:?} {ahead} ahead"));
            findings.count("positions ahead", 1);
        }
    }
}

/// Whether a position is that of a snapshot or a later one.
fn is_after(position: &pb::Position, snapshot: &pb::GetSnapshotResponse) -> bool {
    let present = snapshot.position.as_ref();
    present.is_some_and(|present| position.revision >= present.revision)
}

async fn resume(
    rates: &Rates,
    pairs: &[&str],
    position: &pb::Position,
) -> Option<(ResumeVerdict, Option<pb::Position>, Event)> {
    let request = pb::WatchRatesRequest {
        filter: Some(filter(pairs)),
        resume_after: Some(position.clone()),
        ..pb::WatchRatesRequest::default()
    };
    let stream = rates.watch_rates(Request::new(request)).await;
    let mut stream = stream.unwrap().into_inner();
    let mut next = async || {
        let message = tokio::time::timeout(AT_ONCE, stream.next()).await;
        message.ok()??.ok()
    };
    let (opening, rows) = (next().await?, next().await?);
    match opening.event? {
        Event::Opening(opening) => Some((opening.verdict(), rows.position, rows.event?)),
        _ => None,
    }
}

/// The rows of a position after an update.
fn after(served: &Served, update: pb::Update) -> Vec<pb::Rate> {
    let is_kept = |rate: &&pb::Rate| {
        let changed = update.rates.iter().any(|changed| changed.pair == rate.pair);
        !changed && !update.removed_pairs.contains(&rate.pair)
    };
    let mut rates: Vec<_> = served.rates.iter().filter(is_kept).cloned().collect();
    rates.extend(update.rates);
    rates
}

fn sorted(mut rates: Vec<pb::Rate>) -> Vec<pb::Rate> {
    rates.sort_by(|one, other| one.pair.cmp(&other.pair));
    rates
}
