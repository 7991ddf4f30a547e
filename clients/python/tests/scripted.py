"""A server that answers from a script, over a real socket."""

from __future__ import annotations

import queue
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from silkrate.v1 import rates_pb2 as pb
from silkrate.v1 import rates_pb2_grpc

#: What a script says in place of a message: the stream stays open and silent.
SILENCE = object()


@dataclass(frozen=True)
class Failure:
    """A status with the details of the contract."""

    code: grpc.StatusCode
    message: str
    reason: str | None = None
    field: str | None = None
    retry_after_ms: int | None = None

    def end(self, context: grpc.ServicerContext) -> None:
        details: list[Any] = []
        if self.reason:
            details.append(error_details_pb2.ErrorInfo(domain="silkrate", reason=self.reason))
        if self.field:
            bad = error_details_pb2.BadRequest()
            bad.field_violations.add(field=self.field, description=self.message)
            details.append(bad)
        if self.retry_after_ms is not None:
            delay = Duration()
            delay.FromMilliseconds(self.retry_after_ms)
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            one = Packed()
            one.Pack(detail)
            packed.append(one)
        status = status_pb2.Status(code=self.code.value[0], message=self.message, details=packed)
        if packed:
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(self.code, self.message)


@dataclass
class Scripted(rates_pb2_grpc.RateServiceServicer):
    """Answers each call with the next item of the script: a message, a list of messages of a stream, or a failure."""

    script: list[Any]
    requests: list[Any] = field(default_factory=list)
    #: The header with the key of each request; `None` where there was none.
    keys: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for answer in self.script:
            self._answers.put(answer)
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        rates_pb2_grpc.add_RateServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Scripted:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop(None).wait()

    def _unary(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.keys.append(dict(context.invocation_metadata()).get("authorization"))
        answer = self._answers.get(timeout=120)
        if isinstance(answer, Failure):
            answer.end(context)
        return answer

    GetSnapshot = GetRate = ConvertAmount = ListSources = ListFixings = _unary
    ListRateHistory = ListPeriodRates = ListCurrencies = ListPairs = _unary

    def WatchRates(self, request: pb.WatchRatesRequest, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.keys.append(dict(context.invocation_metadata()).get("authorization"))
        for message in self._answers.get(timeout=120):
            if isinstance(message, Failure):
                message.end(context)
            if message is SILENCE:
                ended: queue.SimpleQueue[None] = queue.SimpleQueue()
                if context.add_callback(lambda: ended.put(None)):
                    ended.get()
                return
            yield message


def rate(pair: str, value: str) -> pb.Rate:
    return pb.Rate(pair=pair, value=value, derivation="DERIVATION_PUBLISHED", freshness="FRESHNESS_FRESH")


def at(revision: int, **event: Any) -> pb.WatchRatesResponse:
    """A message of the stream at a revision."""
    return pb.WatchRatesResponse(position=pb.Position(epoch="e", revision=revision), **event)


def opening(revision: int, verdict: str = "SNAPSHOT_REQUESTED", heartbeat_ms: int = 20_000) -> pb.WatchRatesResponse:
    interval = Duration()
    interval.FromMilliseconds(heartbeat_ms)
    terms = pb.Opening(verdict=f"RESUME_VERDICT_{verdict}", heartbeat_interval=interval)
    return at(revision, opening=terms)


def snapshot(revision: int, *rates: pb.Rate) -> pb.WatchRatesResponse:
    return at(revision, snapshot=pb.Snapshot(rates=rates))


def update(after: int, revision: int, *rates: pb.Rate, removed: tuple[str, ...] = ()) -> pb.WatchRatesResponse:
    position = pb.Position(epoch="e", revision=after)
    content = pb.Update(after=position, rates=rates, removed_pairs=removed, commits=revision - after)
    return at(revision, update=content)
