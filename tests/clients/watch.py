#!/usr/bin/env python3
"""A complete subscriber in Python: prints what changes, reconnects, resumes.

    pip install grpcio grpcio-tools googleapis-common-protos
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. silkrate/v1/rates.proto
    python tests/clients/watch.py 127.0.0.1:50051 KZT/USD UZS/USD

Values stay strings, or become decimal.Decimal: a float would lose digits.
"""

import random
import sys
import time
from decimal import Decimal

import grpc

from silkrate.v1 import rates_pb2, rates_pb2_grpc

FINAL = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAUTHENTICATED)


def show(rate):
    change = f"{rate.change.absolute} {rate.change.percent}% since {rate.change.reference_date}"
    change = change if rate.HasField("change") else "n/a"
    print(f"{rate.pair} = {Decimal(rate.value)} {change} ({rate.source}, {rate.effective_date})", flush=True)


def watch(address, pairs):
    held, failures = None, 0
    while True:
        try:
            with grpc.insecure_channel(address) as channel:
                request = rates_pb2.WatchRatesRequest(
                    filter=rates_pb2.RateFilter(pairs=pairs), resume_after=held
                )
                for message in rates_pb2_grpc.RateServiceStub(channel).WatchRates(request):
                    kind = message.WhichOneof("event")
                    if kind == "update" and message.update.after != held:
                        held = None  # Something was missed: start again with a snapshot.
                        break
                    if kind in ("snapshot", "update"):
                        for rate in getattr(message, kind).rates:
                            show(rate)
                    if kind != "opening":
                        held, failures = message.position, 0
        except grpc.RpcError as error:
            if error.code() in FINAL:
                sys.exit(f"watch.py: {error.details()}")
            print(f"watch.py: {error.code().name}: {error.details()}", file=sys.stderr)
        failures += 1
        time.sleep(random.uniform(0, min(60, 2**failures)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        watch(sys.argv[1], sys.argv[2:])
    except KeyboardInterrupt:
        pass
