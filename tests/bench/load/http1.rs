//! HTTP/1.1 as far as a load needs it: one request at a time on a connection, repeated after each response.

use std::io;
use std::rc::Rc;
use std::time::Instant;

use silkrate::load::{Event, Protocol};

/// The separator of the head and the body of a response.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// One connection.
#[derive(Debug)]
pub(crate) struct Http1Connection {
    request: Rc<[u8]>,
    /// The received part of a head.
    head: Vec<u8>,
    /// The bytes of the body that are still missing; `None` while the head is incomplete.
    body_left: Option<usize>,
    sent: Instant,
}

impl Http1Connection {
    pub(crate) fn begin(request: &Rc<[u8]>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(request);
        Self {
            request: Rc::clone(request),
            head: Vec::new(),
            body_left: None,
            sent: Instant::now(),
        }
    }

    /// The length of the body of the next response, once its head is complete.
    fn take_head(&mut self, bytes: &mut &[u8]) -> io::Result<Option<usize>> {
        let known = self.head.len();
        self.head.extend_from_slice(bytes);
        let Some(end) = head_end(&self.head) else {
            *bytes = &[];
            return Ok(None);
        };
        *bytes = bytes.get(end - known..).unwrap_or_default();
        let length = body_length(self.head.get(..end).unwrap_or_default())?;
        self.head.clear();
        Ok(Some(length))
    }
}

impl Protocol for Http1Connection {
    fn received(
        &mut self,
        mut bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        loop {
            let left = match self.body_left {
                Some(left) => left,
                None => match self.take_head(&mut bytes)? {
                    Some(length) => length,
                    None => return Ok(()),
                },
            };
            let taken = left.min(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.body_left = Some(left - taken).filter(|left| *left > 0);
            if self.body_left.is_some() {
                return Ok(());
            }
            report(Event::Message(&[]));
            report(Event::Ended(Some(self.sent.elapsed())));
            out.extend_from_slice(&self.request);
            self.sent = Instant::now();
        }
    }
}

/// The offset of the body.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(END_OF_HEAD.len());
    Some(windows.position(|window| window == END_OF_HEAD)? + END_OF_HEAD.len())
}

/// The length of the body after a head. A response other than 200 and 304, or without a length, is an error: it is not what the
/// benchmark measures.
pub(crate) fn body_length(head: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(head);
    let length = header(&text, "content-length").and_then(|length| length.parse().ok());
    match (text.split(' ').nth(1), length) {
        (Some("200"), Some(length)) => Ok(length),
        (Some("304"), _) => Ok(0),
        _ => Err(io::Error::other(format!("unexpected response: {text}"))),
    }
}

/// The value of a header in a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}
