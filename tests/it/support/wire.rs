//! The service as a function from a request to bytes, without a socket.

use std::pin::Pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use prost::Message;
use silkrate::grpc::SharedRates;
use tonic::body::Body;
use tonic::codegen::Service;

/// A message in its frame, as on the wire.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.encoded_len()).unwrap());
    message.encode(&mut frame).unwrap();
    frame.freeze()
}

/// A request of a method with such a body.
pub(crate) fn request(method: &str, body: Bytes) -> Request<Body> {
    Request::post(format!("http://silkrate/silkrate.v1.RateService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(axum::body::Body::from(body)))
        .unwrap()
}

/// The response to a request, which the service returns without waiting.
pub(crate) fn answer(mut service: SharedRates, request: Request<Body>) -> Response<Body> {
    let answer = service.call(request).now_or_never();
    answer.expect("the response is ready").unwrap()
}

pub(crate) fn call(service: SharedRates, method: &str, message: &impl Message) -> Response<Body> {
    answer(service, request(method, framed(message)))
}

/// The next piece of a body, if it is ready.
pub(crate) enum Piece {
    /// Bytes.
    Data(Bytes),
    /// The end, with a status.
    Trailers(HeaderMap),
    /// Nothing yet.
    Pending,
    /// The end without trailers: the status is in the headers.
    End,
}

pub(crate) fn piece(body: &mut Body) -> Piece {
    let next = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
    // Without the cooperative budget of the runtime, which a long test would exhaust.
    match tokio::task::unconstrained(next).now_or_never() {
        None => Piece::Pending,
        Some(None) => Piece::End,
        Some(Some(frame)) => match frame.unwrap().into_data() {
            Ok(data) => Piece::Data(data),
            Err(trailers) => Piece::Trailers(trailers.into_trailers().unwrap()),
        },
    }
}

/// Splits bytes into messages, each with the five bytes of its frame.
pub(crate) fn split(bytes: &mut BytesMut) -> Vec<Bytes> {
    let mut messages = Vec::new();
    while bytes.len() >= 5 {
        let length = usize::try_from(u32::from_be_bytes(bytes[1..5].try_into().unwrap())).unwrap();
        if bytes.len() < 5 + length {
            break;
        }
        messages.push(bytes.split_to(5 + length).freeze());
    }
    messages
}

/// All that is ready of a response: messages, and the trailers if it has ended.
pub(crate) fn frames(answer: Response<Body>) -> (Vec<Bytes>, Option<HeaderMap>) {
    let mut body = answer.into_body();
    let (mut bytes, mut trailers) = (BytesMut::new(), None);
    while trailers.is_none() {
        match piece(&mut body) {
            Piece::Data(data) => bytes.extend_from_slice(&data),
            Piece::Trailers(headers) => trailers = Some(headers),
            Piece::Pending | Piece::End => break,
        }
    }
    let messages = split(&mut bytes);
    assert!(bytes.is_empty(), "whole messages");
    (messages, trailers)
}
