//! The frames of streams: encoded once for all that share them, and sent to readers that read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tonic::Status;

use crate::domain::Refusal;
use crate::feed::{EncodedStream, MessageEncoder, StreamEnd, StreamMessage};
use crate::grpc::shared::encoding::{Encoding, encode_frame};
use crate::listener::{ConnectionOutput, Recipient};
use crate::queries::Queries;
use crate::wire;

/// Encodes the messages of streams as frames of gRPC.
#[derive(Debug)]
pub(super) struct FrameEncoder {
    pub(super) encoding: Encoding,
    pub(super) queries: Queries,
}

impl MessageEncoder for FrameEncoder {
    fn encode(&self, message: &StreamMessage) -> Bytes {
        let message = wire::to_message(message, self.queries.now());
        encode_frame(&message, self.encoding)
    }
}

/// The refusal of a long answer to a client that reads too little.
pub(super) fn refused_long(recipient: &Recipient) -> Option<Refusal> {
    let bytes_max = recipient.output.as_ref()?.refuse_long()?;
    Some(Refusal::AnswersUnread { bytes_max })
}

/// A frame, unless too much waits for its reader.
fn check_unread(frame: Bytes, output: Option<&ConnectionOutput>) -> Result<Bytes, StreamEnd> {
    let unread = output.and_then(|output| output.refuse_message(frame.len()));
    unread.map_or(Ok(frame), |bytes_max| Err(StreamEnd::Unread { bytes_max }))
}

/// The frames of a stream, and the status that ends them, after which the stream is not polled again. The stream is boxed, since
/// it is moved for each message, and ten thousand of these wait at once.
pub(super) fn stream_frames(
    stream: EncodedStream<FrameEncoder>,
    output: Option<Arc<ConnectionOutput>>,
) -> impl Stream<Item = Result<Bytes, Status>> + Send {
    stream::unfold(Box::new((stream, output)), |mut state| async move {
        let (stream, output) = &mut *state;
        let next = stream.next().await;
        let next = next.and_then(|frame| check_unread(frame, output.as_deref()));
        let next = next.map_err(|end| Refusal::from(end).into());
        Some((next, state))
    })
}
