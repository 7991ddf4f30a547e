//! Servers of other projects, if they are installed: each on a port of its own on loopback, with a temporary directory.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event, GrpcConnection, Protocol};

use crate::load::Workload;
use crate::load::text::Text;
use crate::servers::{Design, Publisher, Server, raw};

/// The timeout of a start.
const START_MAX: Duration = Duration::from_secs(10);
/// The pairs of the response whose size the values of a peer have.
const PAIRS: usize = 5;
/// The length of the response of our own server, so that all servers send the same number of bytes.
static VALUE_BYTES: LazyLock<usize> =
    LazyLock::new(|| raw::message(PAIRS).map_or(0, |message| message.len()));

/// The program of a peer.
pub(crate) fn program(design: Design) -> Option<&'static str> {
    match design {
        Design::Redis => Some("redis-server"),
        Design::Nats => Some("nats-server"),
        Design::Etcd => Some("etcd"),
        _ => None,
    }
}

pub(crate) fn start(design: Design) -> io::Result<Server> {
    let folder = tempfile::tempdir()?;
    let (port, other) = (free_port()?, free_port()?);
    let path = folder.path().display().to_string();
    let mut command = Command::new(program(design).unwrap_or_default());
    match design {
        Design::Redis => command
            .args(["--bind", "127.0.0.1", "--save", "", "--dir", &path])
            .args(["--port", &port.to_string(), "--maxclients", "15000"])
            .args(["--client-output-buffer-limit", "pubsub 0 0 0"]),
        Design::Nats => command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]),
        _ => command
            .args([
                "--data-dir",
                &path,
                "--log-level",
                "error",
                "--unsafe-no-fsync",
            ])
            .arg(format!("--listen-client-urls=http://127.0.0.1:{port}"))
            .arg(format!("--advertise-client-urls=http://127.0.0.1:{port}"))
            .arg(format!("--listen-peer-urls=http://127.0.0.1:{other}"))
            .arg(format!(
                "--initial-advertise-peer-urls=http://127.0.0.1:{other}"
            ))
            .arg(format!(
                "--initial-cluster=default=http://127.0.0.1:{other}"
            )),
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let socket = match connect(address) {
        Ok(socket) => socket,
        Err(error) => {
            drop(child.kill());
            drop(child.wait());
            return Err(error);
        }
    };
    let orders = match publisher(design, socket) {
        Ok(orders) => orders,
        Err(error) => {
            drop(child.kill());
            drop(child.wait());
            return Err(error);
        }
    };
    Ok(Server {
        child,
        address,
        orders,
        _folder: Some(folder),
    })
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(socket) => return Ok(socket),
            Err(error) if begun.elapsed() > START_MAX => return Err(error),
            Err(_not_yet) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn publisher(design: Design, mut socket: TcpStream) -> io::Result<Publisher> {
    socket.set_nodelay(true)?;
    let (bytes, value) = (*VALUE_BYTES, "7".repeat(*VALUE_BYTES));
    Ok(match design {
        Design::Redis => {
            socket.write_all(format!("SET k {value}\r\n").as_bytes())?;
            Publisher::Socket(socket, format!("PUBLISH k {value}\r\n").into_bytes())
        }
        Design::Nats => {
            socket.write_all(b"CONNECT {\"verbose\":false}\r\n")?;
            let message = format!("PUB k {bytes}\r\n{value}\r\n");
            Publisher::Socket(socket, message.into_bytes())
        }
        _ => {
            let mut putter = Putter::begin(socket, &value)?;
            putter.put()?;
            Publisher::Etcd(putter)
        }
    })
}

/// A `PutRequest` of etcd.
#[derive(Clone, PartialEq, Message)]
struct PutRequest {
    #[prost(bytes, tag = "1")]
    key: Vec<u8>,
    #[prost(bytes, tag = "2")]
    value: Vec<u8>,
}

/// Puts a value into etcd repeatedly.
#[derive(Debug)]
pub(crate) struct Putter {
    socket: TcpStream,
    http: GrpcConnection,
    answered: bool,
}

impl Putter {
    fn begin(mut socket: TcpStream, value: &str) -> io::Result<Self> {
        let request = PutRequest {
            key: b"k".to_vec(),
            value: value.as_bytes().to_vec(),
        };
        let path = "/etcdserverpb.KV/Put";
        let call = Call::new("127.0.0.1", path, &request.encode_to_vec()).repeated();
        let mut out = Vec::new();
        let http = GrpcConnection::begin(&Rc::new(call), 1, &mut out);
        socket.write_all(&out)?;
        Ok(Self {
            socket,
            http,
            answered: false,
        })
    }

    /// Waits for the response to the previous put, after which the next one is sent.
    pub(crate) fn put(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        self.answered = false;
        while !self.answered {
            let read = self.socket.read(&mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut out = Vec::new();
            let answered = &mut self.answered;
            let bytes = buffer.get(..read).unwrap_or_default();
            self.http.received(bytes, &mut out, &mut |event| {
                *answered |= matches!(event, Event::Ended(_));
            })?;
            self.socket.write_all(&out)?;
        }
        Ok(())
    }
}

/// The workload of unary reads.
pub(crate) fn asking(design: Design, at_once: usize) -> Workload {
    if design == Design::Redis {
        let get = b"GET k\r\n".to_vec();
        let message_bytes = format!("${}\r\n\r\n", *VALUE_BYTES).len() + *VALUE_BYTES;
        return Workload::Text(Text {
            hello: get.repeat(at_once),
            skip: 0,
            message_bytes,
            again: get,
        });
    }
    // RangeRequest: the key, and `serializable`: from the memory of this member, as our responses are.
    let request = [0x0a, 1, b'k', 0x38, 1];
    let call = Call::new("127.0.0.1", "/etcdserverpb.KV/Range", &request).repeated();
    Workload::Grpc {
        call: Rc::new(call),
        calls: at_once,
    }
}

/// The workload of subscriptions.
pub(crate) fn watching(design: Design, streams: usize) -> Workload {
    let bytes = *VALUE_BYTES;
    let text = |hello: &[u8], skip: usize, head: String| {
        let message_bytes = head.len() + bytes + 2;
        Workload::Text(Text {
            hello: hello.to_vec(),
            skip,
            message_bytes,
            again: Vec::new(),
        })
    };
    match design {
        Design::Redis => text(
            b"SUBSCRIBE k\r\n",
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nk\r\n:1\r\n".len(),
            format!("*3\r\n$7\r\nmessage\r\n$1\r\nk\r\n${bytes}\r\n"),
        ),
        Design::Nats => text(
            b"CONNECT {\"verbose\":false}\r\nSUB k 1\r\nPING\r\n",
            0,
            format!("MSG k 1 {bytes}\r\n"),
        ),
        _ => {
            // WatchRequest: a WatchCreateRequest of the key.
            let request = [0x0a, 3, 0x0a, 1, b'k'];
            let call = Call {
                ends_stream: false,
                ..Call::new("127.0.0.1", "/etcdserverpb.Watch/Watch", &request)
            };
            Workload::Grpc {
                call: Rc::new(call),
                calls: streams,
            }
        }
    }
}
