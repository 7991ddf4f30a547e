#!/usr/bin/env python3
"""Recomputes rates of the past with pandas and Python's decimal module, from published fixings alone, and compares every
digit.

    pip install grpcio grpcio-reflection pandas
    python tests/clients/recompute.py target/debug/silkrate

The program serves a year of tables of six banks (`year.py`). The fixings come from /v1/fixings. From them alone the script
computes what every pair of ten currencies stood at on each day, and compares it with

* a table of all ten as of a date: value, source, date, derivation and change (/v1/snapshot.json?date=),
* the monthly averages of a year, with the highest, lowest, first and last rates (/v1/periods.ndjson),
* a wide CSV of a filter with stars (/v1/history.csv).

It shares no code with the service.
"""

import itertools
import json
import sys
import urllib.parse
import urllib.request
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

import pandas

from year import served_year

DERIVED = Context(prec=12, rounding=ROUND_HALF_EVEN)
# A table is in force until a newer one takes effect, and for two weeks at most.
IN_FORCE_DAYS = 14
# Enough days before the first one to have all tables that were in force then.
DAYS_BEFORE = timedelta(days=14)
HOME_BANKS = {"KZT": "nbk", "KGS": "nbkr", "TJS": "nbt", "TMT": "cbt", "UZS": "cbu"}
FALLBACK = "cbr"
OTHERS = ["USD", "EUR", "RUB", "CNY", "GBP"]
TEN = [*HOME_BANKS, *OTHERS]
START, END = date(2025, 4, 1), date(2026, 3, 31)
# A Sunday on which the Bank of Russia answers for the somoni, and a day with a corrected value.
TABLE_DATES = [date(2025, 11, 30), date(2026, 2, 10), END]
STARS = "*/KZT,KGS/*,tjs/*"


class Row(NamedTuple):
    """`units` of a currency cost `value`, from a date on."""

    value: Decimal
    units: Decimal
    date: date

    def price(self):
        return Fraction(self.value) / Fraction(self.units)

    def printed(self):
        """The price of one unit with the digits of the bank: a nominal moves the decimal point."""
        return format(self.value.scaleb(1 - len(str(self.units))), "f")


class Rate(NamedTuple):
    value: str
    source: str
    date: date
    derivation: str


