"""A service with a year of tables of seven documents, filed as `silkrate backfill` files them.

The tables are made here: prices that wander, printed with the nominals and the places of each bank. They have what a year
has: weekends without tables and weekends with repeated ones, a bank that is silent for weeks, and values that were corrected.
"""

import contextlib
import os
import random
import re
import subprocess
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

FIRST_DAY, TODAY = date(2025, 3, 17), date(2026, 4, 2)
# What a dollar costs when the tables begin.
DOLLAR = {
    "USD": "1", "EUR": "0.87", "RUB": "84", "CNY": "7.2", "GBP": "0.75",
    "KZT": "500", "KGS": "87.4", "TJS": "10.9", "UZS": "12900", "TMT": "3.5",
}
WANDERING = [code for code in DOLLAR if code not in ("USD", "TMT")]
# For longer than a table is in force the Tajik bank publishes nothing, and the Bank of Russia answers in its place.
SILENT = {"nbt": (date(2025, 11, 10), date(2025, 12, 8))}
# The values that a bank corrected: source, date, currency, and by how much.
CORRECTED = [
    ("nbk", date(2025, 9, 17), "EUR", "0.37"),
    ("cbr", date(2025, 11, 27), "TJS", "0.0101"),
    ("nbk", date(2026, 2, 10), "USD", "-0.05"),
]
EVERY_DAY, AFTER_WORKING_DAYS, TWICE_A_WEEK, ON_SATURDAY = range(7), range(1, 6), (1, 4), (5,)


@dataclass
class Document:
    """What a bank prints: the units of each currency, the places of the values, and the weekdays that have a table."""

    source: str
    name: str
    home: str
    weekdays: object
    places: int
    units: dict

    def has_table(self, day):
        begin, end = SILENT.get(self.source, (date.max, date.max))
        return day.weekday() in self.weekdays and not begin <= day < end

    def rows(self, prices):
        """The units and the value of each currency."""
        step = Decimal(1).scaleb(-self.places)
        for code, units in self.units.items():
            yield code, units, (prices[self.home] / prices[code] * units).quantize(step, ROUND_HALF_EVEN)


# Some banks print others of the five, too. Such pairs are crossed through the dollar, so nothing follows from these rows.
DOCUMENTS = [
    Document("nbk", "daily", "KZT", AFTER_WORKING_DAYS, 2,
             {"USD": 1, "EUR": 1, "RUB": 1, "CNY": 1, "GBP": 1, "KGS": 1, "UZS": 100}),
    Document("nbkr", "daily", "KGS", AFTER_WORKING_DAYS, 4, {"USD": 1, "EUR": 1, "RUB": 1, "CNY": 1, "KZT": 1}),
    Document("nbkr", "weekly", "KGS", ON_SATURDAY, 4, {"GBP": 1, "UZS": 1}),
    Document("cbu", "daily", "UZS", AFTER_WORKING_DAYS, 2, {"USD": 1, "EUR": 1, "RUB": 1, "CNY": 1, "GBP": 1}),
    Document("nbt", "daily", "TJS", EVERY_DAY, 4, {"USD": 1, "EUR": 1, "RUB": 1, "CNY": 1, "GBP": 1, "UZS": 1000}),
    Document("cbt", "daily", "TMT", TWICE_A_WEEK, 4, {"USD": 1, "EUR": 1, "RUB": 100, "CNY": 10, "GBP": 1}),
    Document("cbr", "daily", "RUB", AFTER_WORKING_DAYS, 4,
             {"USD": 1, "EUR": 1, "CNY": 1, "GBP": 1, "KZT": 100, "KGS": 100, "TJS": 10, "UZS": 10000, "TMT": 1}),
]


def prices_by_day():
    """What a dollar costs in each currency: after a working day, up to four thousandths more or less than the day before."""
    wander = random.Random(20260402)
    prices = {code: Decimal(price) for code, price in DOLLAR.items()}
    for days in range((TODAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=days)
        if day.weekday() in AFTER_WORKING_DAYS:
            for code in WANDERING:
                prices[code] *= 1 + Decimal(wander.randint(-40, 40)) / 10_000
        yield day, prices


class Operators:
    """The operators' port. Its messages come from reflection."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address)
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        named = lambda name: GetMessageClass(pool.FindMessageTypeByName(f"silkrate.admin.v1.{name}"))
        self.request = named("FileTableRequest")
        self.file = channel.unary_unary(
            "/silkrate.admin.v1.AdminService/FileTable",
            request_serializer=self.request.SerializeToString,
            response_deserializer=named("FileTableResponse").FromString,
        )

    def file_table(self, document, day, rows):
        rows = [
            {"currency": code, "units": str(units), "value": str(value), "home_currency": document.home}
            for code, units, value in rows
        ]
        table = {"source": document.source, "document": document.name, "pivot": document.home}
        answer = self.file(self.request(table={**table, "effective_date": str(day), "rows": rows}))
        assert answer.news and not answer.held_rows and not answer.HasField("refused"), (document, day, answer)

    def file_year(self):
        """Files every table, and those with corrections again. Returns the number of tables."""
        filed = 0
        for day, prices in prices_by_day():
            for document in DOCUMENTS:
                if not document.has_table(day):
                    continue
                rows = list(document.rows(prices))
                self.file_table(document, day, rows)
                filed += 1
                for source, corrected_on, currency, by in CORRECTED:
                    if (source, corrected_on) == (document.source, day) and currency in document.units:
                        other = [(code, units, value + Decimal(by) * (code == currency)) for code, units, value in rows]
                        self.file_table(document, day, other)
        return filed


@contextlib.contextmanager
def served_year(program):
    """Runs the program on the last day of the year, with banks that cannot be reached, and files the tables. Yields the URL
    of the side for browsers."""
    settings = {
        "STORE__PATH": ":memory:",
        "LOG__FORMAT": "text",
        "CLOCK__START": f"{TODAY}T09:00:00Z",
        **{f"{port}LISTEN": "127.0.0.1:0" for port in ("SERVER__", "SERVER__ADMIN_", "WEB__")},
        **{f"SOURCES__{document.source.upper()}__BASE_URL": "http://127.0.0.1:9" for document in DOCUMENTS},
    }
    environment = {**os.environ, **{f"SILKRATE_{name}": value for name, value in settings.items()}}
    command = [program, "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as service:
        try:
            ports = {}
            for line in service.stderr:
                if port := re.search(r"serving (\w+) address=(\S+)", line):
                    ports[port[1]] = port[2]
                if len(ports) == 3:
                    break
            else:
                raise RuntimeError("the service did not start")
            # A pipe that nobody reads would stop the service when it is full.
            threading.Thread(target=service.stderr.read, daemon=True).start()
            print("filed", Operators(ports["operators"]).file_year(), "tables")
            yield f"http://{ports['browsers']}"
        finally:
            service.kill()
