#!/usr/bin/env python3
"""Compares `silkrate rates --format json` with an independent client: grpcio with stubs generated from the contract.

    pip install ./clients/python
    python tests/clients/same_digits.py 127.0.0.1:50051 target/release/silkrate

Also checks that a snapshot of WatchRates equals GetSnapshot at the same position, and that invalid requests are refused with
reasons.
"""

import json
import subprocess
import sys

import grpc
from google.rpc import error_details_pb2, status_pb2

from silkrate.v1 import rates_pb2, rates_pb2_grpc


def error_reason(error):
    raw = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(raw).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.domain, info.reason
    return None


def refused(call, request, code, reason):
    try:
        list(call(request)) if call._method.endswith(b"WatchRates") else call(request)
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert error_reason(error) == ("silkrate", reason), error_reason(error)
        return
    raise AssertionError(f"{request} was not refused")


def main(address, program):
    channel = grpc.insecure_channel(address)
    stub = rates_pb2_grpc.RateServiceStub(channel)
    pairs = ["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD", "USD/KZT", "KGS/KZT", "KZT/KZT"]

    for _ in range(100):  # The demo goes on: read both until they have the same position.
        snapshot = stub.GetSnapshot(rates_pb2.GetSnapshotRequest(filter=rates_pb2.RateFilter(pairs=pairs)))
        printed = subprocess.run(
            [program, "rates", "--server", f"http://{address}", "--format", "json", *pairs],
            check=True, capture_output=True, text=True,
        )
        ours = {rate["pair"]: rate for rate in json.loads(printed.stdout)["rates"]}
        theirs = {rate.pair: rate for rate in snapshot.rates}
        if json.loads(printed.stdout)["position"]["revision"] == snapshot.position.revision:
            break
    else:
        sys.exit("the two clients never read the same position")
    assert ours.keys() == theirs.keys() and len(ours) >= 5, (ours.keys(), theirs.keys())
    for pair, rate in theirs.items():
        assert ours[pair]["value"] == rate.value, (pair, ours[pair], rate.value)
        if rate.HasField("change"):
            assert ours[pair]["change"]["percent"] == rate.change.percent, (pair, ours[pair])
        print(f"{pair} = {rate.value} {rate.change.percent or 'n/a'} ({rate.source})")
    assert theirs["KZT/KZT"].value == "1"

    wanted = rates_pb2.RateFilter(pairs=pairs)
    for _ in range(100):
        stream = stub.WatchRates(rates_pb2.WatchRatesRequest(filter=wanted))
        assert next(stream).WhichOneof("event") == "opening"
        first = next(stream)
        assert first.WhichOneof("event") == "snapshot", first
        again = stub.GetSnapshot(rates_pb2.GetSnapshotRequest(filter=wanted))
        stream.cancel()
        if again.position == first.position:
            break
    else:
        sys.exit("the stream and the unary call never answered at the same position")
    as_bytes = lambda rows: [row.SerializeToString(deterministic=True) for row in rows]
    assert as_bytes(again.rates) == as_bytes(first.snapshot.rates)
    assert as_bytes(again.sources) == as_bytes(first.snapshot.sources)

    invalid, missing = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
    wrong = rates_pb2.RateFilter(pairs=["KZT-USD"])
    refused(stub.GetSnapshot, rates_pb2.GetSnapshotRequest(filter=wrong), invalid, "INVALID_PAIR")
    refused(stub.WatchRates, rates_pb2.WatchRatesRequest(filter=wrong), invalid, "INVALID_PAIR")
    refused(stub.GetRate, rates_pb2.GetRateRequest(pair="EUR/USD"), missing, "PAIR_NOT_QUOTED")
    print("an independent client reads the same digits")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
