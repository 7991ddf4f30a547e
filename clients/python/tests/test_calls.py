"""The unary calls, against a scripted server."""

import datetime as dt
import os
import unittest
from decimal import Decimal
from unittest import mock

import grpc
from scripted import Failure, Scripted, opening, rate, snapshot

from silkrate import Client, InvalidRequest, InvalidTarget, NotFound, Refused, Unreachable, to_pandas
from silkrate.v1 import rates_pb2 as pb

#: A port on which nothing listens.
NOWHERE = "http://127.0.0.1:1"
CHANGE = pb.Change(
    absolute="-0.00000000000001",
    percent="-0.5232",
    direction="DIRECTION_DOWN",
    reference_value="5.10",
    reference_date="2026-03-19",
)


class Values(unittest.TestCase):
    def test_a_value_keeps_every_digit_and_an_absent_one_is_none(self) -> None:
        long = "12345678.12345678901234567890"
        full = rate("KZT/USD", long)
        full.change.CopyFrom(CHANGE)
        full.effective_date = "2026-04-02"
        answer = pb.GetSnapshotResponse(position=pb.Position(epoch="e", revision=7), rates=[full, rate("KGS/USD", "5.10")])
        with Scripted([answer]) as server, Client(server.url) as client:
            found = client.snapshot(["KZT/USD", "KGS/USD"], dt.date(2026, 4, 2))
        self.assertEqual(server.requests[0].date, "2026-04-02")
        self.assertEqual(list(server.requests[0].filter.pairs), ["KZT/USD", "KGS/USD"])
        kzt, kgs = found["kzt/usd"], found["KGS/USD"]
        self.assertEqual((str(kzt.value), str(kgs.value)), (long, "5.10"))
        assert kzt.change is not None
        self.assertEqual(f"{kzt.change.absolute:f}", CHANGE.absolute)
        self.assertEqual((kzt.change.direction, kzt.change.reference_date), ("DOWN", dt.date(2026, 3, 19)))
        self.assertEqual((kzt.effective_date, kzt.freshness), (dt.date(2026, 4, 2), "FRESH"))
        self.assertEqual((kgs.change, kgs.effective_date, kgs.announced, kgs.decimal_places), (None, None, None, None))
        with self.assertRaises(KeyError):
            found["EUR/GBP"]

    def test_a_name_of_a_later_server_is_its_number(self) -> None:
        later = rate("KZT/USD", "1")
        later.ParseFromString(later.SerializeToString() + bytes([0x18, 0x63]))  # derivation = 99
        with Scripted([pb.GetRateResponse(rate=later)]) as server, Client(server.url) as client:
            self.assertEqual(client.rate("KZT/USD").derivation, "99")

    def test_an_amount_is_sent_in_plain_notation_and_a_float_is_refused(self) -> None:
        answer = pb.ConvertAmountResponse(result="1.0", rate=rate("USD/KZT", "475.09"))
        with Scripted([answer, answer]) as server, Client(server.url) as client:
            client.convert(Decimal("1E+3"), "USD", "KZT")
            self.assertEqual(str(client.convert("0.10", "USD", "KZT").result), "1.0")
            with self.assertRaises(TypeError):
                client.convert(0.1, "USD", "KZT")  # type: ignore[arg-type]
        self.assertEqual([request.amount for request in server.requests], ["1000", "0.10"])

    def test_a_date_that_is_a_text_or_has_a_time_is_refused(self) -> None:
        with Client(NOWHERE) as client:
            for wrong in ("2026-04-01", 20260401, dt.datetime(2026, 4, 1)):
                with self.assertRaisesRegex(TypeError, "a date "):
                    client.rate("USD/KZT", date=wrong)  # type: ignore[arg-type]
                with self.assertRaisesRegex(TypeError, "a date "):
                    client.history("USD/KZT", wrong)  # type: ignore[arg-type]

    def test_a_table_of_pandas_keeps_decimals_and_absences(self) -> None:
        changed = rate("KZT/USD", "0.00207667068156")
        changed.change.CopyFrom(CHANGE)
        changed.decimal_places = 2
        answer = pb.GetSnapshotResponse(rates=[changed, rate("KGS/USD", "5.10")])
        with Scripted([answer]) as server, Client(server.url) as client:
            table = to_pandas(client.snapshot().rates)
        self.assertEqual(list(table["value"]), [Decimal("0.00207667068156"), Decimal("5.10")])
        self.assertEqual(list(table["change_percent"]), [Decimal("-0.5232"), None])
        self.assertEqual([str(places) for places in table["decimal_places"]], ["2", "None"])
        self.assertEqual([table[name].iloc[1] for name in ("source", "announced_change_percent")], [None, None])
        self.assertNotIn("change", table)
        self.assertNotIn("fixings", table)
        with self.assertRaises(TypeError):
            to_pandas(["KZT/USD"])


    def test_a_currency_has_names_in_every_language_and_none_where_there_is_none(self) -> None:
        answer = pb.ListCurrenciesResponse()
        known = answer.currencies.add(code="KZT", symbol="₸", minor_unit=0, start_date="2025-12-01")
        known.names.ru = "казахстанский тенге"
        known.names.uz_cyrl = "Қозоғистон тенгеси"
        known.sources.add(source="cbr", start_date="2025-12-01", newest_effective_date="2026-04-02", units="100")
        answer.currencies.add(code="XDR")
        with Scripted([answer]) as server, Client(server.url) as client:
            tenge, rights = client.currencies()
        self.assertEqual((tenge.names.ru, tenge.names.uz_cyrl, tenge.names.en), ("казахстанский тенге", "Қозоғистон тенгеси", None))
        self.assertEqual((tenge.symbol, tenge.minor_unit, tenge.home_bank), ("₸", 0, None))
        self.assertEqual((tenge.sources[0].units, tenge.sources[0].start_date), (Decimal(100), dt.date(2025, 12, 1)))
        self.assertEqual((rights.symbol, rights.minor_unit, rights.start_date, rights.sources), (None, None, None, ()))
        table = to_pandas([tenge, rights])
        self.assertEqual(list(table["names_ru"]), ["казахстанский тенге", None])
        self.assertNotIn("sources", table)


