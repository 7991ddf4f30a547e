//! SIGHUP at moments that are unusual: before the service serves, while it stops, and after its terminal was closed. A file that is
//! never read to its end.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, alone, next};

/// The running service, and the lines of its log.
struct Service {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Service {
    fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads the log up to a line with a text.
    fn until(&mut self, wanted: &str) -> String {
        let mut read = String::new();
        while !read.contains(wanted) {
            let count = self.log.read_line(&mut read).unwrap();
            assert!(count > 0, "the log ended before `{wanted}`: {read}");
        }
        read
    }

    /// Waits until it has ended.
    fn ended(mut self) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::yield_now();
        }
        self.child.kill().unwrap();
        panic!("it does not end");
    }
}

/// A pipe with a name: who opens it to read waits until another opens it to write, and the other way round.
fn pipe(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// The writing end of a pipe, once it is read.
fn read_by_another(pipe: &Path) -> File {
    let (sender, opened) = mpsc::channel();
    let path = pipe.to_owned();
    thread::spawn(move || sender.send(File::options().write(true).open(path)));
    opened.recv_timeout(PATIENCE).expect("it is read").unwrap()
}

#[test]
fn a_signal_that_comes_before_the_service_serves_reads_the_settings_again_after_the_start() {
    let folder = TempDir::new().unwrap();
    let file = pipe(&folder, "silkrate.toml");
    let mut command = alone(&["serve", "--config", file.to_str().unwrap()]);
    let mut service = Service::start(&mut command);
    let settings = read_by_another(&file);
    service.signal(Signal::HUP);
    // It is another file when it is read again.
    let other = folder.path().join("other.toml");
    fs::write(&other, "[log]\nlevel = \"warn\"\n").unwrap();
    fs::rename(&other, &file).unwrap();
    drop(settings);
    // What was applied is logged, although the new level shows no such lines.
    let log = service.until("reloaded the configuration");
    assert!(
        log.contains("log.level: \\\"info\\\" -> \\\"warn\\\""),
        "{log}"
    );
    service.signal(Signal::TERM);
    assert!(service.ended().success());
}

#[test]
fn a_terminal_that_is_closed_stops_a_service_whose_log_goes_to_a_file() {
    // No child holds it open.
    let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&own).unwrap();
    unlockpt(&own).unwrap();
    let path = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
    let mut command = alone(&["serve"]);
    let terminal = File::options().read(true).write(true).open(path);
    command.stdin(terminal.unwrap());
    let mut service = Service::start(&mut command);
    // The command keeps the terminal open.
    drop(command);
    service.until("serving gRPC");
    drop(own);
    service.signal(Signal::HUP);
    service.until("shutting down");
    assert!(service.ended().success());
}

#[test]
fn a_start_whose_settings_are_never_read_to_their_end_fails_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let file = pipe(&folder, "silkrate.toml");
    let mut command = alone(&["serve", "--config", file.to_str().unwrap()]);
    let mut service = Service::start(&mut command);
    let _settings = read_by_another(&file);
    service.until("error: reading the settings takes longer than 10s");
    service.until("hint: see whether the disks and mounts of the files answer");
    assert_eq!(service.ended().code(), Some(1));
}

#[test]
fn readiness_is_not_reported_after_the_stop() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, "").unwrap();
    let supervisor = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = alone(&["serve", "--config", file.to_str().unwrap()]);
    command.env("NOTIFY_SOCKET", folder.path().join("notify"));
    let mut service = Service::start(&mut command);
    let browsers = service.until("serving browsers");
    assert!(next(&supervisor).contains("READY=1"));
    // A request whose end does not come keeps the service from ending at once.
    let browsers: Value = serde_json::from_str(browsers.lines().last().unwrap()).unwrap();
    let mut request = TcpStream::connect(browsers["address"].as_str().unwrap()).unwrap();
    let half = "POST /silkrate.v1.RateService/GetRate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/grpc-web\r\ncontent-length: 100\r\n\r\n";
    request.write_all(half.as_bytes()).unwrap();

    fs::remove_file(&file).unwrap();
    let settings = pipe(&folder, "silkrate.toml");
    service.signal(Signal::HUP);
    assert!(next(&supervisor).contains("RELOADING=1"));
    let mut settings = read_by_another(&settings);
    service.signal(Signal::TERM);
    assert!(next(&supervisor).contains("STOPPING=1"));
    settings.write_all(b"wrong").unwrap();
    drop(settings);
    service.until("the configuration is not reloaded, and nothing changes");
    drop(request);
    assert!(service.ended().success());
    supervisor.set_nonblocking(true).unwrap();
    let more = supervisor.recv(&mut [0; 1024]);
    assert_eq!(more.unwrap_err().kind(), ErrorKind::WouldBlock);
}
