"""Receives a sample from `silkrate webhooks test`, and verifies it with a library of Standard Webhooks and with the function
that the documentation prints.

Usage: verify_webhook.py PROGRAM EXAMPLE, where EXAMPLE is a file with the function `verify`.
"""

import http.server
import pathlib
import runpy
import subprocess
import sys
import tempfile
import threading

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="


class Receiver(http.server.BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((self.headers, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def is_refused(verify):
    try:
        verify()
    except Exception:
        return True
    return False


def main(program, example):
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "silkrate.toml")
        url = f"http://127.0.0.1:{server.server_port}/"
        config.write_text(f'[[webhooks]]\nname = "desk"\nurl = "{url}"\nsecret = "{SECRET}"\n')
        subprocess.run([program, "webhooks", "test", "desk", "--config", config], check=True)
    ((headers, body),) = Receiver.received
    verify = runpy.run_path(example)["verify"]
    named = dict(headers.items())
    assert Webhook(SECRET).verify(body, named)["type"] == "test"
    verify(SECRET, headers, body)
    for wrong_secret, wrong_body in [(OTHER_SECRET, body), (SECRET, body + b" ")]:
        assert is_refused(lambda: Webhook(wrong_secret).verify(wrong_body, named))
        assert is_refused(lambda: verify(wrong_secret, headers, wrong_body))


main(*sys.argv[1:])
