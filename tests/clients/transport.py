#!/usr/bin/env python3
"""Calls the service as grpcio does with compression and reflection, with stubs generated from the contract.

    python tests/clients/transport.py 127.0.0.1:50051

Checks that compressed requests are answered as plain ones are, that errors of the transport have reasons, and that the
library's own client of reflection finds the services.
"""

import sys

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from silkrate.v1 import rates_pb2, rates_pb2_grpc


def refused(call, request):
    try:
        call(request)
    except grpc.RpcError as error:
        raw = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        info = error_details_pb2.ErrorInfo()
        assert status_pb2.Status.FromString(raw).details[0].Unpack(info), error
        assert info.domain == "silkrate", info
        return error.code(), info.reason
    raise AssertionError("the call was not refused")


def main(address):
    plain = rates_pb2_grpc.RateServiceStub(grpc.insecure_channel(address))
    options = [("grpc.compression_enabled_algorithms_bitset", 1)]
    nothing_accepted = rates_pb2_grpc.RateServiceStub(grpc.insecure_channel(address, options=options))
    channel = grpc.insecure_channel(address, compression=grpc.Compression.Gzip)
    packed = rates_pb2_grpc.RateServiceStub(channel)
    wide = rates_pb2.GetSnapshotRequest(filter=rates_pb2.RateFilter(pairs=["*/USD", "KZT/*"] + ["KZT/USD"] * 200))
    for _ in range(100):  # The demo goes on: read until all have the same position.
        answers = [stub.GetSnapshot(wide) for stub in (plain, packed, nothing_accepted)]
        if len({answer.position.revision for answer in answers}) == 1:
            break
    else:
        sys.exit("three clients never read the same position")
    rows = [[row.SerializeToString(deterministic=True) for row in answer.rates] for answer in answers]
    assert rows[0] == rows[1] == rows[2] and len(rows[0]) > 8, [len(read) for read in rows]
    assert packed.GetRate(rates_pb2.GetRateRequest(pair="KZT/USD")).rate.pair == "KZT/USD"
    assert packed.ListSources(rates_pb2.ListSourcesRequest()).sources
    history = rates_pb2.ListRateHistoryRequest(pair="KZT/USD")
    # A row may be added between the two.
    assert any(packed.ListRateHistory(history).rates == plain.ListRateHistory(history).rates for _ in range(100))
    stream = packed.WatchRates(rates_pb2.WatchRatesRequest(filter=wide.filter))
    assert [next(stream).WhichOneof("event") for _ in range(2)] == ["opening", "snapshot"]
    stream.cancel()

    too_long = rates_pb2.GetRateRequest(pair="K" * 70_000)
    for stub in (plain, packed):
        expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
        assert refused(stub.GetRate, too_long) == expected
    unknown = channel.unary_unary("/silkrate.v1.RateService/GetRats", lambda message: message, lambda raw: raw)
    assert refused(unknown, b"") == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")
    read_rate = channel.unary_unary("/silkrate.v1.RateService/GetRate", lambda message: message, lambda raw: raw)
    assert refused(read_rate, b"\xff\xff") == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")

    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert "silkrate.v1.RateService" in services and "grpc.health.v1.Health" in services, services
    assert not any("admin" in service for service in services), services
    print("a client that compresses is answered as a plain one, and reflection lists", len(services), "services")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
