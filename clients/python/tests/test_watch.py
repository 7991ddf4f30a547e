"""The subscription, against a scripted server."""

import threading
import unittest
from unittest import mock

import grpc
from scripted import SILENCE, Failure, Scripted, at, opening, rate, snapshot, update

from silkrate import Client, Disconnected, Heartbeat, InvalidRequest, Opened, Replaced, Updated, Watch
from silkrate.v1 import rates_pb2 as pb

KZT, KGS = rate("KZT/USD", "0.0021"), rate("KGS/USD", "0.0114")
LOST = Failure(grpc.StatusCode.UNAVAILABLE, "the server stops", "DRAINING", retry_after_ms=0)
AGED = Failure(grpc.StatusCode.UNAVAILABLE, "an hour", "STREAM_AGED", retry_after_ms=0)


def values(watch: Watch) -> list[str]:
    return [f"{rate.pair} {rate.value}" for rate in watch.rates]


class Subscriptions(unittest.TestCase):
    def setUp(self) -> None:
        # No test waits for the jitter of a delay.
        patch = mock.patch("silkrate._watch.random.uniform", return_value=0.0)
        self.uniform = patch.start()
        self.addCleanup(patch.stop)

    def test_a_lost_stream_resumes_after_the_last_message(self) -> None:
        first = [opening(1), snapshot(1, KZT, KGS), update(1, 3, rate("KZT/USD", "0.0022")), LOST]
        second = [opening(3, "RESUMED"), update(3, 4, removed=("KGS/USD",)), SILENCE]
        with Scripted([first, second]) as server, Client(server.url) as client:
            seen = []
            with client.watch(["KZT/USD", "KGS/USD"], min_interval=1.5) as watch:
                for event in watch:
                    seen.append(type(event))
                    if isinstance(event, Updated) and event.commits == 2:
                        self.assertEqual(values(watch), ["KZT/USD 0.0022", "KGS/USD 0.0114"])
                    if isinstance(event, Disconnected):
                        self.assertEqual(event.reason, "the server stops")
                    if isinstance(event, Updated) and event.removed_pairs:
                        break
                self.assertEqual(values(watch), ["KZT/USD 0.0022"])
                assert watch.position is not None
                self.assertEqual(watch.position.revision, 4)
        self.assertEqual(seen, [Opened, Replaced, Updated, Disconnected, Opened, Updated])
        before, after = server.requests
        self.assertFalse(before.HasField("resume_after"))
        self.assertEqual(before.min_interval.ToMilliseconds(), 1500)
        self.assertEqual((after.resume_after.epoch, after.resume_after.revision), ("e", 3))

    def test_a_lost_stream_resumes_at_the_next_server(self) -> None:
        first = [opening(1), snapshot(1, KZT), LOST]
        second = [opening(1, "RESUMED"), update(1, 2, KGS), SILENCE]
        with Scripted([first]) as one, Scripted([second]) as other:
            with Client(f"{one.url},{other.url}") as client, client.watch(["KZT/USD", "KGS/USD"]) as watch:
                for event in watch:
                    if isinstance(event, Updated):
                        break
                self.assertEqual(values(watch), ["KZT/USD 0.0021", "KGS/USD 0.0114"])
        self.assertEqual(len(one.requests), 1)
        self.assertEqual([request.resume_after.revision for request in other.requests], [1])

    def test_the_rows_of_a_replica_that_is_behind_are_left_for_those_of_the_next_one(self) -> None:
        def begin(revision: int, verdict: str) -> pb.WatchRatesResponse:
            message = opening(revision, verdict)
            message.opening.replica.SetInParent()
            return message

        first = [begin(7, "SNAPSHOT_REQUESTED"), snapshot(7, rate("KZT/USD", "7")), LOST]
        behind = [begin(6, "SNAPSHOT_AHEAD"), snapshot(6, rate("KZT/USD", "6")), SILENCE]
        later = [begin(7, "RESUMED"), update(7, 8, rate("KZT/USD", "8")), SILENCE]
        with Scripted([first, later]) as one, Scripted([behind]) as other:
            reasons = []
            with Client(f"{one.url},{other.url}") as client, client.watch(["KZT/USD"]) as watch:
                for event in watch:
                    self.assertNotEqual(values(watch), ["KZT/USD 6"])
                    if isinstance(event, Disconnected):
                        reasons.append(event.reason)
                    if isinstance(event, Updated):
                        break
                self.assertEqual(values(watch), ["KZT/USD 8"])
        self.assertEqual(reasons, ["the server stops", "this replica is at revision 6, and the rows are of 7"])

    def test_the_rows_of_a_replica_that_is_cut_off_in_an_older_epoch_are_left(self) -> None:
        cut_off = opening(6, "SNAPSHOT_OTHER_EPOCH")
        cut_off.position.epoch = "older"
        cut_off.opening.replica.detached = True
        older = snapshot(6, rate("KZT/USD", "6"))
        older.position.epoch = "older"
        first = [opening(7), snapshot(7, rate("KZT/USD", "7")), LOST]
        with Scripted([first]) as one, Scripted([[cut_off, older, SILENCE]]) as other:
            with Client(f"{one.url},{other.url}") as client, client.watch(["KZT/USD"]) as watch:
                reasons: list[str] = []
                for event in watch:
                    self.assertNotEqual(values(watch), ["KZT/USD 6"])
                    if isinstance(event, Disconnected):
                        reasons.append(event.reason)
                    if len(reasons) == 2:
                        break
                self.assertEqual(values(watch), ["KZT/USD 7"])
        self.assertEqual(reasons, ["the server stops", "this replica is at revision 6, and the rows are of 7"])

    def test_a_service_that_runs_alone_and_was_set_back_is_accepted(self) -> None:
        first = [opening(7), snapshot(7, rate("KZT/USD", "7")), LOST]
        set_back = [opening(6, "SNAPSHOT_AHEAD"), snapshot(6, rate("KZT/USD", "6")), SILENCE]
        with Scripted([first, set_back]) as server, Client(server.url) as client, client.watch(["KZT/USD"]) as watch:
            replaced = []
            for event in watch:
                if isinstance(event, Replaced):
                    replaced.append(values(watch))
                if len(replaced) == 2:
                    break
        self.assertEqual(replaced, [["KZT/USD 7"], ["KZT/USD 6"]])

    def test_a_server_that_wants_to_be_left_alone_is_not_waited_for_at_the_next_one(self) -> None:
        busy = Failure(grpc.StatusCode.UNAVAILABLE, "the server stops", "DRAINING", retry_after_ms=60_000)
        with Scripted([busy]) as one, Scripted([[opening(1), snapshot(1, KZT), SILENCE]]) as other:
            with Client(f"{one.url},{other.url}") as client, client.watch() as watch:
                events = iter(watch)
                lost = next(events)
                assert isinstance(lost, Disconnected)
                self.assertEqual(lost.retry_in, 0.0)
                self.assertIsInstance(next(events), Opened)

    def test_an_update_that_does_not_apply_starts_over(self) -> None:
        first = [opening(1), snapshot(1, KZT), update(2, 3, rate("KZT/USD", "9")), SILENCE]
        second = [opening(3), snapshot(3, KGS), SILENCE]
        with Scripted([first, second]) as server, Client(server.url) as client, client.watch() as watch:
            changes = watch.changes()
            next(changes)
            self.assertEqual(values(watch), ["KZT/USD 0.0021"])
            next(changes)
            self.assertEqual(values(watch), ["KGS/USD 0.0114"])
        self.assertFalse(server.requests[1].HasField("resume_after"))

    def test_a_stream_that_ends_because_of_its_age_is_no_event(self) -> None:
        first = [opening(1), snapshot(1, KZT), AGED]
        second = [opening(1, "RESUMED"), update(1, 1), at(1, heartbeat=pb.Heartbeat()), SILENCE]
        seen = []
        with Scripted([first, second]) as server, Client(server.url) as client, client.watch() as watch:
            for event in watch:
                seen.append(type(event))
                if isinstance(event, Heartbeat):
                    break
        self.assertEqual(seen, [Opened, Replaced, Opened, Updated, Heartbeat])

    def test_a_silent_stream_is_given_up_after_three_heartbeats(self) -> None:
        first = [opening(1, heartbeat_ms=20), snapshot(1, KZT), SILENCE]
        with Scripted([first]) as server, Client(server.url) as client, client.watch() as watch:
            lost = next(event for event in watch if isinstance(event, Disconnected))
        self.assertIn("sent nothing for 0.06 seconds", lost.reason)

    def test_a_new_row_of_a_star_is_put_in_its_place_by_a_snapshot(self) -> None:
        first = [opening(1), snapshot(1, KZT), update(1, 2, KGS), LOST]
        second = [opening(2), snapshot(2, KGS, KZT), SILENCE]
        with Scripted([first, second]) as server, Client(server.url) as client, client.watch(["*/USD"]) as watch:
            changes = watch.changes()
            counts = [len(next(changes)) for _ in range(3)]
            self.assertEqual(values(watch), ["KGS/USD 0.0114", "KZT/USD 0.0021"])
        self.assertEqual(counts, [1, 2, 2])
        self.assertFalse(server.requests[1].HasField("resume_after"))

    def test_a_new_row_of_a_named_pair_is_put_in_its_place_at_once(self) -> None:
        stream = [opening(1), snapshot(1, KZT), update(1, 2, KGS), SILENCE]
        with Scripted([stream]) as server, Client(server.url) as client:
            with client.watch(["kgs/usd", "kzt/usd"]) as watch:
                changes = watch.changes()
                next(changes), next(changes)
                self.assertEqual(values(watch), ["KGS/USD 0.0114", "KZT/USD 0.0021"])

    def test_a_request_that_is_refused_for_good_raises(self) -> None:
        failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, "no pair", "INVALID_PAIR", "filter.pairs[0]")
        with Scripted([[failure]]) as server, Client(server.url) as client, client.watch(["KZT"]) as watch:
            with self.assertRaisesRegex(InvalidRequest, "filter.pairs"):
                next(iter(watch))

    def test_delays_double_up_to_a_minute(self) -> None:
        ceilings = []
        with Client("http://127.0.0.1:1") as client, client.watch() as watch:
            for event in watch:
                assert isinstance(event, Disconnected)
                ceilings.append(self.uniform.call_args.args[1])
                if len(ceilings) == 8:
                    break
        self.assertEqual(ceilings, [1, 2, 4, 8, 16, 32, 60, 60])

    def test_another_thread_ends_the_iteration(self) -> None:
        stream = [opening(1), snapshot(1, KZT), SILENCE]
        with Scripted([stream]) as server, Client(server.url) as client:
            watch = client.watch()
            shown = threading.Event()
            thread = threading.Thread(target=lambda: [shown.set() for _ in watch.changes()], daemon=True)
            thread.start()
            self.assertTrue(shown.wait(120))
            watch.close()
            thread.join(120)
            self.assertFalse(thread.is_alive())


if __name__ == "__main__":
    unittest.main()
