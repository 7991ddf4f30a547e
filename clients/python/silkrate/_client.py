"""Unary calls, each with a deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import grpc

from silkrate import _errors, _values
from silkrate._channel import targets
from silkrate._values import Conversion, Currency, Fixing, Pair, PeriodRates, Rate, Snapshot, Source
from silkrate._watch import Watch
from silkrate.v1 import rates_pb2 as pb
from silkrate.v1 import rates_pb2_grpc

#: Responses come from memory: a longer wait has no prospect.
TIMEOUT = 10.0
#: The rows of a page: the most that the contract allows.
_PAGE_ROWS = 1000

_Row = TypeVar("_Row")


class Client:
    """A client of a server, to be closed, or used in a `with` statement. Threads may share it.

    Without a `target`, the environment variable `SILKRATE_URL` names the server; without it, it is `http://127.0.0.1:50051`.
    Several names with commas between them are those of replicas: where one does not answer, the next one is asked, and is
    asked first from then on.
    `https://` verifies the certificate by the roots of gRPC, or by `credentials`. `timeout` is the deadline of a call in
    seconds. `key` is sent with every call, to a server that demands one; without TLS to this machine alone, unless `exposes_key`.

    Every call raises `Unreachable` or `Refused`; of those, `InvalidRequest` names the invalid field, and `NotFound` says that
    there is no such rate.
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        timeout: float = TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        key: str | None = None,
        exposes_key: bool = False,
    ) -> None:
        self._targets = targets(target, credentials, key, exposes_key)
        self._timeout = timeout
        self._channels = [one.connect() for one in self._targets]
        self._stubs: list[Any] = [
            rates_pb2_grpc.RateServiceStub(channel)  # type: ignore[no-untyped-call]
            for channel in self._channels
        ]
        #: The number of the server that is asked first.
        self._current = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. Calls that are under way fail."""
        for channel in self._channels:
            channel.close()

    def snapshot(self, pairs: Iterable[str] | None = None, date: dt.date | None = None) -> Snapshot:
        """The latest rates, or those of the end of a day; without pairs, those of the server's ticker.

        A `*` stands for every pair that exists: `*/USD`, `KZT/*`, `*/*`. A pair that no source quotes is omitted.
        """
        request = pb.GetSnapshotRequest(filter=filter_of(pairs), date=_day(date))
        return _values.snapshot(self._call("GetSnapshot", request))

    def rate(self, pair: str, date: dt.date | None = None) -> Rate:
        """The latest rate of one pair, or its rate at the end of a day."""
        request = pb.GetRateRequest(pair=pair, date=_day(date))
        return _values.rate(self._call("GetRate", request).rate)

    def convert(
        self,
        amount: Decimal | int | str,
        from_currency: str,
        to_currency: str,
        *,
        date: dt.date | None = None,
        round_to_minor_unit: bool = False,
    ) -> Conversion:
        """An amount of one currency in another. A float is refused: it has lost digits already."""
        request = pb.ConvertAmountRequest(
            amount=_plain(amount),
            from_currency=from_currency,
            to_currency=to_currency,
            date=_day(date),
            round_to_minor_unit=round_to_minor_unit,
        )
        return _values.conversion(self._call("ConvertAmount", request))

    def sources(self) -> list[Source]:
        """Every enabled source, with its state and the results of polling it, sorted by id."""
        response = self._call("ListSources", pb.ListSourcesRequest())
        return [_values.source(one) for one in response.sources]

    def currencies(self) -> list[Currency]:
        """Every currency that a source quotes: its names, who quotes it, and since when; sorted by code."""
        response = self._call("ListCurrencies", pb.ListCurrenciesRequest())
        return [_values.currency(one) for one in response.currencies]

    def pairs(self, pairs: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Pair]:
        """The pairs that have a rate: how it is derived, which source answers now, and since when. Without pairs: all."""
        request = pb.ListPairsRequest(filter=filter_of(pairs))
        rows = self._pages("ListPairs", request, lambda page: page.pairs, limit)
        return [_values.pair(row) for row in rows]

    def history(
        self,
        pairs: str | Iterable[str],
        start: dt.date | None = None,
        end: dt.date | None = None,
        *,
        step: str = "FIXING",
        limit: int | None = None,
    ) -> list[Rate]:
        """The rates of pairs over time, newest first: all from `start` to `end`, or the newest `limit` rates.

        `step` is `FIXING`, for each date with a fixing, `DAY`, or the last day of each `WEEK`, `MONTH`, `QUARTER` or `YEAR`.
        A single pair that no source quotes raises `NotFound`; of several, it is omitted.
        """
        pair, several = (pairs, None) if isinstance(pairs, str) else ("", filter_of(pairs))
        if pair and "*" in pair:
            pair, several = "", filter_of([pair])
        request = pb.ListRateHistoryRequest(
            pair=pair,
            filter=several,
            step=_enum(pb.HistoryStep, "HISTORY_STEP_", step, "step"),
            start_date=_day(start),
            end_date=_day(end),
        )
        rows = self._pages("ListRateHistory", request, lambda page: page.rates, limit)
        return [_values.rate(row) for row in rows]

    def periods(
        self,
        pairs: str | Iterable[str] | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        *,
        period: str = "MONTH",
        limit: int | None = None,
    ) -> list[PeriodRates]:
        """The first, last, highest, lowest and average rates in each `WEEK`, `MONTH`, `QUARTER` or `YEAR`, newest first.

        The periods of `start` and `end` are listed whole. Without pairs: those of the server's ticker.
        """
        request = pb.ListPeriodRatesRequest(
            filter=filter_of([pairs] if isinstance(pairs, str) else pairs),
            period=_enum(pb.Period, "PERIOD_", period, "period"),
            start_date=_day(start),
            end_date=_day(end),
        )
        rows = self._pages("ListPeriodRates", request, lambda page: page.periods, limit)
        return [_values.period(row) for row in rows]

    def fixings(
        self,
        source: str,
        currency: str,
        start: dt.date | None = None,
        end: dt.date | None = None,
        *,
        limit: int | None = None,
    ) -> list[Fixing]:
        """The fixings that a source published for a currency, as printed, newest date first."""
        request = pb.ListFixingsRequest(
            source=source, currency=currency, start_date=_day(start), end_date=_day(end)
        )
        rows = self._pages("ListFixings", request, lambda page: page.fixings, limit)
        return [_values.fixing(row) for row in rows]

    def watch(self, pairs: Iterable[str] | None = None, *, min_interval: float = 0.0) -> Watch:
        """A subscription that reconnects and resumes. It has a connection of its own, which it opens when it is iterated.

        `min_interval` is the least number of seconds between two updates.
        """
        return Watch(self._targets, filter_of(pairs), min_interval)

    def _call(self, method: str, request: Any) -> Any:
        left = len(self._targets)
        while True:
            current = self._current
            target = self._targets[current]
            try:
                call = getattr(self._stubs[current], method)
                return call(request, timeout=self._timeout, metadata=target.metadata)
            except grpc.RpcError as cause:
                error = _errors.of(target.name, cause)
            left -= 1
            if left == 0 or not _errors.is_of_one_server(error):
                raise error from None
            # Another thread may have turned to the next server.
            if self._current == current:
                self._current = (current + 1) % len(self._targets)

    def _pages(
        self,
        method: str,
        request: Any,
        rows_of: Callable[[Any], Iterable[_Row]],
        limit: int | None,
    ) -> list[_Row]:
        """Requests page after page, until the last one or until there are enough rows."""
        if limit is not None and limit < 1:
            raise ValueError("limit is at least 1")
        # The same number each time: a page token belongs to one request.
        request.page_size = _PAGE_ROWS if limit is None else min(limit, _PAGE_ROWS)
        rows: list[_Row] = []
        while True:
            page = self._call(method, request)
            rows.extend(rows_of(page))
            if not page.next_page_token or (limit is not None and len(rows) >= limit):
                return rows[:limit]
            if page.next_page_token == request.page_token:
                raise _errors.SilkrateError(f"{self._targets[self._current].name} returned the same page twice")
            request.page_token = page.next_page_token


def filter_of(pairs: Iterable[str] | None) -> pb.RateFilter | None:
    """The filter of pairs; none for the server's ticker."""
    if isinstance(pairs, str):
        pairs = [pairs]
    chosen = list(pairs or ())
    return pb.RateFilter(pairs=chosen) if chosen else None


def _day(date: dt.date | None) -> str | None:
    if isinstance(date, dt.datetime):
        raise TypeError("a date has no time: pass a datetime.date, such as moment.date()")
    if date is None:
        return None
    if not isinstance(date, dt.date):
        raise TypeError("a date is a datetime.date, such as datetime.date.fromisoformat('2026-04-01')")
    return date.isoformat()


def _plain(amount: Decimal | int | str) -> str:
    if isinstance(amount, (float, bool)):
        raise TypeError("an amount is a Decimal, an int or a str: a float has lost digits")
    return amount if isinstance(amount, str) else f"{Decimal(amount):f}"


def _enum(enum: Any, prefix: str, name: str, argument: str) -> str:
    names = [known.removeprefix(prefix) for known in enum.keys()][1:]
    if name.upper() not in names:
        raise ValueError(f"{argument} is one of {', '.join(names)}, not {name!r}")
    return prefix + name.upper()
