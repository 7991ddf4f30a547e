"""Boots a small Debian with the package in it, as root, and asks systemd how the unit does.

    python boot.py target/debug/silkrate [ROOT]

ROOT is a folder that `debootstrap --variant=minbase --include=systemd,systemd-sysv` filled, and is copied; without it one is made.
The settings name the key of a vendor and the certificate of a port, credentials that root alone may read. It is booted by `systemd-nspawn` without a network, so no bank is reached: the unit must serve, write its ledger within the hardening,
answer the watchdog for longer than it waits, load changed settings anew on a reload, have renewed credentials and restore what it
served after a restart, and stop cleanly.
"""

import contextlib
import pathlib
import subprocess
import sys
import tempfile

from package import RELEASE, built

# Within it the root boots, and the watchdog of 30 seconds would have ended a service that does not report.
BOOT_MAX = 300
CHECK = """#!/bin/bash
exec >/report 2>&1
# The unit is started: systemd has waited for its message.
systemctl is-active silkrate
systemctl show silkrate --property=DynamicUser,StatusText
# Its first attempt at each bank takes a moment.
for second in {1..60}; do silkrate health && break; sleep 1; done
sleep 40
printf '\\n[log]\\naccess = true\\n' >>/etc/silkrate/silkrate.toml
silkrate config --diff
systemctl reload silkrate && echo reloaded
systemctl is-active silkrate
cp /renewed/* /etc/silkrate/keys/
systemctl reload silkrate
silkrate health --server https://localhost:50051 --ca-file /first.pem >/dev/null && echo the first certificate is in use
systemctl show silkrate --property=NRestarts
systemctl restart silkrate
silkrate health --server https://localhost:50051 --ca-file /etc/silkrate/keys/site.pem >/dev/null && echo the renewed certificate is in use
silkrate health --probe live
systemctl stop silkrate
systemctl show silkrate --property=Result,ExecMainStatus
journalctl --unit silkrate --output cat --no-pager
ls /var/lib/silkrate/
systemctl poweroff --force
"""
UNIT = """[Unit]
After=silkrate.service
[Service]
Type=oneshot
ExecStart=/check
[Install]
WantedBy=multi-user.target
"""
CREDENTIAL = """[Service]
LoadCredential=apilayer:/etc/silkrate/keys/apilayer
LoadCredential=site.pem:/etc/silkrate/keys/site.pem
LoadCredential=site.key:/etc/silkrate/keys/site.key
"""
MARKET = """
[sources.market]
enabled = true
kind = "apilayer"
api_key_file = "/run/credentials/silkrate.service/apilayer"
[server.tls]
certificate = "/run/credentials/silkrate.service/site.pem"
key = "/run/credentials/silkrate.service/site.key"
"""
EXPECTED = [
    "active\n",
    "DynamicUser=yes\n",
    "StatusText=serving\n",
    "[+] ledger\n",
    "[+] source market\n",
    "\nready\n",
    "  log.access: false -> true\n",
    "reloaded\nactive\n",
    '"message":"reloaded the configuration","applied":1,"at_restart":0',
    "the first certificate is in use\n",
    "NRestarts=0\n",
    "the renewed certificate is in use\n",
    "alive\n",
    "Result=success\n",
    "ExecMainStatus=0\n",
    "restored what was served",
    "silkrate.db\n",
]


def certify(folder: pathlib.Path) -> None:
    """Makes a certificate of localhost and its key, which root alone may read."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    command += ["-out", folder / "site.pem", "-keyout", folder / "site.key"]
    subprocess.run(command, stderr=subprocess.DEVNULL, check=True)


def prepare(root: pathlib.Path, package: pathlib.Path) -> None:
    for name, text in {"check": CHECK, "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n"}.items():
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    (root / "etc/systemd/system/check.service").write_text(UNIT)
    # The root has no network, and a small Debian no file that gives this name an address.
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (root / package.name).write_bytes(package.read_bytes())
    (root / "etc/silkrate/keys").mkdir(parents=True)
    (root / "renewed").mkdir()
    certify(root / "etc/silkrate/keys")
    certify(root / "renewed")
    (root / "first.pem").write_bytes((root / "etc/silkrate/keys/site.pem").read_bytes())
    for path, text in {
        "etc/systemd/system/silkrate.service.d/credential.conf": CREDENTIAL,
        "etc/silkrate/keys/apilayer": "a-key-of-the-vendor\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o600)
    for command in [["dpkg", "--install", f"/{package.name}"], ["systemctl", "enable", "--quiet", "check"]]:
        subprocess.run(["chroot", root, *command], stdout=subprocess.DEVNULL, check=True)
    settings = root / "etc/silkrate/silkrate.toml"
    settings.write_text(settings.read_text() + MARKET)


def main(program: str, root: str | None = None) -> None:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "root"
        if root:
            subprocess.run(["cp", "--archive", root, folder], check=True)
        else:
            command = ["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv", RELEASE, folder]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        prepare(folder, built(program, "0.1.0-1"))
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", "--directory", folder]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=BOOT_MAX, check=True)
        report = (folder / "report").read_text()
    missing = [expected for expected in EXPECTED if expected not in report]
    assert not missing, f"{missing} is not in:\n{report}"
    print("systemd started the unit, kept it alive by its watchdog, restarted and stopped it")


if __name__ == "__main__":
    main(*sys.argv[1:])
