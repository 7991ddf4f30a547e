//! HTTP/1.1 as far as a load needs it: one request at a time on a connection, and the same again after each answer.

use std::io;
use std::rc::Rc;
use std::time::Instant;

use silkrate::load::{Event, Protocol};

/// What parts the head of an answer from its body.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// One connection.
#[derive(Debug)]
pub(crate) struct Http1Connection {
    request: Rc<[u8]>,
    /// The part of a head that has arrived.
    head: Vec<u8>,
    /// Bytes of the body that have not arrived yet; nothing while the head is not complete.
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

    /// The length of the body of the next answer, when its head has arrived whole.
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

/// Where the body begins.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(END_OF_HEAD.len());
    Some(windows.position(|window| window == END_OF_HEAD)? + END_OF_HEAD.len())
}

/// The length of the body behind a head. An answer that is neither a 200 nor a 304, or whose length is not known beforehand,
/// is an error: what would be measured then is something else.
pub(crate) fn body_length(head: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(head);
    let length = header(&text, "content-length").and_then(|length| length.parse().ok());
    match (text.split(' ').nth(1), length) {
        (Some("200"), Some(length)) => Ok(length),
        (Some("304"), _) => Ok(0),
        _ => Err(io::Error::other(format!("not to be measured: {text}"))),
    }
}

/// The value of a header in a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}
