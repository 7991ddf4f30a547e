#!/usr/bin/env python3
"""Compares what a client with generated code prints with `silkrate rates --format json`, digit for digit.

    python tests/clients/stubs/compare.py target/debug/silkrate http://127.0.0.1:50051 read_rates 127.0.0.1:50051

The words after the address of the service are the command of the client; the pairs are added to it.
"""

import json
import subprocess
import sys

# Published, inverted and crossed rates, one below a thousandth, and an identity.
PAIRS = ["KGS/USD", "KZT/USD", "UZS/USD", "TMT/USD", "USD/KZT", "KGS/KZT", "KZT/KZT"]
# The demo goes on while the two read: often they read different revisions, but not always.
ATTEMPTS = 20


def output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def percent(rate):
    return rate["change"]["percent"] if rate["change"] else "n/a"


def main(program, url, command):
    for _ in range(ATTEMPTS):
        first, *lines = output([*command, *PAIRS]).splitlines()
        printed = json.loads(output([program, "rates", "--server", url, "--format", "json", *PAIRS]))
        if first == f"revision\t{printed['position']['revision']}":
            break
    else:
        sys.exit(f"{command[0]} and silkrate never read the same revision")
    expected = [f"{rate['pair']}\t{rate['value']}\t{percent(rate)}" for rate in printed["rates"]]
    assert lines == expected and len(lines) == len(PAIRS), f"{command}: {lines}, not {expected}"
    print("  ".join(line.replace("\t", " ") for line in lines))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
