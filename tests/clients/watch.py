#!/usr/bin/env python3
"""A complete subscriber in Python: prints the ticker when it changes, reconnects, resumes.

    pip install grpcio grpcio-tools googleapis-common-protos
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. silkrate/v1/rates.proto
    python tests/clients/watch.py 127.0.0.1:50051 KZT/USD UZS/USD

With `--updates N` it ends after N changes, and goes away and resumes once half-way.

Values stay strings, or become decimal.Decimal: a float would lose digits.
"""

import argparse
import random
import sys
import threading
import time

import grpc
from google.rpc import error_details_pb2, status_pb2

from silkrate.v1 import rates_pb2, rates_pb2_grpc

HEARTBEATS_MISSED = 3
PATIENCE = 60  # Seconds, until the server has told its heartbeat interval.
FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
)


class Ticker:
    """What a reader holds: rows of one position. A message is applied whole, or not at all."""

    def __init__(self):
        self.rows, self.held = {}, None

    def apply(self, message):
        """Whether rows changed. None: a message was missed, and only a new snapshot helps."""
        kind = message.WhichOneof("event")
        if kind == "opening":
            return False
        if kind == "update":
            if message.update.after != self.held:
                self.held = None
                return None
            for pair in message.update.removed_pairs:
                self.rows.pop(pair, None)
            self.rows.update((rate.pair, rate) for rate in message.update.rates)
        elif kind == "snapshot":
            self.rows = {rate.pair: rate for rate in message.snapshot.rates}
        self.held = message.position
        return kind == "snapshot" or kind == "update" and bool(message.update.rates)

    def __str__(self):
        percent = lambda rate: f"{rate.change.percent}%" if rate.HasField("change") else "n/a"
        return " • ".join(f"{rate.pair} = {rate.value} {percent(rate)}" for rate in self.rows.values())


def retry_after(error):
    """The seconds the server asks us to stay away, at most five minutes."""
    for key, raw in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            retry = error_details_pb2.RetryInfo()
            for detail in status_pb2.Status.FromString(raw).details:
                if detail.Unpack(retry):
                    return min(300, retry.retry_delay.ToMilliseconds() / 1000)
    return 0


def messages(address, pairs, held):
    """One stream. Silence for three heartbeats ends it."""
    request = rates_pb2.WatchRatesRequest(filter=rates_pb2.RateFilter(pairs=pairs), resume_after=held)
    with grpc.insecure_channel(address) as channel:
        stream = rates_pb2_grpc.RateServiceStub(channel).WatchRates(request)
        patience = PATIENCE
        while True:
            watchdog = threading.Timer(patience, stream.cancel)
            watchdog.start()
            try:
                message = next(stream)
            except StopIteration:
                return
            finally:
                watchdog.cancel()
            if message.WhichOneof("event") == "opening":
                verdict = rates_pb2.ResumeVerdict.Name(message.opening.verdict)
                print(f"watch.py: {verdict}", file=sys.stderr)
                patience = HEARTBEATS_MISSED * message.opening.heartbeat_interval.ToMilliseconds() / 1000 or PATIENCE
            yield message


def watch(address, pairs, updates):
    ticker, failures, changes, has_left = Ticker(), 0, 0, False
    while True:
        wait = 0
        try:
            for message in messages(address, pairs, ticker.held):
                changed = ticker.apply(message)
                if changed is None:
                    break
                failures = 0
                if not changed:
                    continue
                print(ticker, flush=True)
                changes += 1
                if changes == updates:
                    return
                if updates and not has_left and changes * 2 >= updates:
                    has_left = True
                    break
        except grpc.RpcError as error:
            if error.code() in FINAL:
                sys.exit(f"watch.py: {error.details()}")
            print(f"watch.py: {error.code().name}: {error.details()}", file=sys.stderr)
            wait = retry_after(error)
        # Full jitter: clients that were cut together do not come back together.
        time.sleep(wait + random.uniform(0, min(60, 2**failures)))
        failures += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="such as 127.0.0.1:50051")
    parser.add_argument("pairs", nargs="*", help="such as KZT/USD or */USD; none: the server's ticker")
    parser.add_argument("--updates", type=int, default=0, help="end after so many changes")
    arguments = parser.parse_args()
    try:
        watch(arguments.address, arguments.pairs, arguments.updates)
    except KeyboardInterrupt:
        pass
