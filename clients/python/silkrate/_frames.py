"""Rows as a table of pandas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import pandas


def to_pandas(rows: Iterable[Any]) -> pandas.DataFrame:
    """A table with a line for each rate, fixing, period, currency, pair or source, and a column for each field.

    Decimals stay `decimal.Decimal`, in columns of the type `object`: a float would lose digits. The fields of a nested value
    are columns of their own, such as `change_percent`; lists, such as `fixings`, are left out.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas needs pandas: pip install 'silkrate[pandas]'") from error
    chosen = list(rows)
    columns = _columns(type(chosen[0])) if chosen else []
    # A value that is absent stays None: not-a-number would be a float.
    data = {
        "_".join(path): pandas.Series([_value(row, path) for row in chosen], dtype=object) for path in columns
    }
    return pandas.DataFrame(data)


def _columns(kind: Any) -> list[tuple[str, ...]]:
    """The paths of attributes that are columns of a row, whether or not a row has them."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is not a row of silkrate")
    columns: list[tuple[str, ...]] = []
    for name, hint in get_type_hints(kind).items():
        kinds = [one for one in get_args(hint) or (hint,) if one is not type(None)]
        if get_origin(hint) is tuple:
            continue
        if is_dataclass(kinds[0]):
            columns += [(name, *rest) for rest in _columns(kinds[0])]
        else:
            columns.append((name,))
    return columns


def _value(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = None if row is None else getattr(row, name)
    return row
