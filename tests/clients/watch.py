#!/usr/bin/env python3
"""A complete subscriber in Python: prints the ticker when it changes, reconnects, resumes.

    pip install grpcio grpcio-tools googleapis-common-protos
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. silkrate/v1/rates.proto
    PYTHONPATH=. python tests/clients/watch.py 127.0.0.1:50051 KZT/USD UZS/USD

With `--updates N` it ends after N changes, and disconnects and resumes once halfway.

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
SILENCE_MAX = 60  # Seconds without a message, until the server announces its heartbeat interval.
FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
)


class Ticker:
    """The rows of one position. A message is applied as a whole or not at all."""

    def __init__(self):
        self.rows, self.held = {}, None

    def apply(self, message):
        """Returns whether rows changed, or None if a message was missed: then only a new snapshot helps."""
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
    """The minimum delay in seconds that the server asks for, at most five minutes."""
    for key, raw in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            retry = error_details_pb2.RetryInfo()
            for detail in status_pb2.Status.FromString(raw).details:
                if detail.Unpack(retry):
                    return min(300, retry.retry_delay.ToMilliseconds() / 1000)
    return 0


def messages(address, pairs, held):
    """The messages of one stream. It ends after three missed heartbeats."""
    request = rates_pb2.WatchRatesRequest(filter=rates_pb2.RateFilter(pairs=pairs), resume_after=held)
    with grpc.insecure_channel(address) as channel:
        stream = rates_pb2_grpc.RateServiceStub(channel).WatchRates(request)
        silence_max = SILENCE_MAX
        while True:
            watchdog = threading.Timer(silence_max, stream.cancel)
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
                interval = message.opening.heartbeat_interval.ToMilliseconds() / 1000
                silence_max = HEARTBEATS_MISSED * interval or SILENCE_MAX
            yield message


def watch(address, pairs, updates):
    ticker, failures, changes, has_disconnected = Ticker(), 0, 0, False
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
                if updates and not has_disconnected and changes * 2 >= updates:
                    has_disconnected = True
                    break
        except grpc.RpcError as error:
            if error.code() in FINAL:
                sys.exit(f"watch.py: {error.details()}")
            print(f"watch.py: {error.code().name}: {error.details()}", file=sys.stderr)
            wait = retry_after(error)
        # Full jitter: clients that lost their connection together do not reconnect together.
        time.sleep(wait + random.uniform(0, min(60, 2**failures)))
        failures += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="such as 127.0.0.1:50051")
    parser.add_argument("pairs", nargs="*", help="such as KZT/USD or */USD; default: the server's ticker pairs")
    parser.add_argument("--updates", type=int, default=0, help="end after this number of changes")
    arguments = parser.parse_args()
    try:
        watch(arguments.address, arguments.pairs, arguments.updates)
    except KeyboardInterrupt:
        pass
