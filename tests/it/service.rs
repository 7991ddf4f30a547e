//! The whole service: a bank on one socket, a client on another.

use prost::Message;
use silkrate::pb;
use silkrate::pb::watch_rates_response::Event;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_types::StatusExt;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::silkrate::{Silkrate, filter, message, reason, settings, source};

fn watch(pairs: &[&str]) -> pb::WatchRatesRequest {
    pb::WatchRatesRequest {
        filter: Some(filter(pairs)),
        ..pb::WatchRatesRequest::default()
    }
}

#[tokio::test]
async fn the_first_rates_already_have_their_changes() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;

    let rate = silkrate.rate("kzt/usd").await;
    assert_eq!(
        (rate.pair.as_str(), rate.value.as_str()),
        ("KZT/USD", "0.00210486434149")
    );
    assert_eq!(rate.derivation(), pb::Derivation::Inverted);
    assert_eq!(
        (rate.source(), rate.effective_date()),
        ("nbk", "2026-04-02")
    );
    assert_eq!(
        (rate.freshness(), rate.freshness_reason()),
        (pb::Freshness::Fresh, "")
    );
    let change = rate.change.unwrap();
    assert_eq!(
        (change.absolute.as_str(), change.percent.as_str()),
        ("0.00001617875133", "0.7746")
    );
    assert_eq!(change.direction(), pb::Direction::Up);
    assert_eq!(change.reference_value, "0.00208868559016");
    assert_eq!(change.reference_date, "2026-04-01");

    let rate = silkrate.rate("USD/KZT").await;
    assert_eq!(
        (rate.value.as_str(), rate.derivation()),
        ("475.09", pb::Derivation::Published)
    );
    let change = rate.change.unwrap();
    assert_eq!(
        (change.absolute.as_str(), change.percent.as_str()),
        ("-3.68", "-0.7686")
    );
    assert_eq!(rate.fixings[0].published_change.as_deref(), Some("-3.68"));
    assert_eq!(rate.fixings[0].units, "1");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_snapshot_is_the_same_bytes_over_the_stream_and_without_it() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let pairs = ["UZS/KZT", "KZT/USD", "KZT/KZT", "*/USD"];
    let mut stream = silkrate.watch(watch(&pairs)).await;
    let (_, opening) = message(&mut stream).await;
    let Event::Opening(opening) = opening else {
        panic!("expected the opening, got {opening:?}")
    };
    assert_eq!(opening.verdict(), pb::ResumeVerdict::SnapshotRequested);
    assert_eq!(opening.heartbeat_interval.unwrap().seconds, 20);
    let (position, event) = message(&mut stream).await;
    let Event::Snapshot(streamed) = event else {
        panic!("expected the snapshot, got {event:?}")
    };
    let unary = silkrate.snapshot(&pairs).await;
    assert_eq!(unary.position, Some(position));
    let unary = pb::Snapshot {
        rates: unary.rates,
        sources: unary.sources,
    };
    assert_eq!(streamed.encode_to_vec(), unary.encode_to_vec());
    let order: Vec<&str> = unary.rates.iter().map(|rate| rate.pair.as_str()).collect();
    assert_eq!(
        order,
        ["KZT/USD", "KZT/KZT"],
        "a pair without a quote is left out, a repeated one is there once"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn tomorrows_table_is_announced_and_takes_force_at_midnight_without_a_poll() {
    let bank = bank_of_april().await;
    let third = nbk("03.04.2026", ("474.20", "-0.89"), ("3.90", "-0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    // Five seconds before midnight in Almaty: time to start in, even on a busy machine. The window is closed, so the next
    // poll is a long way off.
    let mut config = settings("2026-04-02T18:59:55Z");
    let mut nbk = source("nbk", "", &bank.url());
    nbk.interval = std::time::Duration::from_secs(3600);
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start(config).await;
    let dollar = silkrate::domain::Pair::parse("USD/KZT").unwrap();
    silkrate
        .committed(|snapshot| {
            snapshot
                .rate(dollar)
                .is_some_and(|rate| rate.announced.is_some())
        })
        .await;
    let requests = bank.seen().len();
    silkrate
        .committed(|snapshot| {
            snapshot
                .rate(dollar)
                .is_some_and(|rate| rate.value.to_string() == "474.20")
        })
        .await;
    let rate = silkrate.rate("USD/KZT").await;
    assert_eq!(
        (rate.effective_date(), &rate.announced),
        ("2026-04-03", &None)
    );
    assert_eq!(rate.change.unwrap().absolute, "-0.89");
    assert_eq!(bank.seen().len(), requests);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_missing_table_at_the_end_of_the_hours_is_a_commit_without_a_poll() {
    let bank = bank_of_april().await;
    // Five seconds before seven in Almaty, and nothing yet for tomorrow.
    let mut config = settings("2026-04-02T13:59:55Z");
    let mut nbk = source("nbk", "", &bank.url());
    nbk.interval = std::time::Duration::from_secs(3600);
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let requests = bank.seen().len();
    let before = silkrate.snapshot(&["KZT/USD"]).await;
    let [state] = before.sources.as_slice() else {
        panic!("one source");
    };
    assert_eq!(state.missed_publications, 0);
    let time = |time: &Option<prost_types::Timestamp>| time.unwrap().to_string();
    assert_eq!(time(&state.next_publication_time), "2026-04-02T09:00:00Z");
    assert_eq!(
        time(&state.next_publication_due_time),
        "2026-04-02T14:00:00Z"
    );

    let dollar = silkrate::domain::Pair::parse("KZT/USD").unwrap();
    silkrate
        .committed(|snapshot| {
            snapshot.rate(dollar).is_some_and(|rate| {
                rate.freshness_status.freshness == silkrate::domain::Freshness::Late
            })
        })
        .await;
    let after = silkrate.snapshot(&["KZT/USD"]).await;
    let revision = |snapshot: &pb::GetSnapshotResponse| {
        let position = snapshot.position.as_ref();
        position.unwrap().revision
    };
    assert_eq!(revision(&after), revision(&before) + 1);
    assert_eq!(after.rates[0].changed_at_revision, revision(&after));
    let reason = "the table for 2026-04-03 was due by 2026-04-02 19:00 in Almaty; the bank has not been reached since";
    assert_eq!(after.rates[0].freshness_reason(), reason);
    let state = &after.sources[0];
    assert_eq!(
        (state.freshness(), state.freshness_reason()),
        (pb::Freshness::Late, reason)
    );
    assert_eq!(state.missed_publications, 1);
    assert_eq!(time(&state.next_publication_time), "2026-04-03T09:00:00Z");
    assert_eq!(bank.seen().len(), requests);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_whole_with_a_reason() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let client = &mut silkrate.client;

    let wrong = pb::GetSnapshotRequest {
        filter: Some(filter(&["KZT/USD", "KZT-USD"])),
        ..pb::GetSnapshotRequest::default()
    };
    let status = client.get_snapshot(wrong).await.unwrap_err();
    let field = Some("filter.pairs[1]".to_owned());
    assert_eq!(
        reason(&status),
        (Code::InvalidArgument, "INVALID_PAIR".into(), field.clone())
    );
    assert!(status.message().contains("KZT-USD"), "{}", status.message());

    let status = client
        .watch_rates(watch(&["KZT/USD", "*/*/*"]))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::InvalidArgument, "INVALID_PAIR".into(), field)
    );

    let many = vec!["KZT/USD"; 257];
    let status = client.watch_rates(watch(&many)).await.unwrap_err();
    let field = Some("filter.pairs".to_owned());
    assert_eq!(
        reason(&status),
        (Code::InvalidArgument, "TOO_MANY_PAIRS".into(), field)
    );

    let negative = prost_types::Duration {
        seconds: -1,
        nanos: 0,
    };
    let status = client
        .watch_rates(pb::WatchRatesRequest {
            min_interval: Some(negative),
            ..watch(&[])
        })
        .await
        .unwrap_err();
    let field = Some("min_interval".to_owned());
    assert_eq!(
        reason(&status),
        (Code::InvalidArgument, "INVALID_INTERVAL".into(), field)
    );

    let status = client
        .get_rate(pb::GetRateRequest {
            pair: "EUR/USD".into(),
            ..pb::GetRateRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::NotFound, "PAIR_NOT_QUOTED".into(), None)
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_stopping_service_ends_streams_with_unavailable_and_a_retry_delay() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut stream = silkrate.watch(watch(&[])).await;
    message(&mut stream).await;
    message(&mut stream).await;
    silkrate.stop();
    let status = stream.message().await.unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::Unavailable, "DRAINING".into(), None)
    );
    assert!(status.get_error_details().retry_info().is_some());
    silkrate.ended().await.unwrap();
}

#[tokio::test]
async fn an_unreachable_bank_does_not_change_the_health_status() {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", "http://127.0.0.1:9"));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let channel = silkrate.channel().await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    for service in ["", "silkrate.v1.RateService"] {
        let request = tonic_health::pb::HealthCheckRequest {
            service: service.into(),
        };
        let response = health.check(request).await.unwrap().into_inner();
        assert_eq!(response.status(), ServingStatus::Serving);
    }
    let sources = silkrate.sources().await;
    assert_eq!(sources[0].polling(), pb::Polling::Failing);
    assert!(sources[0].last_error.is_some());
    let status = silkrate
        .client
        .get_rate(pb::GetRateRequest {
            pair: "KZT/USD".into(),
            ..pb::GetRateRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(
        status.code(),
        Code::NotFound,
        "what is unknown is absent, not zero"
    );
    drop(health);
    silkrate.finish().await;
}

#[tokio::test]
async fn reflection_serves_the_contract() {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let silkrate = Silkrate::start(settings("2026-04-02T09:00:00Z")).await;
    let channel = silkrate.channel().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(services) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<&str> = services
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    assert!(names.contains(&"silkrate.v1.RateService"), "{names:?}");
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    drop((answers, client));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_health_watch_gets_not_serving_and_ends_when_the_service_stops() {
    let mut silkrate = Silkrate::start(settings("2026-04-02T09:00:00Z")).await;
    let channel = silkrate.channel().await;
    let mut client = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = tonic_health::pb::HealthCheckRequest {
        service: "silkrate.v1.RateService".into(),
    };
    let mut health = client.watch(request).await.unwrap().into_inner();
    let mut statuses = vec![health.message().await.unwrap().unwrap().status()];
    silkrate.stop();
    let ended = loop {
        match health.message().await {
            Ok(Some(response)) => statuses.push(response.status()),
            Ok(None) => panic!("it ended without a status"),
            Err(status) => break status,
        }
    };
    statuses.dedup();
    assert_eq!(
        statuses,
        [ServingStatus::Serving, ServingStatus::NotServing]
    );
    assert_eq!(reason(&ended), (Code::Unavailable, "DRAINING".into(), None));
    silkrate.ended().await.unwrap();
}
