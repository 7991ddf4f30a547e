"""The errors of calls and streams."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2

#: The reason of a stream that ended because of its age, as every stream does.
STREAM_AGED = "STREAM_AGED"
_DOMAIN = "silkrate"
_FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
)


@dataclass(frozen=True)
class Violation:
    """An invalid field of a request, such as `filter.pairs[0]`, and what is wrong with it."""

    field: str
    description: str


class SilkrateError(Exception):
    """The base of every error that this package raises about a server."""


class InvalidTarget(SilkrateError, ValueError):
    """The name of the server is malformed."""


class Unreachable(SilkrateError):
    """There is no connection to the server, or it did not respond in time. A retry may succeed."""


class Refused(SilkrateError):
    """The server answered with an error."""

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        reason: str | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        #: The status code.
        self.code = code
        #: The machine-readable reason, such as `PAIR_NOT_QUOTED`. `None`: it is not an error of silkrate.
        self.reason = reason
        #: The invalid fields of the request.
        self.violations = violations
        #: The least number of seconds before a retry, if the server demands one.
        self.retry_after = retry_after

    @property
    def is_permanent(self) -> bool:
        """Whether a retry of the same request would fail in the same way."""
        return self.code in _FINAL or self.reason == "MESSAGE_TOO_LARGE"


class InvalidRequest(Refused):
    """A field of the request is invalid; `violations` names it."""


class NotFound(Refused):
    """No source quotes the pair (`PAIR_NOT_QUOTED`), or it has no rate on the date (`NO_RATE_ON_DATE`)."""


def is_of_one_server(error: SilkrateError) -> bool:
    """Whether another replica may answer the same request."""
    is_busy = isinstance(error, Refused) and error.code == grpc.StatusCode.UNAVAILABLE
    return isinstance(error, Unreachable) or is_busy


def of(target: str, error: grpc.RpcError) -> SilkrateError:
    """The error of this package for one of gRPC."""
    if not isinstance(error, grpc.Call):
        return Unreachable(f"{target}: {error}")
    code, message = error.code(), error.details() or ""
    reason, violations, retry_after, has_details = None, [], None, False
    for key, raw in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(raw).details:
            has_details = True
            info, bad, retry = (
                error_details_pb2.ErrorInfo(),
                error_details_pb2.BadRequest(),
                error_details_pb2.RetryInfo(),
            )
            if detail.Unpack(info) and info.domain == _DOMAIN:
                reason = info.reason
            elif detail.Unpack(bad):
                violations += [Violation(one.field, one.description) for one in bad.field_violations]
            elif detail.Unpack(retry):
                retry_after = retry.retry_delay.ToMilliseconds() / 1000
    if not has_details and code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return Unreachable(f"no connection to {target}: {message}")
    if not has_details and code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unreachable(f"{target} did not respond in time")
    if violations:
        message = "; ".join(f"{one.field}: {one.description}" for one in violations)
    kind = {grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest, grpc.StatusCode.NOT_FOUND: NotFound}.get(code, Refused)
    return kind(message or f"{target} responded: {code.name}", code, reason, tuple(violations), retry_after)
