//! Responses to browsers: the CPU time of each, compared with nginx, which serves a file of the same bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use crate::load::Workload;
use crate::load::http1::{body_length, head_end, header};
use crate::servers::nginx::Nginx;
use crate::servers::{Design, Server};
use crate::unary::{self, Shape};

/// The timeout of a response.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A request that is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) path: &'static str,
    /// The accepted encoding; empty for none.
    pub(crate) encoding: &'static str,
    /// Whether the client sends the validator of the response.
    pub(crate) is_held: bool,
}

/// The CPU time per response, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) ours: u64,
    pub(crate) nginx: u64,
}

/// Both servers, and the requests for them.
#[derive(Debug)]
pub(crate) struct Pair {
    ours: Server,
    nginx: Nginx,
    /// For each case the request for ours, and the one for nginx.
    requests: Vec<[Rc<[u8]>; 2]>,
}

impl Case {
    pub(crate) const fn of(path: &'static str, encoding: &'static str) -> Self {
        Self {
            path,
            encoding,
            is_held: false,
        }
    }

    pub(crate) const fn held(path: &'static str) -> Self {
        Self {
            path,
            encoding: "gzip",
            is_held: true,
        }
    }

    pub(crate) fn name(&self) -> String {
        let how = match (self.is_held, self.encoding) {
            (true, _) => "with If-None-Match",
            (false, "") => "plain",
            (false, encoding) => encoding,
        };
        format!("{}, {how}", self.path)
    }

    pub(crate) fn request(&self, path: &str, held: Option<&str>) -> String {
        let encoding = match self.encoding {
            "" => String::new(),
            encoding => format!("accept-encoding: {encoding}\r\n"),
        };
        let held = held.map(|held| format!("if-none-match: {held}\r\n"));
        let held = held.unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nhost: rates\r\n{encoding}{held}\r\n")
    }
}

impl Pair {
    /// Starts our server, and nginx with a file of the body of every response.
    pub(crate) fn start(cases: &[Case]) -> io::Result<Self> {
        let ours = Server::start(Design::OursWeb, 0)?;
        let mut answers = Vec::new();
        for case in cases {
            answers.push(fetch(ours.address, &case.request(case.path, None))?);
        }
        let bodies: Vec<Vec<u8>> = answers.iter().map(|answer| answer.body.clone()).collect();
        let nginx = Nginx::start(&bodies)?;
        let mut requests = Vec::new();
        for (index, (case, answer)) in cases.iter().zip(&answers).enumerate() {
            let file = format!("/{index}");
            let theirs = fetch(nginx.address, &case.request(&file, None))?;
            let encoding = header(&answer.head, "content-encoding").unwrap_or_default();
            if theirs.body != answer.body || encoding != case.encoding {
                return Err(io::Error::other(format!(
                    "{}: the bodies differ",
                    case.name()
                )));
            }
            let mut pair = Vec::new();
            for (path, answer) in [(case.path, answer), (&file, &theirs)] {
                let held = header(&answer.head, "etag").filter(|_| case.is_held);
                pair.push(Rc::from(case.request(path, held).as_bytes()));
            }
            requests.extend(<[Rc<[u8]>; 2]>::try_from(pair));
        }
        Ok(Self {
            ours,
            nginx,
            requests,
        })
    }

    /// Loads both servers in turn with the requests of a case.
    pub(crate) fn measure(&self, case: usize, shape: &Shape) -> io::Result<Cost> {
        let requests = self.requests.get(case).ok_or(io::ErrorKind::NotFound)?;
        let servers = [
            (self.ours.address, self.ours.pid()),
            (self.nginx.address, self.nginx.pid()),
        ];
        let mut costs = Vec::new();
        for ((address, pid), request) in servers.into_iter().zip(requests) {
            let workload = Workload::Http1(Rc::clone(request));
            costs.push(unary::measure(address, pid, &workload, shape)?.cost);
        }
        match costs[..] {
            [ours, nginx] => Ok(Cost { ours, nginx }),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A complete response.
#[derive(Debug)]
struct Answer {
    head: String,
    body: Vec<u8>,
}

/// Sends a request on a connection of its own.
fn fetch(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(ANSWER_MAX))?;
    socket.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(end) = head_end(&received) {
            let head = received.get(..end).unwrap_or_default();
            let length = body_length(head)?;
            if let Some(body) = received.get(end..end + length) {
                let head = String::from_utf8_lossy(head).into_owned();
                let body = body.to_vec();
                return Ok(Answer { head, body });
            }
        }
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        received.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
}
