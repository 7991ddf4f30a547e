"""Runs three replicas of the demo over etcd behind HAProxy, with the shipped file but for its ports, and kills two of them.

    python replicas.py target/debug/silkrate

All serve the same; readers that are moved from one replica to another get no value twice, miss none, and end with the rows of
a snapshot. It needs the packages `etcd-server` and `haproxy`.
"""

import contextlib
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import urllib.request

import grpc

from proxies import configured
from support import PATIENCE, Service, free_ports, run_etcd, start, until

# All pairs: the readers end with as many rows as there are.
PAIRS = "*/*"
# The lease of the one that leads: the shortest that etcd gives.
LEASE = "2s"


class Reader:
    """`silkrate watch` on some servers: it holds the rows, and checks that each update follows the one before."""

    def __init__(self, program: str, servers: str, stack: contextlib.ExitStack) -> None:
        command = [program, "watch", PAIRS, "--format", "json", "--server", servers]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        stack.callback(self.process.wait)
        stack.callback(self.process.terminate)
        self.rows: dict[str, dict] = {}
        self.position: dict | None = None
        self.counts = {"openings": 0, "snapshots": 0, "updates": 0, "repeated": 0}
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)

    def read(self) -> None:
        """Applies the next message."""
        message = json.loads(self._lines.get(timeout=PATIENCE))
        kind = message["event"]
        if kind == "opening":
            self.counts["openings"] += 1
            assert self.position is None or message["verdict"] == "RESUMED", message
        elif kind == "snapshot":
            self.counts["snapshots"] += 1
            self.rows = {row["pair"]: row for row in message["rates"]}
            self.position = message["position"]
        elif kind == "update":
            assert message["after"] == self.position, (message["after"], self.position)
            self.counts["updates"] += 1
            self.counts["repeated"] += sum(self.rows.get(row["pair"]) == row for row in message["rates"])
            self.rows |= {row["pair"]: row for row in message["rates"]}
            for pair in message["removed_pairs"]:
                self.rows.pop(pair, None)
            self.position = message["position"]

    def read_to(self, position: dict) -> None:
        """Reads up to a revision of the same epoch: a slow reader gets several at once."""
        while self.position is None or int(self.position["revision"]) < int(position["revision"]):
            self.read()

    def read_until_opened(self, times: int) -> None:
        while self.counts["openings"] < times:
            self.read()


def snapshot(service: Service) -> tuple[dict, str, list]:
    with urllib.request.urlopen(f"http://{service.web}/v1/snapshot.json?pairs={PAIRS}", timeout=PATIENCE) as answer:
        body = json.load(answer)
        return body["position"], answer.headers["ETag"], body["rates"]


def same(services: list[Service]) -> dict | None:
    """The position that all serve, if it is one; then all else must be one too."""
    answers = [snapshot(service) for service in services]
    if any(position != answers[0][0] for position, _, _ in answers):
        return None
    assert all(answer == answers[0] for answer in answers), "replicas differ at one position"
    return answers[0][0]


def shared(program: str, service: Service) -> dict:
    command = [program, "shared", "--json", "--admin", f"http://{service.admin}"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def listing(program: str, service: Service, names: list[str]) -> dict | None:
    """What the command lists once all replicas are there and one of them leads."""
    listed = shared(program, service)
    there = [replica["node"] for replica in listed["replicas"]] == names
    return listed if there and listed["leader"] else None


def services_by_reflection(address: str) -> bytes:
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        # `list_services`, the field 7, empty.
        return next(call(iter([b"\x3a\x00"]), timeout=PATIENCE))


def run_haproxy(stack: contextlib.ExitStack, folder: pathlib.Path, services: list[Service]) -> tuple[str, str]:
    site, front = free_ports(2)
    ports = {"127.0.0.1:8081": site, "127.0.0.1:50052": front}
    shipped = [("127.0.0.1:8080 port 50051", "127.0.0.1:50051"), ("127.0.0.1:8082 port 50053", "127.0.0.1:50053"), ("127.0.0.1:8084 port 50055", "127.0.0.1:50055")]
    for (web, of_grpc), service in zip(shipped, services, strict=True):
        ports[web] = f"{service.web} port {service.grpc.split(':')[1]}"
        ports[of_grpc] = service.grpc
    file = folder / "haproxy.cfg"
    file.write_text(configured("haproxy-replicas.cfg", ports))
    start(stack, ["haproxy", "-db", "-f", str(file)], stderr=subprocess.DEVNULL)
    return site, front


def main(program: str) -> None:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {"SHARED__SERVERS": run_etcd(stack, folder), "SHARED__LEASE": LEASE, "SERVER__TRUSTED_PROXIES": "127.0.0.1"}
        names = ["one", "two", "three"]
        services = [Service(program, stack, "--demo", SHARED__NODE=name, **settings) for name in names]
        for service in services:
            until("a replica is ready", service.is_ready)
        site, front = run_haproxy(stack, folder, services)
        until("all replicas serve one position", lambda: same(services))
        # Each reports within its own time.
        listed = until("all replicas are listed", lambda: listing(program, services[0], sorted(names)))

        health = [program, "health", "--server", f"http://{front}"]
        until("HAProxy has a replica", lambda: subprocess.run(health, capture_output=True, check=False).returncode == 0)
        assert b"silkrate.v1.RateService" in services_by_reflection(front)
        with urllib.request.urlopen(f"http://{site}/rates/v1/watch?pairs=USD/KZT", timeout=PATIENCE) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            assert next(iter(stream)).startswith(b"retry")

        readers = [Reader(program, ",".join(f"http://{service.grpc}" for service in services), stack)]
        readers += [Reader(program, f"http://{front}", stack) for _ in range(3)]
        for reader in readers:
            reader.read_until_opened(1)
        # Right after a commit that all have, so that no reader is moved to a replica that is behind.
        before = until("all replicas serve one position", lambda: same(services))
        until("all have another commit", lambda: (there := same(services)) != before and there)
        # The first server of the first reader, and then the one that leads, if it is another one.
        leads = listed["leader"]
        for name in dict.fromkeys(["one", leads]):
            services[names.index(name)].process.kill()
        readers[0].read_until_opened(2)
        left = [service for name, service in zip(names, services, strict=True) if name not in ("one", leads)]
        until("another replica leads", lambda: shared(program, left[0])["leader"] not in (None, "one", leads))
        at = until("those that are left serve one position", lambda: same(left))
        # A commit after the takeover: the replay goes on.
        at = until("the values move on", lambda: (there := same(left)) != at and there)
        for reader in readers:
            reader.read_to(at)
            position, _, rates = snapshot(left[0])
            if position == reader.position:
                assert reader.rows == {row["pair"]: row for row in rates}, "a reader differs from a snapshot"
            assert reader.counts["repeated"] == 0 and reader.counts["snapshots"] == 1, reader.counts
        print("readers, moved from replica to replica:", [reader.counts for reader in readers])


if __name__ == "__main__":
    main(sys.argv[1])