class Keys(unittest.TestCase):
    KEY = "silkrate_pSvA2Yk1gGSa0oQ4bEw3uYQ0rX2Jm8cFh6tLzN5dVwI"

    def test_a_key_is_sent_with_every_call_and_every_stream(self) -> None:
        stream = [opening(1), snapshot(1, rate("KZT/USD", "2"))]
        script = [pb.GetRateResponse(rate=rate("KZT/USD", "1")), stream]
        with Scripted(script) as server, Client(server.url, key=self.KEY) as client:
            client.rate("KZT/USD")
            with client.watch(["KZT/USD"]) as watch:
                next(iter(watch.changes()))
        self.assertEqual(server.keys, [f"Bearer {self.KEY}"] * 2)
        with Scripted([pb.GetRateResponse(rate=rate("KZT/USD", "1"))]) as server, Client(server.url) as client:
            client.rate("KZT/USD")
        self.assertEqual(server.keys, [None])

    def test_a_key_is_not_sent_in_the_clear_to_another_machine_unless_that_is_wanted(self) -> None:
        for far in ("http://rates.example", "http://10.0.0.1:50051"):
            with self.assertRaisesRegex(InvalidTarget, "in the clear"):
                Client(far, key=self.KEY)
            Client(far, key=self.KEY, exposes_key=True).close()
        Client("https://rates.example", key=self.KEY).close()

    def test_a_text_that_is_no_key_is_refused_without_repeating_it(self) -> None:
        for wrong in ("", "two words", "line\n", "ключ"):
            with self.assertRaises(ValueError) as raised:
                Client(NOWHERE, key=wrong)
            self.assertNotIn(wrong or "two", str(raised.exception))

    def test_a_refused_key_has_its_reason(self) -> None:
        failure = Failure(grpc.StatusCode.UNAUTHENTICATED, "no such key", "INVALID_KEY")
        with Scripted([failure]) as server, Client(server.url, key=self.KEY) as client:
            with self.assertRaises(Refused) as raised:
                client.rate("KZT/USD")
        self.assertEqual(raised.exception.reason, "INVALID_KEY")
        self.assertTrue(raised.exception.is_permanent)


class Pages(unittest.TestCase):
    def test_pages_are_requested_until_the_last_one(self) -> None:
        pages = [
            pb.ListRateHistoryResponse(rates=[rate("KZT/USD", "3"), rate("KZT/USD", "2")], next_page_token="t"),
            pb.ListRateHistoryResponse(rates=[rate("KZT/USD", "1")]),
        ]
        with Scripted(pages) as server, Client(server.url) as client:
            rows = client.history("KZT/USD", dt.date(2026, 1, 1), step="day")
        self.assertEqual([str(row.value) for row in rows], ["3", "2", "1"])
        first, second = server.requests
        self.assertEqual((first.page_size, first.start_date, first.step), (1000, "2026-01-01", pb.HISTORY_STEP_DAY))
        self.assertEqual((second.page_size, second.page_token), (1000, "t"))

    def test_pairs_are_requested_to_the_last_page(self) -> None:
        crossed = {"derivation": "DERIVATION_CROSSED", "source": "nbkr+nbk", "start_date": "2025-12-10"}
        pages = [
            pb.ListPairsResponse(pairs=[pb.Pair(pair="KGS/KZT", base_currency="KGS", **crossed)], next_page_token="t"),
            pb.ListPairsResponse(pairs=[pb.Pair(pair="KZT/KGS", quote_currency="KGS", **crossed)]),
        ]
        with Scripted(pages) as server, Client(server.url) as client:
            first, second = client.pairs("*/*")
        self.assertEqual((first.pair, first.base_currency, second.quote_currency), ("KGS/KZT", "KGS", "KGS"))
        self.assertEqual((first.derivation, first.source, first.start_date), ("CROSSED", "nbkr+nbk", dt.date(2025, 12, 10)))
        self.assertEqual(list(server.requests[0].filter.pairs), ["*/*"])

    def test_a_limit_ends_the_pages(self) -> None:
        page = pb.ListFixingsResponse(next_page_token="t")
        for _ in range(2):
            page.fixings.add(source="nbk", units="1", value="475.09", effective_date="2026-04-02")
        with Scripted([page]) as server, Client(server.url) as client:
            self.assertEqual(len(client.fixings("nbk", "USD", limit=2)), 2)
            with self.assertRaises(ValueError):
                client.fixings("nbk", "USD", limit=0)
        self.assertEqual(server.requests[0].page_size, 2)

    def test_a_page_that_repeats_is_an_error(self) -> None:
        page = pb.ListPeriodRatesResponse(next_page_token="t")
        with Scripted([page, page]) as server, Client(server.url) as client:
            with self.assertRaisesRegex(Exception, "the same page twice"):
                client.periods("*/USD")
            with self.assertRaisesRegex(ValueError, "period is one of WEEK, MONTH"):
                client.periods("*/USD", period="day")


