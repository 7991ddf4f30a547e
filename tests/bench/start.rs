//! Startup: the size of the program, the time to the first response, the memory of an idle service.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use silkrate::load::{Call, Event, GrpcConnection, Protocol};

use crate::machine::{self, LOAD_CORE, SERVER_CORE};

/// The program that was built with this benchmark.
const BUILT: &str = env!("CARGO_BIN_EXE_silkrate");
/// The program of `cargo build --profile dist --features jemalloc`, relative to the directory of that one.
const SHIPPED: &str = "../dist/silkrate";
/// The timeout of a start.
const START_MAX: Duration = Duration::from_secs(10);
/// The idle time before its memory is read.
const IDLE: Duration = Duration::from_secs(1);

/// The result of a start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// From the start of the process to the first response, in microseconds.
    pub(crate) first_answer: u64,
    pub(crate) idle_bytes: u64,
}

/// The program as it is shipped, if it has been built.
fn shipped() -> Option<PathBuf> {
    let shipped = Path::new(BUILT).parent()?.join(SHIPPED);
    shipped.exists().then_some(shipped)
}

/// Its size.
pub(crate) fn shipped_bytes() -> Option<u64> {
    Some(fs::metadata(shipped()?).ok()?.len())
}

/// The program that is measured: as it is shipped, or else the one that was built with this benchmark.
pub(crate) fn program() -> PathBuf {
    shipped().unwrap_or_else(|| BUILT.into())
}

/// A running service.
pub(crate) struct Service {
    child: Child,
    /// The address of its gRPC port.
    pub(crate) address: SocketAddr,
    /// The address of its operators' port.
    pub(crate) admin: SocketAddr,
    /// The address of its side for browsers.
    pub(crate) web: SocketAddr,
    /// From the start of the process to the first response, in microseconds.
    pub(crate) first_answer: u64,
}

impl Service {
    /// Its resident memory, in bytes.
    pub(crate) fn resident_bytes(&self) -> io::Result<u64> {
        machine::resident_bytes(self.child.id())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts the service without a ledger, calls it once, and stops it.
pub(crate) fn run() -> io::Result<Outcome> {
    let service = start(&[("SILKRATE_STORE__PATH", ":memory:")])?;
    std::thread::sleep(IDLE);
    Ok(Outcome {
        first_answer: service.first_answer,
        idle_bytes: service.resident_bytes()?,
    })
}

/// Starts the service with the URL of every bank set to a closed port and some more variables, and calls it once.
pub(crate) fn start(variables: &[(&str, &str)]) -> io::Result<Service> {
    let port = || TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (address, admin, web) = (port()?, port()?, port()?);
    machine::pin(&[SERVER_CORE])?;
    let begun = Instant::now();
    let mut command = Command::new(program());
    command
        .arg("serve")
        .env("SILKRATE_SERVER__LISTEN", address.to_string())
        .env("SILKRATE_SERVER__ADMIN_LISTEN", admin.to_string())
        .env("SILKRATE_WEB__LISTEN", web.to_string())
        .envs(variables.iter().copied())
        .stderr(Stdio::null());
    for bank in ["NBK", "NBKR", "CBU", "NBT", "CBT", "CBR"] {
        command.env(
            format!("SILKRATE_SOURCES__{bank}__BASE_URL"),
            "http://127.0.0.1:9",
        );
    }
    let started = command.spawn();
    machine::pin(&[LOAD_CORE])?;
    let mut service = Service {
        child: started?,
        address,
        admin,
        web,
        first_answer: 0,
    };
    let socket = loop {
        match TcpStream::connect(address) {
            Ok(socket) => break socket,
            Err(error) if begun.elapsed() > START_MAX => return Err(error),
            Err(_not_yet) => std::thread::sleep(Duration::from_micros(100)),
        }
    };
    answer(socket)?;
    service.first_answer = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(service)
}

/// Calls GetSnapshot, and waits for the response.
fn answer(mut socket: TcpStream) -> io::Result<()> {
    let call = Call::new("127.0.0.1", "/silkrate.v1.RateService/GetSnapshot", &[]);
    let mut out = Vec::new();
    let mut http = GrpcConnection::begin(&Rc::new(call), 1, &mut out);
    let mut buffer = vec![0; 16 * 1024];
    let mut has_answered = false;
    while !has_answered {
        socket.write_all(&std::mem::take(&mut out))?;
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        http.received(bytes, &mut out, &mut |event| {
            has_answered |= matches!(event, Event::Message(_));
        })?;
    }
    Ok(())
}