def plain(number):
    """A computed decimal in plain notation, without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(price):
    return plain(DERIVED.divide(Decimal(price.numerator), Decimal(price.denominator)))


def average(values):
    """The exact sum divided by the number of days, rounded once."""
    with localcontext(prec=200):
        total = sum(values)
    return plain(DERIVED.divide(total, Decimal(len(values))))


def address(base, path, **query):
    return f"{base}{path}?{urllib.parse.urlencode(query)}"


class Fixings:
    """What the banks published, and the rates that follow from it."""

    def __init__(self, base):
        days = pandas.date_range(START - DAYS_BEFORE, END)
        keys = [(bank, currency) for bank in [*HOME_BANKS.values(), FALLBACK] for currency in TEN]
        self.rows = {key: fixings_of(base, *key) for key in keys}
        # Carried forward, day by day.
        self.in_force = {
            key: rows.reindex(days).ffill(limit=IN_FORCE_DAYS) for key, rows in self.rows.items() if len(rows)
        }

    def row(self, bank, currency, day):
        """The row in force at the end of a day; None if there is none."""
        rows = self.in_force.get((bank, currency))
        row = None if rows is None else rows[pandas.Timestamp(day)]
        return row if isinstance(row, Row) else None

    def quote(self, home, other, day):
        """One unit of the other currency in one of the five, by the home bank or else by the Bank of Russia: who answers,
        since when, the exact price, and the row if it has this very price."""
        bank = HOME_BANKS[home]
        if row := self.row(bank, other, day):
            return bank, row.date, row.price(), (other, row)
        price_of_home, price_of_other = self.row(FALLBACK, home, day), self.row(FALLBACK, other, day)
        if other == "RUB" and price_of_home:
            return FALLBACK, price_of_home.date, 1 / price_of_home.price(), (home, price_of_home)
        if price_of_home and price_of_other:
            return FALLBACK, price_of_home.date, price_of_other.price() / price_of_home.price(), None
        return None

    def rate(self, pair, day):
        """The rate of a pair at the end of a day; None if there is none."""
        base, quote = pair.split("/")
        if base == quote:
            return Rate("1", None, None, "IDENTITY")
        if base in HOME_BANKS and quote in HOME_BANKS:
            legs = [self.quote(home, "USD", day) for home in (base, quote)]
            if None in legs:
                return None
            banks = list(dict.fromkeys(bank for bank, *_ in legs))
            price = legs[1][2] / legs[0][2]
            return Rate(rounded(price), "+".join(banks), min(since for _, since, *_ in legs), "CROSSED")
        home, other = (base, quote) if base in HOME_BANKS else (quote, base)
        if not (found := self.quote(home, other, day)):
            return None
        bank, since, price, printed = found
        if printed and printed[0] == base:
            return Rate(printed[1].printed(), bank, since, "PUBLISHED")
        return Rate(rounded(price if base == other else 1 / price), bank, since, "INVERTED" if printed else "CROSSED")

    def values(self, pair):
        """The rates of a pair in the year by day; absent where there is none."""
        rates = {day.date(): self.rate(pair, day) for day in pandas.date_range(START, END)}
        return pandas.Series({day: rate.value for day, rate in rates.items() if rate}, dtype=object)

    def reference_date(self, bank, currency, since):
        """The date of the table before one. Tables that repeat another one count as that one."""
        tables = {}
        for (source, code), rows in self.rows.items():
            if source == bank:
                for day, row in rows[:pandas.Timestamp(since)].items():
                    tables.setdefault(day.date(), {})[code] = row[:2]
        dates = [day for day, table in sorted(tables.items()) if currency in table]
        fixed_on = [day for before, day in itertools.pairwise(dates) if tables[before] != tables[day]]
        return fixed_on[-2]


def fixings_of(base, bank, currency):
    """The rows of a currency by date, without the values that the bank has since corrected."""
    with urllib.request.urlopen(address(base, f"/v1/fixings/{bank}/{currency}.ndjson"), timeout=300) as answer:
        lines = [json.loads(line) for line in answer]
    rows = [
        Row(Decimal(line["value"]), Decimal(line["units"]), date.fromisoformat(line["effective_date"]))
        for line in lines
        if not line["superseded"]
    ]
    days = pandas.DatetimeIndex([row.date for row in rows])
    return pandas.Series(rows, index=days, dtype=object).sort_index()


def check(what, ours, theirs):
    if ours != theirs:
        sys.exit(f"{what}: recomputed {ours}, served {theirs}")


def check_tables(base, fixings):
    """Compares tables of ten currencies as of dates; returns the number of rates."""
    pairs = [f"{row}/{column}" for row in TEN for column in TEN]
    compared = 0
    for day in TABLE_DATES:
        url = address(base, "/v1/snapshot.json", pairs=",".join(pairs), date=day)
        with urllib.request.urlopen(url, timeout=300) as answer:
            rates = json.load(answer)["rates"]
        # Of the rest, neither currency is one of the five.
        expected = [pair for pair in pairs if set(pair.split("/")) & HOME_BANKS.keys()]
        check(f"the pairs as of {day}", expected, [rate["pair"] for rate in rates])
        for rate in rates:
            pair, since = rate["pair"], rate["effective_date"]
            served = Rate(rate["value"], rate["source"], since and date.fromisoformat(since), rate["derivation"])
            check(f"{pair} as of {day}", fixings.rate(pair, day), served)
            check_change(fixings, rate)
            compared += 1
    return compared


def check_change(fixings, rate):
    if not (change := rate["change"]):
        return check(f"why {rate['pair']} has no change", "IDENTITY", rate["derivation"])
    pair, value, reference = rate["pair"], Decimal(rate["value"]), Decimal(change["reference_value"])
    reference_date = date.fromisoformat(change["reference_date"])
    if "+" not in rate["source"] and not set(pair.split("/")) <= HOME_BANKS.keys():
        home, other = sorted(pair.split("/"), key=lambda code: code not in HOME_BANKS)
        currency = other if rate["source"] == HOME_BANKS[home] else home
        ours = fixings.reference_date(rate["source"], currency, date.fromisoformat(rate["effective_date"]))
        check(f"the reference date of {pair}", ours, reference_date)
    check(f"the reference of {pair}", fixings.rate(pair, reference_date).value, change["reference_value"])
    check(f"the change of {pair}", plain(value - reference), change["absolute"])
    percent = (Fraction(value - reference) * 100 / Fraction(reference)) * 10_000
    check(f"the change of {pair} in per cent", plain(Decimal(round(percent)).scaleb(-4)), change["percent"])


def check_periods(base, fixings):
    """Compares the months of a year of all pairs; returns their number."""
    url = address(base, "/v1/periods.ndjson", pairs="*/*", period="month", start=START, end=END)
    with urllib.request.urlopen(url, timeout=300) as answer:
        served = pandas.DataFrame([json.loads(line) for line in answer], dtype=object)
    ours = [f"{base}/{quote}" for base in TEN for quote in TEN if base != quote and {base, quote} & HOME_BANKS.keys()]
    check("the pairs of the months", set(ours), set(served["pair"]))
    compared = 0
    for pair in ours:
        values = fixings.values(pair)
        months = values.groupby([day.replace(day=1) for day in values.index])
        rows = served[served["pair"] == pair].set_index("start_date")
        check(f"the months of {pair}", sorted(str(month) for month in months.groups), sorted(rows.index))
        for month, days in months:
            row, numbers = rows.loc[str(month)], [Decimal(value) for value in days]
            highest, lowest = numbers.index(max(numbers)), numbers.index(min(numbers))
            dated = lambda at: {"date": str(days.index[at]), "value": days.iloc[at]}
            figures = {
                "average": average(numbers), "days": len(days), "first": dated(0), "last": dated(-1),
                "highest": dated(highest), "lowest": dated(lowest),
            }
            for name, figure in figures.items():
                check(f"{name} of {pair} from {month}", figure, row[name])
            compared += 1
    return compared


def check_wide(base, fixings):
    """Compares a wide CSV of a filter with stars, day by day; returns the number of its cells."""
    url = address(base, "/v1/history.csv", pairs=STARS, step="day", layout="wide", start=START, end=END)
    served = pandas.read_csv(url, dtype=str, index_col="date", keep_default_na=False)
    currencies = sorted(TEN)
    pairs = [f"{base}/KZT" for base in currencies] + [f"{home}/{quote}" for home in ("KGS", "TJS") for quote in currencies]
    pairs = [pair for pair in dict.fromkeys(pairs) if pair[:3] != pair[4:]]
    check("the columns", pairs, list(served.columns))
    days = [str(day.date()) for day in reversed(pandas.date_range(START, END))]
    check("the days", days, list(served.index))
    expected = pandas.DataFrame({pair: fixings.values(pair).rename(str) for pair in pairs}, index=days).fillna("")
    differs = expected != served
    for day in differs.index[differs.any(axis=1)]:
        check(f"the record of {day}", expected.loc[day].to_dict(), served.loc[day].to_dict())
    return expected.size


def main(program):
    with served_year(program) as base:
        fixings = Fixings(base)
        tables, periods, cells = check_tables(base, fixings), check_periods(base, fixings), check_wide(base, fixings)
    print(f"recomputed {tables} rates of tables of a date, {periods} months, and {cells} cells of a wide CSV")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
