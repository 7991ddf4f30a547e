"""Reads the page of metrics as others do: Prometheus' own checker, and the strict parser of its Python client.

    python metrics.py http://127.0.0.1:9464/metrics promtool
"""

import subprocess
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPEN_METRICS = "application/openmetrics-text"


def read(url: str, accept: str) -> tuple[str, str]:
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def main(url: str, promtool: str) -> None:
    media_type, page = read(url, "*/*")
    assert media_type.startswith("text/plain; version=0.0.4"), media_type
    check = subprocess.run(
        [promtool, "check", "metrics"], input=page, text=True, capture_output=True, check=False
    )
    assert check.returncode == 0, f"promtool: {check.stdout}{check.stderr}"

    media_type, page = read(url, f"{OPEN_METRICS};version=1.0.0,*/*;q=0.1")
    assert media_type.startswith(OPEN_METRICS), media_type
    families = list(text_string_to_metric_families(page))
    samples = sum(len(family.samples) for family in families)
    rates = [family for family in families if family.name == "silkrate_rate"]
    assert rates and rates[0].samples, "the demo serves rates"
    print(f"{len(families)} families with {samples} samples: sound for promtool and for the parser of OpenMetrics")


if __name__ == "__main__":
    main(*sys.argv[1:])
