//! The picture at the sizes of terminals, of fixed answers.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::*;
use crate::cli::paint::Paint;
use crate::cli::top::page::Page;
use crate::cli::top::reading::{Figures, Reading, Served, Silence};
use crate::client::ClientError;
use crate::pb::{Change, Direction, Freshness, Polling, Position, Rate, SourceDetail, SourceState};

const URL: &str = "http://127.0.0.1:50051";
/// 14:03:22 in Almaty.
const CLOCK: &str = "2026-04-02T09:03:22Z";

/// The page of metrics, with these numbers of messages and of bytes sent.
fn page(messages: u32, bytes: u32) -> String {
    let clock = CLOCK.parse::<Timestamp>().unwrap().as_second();
    format!(
        "silkrate_build_info{{version=\"0.1.0\"}} 1
silkrate_clock_timestamp_seconds {clock}.5
silkrate_streams{{transport=\"grpc\"}} 52000
silkrate_streams{{transport=\"grpc_web\"}} 2
silkrate_streams{{transport=\"sse\"}} 4321
silkrate_streams{{transport=\"ndjson\"}} 0
silkrate_max_streams 65536
silkrate_stream_messages_total{{transport=\"grpc\",message=\"update\"}} {messages}
silkrate_stream_messages_total{{transport=\"sse\",message=\"update\"}} 3
silkrate_stream_resumes_total{{verdict=\"resumed\"}} 17
silkrate_stream_resumes_total{{verdict=\"too_old\"}} 0
silkrate_stream_merged_commits_total 12
silkrate_streams_refused_total{{reason=\"all\"}} 1
silkrate_connections{{port=\"grpc\"}} 16384
silkrate_connections{{port=\"web\"}} 4330
silkrate_connections{{port=\"admin\"}} 2
silkrate_max_connections{{port=\"grpc\"}} 16384
silkrate_max_connections{{port=\"web\"}} 16384
silkrate_max_connections{{port=\"admin\"}} 64
silkrate_connection_waits_total{{port=\"grpc\"}} 9
silkrate_connections_cut_total{{port=\"web\",reason=\"stalled\"}} 0
silkrate_misdirected_requests_total{{port=\"admin\"}} 0
silkrate_received_bytes_total{{port=\"grpc\"}} 100
silkrate_sent_bytes_total{{port=\"grpc\"}} {bytes}
silkrate_grpc_requests_total{{port=\"grpc\",method=\"WatchRates\",code=\"RESOURCE_EXHAUSTED\"}} 1
silkrate_webhook_attempts_total{{webhook=\"desk\",outcome=\"delivered\"}} 40
silkrate_webhook_attempts_total{{webhook=\"desk\",outcome=\"failed\"}} 2
silkrate_webhook_waiting_events{{webhook=\"desk\"}} 1
silkrate_webhook_dropped_events_total{{webhook=\"desk\"}} 0
silkrate_webhook_receiver_gone{{webhook=\"desk\"}} 0
silkrate_ledger_writable 1
silkrate_ledger_unsaved_entries 0
silkrate_ledger_lost_entries_total 0
silkrate_ledger_size_bytes 12345678
process_start_time_seconds 1795835576.68
process_cpu_seconds_total 0.5
process_resident_memory_bytes 44486656
process_threads 8
process_open_fds 20714
process_max_fds 65536
"
    )
}

fn figures(page: &str, arrived: Instant) -> Figures {
    Figures {
        page: Page::parse(page),
        date: Timestamp::from_second(1_795_849_976).ok(),
        arrived,
        is_ready: true,
        failed: Vec::new(),
    }
}

fn at(text: &str) -> prost_types::Timestamp {
    let seconds = text.parse::<Timestamp>().unwrap().as_second();
    prost_types::Timestamp { seconds, nanos: 0 }
}

fn source(id: &str, freshness: Freshness, polling: Polling) -> SourceDetail {
    let state = SourceState {
        id: id.to_owned(),
        freshness: freshness.into(),
        newest_effective_date: Some("2026-04-02".to_owned()),
        next_publication_time: Some(at("2026-04-03T08:00:00Z")),
        next_publication_due_time: Some(at("2026-04-03T13:00:00Z")),
        ..SourceState::default()
    };
    SourceDetail {
        state: Some(state),
        polling: polling.into(),
        last_attempt_time: Some(at("2026-04-02T08:57:00Z")),
        next_attempt_time: Some(at("2026-04-02T09:12:00Z")),
        requests_today: 17,
        requests_per_day: 100,
        ..SourceDetail::default()
    }
}

fn sources_of_april() -> Vec<SourceDetail> {
    let nbk = source("nbk", Freshness::Fresh, Polling::Ok);
    let mut nbkr = source("nbkr", Freshness::CarriedOver, Polling::Ok);
    if let Some(state) = &mut nbkr.state {
        state.next_publication_time = Some(at("2026-04-02T08:00:00Z"));
        state.next_publication_due_time = Some(at("2026-04-02T12:30:00Z"));
    }
    let mut cbu = source("cbu", Freshness::Late, Polling::Failing);
    (cbu.consecutive_failures, cbu.requests_today) = (3, 85);
    cbu.last_error = Some("the bank answered\u{1b}[2J \u{202e}503".to_owned());
    if let Some(state) = &mut cbu.state {
        state.freshness_reason = Some("nothing of 2026-04-02".to_owned());
        state.next_publication_time = Some(at("2026-04-01T08:00:00Z"));
        state.next_publication_due_time = Some(at("2026-04-01T13:00:00Z"));
        state.missed_publications = 1;
    }
    let nbt = source("nbt", Freshness::Stale, Polling::Ok);
    let cbt = source("cbt", Freshness::Fresh, Polling::Ok);
    let mut cbr = source("cbr", Freshness::Unspecified, Polling::NotTried);
    cbr.state = Some(SourceState {
        id: "cbr".to_owned(),
        ..SourceState::default()
    });
    vec![cbr, cbt, cbu, nbk, nbkr, nbt]
}

fn rate(pair: &str, value: &str, change: Option<(&str, Direction)>) -> Rate {
    Rate {
        pair: pair.to_owned(),
        value: value.to_owned(),
        source: Some("nbk".to_owned()),
        effective_date: Some("2026-04-02".to_owned()),
        freshness: Freshness::Fresh.into(),
        change: change.map(|(percent, direction)| Change {
            percent: percent.to_owned(),
            direction: direction.into(),
            reference_value: "0.00208868559016".to_owned(),
            reference_date: "2026-04-01".to_owned(),
            ..Change::default()
        }),
        ..Rate::default()
    }
}

fn rates_of_april() -> Vec<Rate> {
    let mut stale = rate("TJS/USD", "0.104089", Some(("0", Direction::Flat)));
    stale.set_freshness(Freshness::Stale);
    vec![
        rate("KGS/USD", "0.0114351", Some(("-0.0114", Direction::Down))),
        rate(
            "KZT/USD",
            "0.00210486434149",
            Some(("0.7746", Direction::Up)),
        ),
        stale,
        rate("UZS/USD", "0.0000834", None),
        rate("TMT/USD", "0.285714285714", Some(("0", Direction::Flat))),
    ]
}

fn served() -> Served {
    Served {
        position: Some(Position {
            epoch: "e".to_owned(),
            revision: 1234,
        }),
        rates: rates_of_april(),
        sources: sources_of_april(),
        replica: None,
        health: None,
    }
}

/// What is known after two readings that are two seconds apart.
fn known() -> Known {
    let mut known = Known::since(CLOCK.parse().unwrap());
    let begin = Instant::now();
    for (page, elapsed) in [(page(1_000, 0), 0), (page(105_000, 25_000_000), 2)] {
        let reading = Reading {
            served: Ok(served()),
            figures: Ok(figures(&page, begin + Duration::from_secs(elapsed))),
        };
        known.take(reading, CLOCK.parse().unwrap());
    }
    known
}

/// Half a minute after the last answer.
fn moment(known: &Known) -> Moment {
    let now = "2026-04-02T09:03:52Z".parse().unwrap();
    Moment {
        clock: known.clock(now),
        now,
        zone: TimeZone::get("Asia/Almaty").unwrap(),
    }
}

fn drawn(known: &Known, view: &mut View, (columns, rows): (usize, usize)) -> Vec<String> {
    let moment = (&moment(known), Readings::Live);
    let size = Size { columns, rows };
    let rows = picture((known, URL), moment, view, size);
    rows.iter().map(|row| row.painted(Paint::Plain)).collect()
}

fn shown(known: &Known, size: (usize, usize)) -> String {
    let rows = drawn(known, &mut View::default(), size);
    assert_eq!(rows.len(), size.1);
    let widest = rows.iter().map(|row| row.chars().count()).max();
    assert!(widest <= Some(size.0), "{widest:?}");
    rows.join("\n")
}

/// Compares a picture with the recorded one.
fn compare(name: &str, picture: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture));
}

#[test]
fn eighty_columns_and_24_rows_show_each_section() {
    compare("top-80x24", &shown(&known(), (80, 24)));
}

#[test]
fn a_large_terminal_shows_all_there_is() {
    compare("top-200x60", &shown(&known(), (200, 60)));
}

#[test]
fn a_small_terminal_shows_the_most_important_columns() {
    compare("top-40x15", &shown(&known(), (40, 15)));
}

#[test]
fn any_size_has_a_picture_with_every_key() {
    let known = known();
    for columns in (0..130).step_by(13) {
        for rows in 0..40 {
            let mut view = View {
                first: [usize::MAX; SECTIONS],
                ..View::default()
            };
            assert_eq!(drawn(&known, &mut view, (columns, rows)).len(), rows);
            view.shows_help = true;
            assert_eq!(drawn(&known, &mut view, (columns, rows)).len(), rows);
        }
    }
}

#[test]
fn the_help_fits_a_terminal_of_80_columns() {
    let rows = help();
    assert!(rows.len() <= 24 - FRAME_ROWS);
    let widest = rows.iter().map(Row::width).max();
    assert!(widest <= Some(80), "{widest:?}");
}

#[test]
fn a_section_is_scrolled_to_its_last_row_and_no_further() {
    let known = known();
    let mut view = View::default();
    drawn(&known, &mut view, (80, 20));
    let room = view.rooms[0];
    assert!((1..6).contains(&room), "{view:?}");
    view.first[0] = 100;
    let rows = drawn(&known, &mut view, (80, 20));
    assert_eq!(view.first[0], 6 - room);
    let title = format!("▸ SOURCES  {}-6 of 6", 7 - room);
    let begin = rows.iter().position(|row| *row == title).unwrap();
    assert!(rows[begin + 1 + room].starts_with("nbt"), "{rows:?}");
}

#[test]
fn a_silent_server_keeps_its_last_picture_and_says_since_when() {
    let mut known = known();
    let reason = "refused".to_owned();
    let gone = Reading {
        served: Err(ClientError::Unreachable {
            url: URL.to_owned(),
            reason: reason.clone(),
        }),
        figures: Err(Silence::Failed(reason)),
    };
    known.take(gone, CLOCK.parse().unwrap());
    let picture = shown(&known, (120, 40));
    for part in [
        "no answer since 14:03 (30 s): no connection to http://127.0.0.1:50051: refused",
        "  away  revision 1234",
        "  TRAFFIC  no answer: refused",
        "KZT/USD  0.00210486434149  0.7746%",
    ] {
        assert!(picture.contains(part), "{part}\n{picture}");
    }
    // It comes back by itself.
    let back = Reading {
        served: Ok(served()),
        figures: Ok(figures(&page(0, 0), Instant::now())),
    };
    known.take(back, CLOCK.parse().unwrap());
    let picture = shown(&known, (120, 40));
    assert!(
        picture.contains("  ready  ") && !picture.contains("no answer"),
        "{picture}"
    );
}

#[test]
fn without_the_port_of_operators_the_traffic_says_so_and_the_rest_is_shown() {
    let mut known = Known::since(CLOCK.parse().unwrap());
    let reading = |figures| Reading {
        served: Ok(served()),
        figures: Err(figures),
    };
    let refused = "no connection to http://127.0.0.1:9464: refused";
    known.take(
        reading(Silence::Failed(refused.to_owned())),
        CLOCK.parse().unwrap(),
    );
    let picture = shown(&known, (100, 30));
    assert!(picture.contains(refused), "{picture}");
    assert!(picture.contains("--admin URL"), "{picture}");
    assert!(picture.contains("UZS/USD"), "{picture}");
    known.take(reading(Silence::Unnamed), CLOCK.parse().unwrap());
    let picture = shown(&known, (100, 30));
    assert!(
        picture.contains("it is read from the operators' port"),
        "{picture}"
    );
}

#[test]
fn a_server_that_is_not_ready_or_drains_says_so_in_the_first_row() {
    let mut known = known();
    let mut first = |failed: &str| {
        let mut figures = figures(&page(0, 0), Instant::now());
        (figures.is_ready, figures.failed) = (false, vec![failed.to_owned()]);
        known.take(
            Reading {
                served: Ok(served()),
                figures: Ok(figures),
            },
            CLOCK.parse().unwrap(),
        );
        shown(&known, (120, 24)).lines().next().unwrap().to_owned()
    };
    let row = first("serving: the service is shutting down");
    assert!(row.contains("  draining  revision 1234"), "{row}");
    let row = first("ledger: it is full");
    assert!(row.contains("  not ready  revision 1234"), "{row}");
    assert!(row.ends_with("  ledger: it is full"), "{row}");
}

#[test]
fn before_the_first_answer_the_picture_says_that_it_reads() {
    let picture = shown(&Known::since(CLOCK.parse().unwrap()), (80, 24));
    assert!(picture.contains("  reading\n"), "{picture}");
}

#[test]
fn the_whole_picture_has_every_row_and_no_keys() {
    let known = known();
    let rows = whole((&known, URL), &moment(&known), None);
    let rows: Vec<_> = rows.iter().map(|row| row.painted(Paint::Plain)).collect();
    compare("top-whole", &rows.join("\n"));
}
