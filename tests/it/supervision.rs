//! What a supervisor and a package of the system need of the program: its health, the messages for systemd, completions and
//! manual pages.

mod hang_up;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::bank::{Bank, Fault};
use crate::support::silkrate::{Silkrate, settings, source};

/// Nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, without the settings of the machine.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(arguments).stdin(Stdio::null());
    for variable in ["SILKRATE_ADMIN_URL", "SILKRATE_CA", "NOTIFY_SOCKET"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command beside the service of the test, which has the threads of the runtime.
async fn ran(arguments: &[&str]) -> Output {
    let mut command = program(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_of_a_ready_service_is_a_success_at_both_ports() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    for (probe, expected) in [
        (
            "ready",
            "[+] serving\n[+] ledger\n[+] memory\n[+] source nbk\nready\n",
        ),
        ("live", "alive\n"),
        ("startup", "[+] source nbk\nstarted\n"),
    ] {
        let asked = ran(&["health", "--probe", probe, "--admin", &silkrate.admin_url]).await;
        assert_eq!(text(&asked.stdout), expected, "{asked:?}");
        assert_eq!(asked.status.code(), Some(0));
    }
    let asked = ran(&["health", "--server", &silkrate.url]).await;
    assert_eq!(text(&asked.stdout), "SERVING\n", "{asked:?}");
    assert_eq!(asked.status.code(), Some(0));
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_of_a_service_that_is_not_ready_fails_with_the_reason() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Hang));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let silkrate = Silkrate::start(config).await;
    let asked = ran(&["health", "--admin", &silkrate.admin_url]).await;
    let reason = "[-] source nbk: its first attempt has not ended";
    assert!(text(&asked.stdout).contains(reason), "{asked:?}");
    let error = "silkrate: error: the server is not ready\n";
    assert!(text(&asked.stderr).starts_with(error), "{asked:?}");
    assert_eq!(asked.status.code(), Some(1));
    let live = ran(&["health", "--probe", "live", "--admin", &silkrate.admin_url]).await;
    assert_eq!(live.status.code(), Some(0), "{live:?}");
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_fails_where_nothing_listens_and_at_the_port_of_something_else() {
    let absent = ran(&["health", "--admin", "http://127.0.0.1:9"]).await;
    assert_eq!(absent.status.code(), Some(1));
    let error = text(&absent.stderr);
    assert!(error.contains("http://127.0.0.1:9"), "{error}");
    assert!(error.contains("--admin URL"), "{error}");

    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let other = ran(&["health", "--admin", &silkrate.url]).await;
    assert_eq!(other.status.code(), Some(1));
    let error = text(&other.stderr);
    assert!(error.contains("operators' port of a server?"), "{error}");
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_under_a_name_that_is_not_served_prints_the_reason_and_the_setting() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    // The system takes this for the same address, and the service for a name with a dot.
    let url = silkrate.admin_url.replace("127.0.0.1", "127.1");
    let asked = ran(&["health", "--admin", &url]).await;
    assert_eq!(asked.status.code(), Some(1));
    let error = text(&asked.stderr);
    assert!(error.contains("not served as `127.1`"), "{error}");
    assert!(
        error.contains("add the host of this URL to its server.admin_hosts"),
        "{error}"
    );
    silkrate.finish().await;
}

/// The service on free ports, with the ledger in memory. No bank is asked.
fn alone(arguments: &[&str]) -> Command {
    let mut command = program(arguments);
    for listener in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
        command.env(format!("SILKRATE_{listener}"), "127.0.0.1:0");
    }
    for bank in ["NBK", "NBKR", "CBU", "NBT", "CBT", "CBR"] {
        let url = format!("SILKRATE_SOURCES__{bank}__BASE_URL");
        command.env(url, "http://127.0.0.1:9");
    }
    command.env("SILKRATE_STORE__PATH", ":memory:");
    command
}

/// The next message to the supervisor.
fn next(supervisor: &UnixDatagram) -> String {
    let mut message = [0; 1024];
    let length = supervisor.recv(&mut message).unwrap();
    text(message.get(..length).unwrap()).to_owned()
}

