"""The values of answers: decimals are `decimal.Decimal`, dates `datetime.date`, times `datetime.datetime` in UTC.

What is absent is `None`. The name of an enumerated value is that of the JSON form: `FRESH`, `INVERTED`, `UP`. A value that this
version does not know is its number as text, so that a later server breaks no client.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from silkrate.v1 import rates_pb2 as pb


@dataclass(frozen=True)
class Position:
    """One state of one server. A revision has no meaning without its epoch."""

    epoch: str
    revision: int


@dataclass(frozen=True)
class Change:
    """The difference of two served values."""

    absolute: Decimal
    #: In per cent, rounded to four places.
    percent: Decimal
    #: `UP`, `DOWN` or `FLAT`.
    direction: str
    reference_value: Decimal
    reference_date: dt.date


@dataclass(frozen=True)
class Fixing:
    """One row of a table as published: `units` of `currency` cost `value` of `home_currency`."""

    source: str
    currency: str
    units: Decimal
    #: With the digits that the bank printed.
    value: Decimal
    home_currency: str
    effective_date: dt.date
    published_change: Decimal | None
    superseded_value: Decimal | None
    superseded: bool
    recorded_time: dt.datetime | None


@dataclass(frozen=True)
class Announced:
    """A value that is published and not yet in force."""

    value: Decimal
    effective_date: dt.date
    change: Change | None


@dataclass(frozen=True)
class WindowChange:
    """The change over a `WEEK`, a `MONTH` or a `YEAR`, or the reason why there is none."""

    window: str
    change: Change | None
    reason: str | None


@dataclass(frozen=True)
class Flag:
    """A check that a served value failed."""

    check: str
    currency: str | None
    detail: str


@dataclass(frozen=True)
class HeldFixing:
    """A published value that failed a check and is not served."""

    id: str
    fixing: Fixing
    check: str
    detail: str
    since_time: dt.datetime | None
    change: Change | None


@dataclass(frozen=True)
class Rate:
    """The price of one unit of the base currency in the quote currency."""

    pair: str
    value: Decimal
    #: `PUBLISHED`, `INVERTED`, `CROSSED` or `IDENTITY`.
    derivation: str
    source: str | None
    effective_date: dt.date | None
    #: `FRESH`, `CARRIED_OVER`, `LATE` or `STALE`; `None` for a past rate.
    freshness: str | None
    freshness_reason: str | None
    change: Change | None
    fixings: tuple[Fixing, ...]
    announced: Announced | None
    changed_at_revision: int
    held: tuple[HeldFixing, ...]
    windows: tuple[WindowChange, ...]
    flags: tuple[Flag, ...]
    decimal_places: int | None
    #: Of a past rate, the day that it is the rate of.
    date: dt.date | None


@dataclass(frozen=True)
class SourceState:
    """The state of a source at a revision."""

    id: str
    name: str
    attribution: str | None
    #: As of a rate; `None` before the first table.
    freshness: str | None
    freshness_reason: str | None
    newest_effective_date: dt.date | None
    next_publication_time: dt.datetime | None
    next_publication_due_time: dt.datetime | None
    missed_publications: int
    held: tuple[HeldFixing, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class DroppedRow:
    """A row that was not taken into a table."""

    currency: str
    reason: str


@dataclass(frozen=True)
class Source:
    """A source with its state and the results of polling it."""

    state: SourceState
    #: `NOT_TRIED`, `OK` or `FAILING`.
    polling: str
    last_verified_time: dt.datetime | None
    last_attempt_time: dt.datetime | None
    next_attempt_time: dt.datetime | None
    consecutive_failures: int
    last_error: str | None
    dropped_rows: tuple[DroppedRow, ...]
    home_currency: str | None
    page: str
    terms: str
    requests_today: int
    requests_per_day: int


@dataclass(frozen=True)
class CurrencyNames:
    """The names of a currency within a sentence; `None` in a language that has none."""

    en: str | None
    kk: str | None
    ky: str | None
    ru: str | None
    tg: str | None
    tk: str | None
    uz: str | None
    uz_cyrl: str | None


@dataclass(frozen=True)
class CurrencySource:
    """A source that publishes fixings of a currency."""

    source: str
    start_date: dt.date
    newest_effective_date: dt.date
    #: Those of the newest fixing.
    units: Decimal


@dataclass(frozen=True)
class Currency:
    """A currency of a published table."""

    code: str
    names: CurrencyNames
    #: In English; `None` where the code is written.
    symbol: str | None
    #: The number of digits of the minor unit.
    minor_unit: int | None
    home_bank: str | None
    start_date: dt.date | None
    sources: tuple[CurrencySource, ...]


@dataclass(frozen=True)
class Pair:
    """A pair that has a rate."""

    pair: str
    base_currency: str
    quote_currency: str
    #: `PUBLISHED`, `INVERTED` or `CROSSED`.
    derivation: str
    source: str
    #: The first day that has a rate.
    start_date: dt.date


@dataclass(frozen=True)
class Snapshot:
    """Rates of one revision, or of a past day. The sources of a past day are empty."""

    position: Position
    rates: tuple[Rate, ...]
    sources: tuple[SourceState, ...]

    def __getitem__(self, pair: str) -> Rate:
        """The rate of a pair.

        Raises KeyError if the snapshot has none.
        """
        for rate in self.rates:
            if rate.pair == pair.upper():
                return rate
        raise KeyError(pair)


@dataclass(frozen=True)
class Conversion:
    """A converted amount and the rate behind it."""

    result: Decimal
    rate: Rate
    position: Position


@dataclass(frozen=True)
class DatedValue:
    """The value that stood at the end of a day."""

    date: dt.date
    value: Decimal


@dataclass(frozen=True)
class PeriodRates:
    """The rates of a pair in a week, month, quarter or year."""

    pair: str
    start_date: dt.date
    end_date: dt.date
    #: Whether the period is over, by the clock of the server.
    complete: bool
    first: DatedValue
    last: DatedValue
    highest: DatedValue
    lowest: DatedValue
    average: Decimal
    days: int
    fixings: int


class _Enum(Protocol):
    def Name(self, number: int) -> str: ...


def _name(enum: _Enum, prefix: str, number: int) -> str:
    try:
        return enum.Name(number).removeprefix(prefix)
    except ValueError:
        return str(number)


def _freshness(number: int) -> str | None:
    return _name(pb.Freshness, "FRESHNESS_", number) if number else None


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _time(timestamp: Timestamp) -> dt.datetime:
    return timestamp.ToDatetime(tzinfo=dt.timezone.utc)


def position(message: pb.Position) -> Position:
    return Position(message.epoch, message.revision)


def change(message: pb.Change) -> Change:
    return Change(
        absolute=Decimal(message.absolute),
        percent=Decimal(message.percent),
        direction=_name(pb.Direction, "DIRECTION_", message.direction),
        reference_value=Decimal(message.reference_value),
        reference_date=_date(message.reference_date),
    )


def fixing(message: pb.Fixing) -> Fixing:
    has = message.HasField
    return Fixing(
        source=message.source,
        currency=message.currency,
        units=Decimal(message.units),
        value=Decimal(message.value),
        home_currency=message.home_currency,
        effective_date=_date(message.effective_date),
        published_change=Decimal(message.published_change) if has("published_change") else None,
        superseded_value=Decimal(message.superseded_value) if has("superseded_value") else None,
        superseded=message.superseded,
        recorded_time=_time(message.recorded_time) if has("recorded_time") else None,
    )


def _announced(message: pb.Announced) -> Announced:
    return Announced(
        value=Decimal(message.value),
        effective_date=_date(message.effective_date),
        change=change(message.change) if message.HasField("change") else None,
    )


def _window(message: pb.WindowChange) -> WindowChange:
    return WindowChange(
        window=_name(pb.Window, "WINDOW_", message.window),
        change=change(message.change) if message.HasField("change") else None,
        reason=message.reason if message.HasField("reason") else None,
    )


def _flag(message: pb.Flag) -> Flag:
    return Flag(
        check=_name(pb.Check, "CHECK_", message.check),
        currency=message.currency if message.HasField("currency") else None,
        detail=message.detail,
    )


def _held(message: pb.HeldFixing) -> HeldFixing:
    return HeldFixing(
        id=message.id,
        fixing=fixing(message.fixing),
        check=_name(pb.Check, "CHECK_", message.check),
        detail=message.detail,
        since_time=_time(message.since_time) if message.HasField("since_time") else None,
        change=change(message.change) if message.HasField("change") else None,
    )


def rate(message: pb.Rate) -> Rate:
    has = message.HasField
    return Rate(
        pair=message.pair,
        value=Decimal(message.value),
        derivation=_name(pb.Derivation, "DERIVATION_", message.derivation),
        source=message.source if has("source") else None,
        effective_date=_date(message.effective_date) if has("effective_date") else None,
        freshness=_freshness(message.freshness),
        freshness_reason=message.freshness_reason if has("freshness_reason") else None,
        change=change(message.change) if has("change") else None,
        fixings=tuple(map(fixing, message.fixings)),
        announced=_announced(message.announced) if has("announced") else None,
        changed_at_revision=message.changed_at_revision,
        held=tuple(map(_held, message.held)),
        windows=tuple(map(_window, message.windows)),
        flags=tuple(map(_flag, message.flags)),
        decimal_places=message.decimal_places if has("decimal_places") else None,
        date=_date(message.date) if has("date") else None,
    )


def source_state(message: pb.SourceState) -> SourceState:
    has = message.HasField
    return SourceState(
        id=message.id,
        name=message.name,
        attribution=message.attribution if has("attribution") else None,
        freshness=_freshness(message.freshness),
        freshness_reason=message.freshness_reason if has("freshness_reason") else None,
        newest_effective_date=_date(message.newest_effective_date) if has("newest_effective_date") else None,
        next_publication_time=_time(message.next_publication_time) if has("next_publication_time") else None,
        next_publication_due_time=_time(message.next_publication_due_time)
        if has("next_publication_due_time")
        else None,
        missed_publications=message.missed_publications,
        held=tuple(map(_held, message.held)),
        flags=tuple(map(_flag, message.flags)),
    )


def source(message: pb.SourceDetail) -> Source:
    has = message.HasField
    return Source(
        state=source_state(message.state),
        polling=_name(pb.Polling, "POLLING_", message.polling),
        last_verified_time=_time(message.last_verified_time) if has("last_verified_time") else None,
        last_attempt_time=_time(message.last_attempt_time) if has("last_attempt_time") else None,
        next_attempt_time=_time(message.next_attempt_time) if has("next_attempt_time") else None,
        consecutive_failures=message.consecutive_failures,
        last_error=message.last_error if has("last_error") else None,
        dropped_rows=tuple(DroppedRow(row.currency, row.reason) for row in message.dropped_rows),
        home_currency=message.home_currency if has("home_currency") else None,
        page=message.page,
        terms=message.terms,
        requests_today=message.requests_today,
        requests_per_day=message.requests_per_day,
    )


def _text(message: Any, field: str) -> str | None:
    return str(getattr(message, field)) if message.HasField(field) else None


def _currency_source(message: pb.CurrencySource) -> CurrencySource:
    return CurrencySource(
        source=message.source,
        start_date=_date(message.start_date),
        newest_effective_date=_date(message.newest_effective_date),
        units=Decimal(message.units),
    )


def currency(message: pb.Currency) -> Currency:
    return Currency(
        code=message.code,
        names=CurrencyNames(**{one.name: _text(message.names, one.name) for one in fields(CurrencyNames)}),
        symbol=_text(message, "symbol"),
        minor_unit=message.minor_unit if message.HasField("minor_unit") else None,
        home_bank=_text(message, "home_bank"),
        start_date=_date(message.start_date) if message.HasField("start_date") else None,
        sources=tuple(map(_currency_source, message.sources)),
    )


def pair(message: pb.Pair) -> Pair:
    return Pair(
        pair=message.pair,
        base_currency=message.base_currency,
        quote_currency=message.quote_currency,
        derivation=_name(pb.Derivation, "DERIVATION_", message.derivation),
        source=message.source,
        start_date=_date(message.start_date),
    )


def snapshot(message: pb.GetSnapshotResponse) -> Snapshot:
    return Snapshot(
        position=position(message.position),
        rates=tuple(map(rate, message.rates)),
        sources=tuple(map(source_state, message.sources)),
    )


def conversion(message: pb.ConvertAmountResponse) -> Conversion:
    return Conversion(Decimal(message.result), rate(message.rate), position(message.position))


def _dated(message: pb.DatedValue) -> DatedValue:
    return DatedValue(_date(message.date), Decimal(message.value))


def period(message: pb.PeriodRates) -> PeriodRates:
    return PeriodRates(
        pair=message.pair,
        start_date=_date(message.start_date),
        end_date=_date(message.end_date),
        complete=message.complete,
        first=_dated(message.first),
        last=_dated(message.last),
        highest=_dated(message.highest),
        lowest=_dated(message.lowest),
        average=Decimal(message.average),
        days=message.days,
        fixings=message.fixings,
    )
