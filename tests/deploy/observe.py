"""Runs the configuration, the rules and the dashboards of `deploy` against services, with Debian's Prometheus.

    python observe.py target/debug/silkrate

Three services are scraped: the demo, a replica of it over etcd, and one that polls a bank of this script, which fails when the script says so. Of the shipped files
the targets and the durations alone are replaced (`shortened`): promtool tests the rules with their own durations. Every query
of a panel and of a variable must return data, and alerts must fire for real and end again.
"""

import contextlib
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request

from support import PATIENCE, ROOT, Service, free_ports, run_etcd, start, until

PROMETHEUS = ROOT / "deploy/prometheus"
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
FIXTURES = ROOT / "tests/fixtures/nbk"
# A certificate for 127.0.0.1.
TLS = ROOT / "tests/fixtures/tls"
# A window with at least two samples in it, at a scrape each second.
RATE_INTERVAL = "1m"
VARIABLES = {"$instance": ".*", "$pair": ".*", "$source": ".*", "$__rate_interval": RATE_INTERVAL}


class Bank(http.server.BaseHTTPRequestHandler):
    """The National Bank of Kazakhstan, with the tables of two days, and the receiver of a webhook."""

    # A status in place of the tables.
    fault: int | None = None
    # The status of the receiver.
    receiver = 200
    # The price of the dollar on the second day.
    dollar = "475.09"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        day, month, year = (query.get("fdate") or ["..."])[0].split(".")[:3]
        table = FIXTURES / f"{year}-{month}-{day}.xml"
        if table.exists():
            body = table.read_bytes().replace(b"475.09", Bank.dollar.encode())
        else:
            body = (FIXTURES / "no-rows.xml").read_bytes().replace(b"02.04.2026", f"{day}.{month}.{year}".encode())
        self.answer(Bank.fault or 200, b"" if Bank.fault else body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(Bank.receiver, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


def use(service: Service, stack: contextlib.ExitStack) -> None:
    """Some traffic: calls, requests, and a subscriber of each transport that stays."""
    subprocess.run([service.program, "rates", *service.server], stdout=subprocess.DEVNULL, check=True)
    urllib.request.urlopen(f"http://{service.web}/v1/snapshot.json", timeout=PATIENCE).read()
    for query in ["", "?format=ndjson"]:
        stack.enter_context(urllib.request.urlopen(f"http://{service.web}/v1/watch{query}", timeout=PATIENCE))
    start(stack, [service.program, "watch", *service.server])


def newsroom(folder: pathlib.Path, bank: str) -> str:
    """The settings of the service that polls the bank: its clock runs sixty times as fast, so that it polls every second."""
    secret = folder / "secret"
    secret.write_text("whsec_" + "c2lsa3JhdGUtc2lsa3JhdGUtc2lsa3JhdGU=")
    secret.chmod(0o600)
    (folder / "keys.toml").write_text("version = 1\n")
    path = folder / "silkrate.toml"
    others = "".join(f"[sources.{name}]\nenabled = false\n" for name in ["nbkr", "cbu", "nbt", "cbt", "cbr"])
    path.write_text(f"""
[server.tls]
certificate = "{TLS}/bank.pem"
key = "{TLS}/bank.key"
[access]
keys = "{folder}/keys.toml"
[store]
path = "{folder}/silkrate.db"
[clock]
start = "2026-04-02T09:00:00Z"
speed = 60
[sources.nbk]
base_url = "{bank}"
interval = "1m"
requests_per_day = 10000
{others}
[[webhooks]]
name = "desk"
url = "{bank}/hook"
secret_file = "{secret}"
""")
    return str(path)


def shortened(text: str) -> str:
    """A shipped file with durations that fit a test: everything but the windows of its expressions."""
    text = re.sub(r"^( +for:) \w+$", r"\1 2s", text, flags=re.MULTILINE)
    return re.sub(r"(scrape_interval|evaluation_interval): \w+", r"\1: 1s", text)


class Prometheus:
    """Debian's Prometheus with the shipped files, beside the services of this script."""

    def __init__(self, folder: pathlib.Path, stack: contextlib.ExitStack, targets: list[str]) -> None:
        config = shortened((PROMETHEUS / "prometheus.yml").read_text())
        assert config.count('["127.0.0.1:9464"]') == 1
        (folder / "prometheus.yml").write_text(config.replace('["127.0.0.1:9464"]', json.dumps(targets)))
        (folder / "alerts.yml").write_text(shortened((PROMETHEUS / "alerts.yml").read_text()))
        (address,) = free_ports(1)
        self.api = f"http://{address}/api/v1"
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        command += [f"--web.listen-address={address}", "--log.level=warn"]
        start(stack, command)

    def get(self, path: str, **query: str):
        with urllib.request.urlopen(f"{self.api}{path}?{urllib.parse.urlencode(query)}", timeout=PATIENCE) as answer:
            return json.load(answer)["data"]

    def alerts(self, name: str) -> list[dict]:
        firing = [alert for alert in self.get("/alerts")["alerts"] if alert["state"] == "firing"]
        return [alert["labels"] for alert in firing if alert["labels"]["alertname"] == name]


def queries() -> list[tuple[str, str]]:
    """Where each query of a dashboard stands, and the query with its variables replaced."""
    found = []
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text())
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels), path
        for panel in panels:
            assert panel["type"] == "row" or panel["targets"], f"{path.name}: {panel['title']} asks nothing"
            for target in panel.get("targets", []):
                expression = target["expr"]
                for variable, value in VARIABLES.items():
                    expression = expression.replace(variable, value)
                assert "$" not in expression, expression
                found.append((f"{path.name}: {panel['title']}", expression))
    return found


