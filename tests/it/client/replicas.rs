//! One client of several servers, which serve the same.

use silkrate::client::{Client, ClientError};
use silkrate::domain::Reason;
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{Replica, ResumeVerdict, WatchRatesResponse};
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::client::commands::{held, silkrate};
use crate::client::server::{
    LONG, REQUESTED, Running, Script, heartbeat, opening, position, rate, serve, snapshot, update,
    watch,
};
use crate::client::{events, operators, values};

/// A URL on which nothing answers.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn of(servers: &[&Running]) -> Client {
    let urls: Vec<&str> = servers.iter().map(|running| running.client.url()).collect();
    Client::new(&urls.join(",")).unwrap()
}

#[tokio::test]
async fn a_subscription_goes_on_at_the_next_server_where_it_stopped() {
    let first = serve([Script::Break(
        vec![
            opening(REQUESTED, LONG),
            snapshot(1, &[rate("KZT/USD", "1")]),
            update(1, 2, &[rate("KGS/USD", "2")]),
        ],
        Status::unavailable("draining"),
    )])
    .await;
    let second = serve([Script::Hang(vec![
        opening(ResumeVerdict::Resumed, LONG),
        update(2, 5, &[rate("KZT/USD", "3")]),
        heartbeat(5),
    ])])
    .await;
    let mut watch = watch(of(&[&first, &second]));
    assert_eq!(watch.url(), first.client.url());
    let (kinds, reason) = events(&mut watch, 4).await;
    assert_eq!(kinds, ["opening", "snapshot", "update", "disconnected"]);
    assert_eq!(reason, "draining");
    assert_eq!(watch.url(), second.client.url());
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "update", "heartbeat"]);
    assert_eq!(first.resumed_after(), [None]);
    assert_eq!(second.resumed_after(), [Some(2)]);
    assert_eq!(values(&watch), ["KGS/USD 2", "KZT/USD 3"]);
    assert_eq!(watch.position(), Some(&position(5)));
}

/// The opening of a stream of a replica at a revision.
fn opening_of_replica(verdict: ResumeVerdict, revision: u64) -> WatchRatesResponse {
    let mut message = opening(verdict, LONG);
    message.position = Some(position(revision));
    if let Some(Event::Opening(opening)) = &mut message.event {
        opening.replica = Some(Replica::default());
    }
    message
}

#[tokio::test]
async fn the_rows_of_a_replica_that_is_behind_are_left_for_those_of_the_next_one() {
    let ended = || Status::unavailable("draining");
    let first = serve([
        Script::Break(
            vec![
                opening_of_replica(REQUESTED, 7),
                snapshot(7, &[rate("KZT/USD", "7")]),
            ],
            ended(),
        ),
        Script::Hang(vec![
            opening_of_replica(ResumeVerdict::Resumed, 7),
            update(7, 8, &[rate("KZT/USD", "8")]),
        ]),
    ])
    .await;
    let behind = serve([Script::Hang(vec![
        opening_of_replica(ResumeVerdict::SnapshotAhead, 6),
        snapshot(6, &[rate("KZT/USD", "6")]),
    ])])
    .await;
    let mut watch = watch(of(&[&first, &behind]));
    let (kinds, reason) = events(&mut watch, 4).await;
    assert_eq!(
        kinds,
        ["opening", "snapshot", "disconnected", "disconnected"]
    );
    assert_eq!(
        reason,
        "this replica is at revision 6, and the rows are of 7"
    );
    assert_eq!(values(&watch), ["KZT/USD 7"]);
    let (kinds, _) = events(&mut watch, 2).await;
    assert_eq!(kinds, ["opening", "update"]);
    assert_eq!(values(&watch), ["KZT/USD 8"]);
    assert_eq!(behind.resumed_after(), [Some(7)]);
    assert_eq!(first.resumed_after(), [None, Some(7)]);
}

#[tokio::test]
async fn a_service_that_runs_alone_and_was_set_back_is_accepted() {
    let set_back = vec![
        opening(ResumeVerdict::SnapshotAhead, LONG),
        snapshot(6, &[rate("KZT/USD", "6")]),
    ];
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(7, &[rate("KZT/USD", "7")]),
    ];
    let running = serve([
        Script::Break(first, Status::unavailable("draining")),
        Script::Hang(set_back),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, _) = events(&mut watch, 5).await;
    assert_eq!(
        kinds,
        ["opening", "snapshot", "disconnected", "opening", "snapshot"]
    );
    assert_eq!(values(&watch), ["KZT/USD 6"]);
}

