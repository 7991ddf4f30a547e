//! `silkrate backfill` on the command line.

use std::process::{Output, Stdio};

use silkrate::pb::admin::FileTableResponse;
use tokio::process::{Child, Command};

use crate::backfill::bank_of_days;
use crate::backfill::server::Server;
use crate::support::bank::Bank;

fn command(server: &str, bank: &Bank, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command
        .args(["backfill", "--admin", server])
        .args(arguments)
        .env("SILKRATE_CLOCK__START", "2026-04-06T09:00:00Z")
        .env("SILKRATE_SOURCES__NBK__BASE_URL", bank.url())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn run(server: &Server, bank: &Bank, arguments: &[&str]) -> Output {
    let mut command = command(server.admin.url(), bank, arguments);
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_tables_of_a_range_are_filed_and_counted_in_columns() {
    let (server, bank) = (Server::start().await, bank_of_days(2..=5).await);
    let output = run(&server, &bank, &["--start", "2026-04-02", "nbk"]).await;
    assert_eq!(server.dates().len(), 4, "until yesterday");
    assert_eq!(
        text(&output.stdout),
        "SOURCE  REQUESTS  FILED  KNOWN  ROWS HELD  REFUSED  FAILED\n\
         nbk     4         4      0      0          0        0\n"
    );
    assert_eq!(
        text(&output.stderr),
        "nbk: 4 of 4 days, 4 requests, 4 filed, 0 known\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn yesterday_is_that_of_the_servers_clock_and_not_of_the_command() {
    let (server, bank) = (Server::start().await, bank_of_days(2..=5).await);
    let noon = "2026-04-04T07:00:00Z".parse::<jiff::Timestamp>().unwrap();
    server.shared.lock().unwrap().server_time = Some(prost_types::Timestamp {
        seconds: noon.as_second(),
        nanos: 0,
    });
    run(&server, &bank, &["--start", "2026-04-02", "nbk"]).await;
    assert_eq!(server.dates(), ["2026-04-02", "2026-04-03"]);
    let later = ["--start", "2026-04-05", "--end", "2026-04-05", "nbk"];
    let output = run(&server, &bank, &later).await;
    assert_eq!(output.status.code(), Some(64), "{}", text(&output.stderr));
}

#[tokio::test]
async fn the_earlier_names_of_the_dates_have_the_effect_of_their_names() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=5).await);
    let arguments = ["--dry-run", "--from", "2026-04-02", "--to", "2026-04-04"];
    let output = run(&server, &bank, &[&arguments[..], &["nbk"]].concat()).await;
    assert_eq!(
        text(&output.stdout),
        "nbk daily: 3 of 3 dates from 2026-04-02 to 2026-04-04 are missing\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn refused_tables_and_held_rows_are_reported_and_a_refusal_exits_with_1() {
    let (server, bank) = (Server::start().await, bank_of_days([4, 5]).await);
    server.answers(
        "2026-04-04",
        FileTableResponse {
            news: true,
            held_rows: 2,
            ..FileTableResponse::default()
        },
    );
    let refused = FileTableResponse {
        refused: Some("there is no row for USD".to_owned()),
        ..FileTableResponse::default()
    };
    server.answers("2026-04-05", refused);
    let output = run(&server, &bank, &["--start", "2026-04-04", "nbk"]).await;
    assert!(text(&output.stdout).ends_with(
        "\n\nnbk refused: daily 2026-04-05: there is no row for USD\n\
             nbk: 2 rows are held for a decision; `silkrate held` lists them\n"
    ));
    assert!(text(&output.stderr).ends_with(
        "silkrate: error: not every table was filed\n  \
             hint: the lines above give the reasons; another run would not change the result\n"
    ));
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn a_dry_run_counts_and_sends_no_request_to_a_bank() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=5).await);
    server.knows("nbk", "daily", &["2026-04-03"]);
    let arguments = [
        "--start",
        "2026-04-02",
        "--end",
        "2026-04-04",
        "--dry-run",
        "nbk",
    ];
    let output = run(&server, &bank, &arguments).await;
    assert_eq!(
        text(&output.stdout),
        "nbk daily: 2 of 3 dates from 2026-04-02 to 2026-04-04 are missing\n"
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((bank.seen().len(), server.dates().len()), (0, 0));
}

#[tokio::test]
async fn without_a_server_no_request_reaches_a_bank() {
    let bank = bank_of_days(1..=5).await;
    let mut command = command(
        "http://127.0.0.1:1",
        &bank,
        &["--start", "2026-04-02", "nbk"],
    );
    let output = command.output().await.unwrap();
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("no connection to http://127.0.0.1:1"),
        "{stderr}"
    );
    assert!(stderr.contains("is `silkrate serve` running?"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(bank.seen().len(), 0);
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let id = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_it_at_once_and_the_same_command_continues() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=5).await);
    let arguments = ["--start", "2026-04-01", "nbk"];
    let child = command(server.admin.url(), &bank, &arguments)
        .spawn()
        .unwrap();
    bank.ended(2).await;
    interrupt(&child);
    let output = child.wait_with_output().await.unwrap();
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("run the same command again to continue"),
        "{stderr}"
    );
    assert!(
        text(&output.stdout).starts_with("SOURCE"),
        "the report says how far it came"
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(bank.seen().len() < 5);

    let output = run(&server, &bank, &arguments).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(server.dates().len(), 5, "every table once");
}
