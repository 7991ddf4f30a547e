//! Protocols of short texts.

use std::collections::VecDeque;
use std::time::Instant;

use crate::load::Arrived;

/// A protocol whose messages all have one length, so that counting bytes is counting messages.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// What is said first.
    pub(crate) hello: Vec<u8>,
    /// How many bytes of answers to that are no messages.
    pub(crate) skip: usize,
    /// How long a message is.
    pub(crate) message_bytes: usize,
    /// What is said again after each message.
    pub(crate) again: Vec<u8>,
}

/// One connection of such a protocol.
#[derive(Debug)]
pub(crate) struct Counted {
    text: Text,
    received: usize,
    asked: VecDeque<Instant>,
}

impl Counted {
    pub(crate) fn begin(text: &Text) -> Self {
        Self {
            text: text.clone(),
            received: 0,
            asked: VecDeque::from([Instant::now()]),
        }
    }

    /// Whether anything has arrived.
    pub(crate) fn is_greeted(&self) -> bool {
        self.received > 0
    }

    /// What has been received so far was a greeting.
    pub(crate) fn settle(&mut self) {
        (self.received, self.text.skip) = (0, 0);
    }

    /// So many bytes have arrived.
    pub(crate) fn received(
        &mut self,
        bytes: usize,
        out: &mut Vec<u8>,
        arrived: &mut dyn FnMut(Arrived<'_>),
    ) {
        self.received += bytes;
        while self.received >= self.text.skip + self.text.message_bytes {
            self.received -= self.text.message_bytes;
            arrived(Arrived::Message(&[]));
            let asked = self.asked.pop_front();
            arrived(Arrived::Ended(asked.map(|asked| asked.elapsed())));
            if !self.text.again.is_empty() {
                out.extend_from_slice(&self.text.again);
                self.asked.push_back(Instant::now());
            }
        }
    }
}
