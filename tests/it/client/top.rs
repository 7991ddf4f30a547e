//! `silkrate top` against a service that polls the Kazakh bank of 2 April 2026: as text, and on a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::client::commands::{silkrate, silkrate_in};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::Silkrate;

/// Nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Nothing listens there: the port is reserved.
const NOWHERE: &str = "http://127.0.0.1:1";
const LEAVES_THE_SCREEN: &str = "\u{1b}[?1049l";
const SHOWS_THE_CURSOR: &str = "\u{1b}[?25h";

async fn april() -> (crate::support::bank::Bank, Silkrate) {
    let bank = bank_of_april().await;
    let service = silkrate_of_april(&bank).await;
    (bank, service)
}

fn once<'a>(service: &'a Silkrate, more: &[&'a str]) -> Vec<&'a str> {
    let (server, admin) = (service.url.as_str(), service.admin_url.as_str());
    let mut arguments = vec!["top", "--once", "--server", server, "--admin", admin];
    arguments.extend(more);
    arguments
}

#[tokio::test]
async fn one_picture_as_text_has_the_sources_the_rates_and_the_traffic() {
    let (_bank, mut service) = april().await;
    let stream = service
        .watch(silkrate::pb::WatchRatesRequest::default())
        .await;
    let ran = silkrate_in(&[("TZ", "Asia/Almaty")], &once(&service, &[])).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
    let row = |start: &str| {
        let mut rows = ran.out.lines();
        let row = rows.find(|row| row.starts_with(start));
        let row = row.unwrap_or_else(|| panic!("{start}: {}", ran.out));
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let version = env!("CARGO_PKG_VERSION");
    let first = row("silkrate ");
    let start = format!("silkrate {version} ready revision ");
    assert!(
        first.starts_with(&start) && first.contains(" up "),
        "{first}"
    );
    assert!(first.ends_with(&service.url), "{first}");
    // The clock of the service began at nine o'clock in UTC.
    assert!(row("Thu 2026-04-02 14:").ends_with("+05"), "{}", ran.out);
    let source = row("nbk ");
    assert!(source.starts_with("nbk fresh 2026-04-02 "), "{source}");
    assert!(
        source.contains(" ok ") && source.contains("/1000000 "),
        "{source}"
    );
    assert!(row("KZT/USD").starts_with("KZT/USD 0.00210486434149 0.7746% 2026-04-02 nbk fresh"));
    let subscribers = "subscribers all 1 / 10000 grpc 1 grpc_web 0 sse 0 ndjson 0";
    assert_eq!(row("subscribers"), subscribers);
    // One for all calls of a port, beside that of the test.
    let connections = "connections grpc 2 / 4096 web 0 / 16384 admin 1 / 64";
    assert_eq!(row("connections"), connections);
    assert_eq!(
        row("refused"),
        "refused streams 0 calls 0 waits 0 cut 0 misdirected 0"
    );
    assert_eq!(
        row("messages/s"),
        "messages/s all - grpc - grpc_web - sse - ndjson -"
    );
    drop(stream);
    service.finish().await;
}

#[tokio::test]
async fn two_readings_have_figures_a_second_and_the_pairs_and_colours_are_those_chosen() {
    let (_bank, service) = april().await;
    let options = ["--interval", "1", "USD/KZT", "--color", "always"];
    let ran = silkrate(&once(&service, &options)).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let words: Vec<_> = ran.out.split_whitespace().collect();
    let messages = "messages/s\u{1b}[0m all 0 grpc 0 grpc_web 0 sse 0 ndjson 0 ";
    assert!(words.join(" ").contains(messages), "{}", ran.out);
    assert!(
        ran.out.contains("\u{1b}[31m-0.7686%\u{1b}[0m"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("KZT/USD"), "{}", ran.out);
    service.finish().await;
}

#[tokio::test]
async fn without_the_port_of_operators_the_rest_is_printed_and_without_the_server_it_fails() {
    let (_bank, service) = april().await;
    let ran = silkrate(&[
        "top",
        "--once",
        "--server",
        &service.url,
        "--admin",
        NOWHERE,
    ])
    .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let expected = format!("no connection to {NOWHERE}: ");
    assert!(
        ran.out.contains(&expected) && ran.out.contains("--admin URL"),
        "{ran:?}"
    );
    assert!(ran.out.contains("  serving  revision "), "{ran:?}");
    assert!(ran.out.contains("KZT/USD  0.00210486434149"), "{ran:?}");
    let ran = silkrate(&["top", "--once", "--server", NOWHERE]).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(
        ran.err.contains("no connection to") && ran.err.contains("hint: "),
        "{ran:?}"
    );
    let ran = silkrate(&["top", "--server", &service.url]).await;
    assert_eq!(ran.code, 64, "{ran:?}");
    assert!(ran.err.contains("add --once"), "{ran:?}");
    service.finish().await;
}

/// A terminal of 24 rows with the program in it.
struct Terminal {
    screen: UnboundedReceiver<Vec<u8>>,
    keys: File,
    child: Child,
    /// What was drawn so far.
    drawn: String,
}

fn winsize(columns: u16) -> Winsize {
    Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Whether a terminal gathers keys into lines, as a shell left it.
fn gathers_lines(terminal: &impl AsFd) -> bool {
    let modes = tcgetattr(terminal).unwrap().local_modes;
    modes.contains(LocalModes::ICANON | LocalModes::ECHO)
}

/// Reads a terminal in a thread of its own, until no program has it open any more: that is an error to read.
fn read(mut terminal: File) -> UnboundedReceiver<Vec<u8>> {
    let (drawn, screen) = unbounded_channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            if drawn.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    screen
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let own: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        tcsetwinsize(&own, winsize(80)).unwrap();
        let path = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
        let program = || {
            let options = File::options().read(true).write(true).open(&path);
            Stdio::from(options.unwrap())
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.args(arguments).kill_on_drop(true);
        command.stdin(program()).stdout(program()).stderr(program());
        let child = command.spawn().unwrap();
        let keys = File::from(own.try_clone().unwrap());
        Self {
            screen: read(File::from(own)),
            keys,
            child,
            drawn: String::new(),
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads what is drawn; false if the program has ended and nothing is left.
    async fn read(&mut self, deadline: Instant) -> bool {
        let read = tokio::time::timeout_at(deadline, self.screen.recv()).await;
        let read = read.unwrap_or_else(|_| panic!("{}", self.drawn));
        let bytes = read.unwrap_or_default();
        self.drawn.push_str(&String::from_utf8_lossy(&bytes));
        !bytes.is_empty()
    }

    /// Reads until a text was drawn, and forgets what was drawn before.
    async fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.drawn.contains(text) {
            assert!(
                self.read(deadline).await,
                "{text} never came: {}",
                self.drawn
            );
        }
        let (_, after) = self.drawn.split_once(text).unwrap();
        self.drawn = after.to_owned();
    }

    async fn ended(mut self) -> (ExitStatus, String, File) {
        let deadline = Instant::now() + PATIENCE;
        while self.read(deadline).await {}
        let status = tokio::time::timeout_at(deadline, self.child.wait()).await;
        (status.unwrap().unwrap(), self.drawn, self.keys)
    }
}

#[tokio::test]
async fn on_a_terminal_the_picture_lives_outlives_the_server_and_leaves_the_terminal_as_it_was() {
    let (_bank, mut service) = april().await;
    let (server, admin) = (service.url.clone(), service.admin_url.clone());
    let arguments = [
        "top",
        "--server",
        &server,
        "--admin",
        &admin,
        "--interval",
        "1",
    ];
    let mut terminal = Terminal::start(&arguments);
    terminal.until("ready").await;
    terminal.until("KZT/USD").await;
    assert!(!gathers_lines(&terminal.keys));
    // A wider window has room for more columns.
    tcsetwinsize(&terminal.keys, winsize(150)).unwrap();
    let program = Pid::from_raw(i32::try_from(terminal.child.id().unwrap()).unwrap());
    kill_process(program.unwrap(), Signal::WINCH).unwrap();
    terminal.until("REFERENCE").await;
    terminal.press("?");
    terminal.until("scroll it by a row").await;
    terminal.press("?");
    terminal.until("TRAFFIC").await;
    service.stop();
    terminal.until("no answer since").await;
    terminal.press("q");
    let (status, drawn, keys) = terminal.ended().await;
    assert!(status.success(), "{status}: {drawn}");
    assert!(
        drawn.contains(LEAVES_THE_SCREEN) && drawn.contains(SHOWS_THE_CURSOR),
        "{drawn}"
    );
    assert!(gathers_lines(&keys));
    service.ended().await.unwrap();
}

#[tokio::test]
async fn a_signal_and_a_permanent_refusal_leave_the_terminal_as_it_was() {
    let (_bank, service) = april().await;
    let arguments = ["top", "--server", &service.url, "--admin", NOWHERE];
    let mut terminal = Terminal::start(&arguments);
    terminal.until("KZT/USD").await;
    let program = Pid::from_raw(i32::try_from(terminal.child.id().unwrap()).unwrap());
    kill_process(program.unwrap(), Signal::TERM).unwrap();
    let (status, drawn, keys) = terminal.ended().await;
    assert!(status.success(), "{status}: {drawn}");
    assert!(
        drawn.contains(LEAVES_THE_SCREEN) && gathers_lines(&keys),
        "{drawn}"
    );

    let terminal = Terminal::start(&[&arguments[..], &["KZTUSD"]].concat());
    let (status, drawn, keys) = terminal.ended().await;
    assert_eq!(status.code(), Some(64), "{drawn}");
    let (_, after) = drawn.split_once(LEAVES_THE_SCREEN).unwrap();
    assert!(after.contains("silkrate: error: "), "{after}");
    assert!(gathers_lines(&keys));
    service.finish().await;
}
