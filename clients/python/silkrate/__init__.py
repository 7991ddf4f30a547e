"""A client of silkrate: official Central Asian currency rates, exact to the last digit.

    from silkrate import Client

    with Client("http://127.0.0.1:50051") as client:
        print(client.rate("KZT/USD").value)
"""

from silkrate._client import Client
from silkrate._errors import (
    InvalidRequest,
    InvalidTarget,
    NotFound,
    Refused,
    SilkrateError,
    Unreachable,
    Violation,
)
from silkrate._frames import to_pandas
from silkrate._values import (
    Announced,
    Change,
    Conversion,
    Currency,
    CurrencyNames,
    CurrencySource,
    DatedValue,
    DroppedRow,
    Fixing,
    Flag,
    HeldFixing,
    Pair,
    PeriodRates,
    Position,
    Rate,
    Snapshot,
    Source,
    SourceState,
    WindowChange,
)
from silkrate._watch import Disconnected, Event, Heartbeat, Opened, Replaced, Updated, Watch

__all__ = [
    "Announced",
    "Change",
    "Client",
    "Conversion",
    "Currency",
    "CurrencyNames",
    "CurrencySource",
    "DatedValue",
    "Disconnected",
    "DroppedRow",
    "Event",
    "Fixing",
    "Flag",
    "Heartbeat",
    "HeldFixing",
    "InvalidRequest",
    "InvalidTarget",
    "NotFound",
    "Opened",
    "Pair",
    "PeriodRates",
    "Position",
    "Rate",
    "Refused",
    "Replaced",
    "SilkrateError",
    "Snapshot",
    "Source",
    "SourceState",
    "Unreachable",
    "Updated",
    "Violation",
    "Watch",
    "WindowChange",
    "to_pandas",
]
