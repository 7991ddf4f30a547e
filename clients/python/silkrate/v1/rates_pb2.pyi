import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistoryStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HISTORY_STEP_UNSPECIFIED: _ClassVar[HistoryStep]
    HISTORY_STEP_FIXING: _ClassVar[HistoryStep]
    HISTORY_STEP_DAY: _ClassVar[HistoryStep]
    HISTORY_STEP_WEEK: _ClassVar[HistoryStep]
    HISTORY_STEP_MONTH: _ClassVar[HistoryStep]
    HISTORY_STEP_QUARTER: _ClassVar[HistoryStep]
    HISTORY_STEP_YEAR: _ClassVar[HistoryStep]

class Period(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERIOD_UNSPECIFIED: _ClassVar[Period]
    PERIOD_WEEK: _ClassVar[Period]
    PERIOD_MONTH: _ClassVar[Period]
    PERIOD_QUARTER: _ClassVar[Period]
    PERIOD_YEAR: _ClassVar[Period]

class ResumeVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESUME_VERDICT_UNSPECIFIED: _ClassVar[ResumeVerdict]
    RESUME_VERDICT_SNAPSHOT_REQUESTED: _ClassVar[ResumeVerdict]
    RESUME_VERDICT_RESUMED: _ClassVar[ResumeVerdict]
    RESUME_VERDICT_SNAPSHOT_TOO_OLD: _ClassVar[ResumeVerdict]
    RESUME_VERDICT_SNAPSHOT_OTHER_EPOCH: _ClassVar[ResumeVerdict]
    RESUME_VERDICT_SNAPSHOT_AHEAD: _ClassVar[ResumeVerdict]

class Derivation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DERIVATION_UNSPECIFIED: _ClassVar[Derivation]
    DERIVATION_PUBLISHED: _ClassVar[Derivation]
    DERIVATION_INVERTED: _ClassVar[Derivation]
    DERIVATION_CROSSED: _ClassVar[Derivation]
    DERIVATION_IDENTITY: _ClassVar[Derivation]

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_UP: _ClassVar[Direction]
    DIRECTION_DOWN: _ClassVar[Direction]
    DIRECTION_FLAT: _ClassVar[Direction]

class Freshness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRESHNESS_UNSPECIFIED: _ClassVar[Freshness]
    FRESHNESS_FRESH: _ClassVar[Freshness]
    FRESHNESS_CARRIED_OVER: _ClassVar[Freshness]
    FRESHNESS_LATE: _ClassVar[Freshness]
    FRESHNESS_STALE: _ClassVar[Freshness]

class Window(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WINDOW_UNSPECIFIED: _ClassVar[Window]
    WINDOW_WEEK: _ClassVar[Window]
    WINDOW_MONTH: _ClassVar[Window]
    WINDOW_YEAR: _ClassVar[Window]

class Check(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_UNSPECIFIED: _ClassVar[Check]
    CHECK_PUBLISHED_CHANGE: _ClassVar[Check]
    CHECK_CALENDAR: _ClassVar[Check]
    CHECK_MISSING_ROW: _ClassVar[Check]
    CHECK_TRIANGLE: _ClassVar[Check]
    CHECK_UNIT_JUMP: _ClassVar[Check]
    CHECK_INVERSION: _ClassVar[Check]
    CHECK_SIZE_OF_MOVE: _ClassVar[Check]
    CHECK_WHOLE_TABLE: _ClassVar[Check]
    CHECK_BOUNDS: _ClassVar[Check]
    CHECK_REWRITTEN: _ClassVar[Check]
    CHECK_NEW_ROW: _ClassVar[Check]
    CHECK_RETURNED: _ClassVar[Check]
    CHECK_REJECTED: _ClassVar[Check]

class Polling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLLING_UNSPECIFIED: _ClassVar[Polling]
    POLLING_NOT_TRIED: _ClassVar[Polling]
    POLLING_OK: _ClassVar[Polling]
    POLLING_FAILING: _ClassVar[Polling]
HISTORY_STEP_UNSPECIFIED: HistoryStep
HISTORY_STEP_FIXING: HistoryStep
HISTORY_STEP_DAY: HistoryStep
HISTORY_STEP_WEEK: HistoryStep
HISTORY_STEP_MONTH: HistoryStep
HISTORY_STEP_QUARTER: HistoryStep
HISTORY_STEP_YEAR: HistoryStep
PERIOD_UNSPECIFIED: Period
PERIOD_WEEK: Period
PERIOD_MONTH: Period
PERIOD_QUARTER: Period
PERIOD_YEAR: Period
RESUME_VERDICT_UNSPECIFIED: ResumeVerdict
RESUME_VERDICT_SNAPSHOT_REQUESTED: ResumeVerdict
RESUME_VERDICT_RESUMED: ResumeVerdict
RESUME_VERDICT_SNAPSHOT_TOO_OLD: ResumeVerdict
RESUME_VERDICT_SNAPSHOT_OTHER_EPOCH: ResumeVerdict
RESUME_VERDICT_SNAPSHOT_AHEAD: ResumeVerdict
DERIVATION_UNSPECIFIED: Derivation
DERIVATION_PUBLISHED: Derivation
DERIVATION_INVERTED: Derivation
DERIVATION_CROSSED: Derivation
DERIVATION_IDENTITY: Derivation
DIRECTION_UNSPECIFIED: Direction
DIRECTION_UP: Direction
DIRECTION_DOWN: Direction
DIRECTION_FLAT: Direction
FRESHNESS_UNSPECIFIED: Freshness
FRESHNESS_FRESH: Freshness
FRESHNESS_CARRIED_OVER: Freshness
FRESHNESS_LATE: Freshness
FRESHNESS_STALE: Freshness
WINDOW_UNSPECIFIED: Window
WINDOW_WEEK: Window
WINDOW_MONTH: Window
WINDOW_YEAR: Window
CHECK_UNSPECIFIED: Check
CHECK_PUBLISHED_CHANGE: Check
CHECK_CALENDAR: Check
CHECK_MISSING_ROW: Check
CHECK_TRIANGLE: Check
CHECK_UNIT_JUMP: Check
CHECK_INVERSION: Check
CHECK_SIZE_OF_MOVE: Check
CHECK_WHOLE_TABLE: Check
CHECK_BOUNDS: Check
CHECK_REWRITTEN: Check
CHECK_NEW_ROW: Check
CHECK_RETURNED: Check
CHECK_REJECTED: Check
POLLING_UNSPECIFIED: Polling
POLLING_NOT_TRIED: Polling
POLLING_OK: Polling
POLLING_FAILING: Polling

class Position(_message.Message):
    __slots__ = ("epoch", "revision")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    revision: int
    def __init__(self, epoch: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class RateFilter(_message.Message):
    __slots__ = ("pairs",)
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    pairs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pairs: _Optional[_Iterable[str]] = ...) -> None: ...

class GetSnapshotRequest(_message.Message):
    __slots__ = ("filter", "date")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    filter: RateFilter
    date: str
    def __init__(self, filter: _Optional[_Union[RateFilter, _Mapping]] = ..., date: _Optional[str] = ...) -> None: ...

class GetSnapshotResponse(_message.Message):
    __slots__ = ("position", "rates", "sources")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    position: Position
    rates: _containers.RepeatedCompositeFieldContainer[Rate]
    sources: _containers.RepeatedCompositeFieldContainer[SourceState]
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., rates: _Optional[_Iterable[_Union[Rate, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[SourceState, _Mapping]]] = ...) -> None: ...

class GetRateRequest(_message.Message):
    __slots__ = ("pair", "date")
    PAIR_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    pair: str
    date: str
    def __init__(self, pair: _Optional[str] = ..., date: _Optional[str] = ...) -> None: ...

class GetRateResponse(_message.Message):
    __slots__ = ("position", "rate")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    position: Position
    rate: Rate
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., rate: _Optional[_Union[Rate, _Mapping]] = ...) -> None: ...

class WatchRatesRequest(_message.Message):
    __slots__ = ("filter", "resume_after", "min_interval", "updates_only")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_AFTER_FIELD_NUMBER: _ClassVar[int]
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    UPDATES_ONLY_FIELD_NUMBER: _ClassVar[int]
    filter: RateFilter
    resume_after: Position
    min_interval: _duration_pb2.Duration
    updates_only: bool
    def __init__(self, filter: _Optional[_Union[RateFilter, _Mapping]] = ..., resume_after: _Optional[_Union[Position, _Mapping]] = ..., min_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., updates_only: _Optional[bool] = ...) -> None: ...

class WatchRatesResponse(_message.Message):
    __slots__ = ("position", "opening", "snapshot", "update", "heartbeat")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    OPENING_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    position: Position
    opening: Opening
    snapshot: Snapshot
    update: Update
    heartbeat: Heartbeat
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., opening: _Optional[_Union[Opening, _Mapping]] = ..., snapshot: _Optional[_Union[Snapshot, _Mapping]] = ..., update: _Optional[_Union[Update, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("verdict", "min_interval", "heartbeat_interval", "replica")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    verdict: ResumeVerdict
    min_interval: _duration_pb2.Duration
    heartbeat_interval: _duration_pb2.Duration
    replica: Replica
    def __init__(self, verdict: _Optional[_Union[ResumeVerdict, str]] = ..., min_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., replica: _Optional[_Union[Replica, _Mapping]] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("rates", "sources")
    RATES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[Rate]
    sources: _containers.RepeatedCompositeFieldContainer[SourceState]
    def __init__(self, rates: _Optional[_Iterable[_Union[Rate, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[SourceState, _Mapping]]] = ...) -> None: ...

class Update(_message.Message):
    __slots__ = ("after", "rates", "removed_pairs", "sources", "commits")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_PAIRS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    after: Position
    rates: _containers.RepeatedCompositeFieldContainer[Rate]
    removed_pairs: _containers.RepeatedScalarFieldContainer[str]
    sources: _containers.RepeatedCompositeFieldContainer[SourceState]
    commits: int
    def __init__(self, after: _Optional[_Union[Position, _Mapping]] = ..., rates: _Optional[_Iterable[_Union[Rate, _Mapping]]] = ..., removed_pairs: _Optional[_Iterable[str]] = ..., sources: _Optional[_Iterable[_Union[SourceState, _Mapping]]] = ..., commits: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("server_time", "sources", "replica")
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    server_time: _timestamp_pb2.Timestamp
    sources: _containers.RepeatedCompositeFieldContainer[SourceDetail]
    replica: Replica
    def __init__(self, server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[SourceDetail, _Mapping]]] = ..., replica: _Optional[_Union[Replica, _Mapping]] = ...) -> None: ...

class Replica(_message.Message):
    __slots__ = ("detached", "since_time", "reason")
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    detached: bool
    since_time: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, detached: _Optional[bool] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ListSourcesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSourcesResponse(_message.Message):
    __slots__ = ("sources", "replica")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[SourceDetail]
    replica: Replica
    def __init__(self, sources: _Optional[_Iterable[_Union[SourceDetail, _Mapping]]] = ..., replica: _Optional[_Union[Replica, _Mapping]] = ...) -> None: ...

class ListCurrenciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCurrenciesResponse(_message.Message):
    __slots__ = ("currencies", "sources")
    CURRENCIES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    currencies: _containers.RepeatedCompositeFieldContainer[Currency]
    sources: _containers.RepeatedCompositeFieldContainer[SourceTerms]
    def __init__(self, currencies: _Optional[_Iterable[_Union[Currency, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[SourceTerms, _Mapping]]] = ...) -> None: ...

class Currency(_message.Message):
    __slots__ = ("code", "names", "symbol", "minor_unit", "home_bank", "start_date", "sources")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    MINOR_UNIT_FIELD_NUMBER: _ClassVar[int]
    HOME_BANK_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    code: str
    names: CurrencyNames
    symbol: str
    minor_unit: int
    home_bank: str
    start_date: str
    sources: _containers.RepeatedCompositeFieldContainer[CurrencySource]
    def __init__(self, code: _Optional[str] = ..., names: _Optional[_Union[CurrencyNames, _Mapping]] = ..., symbol: _Optional[str] = ..., minor_unit: _Optional[int] = ..., home_bank: _Optional[str] = ..., start_date: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[CurrencySource, _Mapping]]] = ...) -> None: ...

class CurrencyNames(_message.Message):
    __slots__ = ("en", "kk", "ky", "ru", "tg", "tk", "uz", "uz_cyrl")
    EN_FIELD_NUMBER: _ClassVar[int]
    KK_FIELD_NUMBER: _ClassVar[int]
    KY_FIELD_NUMBER: _ClassVar[int]
    RU_FIELD_NUMBER: _ClassVar[int]
    TG_FIELD_NUMBER: _ClassVar[int]
    TK_FIELD_NUMBER: _ClassVar[int]
    UZ_FIELD_NUMBER: _ClassVar[int]
    UZ_CYRL_FIELD_NUMBER: _ClassVar[int]
    en: str
    kk: str
    ky: str
    ru: str
    tg: str
    tk: str
    uz: str
    uz_cyrl: str
    def __init__(self, en: _Optional[str] = ..., kk: _Optional[str] = ..., ky: _Optional[str] = ..., ru: _Optional[str] = ..., tg: _Optional[str] = ..., tk: _Optional[str] = ..., uz: _Optional[str] = ..., uz_cyrl: _Optional[str] = ...) -> None: ...

class CurrencySource(_message.Message):
    __slots__ = ("source", "start_date", "newest_effective_date", "units")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    NEWEST_EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    source: str
    start_date: str
    newest_effective_date: str
    units: str
    def __init__(self, source: _Optional[str] = ..., start_date: _Optional[str] = ..., newest_effective_date: _Optional[str] = ..., units: _Optional[str] = ...) -> None: ...

class SourceTerms(_message.Message):
    __slots__ = ("id", "name", "attribution", "page", "terms")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    attribution: str
    page: str
    terms: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., attribution: _Optional[str] = ..., page: _Optional[str] = ..., terms: _Optional[str] = ...) -> None: ...

class ListPairsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: RateFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[RateFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPairsResponse(_message.Message):
    __slots__ = ("pairs", "sources", "next_page_token")
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pairs: _containers.RepeatedCompositeFieldContainer[Pair]
    sources: _containers.RepeatedCompositeFieldContainer[SourceTerms]
    next_page_token: str
    def __init__(self, pairs: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[SourceTerms, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Pair(_message.Message):
    __slots__ = ("pair", "base_currency", "quote_currency", "derivation", "source", "start_date")
    PAIR_FIELD_NUMBER: _ClassVar[int]
    BASE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DERIVATION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    pair: str
    base_currency: str
    quote_currency: str
    derivation: Derivation
    source: str
    start_date: str
    def __init__(self, pair: _Optional[str] = ..., base_currency: _Optional[str] = ..., quote_currency: _Optional[str] = ..., derivation: _Optional[_Union[Derivation, str]] = ..., source: _Optional[str] = ..., start_date: _Optional[str] = ...) -> None: ...

class ConvertAmountRequest(_message.Message):
    __slots__ = ("amount", "from_currency", "to_currency", "date", "round_to_minor_unit")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FROM_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    TO_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ROUND_TO_MINOR_UNIT_FIELD_NUMBER: _ClassVar[int]
    amount: str
    from_currency: str
    to_currency: str
    date: str
    round_to_minor_unit: bool
    def __init__(self, amount: _Optional[str] = ..., from_currency: _Optional[str] = ..., to_currency: _Optional[str] = ..., date: _Optional[str] = ..., round_to_minor_unit: _Optional[bool] = ...) -> None: ...

class ConvertAmountResponse(_message.Message):
    __slots__ = ("result", "rate", "position")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    result: str
    rate: Rate
    position: Position
    def __init__(self, result: _Optional[str] = ..., rate: _Optional[_Union[Rate, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ListFixingsRequest(_message.Message):
    __slots__ = ("source", "currency", "start_date", "end_date", "page_size", "page_token")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    source: str
    currency: str
    start_date: str
    end_date: str
    page_size: int
    page_token: str
    def __init__(self, source: _Optional[str] = ..., currency: _Optional[str] = ..., start_date: _Optional[str] = ..., end_date: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFixingsResponse(_message.Message):
    __slots__ = ("fixings", "next_page_token")
    FIXINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    fixings: _containers.RepeatedCompositeFieldContainer[Fixing]
    next_page_token: str
    def __init__(self, fixings: _Optional[_Iterable[_Union[Fixing, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListRateHistoryRequest(_message.Message):
    __slots__ = ("pair", "start_date", "end_date", "page_size", "page_token", "filter", "step")
    PAIR_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    pair: str
    start_date: str
    end_date: str
    page_size: int
    page_token: str
    filter: RateFilter
    step: HistoryStep
    def __init__(self, pair: _Optional[str] = ..., start_date: _Optional[str] = ..., end_date: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[RateFilter, _Mapping]] = ..., step: _Optional[_Union[HistoryStep, str]] = ...) -> None: ...

class ListRateHistoryResponse(_message.Message):
    __slots__ = ("rates", "next_page_token")
    RATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[Rate]
    next_page_token: str
    def __init__(self, rates: _Optional[_Iterable[_Union[Rate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPeriodRatesRequest(_message.Message):
    __slots__ = ("filter", "period", "start_date", "end_date", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: RateFilter
    period: Period
    start_date: str
    end_date: str
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[RateFilter, _Mapping]] = ..., period: _Optional[_Union[Period, str]] = ..., start_date: _Optional[str] = ..., end_date: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPeriodRatesResponse(_message.Message):
    __slots__ = ("periods", "next_page_token")
    PERIODS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    periods: _containers.RepeatedCompositeFieldContainer[PeriodRates]
    next_page_token: str
    def __init__(self, periods: _Optional[_Iterable[_Union[PeriodRates, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PeriodRates(_message.Message):
    __slots__ = ("pair", "start_date", "end_date", "complete", "first", "last", "highest", "lowest", "average", "days", "fixings")
    PAIR_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_FIELD_NUMBER: _ClassVar[int]
    LOWEST_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    FIXINGS_FIELD_NUMBER: _ClassVar[int]
    pair: str
    start_date: str
    end_date: str
    complete: bool
    first: DatedValue
    last: DatedValue
    highest: DatedValue
    lowest: DatedValue
    average: str
    days: int
    fixings: int
    def __init__(self, pair: _Optional[str] = ..., start_date: _Optional[str] = ..., end_date: _Optional[str] = ..., complete: _Optional[bool] = ..., first: _Optional[_Union[DatedValue, _Mapping]] = ..., last: _Optional[_Union[DatedValue, _Mapping]] = ..., highest: _Optional[_Union[DatedValue, _Mapping]] = ..., lowest: _Optional[_Union[DatedValue, _Mapping]] = ..., average: _Optional[str] = ..., days: _Optional[int] = ..., fixings: _Optional[int] = ...) -> None: ...

class DatedValue(_message.Message):
    __slots__ = ("date", "value")
    DATE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    date: str
    value: str
    def __init__(self, date: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Flag(_message.Message):
    __slots__ = ("check", "currency", "detail")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    check: Check
    currency: str
    detail: str
    def __init__(self, check: _Optional[_Union[Check, str]] = ..., currency: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class HeldFixing(_message.Message):
    __slots__ = ("id", "fixing", "check", "detail", "since_time", "change")
    ID_FIELD_NUMBER: _ClassVar[int]
    FIXING_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    fixing: Fixing
    check: Check
    detail: str
    since_time: _timestamp_pb2.Timestamp
    change: Change
    def __init__(self, id: _Optional[str] = ..., fixing: _Optional[_Union[Fixing, _Mapping]] = ..., check: _Optional[_Union[Check, str]] = ..., detail: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class WindowChange(_message.Message):
    __slots__ = ("window", "change", "reason")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    window: Window
    change: Change
    reason: str
    def __init__(self, window: _Optional[_Union[Window, str]] = ..., change: _Optional[_Union[Change, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Rate(_message.Message):
    __slots__ = ("pair", "value", "derivation", "source", "effective_date", "freshness", "freshness_reason", "change", "fixings", "announced", "changed_at_revision", "held", "windows", "flags", "decimal_places", "date")
    PAIR_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DERIVATION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_REASON_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    FIXINGS_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_REVISION_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_PLACES_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    pair: str
    value: str
    derivation: Derivation
    source: str
    effective_date: str
    freshness: Freshness
    freshness_reason: str
    change: Change
    fixings: _containers.RepeatedCompositeFieldContainer[Fixing]
    announced: Announced
    changed_at_revision: int
    held: _containers.RepeatedCompositeFieldContainer[HeldFixing]
    windows: _containers.RepeatedCompositeFieldContainer[WindowChange]
    flags: _containers.RepeatedCompositeFieldContainer[Flag]
    decimal_places: int
    date: str
    def __init__(self, pair: _Optional[str] = ..., value: _Optional[str] = ..., derivation: _Optional[_Union[Derivation, str]] = ..., source: _Optional[str] = ..., effective_date: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, str]] = ..., freshness_reason: _Optional[str] = ..., change: _Optional[_Union[Change, _Mapping]] = ..., fixings: _Optional[_Iterable[_Union[Fixing, _Mapping]]] = ..., announced: _Optional[_Union[Announced, _Mapping]] = ..., changed_at_revision: _Optional[int] = ..., held: _Optional[_Iterable[_Union[HeldFixing, _Mapping]]] = ..., windows: _Optional[_Iterable[_Union[WindowChange, _Mapping]]] = ..., flags: _Optional[_Iterable[_Union[Flag, _Mapping]]] = ..., decimal_places: _Optional[int] = ..., date: _Optional[str] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("absolute", "percent", "direction", "reference_value", "reference_date")
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_VALUE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_DATE_FIELD_NUMBER: _ClassVar[int]
    absolute: str
    percent: str
    direction: Direction
    reference_value: str
    reference_date: str
    def __init__(self, absolute: _Optional[str] = ..., percent: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ..., reference_value: _Optional[str] = ..., reference_date: _Optional[str] = ...) -> None: ...

class Announced(_message.Message):
    __slots__ = ("value", "effective_date", "change")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    value: str
    effective_date: str
    change: Change
    def __init__(self, value: _Optional[str] = ..., effective_date: _Optional[str] = ..., change: _Optional[_Union[Change, _Mapping]] = ...) -> None: ...

class Fixing(_message.Message):
    __slots__ = ("source", "currency", "units", "value", "home_currency", "effective_date", "published_change", "superseded_value", "superseded", "recorded_time")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    HOME_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_CHANGE_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_VALUE_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    RECORDED_TIME_FIELD_NUMBER: _ClassVar[int]
    source: str
    currency: str
    units: str
    value: str
    home_currency: str
    effective_date: str
    published_change: str
    superseded_value: str
    superseded: bool
    recorded_time: _timestamp_pb2.Timestamp
    def __init__(self, source: _Optional[str] = ..., currency: _Optional[str] = ..., units: _Optional[str] = ..., value: _Optional[str] = ..., home_currency: _Optional[str] = ..., effective_date: _Optional[str] = ..., published_change: _Optional[str] = ..., superseded_value: _Optional[str] = ..., superseded: _Optional[bool] = ..., recorded_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SourceState(_message.Message):
    __slots__ = ("id", "name", "attribution", "freshness", "freshness_reason", "newest_effective_date", "next_publication_time", "next_publication_due_time", "missed_publications", "held", "flags")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_REASON_FIELD_NUMBER: _ClassVar[int]
    NEWEST_EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PUBLICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_PUBLICATION_DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    MISSED_PUBLICATIONS_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    attribution: str
    freshness: Freshness
    freshness_reason: str
    newest_effective_date: str
    next_publication_time: _timestamp_pb2.Timestamp
    next_publication_due_time: _timestamp_pb2.Timestamp
    missed_publications: int
    held: _containers.RepeatedCompositeFieldContainer[HeldFixing]
    flags: _containers.RepeatedCompositeFieldContainer[Flag]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., attribution: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, str]] = ..., freshness_reason: _Optional[str] = ..., newest_effective_date: _Optional[str] = ..., next_publication_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_publication_due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., missed_publications: _Optional[int] = ..., held: _Optional[_Iterable[_Union[HeldFixing, _Mapping]]] = ..., flags: _Optional[_Iterable[_Union[Flag, _Mapping]]] = ...) -> None: ...

class SourceDetail(_message.Message):
    __slots__ = ("state", "polling", "last_verified_time", "last_attempt_time", "next_attempt_time", "consecutive_failures", "last_error", "dropped_rows", "home_currency", "page", "terms", "requests_today", "requests_per_day")
    STATE_FIELD_NUMBER: _ClassVar[int]
    POLLING_FIELD_NUMBER: _ClassVar[int]
    LAST_VERIFIED_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    DROPPED_ROWS_FIELD_NUMBER: _ClassVar[int]
    HOME_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_TODAY_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    state: SourceState
    polling: Polling
    last_verified_time: _timestamp_pb2.Timestamp
    last_attempt_time: _timestamp_pb2.Timestamp
    next_attempt_time: _timestamp_pb2.Timestamp
    consecutive_failures: int
    last_error: str
    dropped_rows: _containers.RepeatedCompositeFieldContainer[DroppedRow]
    home_currency: str
    page: str
    terms: str
    requests_today: int
    requests_per_day: int
    def __init__(self, state: _Optional[_Union[SourceState, _Mapping]] = ..., polling: _Optional[_Union[Polling, str]] = ..., last_verified_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., consecutive_failures: _Optional[int] = ..., last_error: _Optional[str] = ..., dropped_rows: _Optional[_Iterable[_Union[DroppedRow, _Mapping]]] = ..., home_currency: _Optional[str] = ..., page: _Optional[str] = ..., terms: _Optional[str] = ..., requests_today: _Optional[int] = ..., requests_per_day: _Optional[int] = ...) -> None: ...

class DroppedRow(_message.Message):
    __slots__ = ("currency", "reason")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    currency: str
    reason: str
    def __init__(self, currency: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
