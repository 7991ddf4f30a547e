#!/usr/bin/env python3
"""Recomputes rates of the past with Python's decimal module, from published fixings alone, and compares every digit.

    python tests/clients/recompute.py http://127.0.0.1:8080

The fixings come from /v1/fixings. From them the script computes what a currency stood at on each day, and compares it with
/v1/history?step=day and with /v1/snapshot.json?date=; then the averages of weeks and months with /v1/periods. It needs no
library, and shares no code with the service.
"""

import json
import sys
import urllib.parse
import urllib.request
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

DERIVED = Context(prec=12, rounding=ROUND_HALF_EVEN)
# A table is in force until a newer one takes effect, and for two weeks at most.
IN_FORCE = timedelta(days=14)
# Nine currencies, each from the bank that is preferred for it in the demo.
BANKS = {
    "nbk": ("KZT", ["USD", "EUR", "RUB", "CNY"]),
    "cbu": ("UZS", ["USD", "EUR", "RUB", "CNY"]),
    "cbr": ("RUB", ["KGS", "TJS", "TMT"]),
}


def read(base, path, **query):
    url = f"{base}{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def pages(base, path, key, **query):
    token = ""
    while True:
        page = read(base, path, page_size=100, page_token=token, **query)
        yield from page[key]
        token = page["next_page_token"]
        if token is None:
            return


def plain(number):
    """A computed decimal in plain notation, without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Bank:
    """What one bank published for one currency: the price of a unit by date."""

    def __init__(self, base, bank, currency):
        self.prices = {}
        for row in pages(base, f"/v1/fixings/{bank}/{currency}", "fixings"):
            if not row["superseded"]:
                day = date.fromisoformat(row["effective_date"])
                self.prices.setdefault(day, (Decimal(row["value"]), Decimal(row["units"])))

    def on(self, day):
        """The value and the units in force at the end of a day."""
        dates = [known for known in self.prices if day - IN_FORCE <= known <= day]
        return self.prices[max(dates)] if dates else None

    def published(self, day):
        """The price of one unit of the currency, with the digits of the bank: a nominal moves the decimal point."""
        value, units = self.on(day)
        return format(value.scaleb(1 - len(str(units))), "f")

    def inverted(self, day):
        """The price of one unit of the bank's own currency."""
        value, units = self.on(day)
        return plain(DERIVED.divide(units, value))


class Different(Exception):
    """What was recomputed is not what is served."""


def check(what, ours, theirs):
    if ours != theirs:
        raise Different(f"{what}: recomputed {ours}, served {theirs}")


def average(values):
    """The exact sum divided by the number of days, rounded once."""
    with localcontext(prec=200):
        total = sum(Decimal(value) for value in values)
    return plain(DERIVED.divide(total, Decimal(len(values))))


def check_pair(base, pair, source, value):
    """Compares the days and the periods of a pair; returns their number."""
    rows = list(pages(base, "/v1/history", "rates", pairs=pair, step="day"))
    days = {date.fromisoformat(row["date"]): row for row in rows}
    by_bank = {day: row for day, row in days.items() if row["source"] == source}
    for day, row in by_bank.items():
        check(f"{pair} on {day}", value(day), row["value"])
    periods = 0
    for length in ("week", "month"):
        for row in pages(base, "/v1/periods", "periods", pairs=pair, period=length):
            first, last = (date.fromisoformat(row[end]) for end in ("start_date", "end_date"))
            within = sorted(day for day in days if first <= day <= last)
            values = [value(day) if day in by_bank else days[day]["value"] for day in within]
            check(f"the days of {pair} from {first}", len(values), row["days"])
            check(f"the average of {pair} from {first}", average(values), row["average"])
            check(f"the highest {pair} from {first}", max(values, key=Decimal), row["highest"]["value"])
            check(f"the lowest {pair} from {first}", min(values, key=Decimal), row["lowest"]["value"])
            periods += 1
    return len(by_bank), periods


def compare(base):
    """Compares everything; returns what was compared."""
    day_rows = period_rows = 0
    table = {}
    for bank, (home, currencies) in BANKS.items():
        for currency in currencies:
            known = Bank(base, bank, currency)
            for pair, value in ((f"{currency}/{home}", known.published), (f"{home}/{currency}", known.inverted)):
                days, periods = check_pair(base, pair, bank, value)
                day_rows, period_rows = day_rows + days, period_rows + periods
                table[pair] = (bank, value)
    # One question for the table of a day: the newest date that a bank has printed for a rate in force.
    newest = read(base, "/v1/snapshot.json", pairs=",".join(table))["rates"]
    day = max(date.fromisoformat(rate["effective_date"]) for rate in newest)
    past = read(base, "/v1/snapshot.json", pairs=",".join(table), date=day)["rates"]
    compared = 0
    for rate in past:
        bank, value = table[rate["pair"]]
        assert rate["date"] == str(day)
        if rate["source"] == bank:
            check(f"{rate['pair']} as of {day}", value(day), rate["value"])
            compared += 1
    if not (day_rows and period_rows and compared >= 9):
        sys.exit(f"too little to compare: {day_rows} days, {period_rows} periods, {compared} rates as of {day}")
    return f"{day_rows} rates of days, {period_rows} periods, and {compared} rates as of {day}"


def main(base):
    for _ in range(20):  # The demo goes on: a table that is filed meanwhile is in some of the answers alone.
        position = read(base, "/v1/snapshot.json")["position"]
        try:
            print("recomputed", compare(base))
            return
        except (Different, KeyError, TypeError) as different:
            if read(base, "/v1/snapshot.json")["position"] == position:
                raise different
    sys.exit("the tables changed each time")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"))
