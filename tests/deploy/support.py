"""What the checks of `deploy` share: free ports, waiting, and a running silkrate."""

import contextlib
import http.client
import os
import pathlib
import socket
import subprocess
import time
import urllib.error

ROOT = pathlib.Path(__file__).parent.parent.parent
# Nothing that is waited for takes as long, on a machine that does other work too.
PATIENCE = 120


def until(what: str, is_so):
    """Asks again and again, and returns the first answer that is not empty."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError, http.client.HTTPException):
            if found := is_so():
                return found
        assert time.monotonic() < end, f"not within {PATIENCE} seconds: {what}"
        time.sleep(0.2)


def free_ports(count: int) -> list[str]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def start(stack: contextlib.ExitStack, command: list[str], **options) -> subprocess.Popen:
    """Starts a program that is stopped at the end. What it prints is not shown, but for its errors."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def run_etcd(stack: contextlib.ExitStack, folder: pathlib.Path) -> str:
    client, peer = (f"http://{address}" for address in free_ports(2))
    command = ["etcd", "--data-dir", str(folder / "etcd"), "--name", "one", "--initial-cluster", f"one={peer}"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    start(stack, command, stderr=subprocess.DEVNULL)
    return client


class Service:
    """A running silkrate, and the addresses of its ports."""

    def __init__(self, program: str, stack: contextlib.ExitStack, *arguments: str, log: pathlib.Path | None = None, **settings: str) -> None:
        self.program = program
        self.grpc, self.admin, self.web = free_ports(3)
        keys = {"SERVER__LISTEN": self.grpc, "SERVER__ADMIN_LISTEN": self.admin, "WEB__LISTEN": self.web}
        variables = {f"SILKRATE_{key}": value for key, value in {**keys, **settings}.items()}
        # The options with which a command reaches it.
        self.server = ["--server", f"http://{self.grpc}"]
        output = {"stderr": stack.enter_context(log.open("wb"))} if log else {}
        self.process = start(stack, [program, "serve", *arguments], env={**os.environ, **variables}, **output)

    def is_ready(self) -> bool:
        command = [self.program, "health", "--admin", f"http://{self.admin}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
