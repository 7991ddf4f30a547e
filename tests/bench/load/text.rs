//! Protocols of short texts.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use silkrate::load::{Event, Protocol};

/// A protocol whose messages all have one length, so that counting bytes is counting messages.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// What is sent first.
    pub(crate) hello: Vec<u8>,
    /// How many bytes of the responses to that are no messages.
    pub(crate) skip: usize,
    /// The length of a message.
    pub(crate) message_bytes: usize,
    /// What is sent after each message.
    pub(crate) again: Vec<u8>,
}

/// One connection of such a protocol.
#[derive(Debug)]
pub(crate) struct TextConnection {
    text: Text,
    received: usize,
    sent: VecDeque<Instant>,
}

impl TextConnection {
    pub(crate) fn begin(text: &Text) -> Self {
        Self {
            text: text.clone(),
            received: 0,
            sent: VecDeque::from([Instant::now()]),
        }
    }

    /// Whether anything has arrived.
    pub(crate) fn is_greeted(&self) -> bool {
        self.received > 0
    }

    /// Takes what was received so far for a greeting.
    pub(crate) fn skip_greeting(&mut self) {
        (self.received, self.text.skip) = (0, 0);
    }
}

impl Protocol for TextConnection {
    fn received(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        self.received += bytes.len();
        while self.received >= self.text.skip + self.text.message_bytes {
            self.received -= self.text.message_bytes;
            report(Event::Message(&[]));
            let sent = self.sent.pop_front();
            report(Event::Ended(sent.map(|sent| sent.elapsed())));
            if !self.text.again.is_empty() {
                out.extend_from_slice(&self.text.again);
                self.sent.push_back(Instant::now());
            }
        }
        Ok(())
    }
}