def variables() -> list[tuple[str, str]]:
    """The series and the label of each variable that lists the values of one."""
    texts = [path.read_text() for path in DASHBOARDS.glob("*.json")]
    found = {match for text in texts for match in re.findall(r"label_values\((\w+), (\w+)\)", text)}
    assert found
    return sorted(found)


def check_panels(prometheus: Prometheus) -> None:
    for series, label in variables():
        until(f"values of {label}", lambda: prometheus.get(f"/label/{label}/values", **{"match[]": series}))
    asked = queries()
    for where, expression in asked:
        until(f"{where}: {expression}", lambda: prometheus.get("/query", query=expression)["result"])
    print(f"{len(asked)} queries of the dashboards return data")


def check_alerts(prometheus: Prometheus, service: Service, demo: Service) -> None:
    name = "SilkrateSourceFailing"
    until(f"{name} does not fire", lambda: not prometheus.alerts(name))
    Bank.fault = 500
    (labels,) = until(f"{name} fires", lambda: prometheus.alerts(name))
    assert (labels["source"], labels["instance"], labels["severity"]) == ("nbk", service.admin, "warning"), labels
    Bank.fault = None
    until(f"{name} ends", lambda: not prometheus.alerts(name))
    demo.process.terminate()
    # On a busy machine a scrape of the other service may take longer than the second that it has here, for a while.
    down = lambda: [labels["instance"] for labels in prometheus.alerts("SilkrateDown")]
    until("SilkrateDown fires for the one that stopped", lambda: down() == [demo.admin])
    print("alerts fired for a bank that failed, until it answered again, and for a service that stopped")


def main(program: str) -> None:
    for check in [["config", "prometheus.yml"], ["rules", "alerts.yml"]]:
        subprocess.run(["promtool", "check", *check], cwd=PROMETHEUS, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["promtool", "test", "rules", "alerts.test.yml"], cwd=PROMETHEUS, check=True)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bank = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bank)
        stack.callback(bank.shutdown)
        threading.Thread(target=bank.serve_forever, daemon=True).start()
        demo = Service(program, stack, "--demo")
        settings = newsroom(folder, f"http://127.0.0.1:{bank.server_port}")
        service = Service(program, stack, "--config", settings)
        service.server = ["--server", f"https://{service.grpc}", "--ca-file", f"{TLS}/intermediate.pem"]
        # What a replica does is on no page of a service that runs alone.
        replica = Service(program, stack, "--demo", SHARED__SERVERS=run_etcd(stack, folder), SHARED__NODE="replica")
        prometheus = Prometheus(folder, stack, [demo.admin, service.admin, replica.admin])
        for each in [demo, service]:
            until("a service is ready", each.is_ready)
            use(each, stack)
        until("the replica is ready", replica.is_ready)
        # A correction is an event, which waits for the receiver.
        Bank.receiver, Bank.dollar = 503, "475.10"
        check_panels(prometheus)
        Bank.receiver = 200
        delivered = "silkrate_webhook_attempts_total{outcome='delivered'} > 0"
        until("the event is delivered", lambda: prometheus.get("/query", query=delivered)["result"])
        check_alerts(prometheus, service, demo)


if __name__ == "__main__":
    main(*sys.argv[1:])
