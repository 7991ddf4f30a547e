//! Positions, pages and the past are those of the service, not of a replica: a client goes on at any of them.

use prost::Message;
use silkrate::pb;
use silkrate::pb::ResumeVerdict;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;
use tempfile::TempDir;

use crate::server::Server;
use crate::service::Service;

fn every_pair() -> Option<pb::RateFilter> {
    Some(pb::RateFilter {
        pairs: vec!["*/*".to_owned()],
    })
}

/// What a client holds at a position.
#[derive(Clone)]
struct Held {
    position: pb::Position,
    rates: Vec<pb::Rate>,
}

async fn held(service: &Service) -> Held {
    let bytes = service.snapshot().await;
    let snapshot = pb::GetSnapshotResponse::decode(&*bytes).unwrap();
    Held {
        position: snapshot.position.unwrap(),
        rates: snapshot.rates,
    }
}

/// Resumes at a service, and applies the update.
async fn resume(service: &Service, held: Held) -> Held {
    let client = RateServiceClient::connect(service.rates.clone()).await;
    let request = pb::WatchRatesRequest {
        filter: every_pair(),
        resume_after: Some(held.position.clone()),
        ..Default::default()
    };
    let answer = client.unwrap().watch_rates(request).await;
    let mut stream = answer.unwrap().into_inner();
    let opening = stream.message().await.unwrap().unwrap();
    let Some(Event::Opening(opening)) = opening.event else {
        panic!("{opening:?}");
    };
    assert_eq!(opening.verdict(), ResumeVerdict::Resumed);
    let message = stream.message().await.unwrap().unwrap();
    let Some(Event::Update(update)) = message.event else {
        panic!("{message:?}");
    };
    assert_eq!(update.after.as_ref(), Some(&held.position));
    let is_replaced = |rate: &pb::Rate| {
        let changed = update.rates.iter().any(|other| other.pair == rate.pair);
        changed || update.removed_pairs.contains(&rate.pair)
    };
    let mut rates = held.rates;
    rates.retain(|rate| !is_replaced(rate));
    rates.extend(update.rates.iter().cloned());
    Held {
        position: message.position.unwrap(),
        rates,
    }
}

/// The bytes of what is held, in one order.
fn bytes(mut held: Held) -> Vec<Vec<u8>> {
    held.rates.sort_by(|one, other| one.pair.cmp(&other.pair));
    let rates = held.rates.iter().map(pb::Rate::encode_to_vec);
    rates.chain([held.position.encode_to_vec()]).collect()
}

/// The pages of the dollar at some services in turn, one row on each.
async fn pages(services: &[&Service]) -> Vec<pb::Fixing> {
    let (mut fixings, mut page_token) = (Vec::new(), None);
    for service in services.iter().cycle() {
        let client = RateServiceClient::connect(service.rates.clone()).await;
        let request = pb::ListFixingsRequest {
            source: "nbk".to_owned(),
            currency: "USD".to_owned(),
            page_size: Some(1),
            page_token,
            ..Default::default()
        };
        let page = client.unwrap().list_fixings(request).await;
        let page = page.unwrap().into_inner();
        fixings.extend(page.fixings);
        page_token = page.next_page_token;
        if page_token.is_none() {
            break;
        }
    }
    fixings
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the counts are printed")]
async fn a_client_goes_on_at_another_replica_from_every_position_and_page() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let first = Service::start(&server, folder.path(), "first").await;
    let mut positions = Vec::new();
    for (day, dollar) in [
        ("2026-04-01", "475.00"),
        ("2026-04-02", "476.10"),
        ("2026-04-02", "476.20"),
        ("2026-04-03", "477.00"),
        ("2026-04-06", "478.50"),
    ] {
        first.file(day, dollar).await;
        positions.push(held(&first).await);
    }
    let second = Service::start(&server, folder.path(), "second").await;
    second.until_as(&first).await;
    let newest = bytes(held(&second).await);
    let resumed = positions.len();
    for position in positions {
        assert_eq!(bytes(resume(&second, position).await), newest);
    }
    let on_one = pages(&[&first]).await;
    let on_both = pages(&[&second, &first]).await;
    println!(
        "resumed at {resumed} positions, rows equal; {} pages continued on another replica",
        on_both.len()
    );
    assert_eq!(on_one.len(), 5);
    assert_eq!(on_both, on_one);
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_service_that_ran_alone_gives_the_others_its_past_and_clients_resume() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let alone = Service::start_alone(folder.path(), "first").await;
    for (day, dollar) in [
        ("2026-04-01", "475.00"),
        ("2026-04-02", "476.10"),
        ("2026-04-02", "476.20"),
    ] {
        alone.file(day, dollar).await;
    }
    let (client, past) = (held(&alone).await, pages(&[&alone]).await);
    assert_eq!(past.len(), 3);
    alone.stop().await;

    let first = Service::start(&server, folder.path(), "first").await;
    first.file("2026-04-03", "477.00").await;
    let second = Service::start(&server, folder.path(), "second").await;
    second.until_as(&first).await;
    assert_eq!(second.snapshot().await, first.snapshot().await);
    let both = pages(&[&first, &second]).await;
    assert_eq!((&both[1..], both.len()), (&past[..], 4));
    assert_eq!(pages(&[&second]).await, both);
    for service in [&first, &second] {
        let resumed = resume(service, client.clone()).await;
        assert_eq!(bytes(resumed), bytes(held(service).await));
    }

    // One with another past of its own sets it aside.
    let third = Service::start_alone(folder.path(), "third").await;
    third.file("2026-03-30", "470.00").await;
    third.stop().await;
    let third = Service::start(&server, folder.path(), "third").await;
    third.until_as(&first).await;
    assert_eq!(pages(&[&third]).await, both);
    assert!(folder.path().join("third.db.aside-0").exists());

    // Alone again, it begins an epoch of its own: the others go on with this one.
    let shared = held(&first).await.position;
    first.stop().await;
    let alone = Service::start_alone(folder.path(), "first").await;
    assert_ne!(held(&alone).await.position.epoch, shared.epoch);
    assert_eq!(pages(&[&alone]).await, both);
    alone.stop().await;
    third.stop().await;
    second.stop().await;
}