#[test]
fn systemd_is_sent_that_the_service_serves_lives_loads_settings_and_stops() {
    for arguments in [&["serve", "--demo"][..], &["serve"]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let supervisor = UnixDatagram::bind(&path).unwrap();
        supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = alone(arguments);
        command.env("NOTIFY_SOCKET", &path);
        // A report every 50 milliseconds.
        command.env("WATCHDOG_USEC", "100000");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut service = command.spawn().unwrap();
        let mut messages = Vec::new();
        let mut until = |wanted: &str| {
            while messages
                .last()
                .is_none_or(|last: &String| !last.contains(wanted))
            {
                messages.push(next(&supervisor));
            }
            messages.len()
        };
        let ready = until("READY=1");
        assert!(until("WATCHDOG=1") > ready, "it lives on");
        let id = rustix::process::Pid::from_child(&service);
        rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
        let reloading = until("RELOADING=1") - 1;
        until("READY=1");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        until("STOPPING=1");
        assert!(service.wait().unwrap().success());
        let first = messages.iter().find(|one| !one.starts_with("WATCHDOG"));
        assert_eq!(first.unwrap(), "READY=1\nSTATUS=serving\n");
        // Without the time, systemd takes the readiness before it for the one after it.
        let time = messages[reloading].strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let (time, _) = time.unwrap().split_once('\n').unwrap();
        assert!(time.parse::<u64>().unwrap() > 0);
        assert_eq!(
            messages.last().unwrap(),
            "STOPPING=1\nSTATUS=draining streams and connections\n"
        );
    }
}

#[test]
fn the_script_for_bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = program(&["completions", "bash"]).output().unwrap();
    assert!(script.status.success());
    let path = folder.path().join("silkrate.bash");
    fs::write(&path, &script.stdout).unwrap();
    for (words, expected) in [
        (&["silkrate", "hea"][..], "health"),
        (&["silkrate", "health", "--pro"], "--probe"),
        (&["silkrate", "health", "--probe", "st"], "startup"),
    ] {
        let line = format!(
            "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _silkrate silkrate '{}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            path.display(),
            words.join(" "),
            words.len() - 1,
            words.last().unwrap(),
            words.get(words.len() - 2).unwrap(),
        );
        let ran = Command::new("bash").args(["-c", &line]).output().unwrap();
        assert_eq!(text(&ran.stdout), format!("{expected}\n"), "{ran:?}");
    }
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        let script = program(&["completions", shell]).output().unwrap();
        assert!(text(&script.stdout).contains("webhooks"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_its_examples() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("deep/man1");
    let ran = program(&["man", pages.to_str().unwrap()]).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let printed: Vec<&Path> = text(&ran.stdout).lines().map(Path::new).collect();
    assert_eq!(fs::read_dir(&pages).unwrap().count(), printed.len());
    for name in [
        "silkrate",
        "silkrate-serve",
        "silkrate-health",
        "silkrate-held-release",
    ] {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!("\n.SH NAME\n{}", name.replace('-', "\\-"))));
        assert!(page.contains("\n.SH EXAMPLES\n.nf\n"), "{name}");
    }
    let refused = program(&["man", "/proc/nowhere"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("/proc/nowhere"));
}

/// How often the stop is tried: it must come within the five seconds for which an opening waits for a lock.
const STOPS_MAX: usize = 5;

#[test]
fn a_service_that_is_stopped_while_it_opens_its_ledger_ends_without_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    // The service waits for the lock of another program.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE any (a); PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    for _ in 0..STOPS_MAX {
        // No other test uses this host, so the port stays free.
        let free = TcpListener::bind("127.9.4.65:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut command = program(&["serve"]);
        for listener in ["SERVER__LISTEN", "WEB__LISTEN"] {
            command.env(format!("SILKRATE_{listener}"), "127.0.0.1:0");
        }
        command.env("SILKRATE_SERVER__ADMIN_LISTEN", address.to_string());
        command.env("SILKRATE_STORE__PATH", &path);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let service = command.spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                begun.elapsed() < PATIENCE,
                "the port opens before the ledger"
            );
            std::thread::yield_now();
        }
        let id = rustix::process::Pid::from_child(&service);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = service.wait_with_output().unwrap();
        let log = text(&ended.stderr);
        if log.contains("locked") {
            continue;
        }
        assert!(ended.status.success(), "{log}");
        assert!(log.contains("received a signal to stop"), "{log}");
        assert!(!log.contains("serving"), "{log}");
        return;
    }
    panic!("the service waited for the lock in vain each time before it was stopped");
}
