//! Calls a method by its descriptor, without the generated client.

use bytes::{Buf, BufMut, Bytes};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Sends and receives messages as bytes.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// The response to a request; of a stream the first message that `is_wanted`.
pub(super) async fn answer(
    url: &str,
    method: &MethodDescriptor,
    request: Vec<u8>,
    is_wanted: impl Fn(&DynamicMessage) -> bool,
) -> Result<DynamicMessage, Status> {
    let channel = Channel::from_shared(url.to_owned()).unwrap();
    let mut grpc = tonic::client::Grpc::new(channel.connect().await.unwrap());
    grpc.ready().await.unwrap();
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    // A unary response is a stream of one message.
    let request = Request::new(Bytes::from(request));
    let stream = grpc.server_streaming(request, path.parse().unwrap(), Plain);
    let mut stream = stream.await?.into_inner();
    loop {
        let bytes = stream.message().await?.expect("the message comes");
        let message = DynamicMessage::decode(method.output(), bytes).unwrap();
        if is_wanted(&message) {
            return Ok(message);
        }
    }
}
