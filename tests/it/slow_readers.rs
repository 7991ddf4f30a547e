//! Readers that stop reading: other readers are not delayed, and a slow reader catches up.

mod drain;
mod stalled;

use std::collections::BTreeMap;

use prost::Message;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, filter, message};

const PAIRS: [&str; 3] = ["KZT/USD", "USD/KZT", "KZT/UZS"];
const VALUES: [&str; 5] = ["475.10", "475.20", "475.30", "475.40", "475.50"];

/// The rows of a client, from the messages it has applied.
#[derive(Debug, Default)]
struct Replica {
    position: pb::Position,
    rates: BTreeMap<String, pb::Rate>,
    updates: usize,
    commits: u64,
}

impl Replica {
    fn apply(&mut self, (position, event): (pb::Position, Event)) {
        match event {
            Event::Snapshot(snapshot) => {
                self.rates = snapshot
                    .rates
                    .into_iter()
                    .map(|rate| (rate.pair.clone(), rate))
                    .collect();
            }
            Event::Update(update) => {
                assert_eq!(
                    update.after.as_ref(),
                    Some(&self.position),
                    "an update follows what the reader holds"
                );
                self.updates += 1;
                self.commits += update.commits;
                self.rates.extend(
                    update
                        .rates
                        .into_iter()
                        .map(|rate| (rate.pair.clone(), rate)),
                );
            }
            Event::Opening(_) | Event::Heartbeat(_) => {}
        }
        self.position = position;
    }

    /// Reads until the rows are those of a position.
    async fn read_to(
        &mut self,
        stream: &mut tonic::Streaming<pb::WatchRatesResponse>,
        position: &pb::Position,
    ) {
        while self.position != *position {
            self.apply(message(stream).await);
        }
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        PAIRS
            .iter()
            .filter_map(|pair| self.rates.get(*pair))
            .map(Message::encode_to_vec)
            .collect()
    }
}

fn request() -> pb::WatchRatesRequest {
    pb::WatchRatesRequest {
        filter: Some(filter(&PAIRS)),
        ..pb::WatchRatesRequest::default()
    }
}

/// The bank corrects its dollar, and the service has filed the correction.
async fn correct(bank: &Bank, silkrate: &Silkrate, value: &str) {
    let document = nbk("02.04.2026", (value, "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), document.clone()),
        (nbk_path("03.04.2026"), document),
    ]);
    let dollar = silkrate::domain::Pair::parse("USD/KZT").unwrap();
    let holds = |rate: silkrate::domain::Rate| rate.value.to_string() == value;
    silkrate
        .committed(|snapshot| snapshot.rate(dollar).is_some_and(holds))
        .await;
}

async fn bytes_of_snapshot(silkrate: &mut Silkrate) -> (pb::Position, Vec<Vec<u8>>) {
    let snapshot = silkrate.snapshot(&PAIRS).await;
    (
        snapshot.position.unwrap(),
        snapshot.rates.iter().map(Message::encode_to_vec).collect(),
    )
}

#[tokio::test]
async fn a_reader_that_stopped_for_five_commits_converges_on_the_same_stream() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut stream = silkrate.watch(request()).await;
    let mut replica = Replica::default();
    let (start, _) = bytes_of_snapshot(&mut silkrate).await;
    replica.read_to(&mut stream, &start).await;
    for value in VALUES {
        correct(&bank, &silkrate, value).await;
    }
    let (position, expected) = bytes_of_snapshot(&mut silkrate).await;
    replica.read_to(&mut stream, &position).await;
    assert_eq!(replica.bytes(), expected);
    assert_eq!(
        replica.commits, 5,
        "every commit is counted, in any number of updates"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_reader_that_disconnected_converges_after_its_resume() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut replica = Replica::default();
    let (start, _) = bytes_of_snapshot(&mut silkrate).await;
    let mut stream = silkrate.watch(request()).await;
    replica.read_to(&mut stream, &start).await;
    drop(stream);
    for value in VALUES {
        correct(&bank, &silkrate, value).await;
    }
    let resumed = pb::WatchRatesRequest {
        resume_after: Some(replica.position.clone()),
        ..request()
    };
    let mut stream = silkrate.watch(resumed).await;
    let (position, expected) = bytes_of_snapshot(&mut silkrate).await;
    replica.read_to(&mut stream, &position).await;
    assert_eq!(replica.bytes(), expected);
    assert_eq!((replica.updates, replica.commits), (1, 5));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_thousand_readers_that_never_read_do_not_delay_the_one_that_does() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut stalled = Vec::new();
    for _connection in 0..10 {
        let mut client = RateServiceClient::connect(silkrate.url.clone())
            .await
            .unwrap();
        for _stream in 0..100 {
            stalled.push(client.watch_rates(request()).await.unwrap().into_inner());
        }
    }
    let mut stream = silkrate.watch(request()).await;
    let mut replica = Replica::default();
    for value in VALUES {
        correct(&bank, &silkrate, value).await;
        let (position, expected) = bytes_of_snapshot(&mut silkrate).await;
        replica.read_to(&mut stream, &position).await;
        assert_eq!(replica.bytes(), expected);
    }
    let mut late = Replica::default();
    late.read_to(stalled.last_mut().unwrap(), &replica.position)
        .await;
    assert_eq!(late.bytes(), replica.bytes());
    silkrate.finish().await;
}
