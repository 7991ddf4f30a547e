"""Installs, upgrades and removes the Debian package in a clean root, as root.

    python package.py target/debug/silkrate [ROOT]

ROOT is a folder that `debootstrap --variant=minbase` filled, and is copied; without it one is made, which takes a minute or two.
The service runs in the root with the installed settings, but polls a bank of this script.
systemd does not run there; `files.py` checks its unit.
"""

import contextlib
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

from observe import Bank
from support import PATIENCE, ROOT, free_ports, until

RELEASE = "bookworm"
OTHER_BANKS = ["NBKR", "CBU", "NBT", "CBT", "CBR"]


def built(program: str, version: str) -> pathlib.Path:
    command = ["deploy/debian/build.sh", "--program", program, "--fast", "--deb-version", version]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(ran.stdout.strip().splitlines()[-1])


class System:
    """The root in which the package is installed."""

    def __init__(self, folder: pathlib.Path, bank: str) -> None:
        self.folder = folder
        self.grpc, self.admin, self.web = free_ports(3)
        self.variables = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "SILKRATE_SERVER__LISTEN": self.grpc,
            "SILKRATE_SERVER__ADMIN_LISTEN": self.admin,
            "SILKRATE_WEB__LISTEN": self.web,
            "SILKRATE_SOURCES__NBK__BASE_URL": bank,
            # The day of the bank's table.
            "SILKRATE_CLOCK__START": "2026-04-02T09:00:00Z",
            "SILKRATE_CLOCK__SPEED": "1",
        } | {f"SILKRATE_SOURCES__{name}__ENABLED": "false" for name in OTHER_BANKS}

    def run(self, *command: str, check: bool = True) -> str:
        command = ["chroot", str(self.folder), *command]
        ran = subprocess.run(command, env=self.variables, capture_output=True, text=True, check=False)
        assert not check or ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def install(self, package: pathlib.Path) -> None:
        (self.folder / "tmp" / package.name).write_bytes(package.read_bytes())
        self.run("dpkg", "--install", f"/tmp/{package.name}")
        (self.folder / "tmp" / package.name).unlink()

    def files(self) -> set[str]:
        """Every path but what the package manager keeps for itself."""
        own = ["/var/lib/dpkg/", "/var/log/", "/var/cache/"]
        found = {f"/{path.relative_to(self.folder)}" for path in self.folder.rglob("*")}
        return {path for path in found if not any(path.startswith(start) for start in own)}

    @contextlib.contextmanager
    def serving(self, *arguments: str):
        command = ["chroot", "--userspec=daemon", str(self.folder), "/usr/bin/silkrate", "serve", *arguments]
        process = subprocess.Popen(command, env=self.variables, stdout=subprocess.DEVNULL)
        try:
            asked = ("silkrate", "health", "--admin", f"http://{self.admin}")
            until("it is ready", lambda: self.run(*asked, check=False).endswith("\nready\n"))
            yield
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0

    def dollar(self) -> str:
        return self.run("silkrate", "rates", "USD/KZT", "--format", "csv", "--server", f"http://{self.grpc}")


def check(system: System, program: str) -> None:
    before = system.files()
    system.install(built(program, "0.1.0-1"))
    settings = system.folder / "etc/silkrate/silkrate.toml"
    for path in ["usr/share/man/man1/silkrate-serve.1.gz", "usr/share/bash-completion/completions/silkrate"]:
        assert (system.folder / path).exists(), path
    unit = system.folder / "usr/lib/systemd/system/silkrate.service"
    assert unit.read_bytes() == (ROOT / "deploy/systemd/silkrate.service").read_bytes()
    # The folder that systemd makes for the user of the unit.
    ledger = system.folder / "var/lib/silkrate"
    ledger.mkdir(mode=0o700)
    os.chown(ledger, 1, 1)
    with system.serving("--demo"):
        assert "USD/KZT" in system.dollar()
    with system.serving("--config", "/etc/silkrate/silkrate.toml"):
        served = system.dollar()
    assert "nbk" in served, served

    changed = settings.read_text() + "# changed by an operator\n"
    settings.write_text(changed)
    system.install(built(program, "0.1.0-2"))
    assert "0.1.0-2" in system.run("dpkg-query", "--show", "silkrate")
    assert settings.read_text() == changed
    Bank.fault = 500
    with system.serving("--config", "/etc/silkrate/silkrate.toml"):
        assert system.dollar() == served, "the ledger has it"

    system.run("dpkg", "--remove", "silkrate")
    assert settings.exists() and not (system.folder / "usr/bin/silkrate").exists()
    said = system.run("dpkg", "--purge", "silkrate")
    assert "the ledger is kept" in said, said
    left = system.files() - before
    assert left and all(path.startswith("/var/lib/silkrate") for path in left), sorted(left)
    print("installed, served the demo and a bank, upgraded with its ledger, removed but for the ledger")


def main(program: str, root: str | None = None) -> None:
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = scratch / "root"
        if root:
            subprocess.run(["cp", "--archive", root, folder], check=True)
        else:
            subprocess.run(["debootstrap", "--variant=minbase", RELEASE, folder], stdout=subprocess.DEVNULL, check=True)
        # Nothing is started by an installation: there is no systemd.
        policy = folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        bank = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bank)
        stack.callback(bank.shutdown)
        threading.Thread(target=bank.serve_forever, daemon=True).start()
        check(System(folder, f"http://127.0.0.1:{bank.server_port}"), program)


if __name__ == "__main__":
    main(*sys.argv[1:])