#[tokio::test]
async fn a_stream_that_aged_is_opened_at_any_of_the_servers() {
    let aged = || {
        let mut details = ErrorDetails::new();
        details.set_error_info("STREAM_AGED", "silkrate", []);
        Status::with_error_details(Code::Unavailable, "the stream is an hour old", details)
    };
    // Thirty choices between two servers are all the first one once in a billion runs.
    let script = || Script::Break(vec![opening(REQUESTED, LONG), snapshot(1, &[])], aged());
    let servers = [
        serve((0..31).map(|_| script())).await,
        serve((0..31).map(|_| script())).await,
    ];
    let mut watch = watch(of(&[&servers[0], &servers[1]]));
    let (kinds, _) = events(&mut watch, 62).await;
    assert!(kinds.chunks(2).all(|pair| pair == ["opening", "snapshot"]));
    let asked = servers
        .each_ref()
        .map(|running| running.resumed_after().len());
    assert_eq!(asked[0] + asked[1], 31);
    assert!(asked[0] > 0 && asked[1] > 0, "{asked:?}");
}

#[tokio::test]
async fn a_call_is_answered_by_the_next_server_which_is_asked_first_from_then_on() {
    let second = serve([]).await;
    let nowhere = nowhere().await;
    let client = Client::new(&format!("{nowhere},{}", second.client.url())).unwrap();
    let pairs = ["KZT/USD".to_owned()];
    let answer = client.snapshot(&pairs).await.unwrap();
    assert_eq!(answer.rates.len(), 1);
    assert_eq!(client.url(), second.client.url());
    // A refusal is the same everywhere: no other server is asked.
    let refused = client.rate("EUR/GBP").await.unwrap_err();
    let is_refused = matches!(
        &refused,
        ClientError::Refused {
            reason: Some(Reason::PairNotQuoted),
            ..
        }
    );
    assert!(is_refused, "{refused}");
    assert_eq!(client.url(), second.client.url());
}

#[tokio::test]
async fn a_command_takes_the_servers_in_one_option_or_in_several() {
    let running = serve([]).await;
    let (nowhere, url) = (nowhere().await, running.client.url());
    let both = format!("{nowhere},{url}");
    for servers in [
        &["--server", &both][..],
        &["--server", &nowhere, "--server", url],
    ] {
        let ran = silkrate(&[&["rates", "KZT/USD"], servers].concat()).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("KZT/USD"), "{ran:?}");
    }
    let none = format!("{nowhere},{nowhere}");
    let ran = silkrate(&["rates", "KZT/USD", "--server", &none]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no connection to"), "{ran:?}");
}

#[tokio::test]
async fn a_decision_is_sent_to_the_replica_that_a_follower_names() {
    let (leader, follower) = (
        operators::serve(held()).await,
        operators::serve(held()).await,
    );
    follower.refer_to(&leader.url);
    let id = "cbu/daily/2026-04-02/TMT";
    let arguments = [
        "held",
        "release",
        id,
        "--note",
        "a call",
        "--admin",
        &follower.url,
    ];
    let ran = silkrate(&arguments).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(leader.notes(), ["a call"]);
    assert_eq!(follower.notes(), Vec::<String>::new());
    let ran = silkrate(&["shared", "step-down", "--admin", &follower.url]).await;
    assert_eq!(ran.out, "`two` leads in place of `one`.\n", "{ran:?}");
    // Two that refer to each other are not asked in turns.
    leader.refer_to(&follower.url);
    let ran = silkrate(&["shared", "step-down", "--admin", &follower.url]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("another replica decides"), "{ran:?}");
    assert!(
        ran.err.contains("`silkrate shared` names the replica"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn the_replicas_are_listed_in_every_format() {
    let running = operators::serve(held()).await;
    let shown = async |format| {
        let ran = silkrate(&["shared", "--format", format, "--admin", &running.url]).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let table = shown("table").await;
    assert!(
        table.starts_with("`one` leads the log `main`.\n"),
        "{table}"
    );
    let csv = "node,role,record,lag_records,epoch,revision,build,trouble\r\none,LEADING,412,0,epoch,9,0.1.0,\r\n";
    assert_eq!(shown("csv").await, csv);
    let json: serde_json::Value = serde_json::from_str(&shown("json").await).unwrap();
    assert_eq!(json["replicas"][0]["role"], "LEADING");
    assert_eq!(json["leader_address"], serde_json::Value::Null);
}
