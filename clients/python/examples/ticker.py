#!/usr/bin/env python3
"""Prints the ticker when it changes, reconnects, and resumes.

    pip install ./clients/python
    python clients/python/examples/ticker.py http://127.0.0.1:50051 KZT/USD UZS/USD

With `--updates N` it ends after N changes, and disconnects and resumes once halfway.
"""

import argparse
import sys

from silkrate import Client, Disconnected, Opened, Rate, Refused, Replaced, Updated


def line(rates: list[Rate]) -> str:
    def percent(rate: Rate) -> str:
        return "n/a" if rate.change is None else f"{rate.change.percent}%"

    return " • ".join(f"{rate.pair} = {rate.value} {percent(rate)}" for rate in rates)


def main(target: str, pairs: list[str], updates: int) -> None:
    changes = 0
    with Client(target) as client, client.watch(pairs) as watch:
        for event in watch:
            if isinstance(event, Opened):
                print(f"ticker.py: {event.verdict}", file=sys.stderr)
            elif isinstance(event, Disconnected):
                print(f"ticker.py: {event.reason}; retrying in {event.retry_in:.1f} s", file=sys.stderr)
            elif isinstance(event, Replaced) or isinstance(event, Updated) and event.rates:
                print(line(watch.rates), flush=True)
                changes += 1
                if changes == updates:
                    return
                if changes * 2 == updates:
                    watch.reconnect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("target", help="such as http://127.0.0.1:50051")
    parser.add_argument("pairs", nargs="*", help="such as KZT/USD or */USD; default: the server's ticker pairs")
    parser.add_argument("--updates", type=int, default=0, help="end after this number of changes")
    arguments = parser.parse_args()
    try:
        main(arguments.target, arguments.pairs, arguments.updates)
    except Refused as error:
        sys.exit(f"ticker.py: {error}")
    except KeyboardInterrupt:
        pass
