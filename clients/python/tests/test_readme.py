"""The examples of the README that follow the first one, as they are printed there, against a scripted server."""

import datetime as dt
import unittest
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pandas
from scripted import SILENCE, Scripted, opening, rate, snapshot, update

from silkrate import Client
from silkrate.v1 import rates_pb2 as pb

README = Path(__file__).parents[1] / "README.md"


class Enough(Exception):
    """Ends an example that would follow the rates for ever."""


def example(words: str) -> str:
    """The block that contains some words. The first example has another fence: it runs against the demo."""
    blocks = [block.split("```")[0] for block in README.read_text(encoding="utf-8").split("```py\n")[1:]]
    found = [block for block in blocks if words in block]
    assert len(blocks) == 2 and len(found) == 1, blocks
    return found[0]


class Examples(unittest.TestCase):
    def test_a_subscription_prints_the_rates_after_each_change(self) -> None:
        messages = [
            opening(1),
            snapshot(1, rate("KZT/USD", "0.0021"), rate("KGS/USD", "0.0114")),
            update(1, 2, rate("KZT/USD", "0.0022")),
            SILENCE,
        ]
        printed: list[dict[str, Decimal]] = []

        def keep(values: dict[str, Decimal]) -> None:
            printed.append(values)
            if len(printed) == 2:
                raise Enough

        with Scripted([messages]) as server, Client(server.url) as client:
            with self.assertRaises(Enough):
                exec(example("client.watch"), {"client": client, "print": keep})
        kgs = Decimal("0.0114")
        self.assertEqual(
            printed,
            [{"KZT/USD": Decimal("0.0021"), "KGS/USD": kgs}, {"KZT/USD": Decimal("0.0022"), "KGS/USD": kgs}],
        )
        self.assertEqual(list(server.requests[0].filter.pairs), ["KZT/USD", "KGS/USD"])

    def test_a_table_of_a_history_is_drawn_by_date(self) -> None:
        newer, older = rate("KZT/USD", "0.0021"), rate("KZT/USD", "0.00208868559016")
        newer.date, older.date = "2026-04-02", "2026-04-01"
        names: dict[str, Any] = {}
        drawn: list[pandas.Series[float]] = []
        with Scripted([pb.ListRateHistoryResponse(rates=[newer, older])]) as server, Client(server.url) as client:
            names["client"] = client
            # A picture needs matplotlib, which the package does not.
            with mock.patch.object(pandas.Series, "plot", lambda values: drawn.append(values)):
                exec(example("to_pandas"), names)
        self.assertEqual(server.requests[0].step, pb.HISTORY_STEP_DAY)
        self.assertEqual(drawn[0].to_dict(), {dt.date(2026, 4, 2): 0.0021, dt.date(2026, 4, 1): 0.00208868559016})
        self.assertEqual(list(names["table"]["value"]), [Decimal("0.0021"), Decimal("0.00208868559016")])


if __name__ == "__main__":
    unittest.main()
