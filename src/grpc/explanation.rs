//! Details for the refusals of tonic: a message that it cannot read, a method that no service has. They come as a status
//! without details, while every error of the contract has a reason that a program can act on.

use http::Response;
use tonic::{Code, Status};

use crate::domain::Refusal;

/// The header that lists the encodings in which a peer accepts messages.
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";
/// The details of a status. All refusals of this service have them.
const DETAILS: &str = "grpc-status-details-bin";

/// Puts a reason into an answer that is a refusal without one. `path` names the method that was called, and `bytes_max` is
/// the longest message that it reads.
pub fn explain<B>(answer: &mut Response<B>, path: &str, bytes_max: usize) {
    let headers = answer.headers();
    // The status of an answer with a message is in its trailers, not here.
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    if headers.contains_key(DETAILS) {
        return;
    }
    let accepted = headers.get(ACCEPTED_ENCODINGS);
    let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
    let Some(refusal) = refusal(&status, path, accepted, bytes_max) else {
        return;
    };
    if let Err(unwritable) = Status::from(refusal).add_header(answer.headers_mut()) {
        tracing::error!(%unwritable, "could not write a status into the headers");
    }
}

/// What the codes of tonic stand for in a status that tonic made.
fn refusal(
    status: &Status,
    path: &str,
    accepted: Option<&str>,
    bytes_max: usize,
) -> Option<Refusal> {
    Some(match (status.code(), accepted) {
        // The length of a message in its prefix, and the length that it has when it is decompressed.
        (Code::OutOfRange | Code::ResourceExhausted, _) => Refusal::MessageTooLarge { bytes_max },
        (Code::Unimplemented, Some(accepted)) => Refusal::UnsupportedEncoding {
            accepted: accepted.replace(',', ", "),
        },
        (Code::Unimplemented, None) => Refusal::UnknownMethod(path.to_owned()),
        (Code::Internal, _) => Refusal::InvalidMessage(status.message().to_owned()),
        _ => return None,
    })
}