class Errors(unittest.TestCase):
    def test_an_invalid_field_is_named(self) -> None:
        failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, "no pair", "INVALID_PAIR", "filter.pairs[0]")
        with Scripted([failure]) as server, Client(server.url) as client:
            with self.assertRaises(InvalidRequest) as caught:
                client.snapshot(["KZTUSD"])
        self.assertEqual(str(caught.exception), "filter.pairs[0]: no pair")
        self.assertEqual((caught.exception.reason, caught.exception.is_permanent), ("INVALID_PAIR", True))
        self.assertEqual(caught.exception.violations[0].field, "filter.pairs[0]")

    def test_a_pair_without_a_quote_is_not_found(self) -> None:
        failure = Failure(grpc.StatusCode.NOT_FOUND, "no source quotes EUR/GBP", "PAIR_NOT_QUOTED")
        with Scripted([failure]) as server, Client(server.url) as client:
            with self.assertRaisesRegex(NotFound, "no source quotes EUR/GBP"):
                client.rate("EUR/GBP")

    def test_a_demanded_delay_is_told(self) -> None:
        failure = Failure(grpc.StatusCode.UNAVAILABLE, "the server stops", "DRAINING", retry_after_ms=1500)
        with Scripted([failure]) as server, Client(server.url) as client:
            with self.assertRaises(Refused) as caught:
                client.sources()
        self.assertEqual((caught.exception.retry_after, caught.exception.is_permanent), (1.5, False))

    def test_a_server_that_is_not_there_is_unreachable(self) -> None:
        with Client(NOWHERE) as client, self.assertRaisesRegex(Unreachable, f"no connection to {NOWHERE}"):
            client.sources()

    def test_a_date_with_a_time_is_refused(self) -> None:
        with Client(NOWHERE) as client, self.assertRaisesRegex(TypeError, "a date has no time"):
            client.rate("KZT/USD", dt.datetime(2026, 4, 2))


class Targets(unittest.TestCase):
    def test_a_target_is_a_host_and_a_port(self) -> None:
        for wrong in ("ftp://host", "http://", "http://host/rates", "http://user@host", "host:port", ""):
            with self.subTest(wrong), self.assertRaises(InvalidTarget):
                Client(wrong)
        for right in ("host:50051", "http://[::1]:50051/", "https://rates.example"):
            with self.subTest(right):
                Client(right).close()
        with self.assertRaisesRegex(InvalidTarget, "credentials need https://"):
            Client("http://host", credentials=grpc.ssl_channel_credentials())

    def test_the_variable_names_the_server_unless_a_target_does(self) -> None:
        answer = pb.ListSourcesResponse()
        with Scripted([answer, answer]) as server:
            with mock.patch.dict(os.environ, SILKRATE_URL=server.url), Client() as client:
                self.assertEqual(client.sources(), [])
            with mock.patch.dict(os.environ, SILKRATE_URL=NOWHERE), Client(server.url) as client:
                self.assertEqual(client.sources(), [])

    def test_the_next_server_answers_for_one_that_does_not_and_is_asked_first_from_then_on(self) -> None:
        answer = pb.ListSourcesResponse()
        busy = Failure(grpc.StatusCode.UNAVAILABLE, "the server stops", "DRAINING")
        refusal = Failure(grpc.StatusCode.NOT_FOUND, "no source quotes it", "PAIR_NOT_QUOTED")
        with Scripted([busy]) as first, Scripted([answer, refusal]) as second:
            with Client(f"{NOWHERE}, {first.url},{second.url}") as client:
                self.assertEqual(client.sources(), [])
                with self.assertRaises(NotFound):
                    client.rate("EUR/GBP")
        with Client(f"{NOWHERE},{NOWHERE}") as client, self.assertRaises(Unreachable):
            client.sources()


if __name__ == "__main__":
    unittest.main()
