//! What a browser does, over a bare socket, so that a test sees every byte of a response.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Headers of a request: names and values.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// One whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    /// All headers, in the order of the response.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    /// The names of the headers with this prefix.
    pub(crate) fn names(&self, prefix: &str) -> Vec<&str> {
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    /// The request headers that the response depends on.
    pub(crate) fn vary(&self) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(name, _)| name == "vary");
        headers.flat_map(|(_, value)| value.split(", ")).collect()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status, reason and field of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String, Option<String>) {
        let error = self.json()["error"].clone();
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        let field = error["field"].as_str().map(ToOwned::to_owned);
        (
            self.status,
            error["reason"].as_str().unwrap().to_owned(),
            field,
        )
    }
}

/// A connection with a request sent, and the head of its response read.
#[derive(Debug)]
pub(crate) struct Exchange {
    reader: BufReader<TcpStream>,
    answer: Answer,
}

pub(crate) async fn open(
    address: SocketAddr,
    request: (&str, &str),
    headers: Headers<'_>,
    body: &[u8],
) -> Exchange {
    let (method, path) = request;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str(&["host: ", &address.to_string(), "\r\n"].concat());
    }
    for (name, value) in headers {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    if method == "POST" {
        let length = body.len().to_string();
        head.push_str(&["content-length: ", &length, "\r\n"].concat());
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut reader = BufReader::new(stream);
    let status = line(&mut reader).await;
    let mut answer = Answer {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let header = line(&mut reader).await;
        let Some((name, value)) = header.split_once(": ") else {
            assert_eq!(header, "");
            return Exchange { reader, answer };
        };
        answer.headers.push((name.to_owned(), value.to_owned()));
    }
}

async fn line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await;
    read.expect("a line comes").unwrap();
    line.trim_end_matches("\r\n").to_owned()
}

impl Exchange {
    pub(crate) fn status(&self) -> u16 {
        self.answer.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.answer.header(name)
    }

    /// The next chunk of the body; nothing after the last.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&line(&mut self.reader).await, 16).unwrap();
        let mut chunk = vec![0; size + 2];
        let read = tokio::time::timeout(PATIENCE, self.reader.read_exact(&mut chunk)).await;
        read.expect("a chunk comes").unwrap();
        assert_eq!(&chunk[size..], b"\r\n");
        chunk.truncate(size);
        (size > 0).then_some(chunk)
    }

    async fn whole(mut self) -> Answer {
        if self.answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                self.answer.body.extend(chunk);
            }
        } else {
            let read = self.reader.read_to_end(&mut self.answer.body);
            let read = tokio::time::timeout(PATIENCE, read).await;
            read.expect("the answer ends").unwrap();
        }
        self.answer
    }
}

/// Any request.
pub(crate) async fn send(
    address: SocketAddr,
    request: (&str, &str),
    headers: Headers<'_>,
    body: &[u8],
) -> Answer {
    open(address, request, headers, body).await.whole().await
}

/// A request for something.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: Headers<'_>) -> Answer {
    send(address, ("GET", path), headers, b"").await
}

/// A stream of server-sent events.
#[derive(Debug)]
pub(crate) struct Events {
    exchange: Exchange,
    text: String,
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    pub(crate) data: Value,
}

impl Events {
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: Headers<'_>) -> Self {
        let exchange = open(address, ("GET", path), headers, b"").await;
        assert_eq!(exchange.answer.status, 200, "{exchange:?}");
        assert_eq!(
            exchange.answer.header("content-type"),
            Some("text/event-stream")
        );
        // A proxy that compresses would hold events back.
        let cache_control = exchange.answer.header("cache-control");
        assert_eq!(cache_control, Some("no-store, no-transform"));
        assert_eq!(exchange.answer.header("content-encoding"), None);
        Self {
            exchange,
            text: String::new(),
        }
    }

    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        while !self.text.contains("\n\n") {
            let chunk = self.exchange.chunk().await?;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let field = |wanted: &str| {
            let mut lines = event.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.to_owned())
        };
        let event = Event {
            name: field("event").unwrap(),
            id: field("id"),
            retry: field("retry").map(|retry| retry.parse().unwrap()),
            data: serde_json::from_str(&field("data").unwrap()).unwrap(),
        };
        self.text = rest.to_owned();
        assert_eq!(event.data["event"], event.name.as_str());
        Some(event)
    }

    /// The next event, which must be of this kind.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.expect("the stream goes on");
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}
