//! Requests as they come off the wire: whether a cache may answer, and the one message of each.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::body::Body;
use tonic::codegen::StdError;

use crate::grpc::shared::encoding::{ENCODING, Encoding, GZIP, IDENTITY, PREFIX_BYTES, decompress};

/// How the content type of gRPC begins.
const CONTENT_TYPE_OF_GRPC: &str = "application/grpc";

/// A method whose answers are cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::grpc) enum CachedMethod {
    GetSnapshot,
    GetRate,
    WatchRates,
}

impl CachedMethod {
    /// The method of a request that is a call of it in a supported encoding.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let method = match request.uri().path() {
            "/silkrate.v1.RateService/GetSnapshot" => Self::GetSnapshot,
            "/silkrate.v1.RateService/GetRate" => Self::GetRate,
            "/silkrate.v1.RateService/WatchRates" => Self::WatchRates,
            _ => return None,
        };
        let encoding = request.headers().get(ENCODING);
        let is_supported = encoding.is_none_or(|name| name == IDENTITY || name == GZIP);
        (request.method() == Method::POST && is_supported).then_some(method)
    }
}

/// Whether the text of a request has the item that stands for every pair.
pub(super) fn names_every_pair(message: &[u8]) -> bool {
    message.windows(3).any(|text| text == b"*/*")
}

/// Whether the content type of a request is gRPC with messages of protobuf.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let rest = content_type.and_then(|text| text.strip_prefix(CONTENT_TYPE_OF_GRPC));
    rest.is_some_and(|rest| {
        let subtype = rest.split_once(';').map_or(rest, |(subtype, _)| subtype);
        matches!(subtype.trim_end(), "" | "+proto")
    })
}

/// The response that the gRPC protocol requires for a request of another content type.
pub(super) fn unsupported_media_type() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// Reads the one message of a request, decompressed by the encoding that its headers name.
///
/// # Errors
/// What was read so far, where the body holds anything else, or more than `bytes_max`, or breaks off.
pub(super) async fn read<B>(
    body: &mut B,
    encoding: Encoding,
    bytes_max: usize,
) -> Result<Bytes, Unread<B::Error>>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let Unread { read, error } = read_all(body, bytes_max).await;
    match message_in(&read, encoding, bytes_max) {
        Some(message) if error.is_none() => Ok(message),
        _ => Err(Unread { read, error }),
    }
}

/// A request whose body has arrived, as far as it may be long. The generated server would reserve memory for all of a message
/// when it has read its length.
pub async fn arrived<B>(request: Request<B>, bytes_max: usize) -> Request<Body>
where
    B: HttpBody<Data = Bytes, Error: Into<StdError> + Send + Unpin> + Send + Unpin + 'static,
{
    let (parts, mut body) = request.into_parts();
    let before = read_all(&mut body, bytes_max).await;
    Request::from_parts(parts, Body::new(PrefixedBody::new(before, body)))
}

/// Reads a body to its end, or until it is longer than a message may be, or breaks off.
async fn read_all<B>(body: &mut B, bytes_max: usize) -> Unread<B::Error>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let (mut read, mut joined, mut error) = (Bytes::new(), BytesMut::new(), None);
    while let Some(frame) = next_frame(body).await {
        let data = match frame {
            Ok(frame) => frame.into_data().ok(),
            Err(broken_off) => {
                error = Some(broken_off);
                None
            }
        };
        let Some(data) = data else {
            break;
        };
        // A request has some hundred bytes and comes in one frame.
        if read.is_empty() && joined.is_empty() {
            read = data;
        } else {
            // Of one that comes in pieces, each byte is copied once or twice, however short the pieces are.
            joined.extend_from_slice(&std::mem::take(&mut read));
            joined.extend_from_slice(&data);
        }
        if read.len().max(joined.len()) > bytes_max.saturating_add(PREFIX_BYTES) {
            break;
        }
    }
    if !joined.is_empty() {
        read = joined.freeze();
    }
    Unread { read, error }
}

/// The message of a body that holds one message and nothing else.
fn message_in(read: &Bytes, encoding: Encoding, bytes_max: usize) -> Option<Bytes> {
    let (compressed, rest) = read.split_first()?;
    let (length, message) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length != message.len() || length > bytes_max {
        return None;
    }
    match (*compressed, encoding) {
        (0, _) => Some(read.slice(PREFIX_BYTES..)),
        (1, Encoding::Gzip) => decompress(message, bytes_max),
        _ => None,
    }
}

async fn next_frame<B: HttpBody + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

/// What was read of a body that does not hold one message: its bytes and, if it broke off, the error.
#[derive(Debug)]
pub(super) struct Unread<E> {
    read: Bytes,
    error: Option<E>,
}

/// Bytes alone.
impl<E> From<Bytes> for Unread<E> {
    fn from(read: Bytes) -> Self {
        Self { read, error: None }
    }
}

/// A body that begins with what was read of it before.
#[derive(Debug)]
pub(super) struct PrefixedBody<B: HttpBody> {
    before: Unread<B::Error>,
    rest: B,
}

impl<B: HttpBody> PrefixedBody<B> {
    pub(super) fn new(before: Unread<B::Error>, rest: B) -> Self {
        Self { before, rest }
    }
}

impl<B> HttpBody for PrefixedBody<B>
where
    B: HttpBody<Data = Bytes, Error: Unpin> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if !self.before.read.is_empty() {
            let read = std::mem::take(&mut self.before.read);
            return Poll::Ready(Some(Ok(Frame::data(read))));
        }
        match self.before.error.take() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        let Unread { read, error } = &self.before;
        read.is_empty() && error.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_types_of_grpc_with_protobuf_are_known_and_no_others() {
        for (text, is) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc+json", false),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(text));
            assert_eq!(is_grpc(&headers), is, "{text}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn a_message_is_read_only_when_it_is_complete_in_its_encoding_and_alone() {
        let message_of =
            |bytes: &'static [u8]| message_in(&Bytes::from_static(bytes), Encoding::Identity, 2);
        assert_eq!(message_of(b"\0\0\0\0\x02ab"), Some("ab".into()));
        assert_eq!(message_of(b"\0\0\0\0\0"), Some(Bytes::new()));
        for odd in [
            &b""[..],
            b"\0\0\0\0",
            b"\0\0\0\0\x02a",
            b"\0\0\0\0\x02abc",
            b"\0\0\0\0\x03abc",
            b"\x01\0\0\0\x02ab",
        ] {
            assert_eq!(message_of(odd), None, "{odd:?}");
        }
    }
}
