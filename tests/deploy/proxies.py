"""Runs each proxy of `deploy/proxies` before the demo, with the shipped file but for its ports.

    python proxies.py target/debug/silkrate

Through each of them: calls and a stream of gRPC, the page and the ticker under a sub-path, and server-sent events, which must
arrive one by one. silkrate must know the clients behind the proxy by their own addresses. A proxy that is not installed fails
the check.
"""

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator

from support import PATIENCE, ROOT, Service, free_ports, start, until

PROXIES = ROOT / "deploy/proxies"
COMMANDS = {
    "nginx.conf": ["nginx", "-p", "{folder}", "-c", "{file}", "-g", "daemon off;"],
    "haproxy.cfg": ["haproxy", "-db", "-f", "{file}"],
    "Caddyfile": ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"],
}


def configured(name: str, ports: dict[str, str]) -> str:
    text = (PROXIES / name).read_text()
    for shipped, own in ports.items():
        assert shipped in text, f"{name} does not name {shipped}"
        text = text.replace(shipped, own)
    return text


def get(url: str):
    return urllib.request.urlopen(url, timeout=PATIENCE)


def check_kinds(kinds: Iterator[str]) -> None:
    """Whether the rates of a beginning stream are followed by others."""
    changes = (kind for kind in kinds if kind != "heartbeat")
    first = [next(changes) for _ in range(3)]
    assert first[:2] == ["opening", "snapshot"], first
    # A snapshot where the replay has just begun again.
    assert first[2] in ("update", "snapshot"), first


def check_web(site: str) -> None:
    with get(f"{site}ticker.js") as script:
        assert "javascript" in script.headers["Content-Type"]
        assert b"silk-ticker" in script.read()
    with get(site) as page:
        assert b"<!doctype html>" in page.read().lower()
    with get(f"{site}v1/watch?pairs=USD/KZT") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        # A proxy that collects what it passes on would hold back the second event until there are many.
        events = (line.decode() for line in stream if line.startswith(b"event: "))
        check_kinds(event.removeprefix("event: ").strip() for event in events)


def check_grpc(program: str, url: str) -> None:
    rates = subprocess.run([program, "rates", "USD/KZT", "--server", url], capture_output=True, text=True, check=True)
    assert "USD/KZT" in rates.stdout
    command = [program, "watch", "USD/KZT", "--format", "json", "--server", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        check_kinds(json.loads(line)["event"] for line in watch.stdout)
        watch.terminate()


def check_named(name: str, site: str, log: pathlib.Path, before: int) -> None:
    """Whether the access log has the client of each request, and not the proxy."""
    host, port = site.split(":")
    # An address of this machine that is not that of the proxy.
    client = http.client.HTTPConnection(host, int(port), timeout=PATIENCE, source_address=("127.0.0.2", 0))
    with contextlib.closing(client):
        client.request("GET", "/rates/v1/sources", headers={"X-Forwarded-For": "203.0.113.9", "Connection": "close"})
        assert client.getresponse().read()

    def lines(message: str) -> list[dict]:
        rows = [json.loads(line) for line in log.read_bytes()[before:].splitlines() if line.endswith(b"}")]
        return [row for row in rows if row.get("message") == message]

    def is_named() -> bool:
        return any(row["path"] == "/v1/sources" and row["peer"] == "127.0.0.2" for row in lines("answered a request"))

    until(f"the log names a client of {name}", is_named)
    calls = until("the log has the calls", lambda: lines("answered an RPC"))
    direct = [row for row in calls if "proxy" not in row]
    assert not direct, direct


def check_passed_on(name: str, program: str, site: str, grpc: str) -> None:
    asked = [program, "health", "--server", grpc]
    until(f"{name} passes gRPC on", lambda: subprocess.run(asked, capture_output=True, check=False).returncode == 0)
    until(f"{name} passes pages on", lambda: get(site).status == 200)
    check_web(site)
    check_grpc(program, grpc)


def check(name: str, program: str, demo: Service, log: pathlib.Path) -> None:
    site, grpc = free_ports(2)
    before = log.stat().st_size
    ports = {"127.0.0.1:8081": site, "127.0.0.1:50052": grpc, "127.0.0.1:8080": demo.web, "127.0.0.1:50051": demo.grpc}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = folder / name
        file.write_text(configured(name, ports))
        errors = stack.enter_context((folder / "log").open("wb"))
        # Caddy keeps files in the folder of its user.
        options = {"stderr": errors, "env": {**os.environ, "HOME": str(folder)}}
        start(stack, [part.format(folder=folder, file=file) for part in COMMANDS[name]], **options)
        try:
            check_passed_on(name, program, f"http://{site}/rates/", f"http://{grpc}")
            check_named(name, site, log, before)
        except BaseException:
            print((folder / "log").read_text(errors="replace"), file=sys.stderr)
            raise
    print(f"{name}: calls, streams, events, the ticker, and the addresses of clients")


def main(program: str) -> None:
    # `replicas.py` runs the other one.
    assert sorted([*COMMANDS, "haproxy-replicas.cfg"]) == sorted(path.name for path in PROXIES.iterdir())
    with contextlib.ExitStack() as stack:
        log = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log"
        settings = {"SERVER__TRUSTED_PROXIES": "127.0.0.1", "LOG__ACCESS": "true", "LOG__FORMAT": "json"}
        demo = Service(program, stack, "--demo", log=log, **settings)
        until("the demo is ready", demo.is_ready)
        for name in COMMANDS:
            check(name, program, demo, log)


if __name__ == "__main__":
    main(*sys.argv[1:])
