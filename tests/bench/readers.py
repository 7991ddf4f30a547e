"""Measures what a reader of server-sent events costs the service: memory, and for each update and each heartbeat processor time and bytes.

    python3 tests/bench/readers.py target/dist/silkrate

Every reader has a connection of its own, without TLS, and reads the ticker of the demo. A service with few heartbeats is measured for
the updates, and one with a heartbeat each second for the heartbeats. What a service uses before it has readers is taken off.
"""

import argparse
import asyncio
import contextlib
import os
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "deploy"))

from support import Service, until

# The longest and the shortest interval that the settings take.
SELDOM, OFTEN = "60s", "1s"
# So many connections are opened at once: more would wait in the queue of the socket.
AT_ONCE = 50


class Counted:
    """What all readers have received."""

    def __init__(self) -> None:
        self.openings = 0
        # The bytes and the number of the messages of each kind.
        self.kinds: dict[bytes, list[int]] = {}

    def note(self, message: bytes) -> None:
        kind = next((line[7:] for line in message.split(b"\n") if line.startswith(b"event: ")), b"")
        self.openings += kind == b"opening"
        entry = self.kinds.setdefault(kind, [0, 0])
        entry[0] += len(message) + 2
        entry[1] += 1


async def read(address: str, counted: Counted, gate: asyncio.Semaphore) -> None:
    host, port = address.split(":")
    async with gate:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /v1/watch HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
    while True:
        counted.note((await reader.readuntil(b"\n\n"))[:-2])


def used(process: int) -> tuple[float, int]:
    """Seconds of processor time, and KiB of resident memory."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(resident)


async def measure(program: str, heartbeat: str, kind: bytes, readers: int, seconds: float, of_others: float) -> tuple[float, float, float]:
    """KiB a reader, and microseconds and bytes a message of a kind; the messages of other kinds take `of_others` microseconds."""
    with contextlib.ExitStack() as stack:
        limits = {"SERVER__MAX_STREAMS_PER_CLIENT": "65536", "SERVER__MAX_CONNECTIONS_PER_ADDRESS": "65536"}
        service = Service(program, stack, "--demo", SERVER__HEARTBEAT_INTERVAL=heartbeat, **limits)
        until("the service is ready", service.is_ready)
        process = service.process.pid
        # The start is over, and the demo commits.
        await asyncio.sleep(seconds / 4)
        first, memory = used(process)
        await asyncio.sleep(seconds / 2)
        idle = (used(process)[0] - first) / (seconds / 2)
        counted, gate = Counted(), asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(read(service.web, counted, gate)) for _ in range(readers)]
            while counted.openings < readers:
                await asyncio.sleep(0.1)
            counted.kinds.clear()
            (before, _), began = used(process), time.monotonic()
            await asyncio.sleep(seconds)
            (after, grown), lasted = used(process), time.monotonic() - began
            received = dict(counted.kinds)
            for task in reading:
                task.cancel()
        others = sum(number for other, (_, number) in received.items() if other != kind)
        length, number = received[kind]
        print(f"  {number} messages `{kind.decode()}`, and {others} others, in {lasted:.0f} seconds")
        cpu = (after - before - idle * lasted) * 1e6 - others * of_others
        return (grown - memory) / readers, cpu / number, length / number


async def main(program: str, readers: int, seconds: float) -> None:
    cpu = 0.0
    for heartbeat, kind in [(SELDOM, b"update"), (OFTEN, b"heartbeat")]:
        memory, cpu, length = await measure(program, heartbeat, kind, readers, seconds, cpu)
        print(f"{kind.decode()}: {cpu:.1f} microseconds and {length:.0f} bytes a message; {memory:.1f} KiB a reader")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    words = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(words.program, words.readers, words.seconds))
