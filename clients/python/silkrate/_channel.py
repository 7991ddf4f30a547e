"""The names of servers, and connections to them."""

from __future__ import annotations

import ipaddress
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


def targets(
    names: str | None,
    credentials: grpc.ChannelCredentials | None = None,
    key: str | None = None,
    exposes_key: bool = False,
) -> tuple[Target, ...]:
    """The servers of names between commas; without names, those of the environment variable."""
    names = names if names is not None else os.environ.get(URL_VARIABLE) or _DEFAULT
    return tuple(Target(name.strip(), credentials, key, exposes_key) for name in names.split(","))


class Target:
    """A server: `http://HOST:PORT`, `https://HOST:PORT`, or `HOST:PORT` without TLS; and the key that it is sent."""

    def __init__(
        self,
        name: str,
        credentials: grpc.ChannelCredentials | None = None,
        key: str | None = None,
        exposes_key: bool = False,
    ) -> None:
        self.name = name
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
        if key is not None and not is_secure and not exposes_key and not _is_loopback(url.hostname):
            raise self._invalid("the key would be sent in the clear: write https://, or pass exposes_key=True")
        #: What every call has beside its message.
        self.metadata = () if key is None else (("authorization", f"Bearer {_checked(key)}"),)
        self._credentials = (credentials or grpc.ssl_channel_credentials()) if is_secure else None

    def connect(self) -> grpc.Channel:
        """A channel that connects at the first call."""
        if self._credentials is not None:
            return grpc.secure_channel(self.address, self._credentials, options=_OPTIONS)
        return grpc.insecure_channel(self.address, options=_OPTIONS)

    def __repr__(self) -> str:
        return f"Target({self.name!r})"

    def _invalid(self, reason: str) -> InvalidTarget:
        return InvalidTarget(f"`{self.name}` is not the URL of a server: {reason}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _checked(key: str) -> str:
    # The text of the error does not have the key.
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("a key has letters, digits, hyphens and underscores alone; strip what was read from a file")
    return key
