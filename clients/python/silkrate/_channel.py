"""The name of a server, and connections to it."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import grpc

from silkrate._errors import InvalidTarget

#: The environment variable that names the server, as for the commands of silkrate.
URL_VARIABLE = "SILKRATE_URL"
_DEFAULT = "http://127.0.0.1:50051"
_OPTIONS = [
    # A snapshot of the widest filter, 256 stars with a row of 1 kB for each pair, is smaller.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # Each attempt has a connection of its own: a shared one may have died silently, or wait for its own back-off.
    ("grpc.use_local_subchannel_pool", 1),
    # Retries are those of this package, with the delays of the contract.
    ("grpc.enable_retries", 0),
]


class Target:
    """A server: `http://HOST:PORT`, `https://HOST:PORT`, or `HOST:PORT` without TLS."""

    def __init__(self, target: str | None, credentials: grpc.ChannelCredentials | None = None) -> None:
        self.name = target if target is not None else os.environ.get(URL_VARIABLE) or _DEFAULT
        url = urlsplit(self.name if "://" in self.name else f"http://{self.name}")
        try:
            port = url.port
        except ValueError as error:
            raise self._invalid("the port is a number up to 65535") from error
        if url.scheme not in ("http", "https"):
            raise self._invalid("it starts with http:// or https://")
        if not url.hostname or url.username or url.path not in ("", "/") or url.query or url.fragment:
            raise self._invalid("write http://HOST:PORT, and nothing after the port")
        is_secure = url.scheme == "https"
        if credentials is not None and not is_secure:
            raise self._invalid("credentials need https://")
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        self.address = f"{host}:{port or (443 if is_secure else 80)}"
        self._credentials = (credentials or grpc.ssl_channel_credentials()) if is_secure else None

    def connect(self) -> grpc.Channel:
        """A channel that connects at the first call."""
        if self._credentials is not None:
            return grpc.secure_channel(self.address, self._credentials, options=_OPTIONS)
        return grpc.insecure_channel(self.address, options=_OPTIONS)

    def _invalid(self, reason: str) -> InvalidTarget:
        return InvalidTarget(f"`{self.name}` is not the URL of a server: {reason}")
