"""A subscription that survives its connections, as the comment of the service in `rates.proto` demands of every client."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from silkrate import _errors, _values
from silkrate._channel import Target
from silkrate._values import Position, Rate, Source, SourceState
from silkrate.v1 import rates_pb2 as pb
from silkrate.v1 import rates_pb2_grpc

#: The number of missed heartbeats after which a stream counts as dead: one may be lost, two may be late.
HEARTBEATS_MISSED = 3
#: The heartbeat interval in seconds that is assumed until the server announces its own.
HEARTBEAT_ASSUMED = 20.0
#: The longest heartbeat interval that is accepted: beyond it a dead stream would look alive for too long.
HEARTBEAT_MAX = 300.0
#: The longest delay after the first failure, in which a restarted server is back.
BACKOFF_FIRST = 1.0
#: The longest delay after any number of failures.
BACKOFF_MAX = 60.0
#: The longest delay that a server can demand: its mistake must not silence a client for ever.
RETRY_AFTER_MAX = 300.0


@dataclass(frozen=True)
class Opened:
    """The server opened the stream; rows follow."""

    #: `RESUMED`, or why the stream begins with a snapshot, such as `SNAPSHOT_REQUESTED`.
    verdict: str
    #: The longest silence of the stream, in seconds.
    heartbeat_interval: float


@dataclass(frozen=True)
class Replaced:
    """A snapshot replaced every row."""

    position: Position


@dataclass(frozen=True)
class Updated:
    """Some rows changed. An update without rates moved the position only."""

    position: Position
    #: The rows that changed, each complete.
    rates: tuple[Rate, ...]
    removed_pairs: tuple[str, ...]
    sources: tuple[SourceState, ...]
    #: The number of commits that it merges.
    commits: int


@dataclass(frozen=True)
class Heartbeat:
    """Nothing changed, and the stream is alive."""

    #: The clock of the server.
    server_time: dt.datetime | None
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Disconnected:
    """The connection is lost, or the server is a replica that lacks what another one has shown.

    The next step of the iteration waits, and opens a new one; the rows stay.
    """

    reason: str
    #: The delay before the next attempt, in seconds.
    retry_in: float


Event = Opened | Replaced | Updated | Heartbeat | Disconnected


class Watch:
    """A subscription. Iterating it waits for the next event; between two events the rows do not change.

    The iteration ends after `close`, which any thread may call. It raises `Refused` if the server refuses the request for
    good; every other failure is a `Disconnected` event.
    """

    def __init__(self, targets: Sequence[Target], filter: pb.RateFilter | None, min_interval: float) -> None:
        self._targets = targets
        #: The number of the server of the stream, or of the next attempt.
        self._current = 0
        #: When each server may be asked again.
        self._rests = [0.0] * len(targets)
        self._filter = filter
        self._min_interval = min_interval
        self._rows: dict[str, Rate] = {}
        self._sources: dict[str, SourceState] = {}
        self._held: pb.Position | None = None
        #: The position of the rows, even after `_held` was forgotten.
        self._shown: pb.Position | None = None
        self._failures = 0
        self._patience = HEARTBEATS_MISSED * HEARTBEAT_ASSUMED
        self._stream: Any = None
        self._is_cut = False
        self._is_silent = False
        #: The rows are correct, but their order is unknown: the next stream begins with a snapshot.
        self._order_is_lost = False
        self._closed = threading.Event()

    @property
    def rates(self) -> list[Rate]:
        """The rows, in the order of the filter."""
        return list(self._rows.values())

    @property
    def sources(self) -> list[SourceState]:
        """The state of every source, sorted by id."""
        return [self._sources[id] for id in sorted(self._sources)]

    @property
    def position(self) -> Position | None:
        """The position of the rows; `None` before the first snapshot."""
        return None if self._held is None else _values.position(self._held)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the subscription, and the iteration in whichever thread it runs."""
        self._closed.set()
        self._cancel()

    def reconnect(self) -> None:
        """Drops the connection and keeps the rows: the iteration opens a new one at once, and resumes."""
        self._is_cut = True
        self._cancel()

    def changes(self) -> Iterator[list[Rate]]:
        """The rows, after each event that changed one of them."""
        for event in self:
            if isinstance(event, Replaced) or isinstance(event, Updated) and (event.rates or event.removed_pairs):
                yield self.rates

    def __iter__(self) -> Iterator[Event]:
        while not self._closed.is_set():
            retry_after, reason = 0.0, "the stream ended without an error"
            target = self._targets[self._current]
            try:
                with target.connect() as channel:
                    contradiction = yield from self._read(channel, target)
                if contradiction is not None:
                    reason = contradiction
            except grpc.RpcError as cause:
                error = _errors.of(target.name, cause)
                if isinstance(error, _errors.Refused):
                    if error.is_permanent:
                        raise error from None
                    retry_after = min(error.retry_after or 0.0, RETRY_AFTER_MAX)
                    if error.reason == _errors.STREAM_AGED:
                        # Every stream ends at its age: this is no event. The readers of several servers spread over them.
                        self._failures = 0
                        rest = self._turn(random.randrange(len(self._targets)), retry_after)
                        self._closed.wait(rest + random.uniform(0, BACKOFF_FIRST))
                        continue
                reason = str(error)
            if self._is_silent:
                self._is_silent = False
                reason = f"{target.name} sent nothing for {self._patience:g} seconds"
            if self._closed.is_set():
                return
            if self._is_cut:
                self._is_cut = False
                continue
            # Full jitter: clients that lost their connection together do not reconnect together.
            # The delays grow when all servers have failed.
            rounds = self._failures // len(self._targets)
            ceiling = min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** min(rounds, 16))
            self._failures += 1
            rest = self._turn((self._current + 1) % len(self._targets), retry_after)
            retry_in = rest + random.uniform(0, ceiling)
            yield Disconnected(reason, retry_in)
            self._closed.wait(retry_in)

    def _turn(self, next: int, retry_after: float) -> float:
        """Turns to the server `next`, after one that wants to be left alone. Returns how long the next one still wants to."""
        self._rests[self._current] = time.monotonic() + retry_after
        self._current = next
        return max(0.0, self._rests[next] - time.monotonic())

    def _read(self, channel: grpc.Channel, target: Target) -> Generator[Event, None, str | None]:
        """The events of one stream. Returns what contradicts the rows held, or how the server is behind them."""
        request = pb.WatchRatesRequest(filter=self._filter, resume_after=None if self._order_is_lost else self._held)
        if self._min_interval > 0:
            request.min_interval.FromMilliseconds(round(self._min_interval * 1000))
        stub: Any = rates_pb2_grpc.RateServiceStub(channel)  # type: ignore[no-untyped-call]
        self._patience = HEARTBEATS_MISSED * HEARTBEAT_ASSUMED
        self._stream = stream = stub.WatchRates(request, metadata=target.metadata)
        if self._closed.is_set():
            stream.cancel()
        while True:
            watchdog = threading.Timer(self._patience, self._silence)
            watchdog.daemon = True
            watchdog.start()
            try:
                message = next(stream, None)
            finally:
                watchdog.cancel()
            if message is None:
                return None
            behind = self._is_behind(message)
            if behind is not None:
                return behind
            event = self._apply(message)
            if isinstance(event, str):
                self._held = None
                return event
            if not isinstance(event, Opened):
                self._failures = 0
            yield event
            if self._is_cut:
                return None

    def _apply(self, message: pb.WatchRatesResponse) -> Event | str:
        """Applies one whole message, or says how it contradicts the rows."""
        kind = message.WhichOneof("event")
        if kind == "opening":
            return self._open(message.opening)
        if kind is None or not message.HasField("position"):
            return "a message has no event or no position"
        if kind == "snapshot":
            self._rows = {row.pair: _values.rate(row) for row in message.snapshot.rates}
            self._sources = {state.id: _values.source_state(state) for state in message.snapshot.sources}
            self._held, self._order_is_lost = message.position, False
            self._shown = message.position
            return Replaced(_values.position(message.position))
        if kind == "update":
            return self._update(message)
        if message.position != self._held:
            return "a heartbeat is of another position than the rows held"
        heartbeat = message.heartbeat
        time = heartbeat.server_time.ToDatetime(tzinfo=dt.timezone.utc) if heartbeat.HasField("server_time") else None
        return Heartbeat(time, tuple(map(_values.source, heartbeat.sources)))

    def _is_behind(self, message: pb.WatchRatesResponse) -> str | None:
        """Says how a replica that opens a stream is behind the rows, if it is. One that runs alone was set back instead."""
        if not message.opening.HasField("replica") or self._shown is None:
            return None
        held, position = self._shown, message.position
        # Revisions rise over the epochs of a log: one that is cut off in an older epoch is behind, too.
        is_of_log = position.epoch == held.epoch or message.opening.replica.detached
        if not is_of_log or position.revision >= held.revision:
            return None
        return f"this replica is at revision {position.revision}, and the rows are of {held.revision}"

    def _open(self, opening: pb.Opening) -> Opened:
        interval = opening.heartbeat_interval.ToMilliseconds() / 1000
        interval = min(interval, HEARTBEAT_MAX) if interval > 0 else HEARTBEAT_ASSUMED
        self._patience = HEARTBEATS_MISSED * interval
        try:
            verdict = pb.ResumeVerdict.Name(opening.verdict).removeprefix("RESUME_VERDICT_")
        except ValueError:
            verdict = str(opening.verdict)
        return Opened(verdict, interval)

    def _update(self, message: pb.WatchRatesResponse) -> Updated | str:
        update = message.update
        if self._held is None or update.after != self._held:
            return "an update does not apply to the rows held"
        rates = tuple(map(_values.rate, update.rates))
        states = tuple(map(_values.source_state, update.sources))
        # New dictionaries, because another thread may be reading the old ones.
        rows = {pair: rate for pair, rate in self._rows.items() if pair not in update.removed_pairs}
        is_new = any(rate.pair not in rows for rate in rates)
        self._rows = rows | {rate.pair: rate for rate in rates}
        self._sources = self._sources | {state.id: state for state in states}
        self._held = self._shown = message.position
        if is_new:
            self._sort()
        return Updated(_values.position(message.position), rates, tuple(update.removed_pairs), states, update.commits)

    def _sort(self) -> None:
        """Puts new rows in their place. Where a star or the server's ticker decides it, only a snapshot has the order."""
        pairs = [pair.upper() for pair in self._filter.pairs] if self._filter else []
        if pairs and not any("*" in pair for pair in pairs):
            self._rows = {pair: self._rows[pair] for pair in pairs if pair in self._rows}
        else:
            self._order_is_lost = self._is_cut = True

    def _silence(self) -> None:
        self._is_silent = True
        self._cancel()

    def _cancel(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.cancel()
