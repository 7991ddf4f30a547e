#!/usr/bin/env python3
"""Runs the examples of pandas and DuckDB as src/tabular/README.md prints them, and compares every digit with the JSON.

    pip install pandas duckdb duckdb-extensions duckdb-extension-httpfs
    python tests/clients/tables.py http://127.0.0.1:8080
"""

import json
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension

CHAPTER = Path(__file__).parents[2] / "src" / "tabular" / "README.md"
ADDRESS = "http://127.0.0.1:8080"
# The demo goes on: when it did so while the tables were read, they are read again.
ATTEMPTS = 20


def example(language, base):
    """The first block of a language, for a service at another address."""
    block = CHAPTER.read_text().split(f"```{language}\n")[1].split("```")[0]
    assert ADDRESS in block, block
    return block.replace(ADDRESS, base)


def by_pandas(base):
    names = {}
    exec(example("python", base), names)
    return {str(day.date()): value for day, value in names["exact"].items()}


def by_duckdb(base):
    import_extension("httpfs")  # From its package: DuckDB itself would load it from its own server.
    connection = duckdb.connect()
    connection.execute("LOAD httpfs")
    rows = connection.execute(example("sql", base)).fetchall()
    return {str(day): value for day, value in rows if value is not None}


def expected(base):
    with urllib.request.urlopen(f"{base}/v1/history/USD/KZT") as answer:
        rates = json.load(answer)["rates"]
    return {rate["date"]: Decimal(rate["value"]) for rate in rates}


def main(base):
    for _ in range(ATTEMPTS):
        before, pandas, sql, after = expected(base), by_pandas(base), by_duckdb(base), expected(base)
        if before == after:
            break
    else:
        sys.exit("the rates changed each time they were read")
    assert len(before) > 2 and any(value.as_tuple().exponent < -8 for value in before.values()), before
    assert pandas == before, (pandas, before)
    assert sql == before, (sql, before)
    print("pandas and DuckDB read", len(before), "rates, each with all its digits")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
