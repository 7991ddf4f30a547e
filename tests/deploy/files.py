"""Checks the files of `deploy` that no program of the checks runs: the unit, the manifest and the composition.

    python files.py

systemd's own program reads the unit, and the schemas of Kubernetes the manifest. The others are parsed, and what they name is
compared with what there is.
"""

import pathlib
import re
import subprocess
import tempfile

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
# The exposure that the rating of systemd may reach, in tenths: what is left is the network, which the service needs.
EXPOSURE_MAX = 15
# The port of each listener in the image.
PORTS = {50051, 8080}


def check_unit() -> None:
    unit = (DEPLOY / "systemd/silkrate.service").read_text()
    with tempfile.TemporaryDirectory() as folder:
        # The program is not installed here.
        installed = pathlib.Path(folder) / "silkrate.service"
        installed.write_text(unit.replace("/usr/bin/silkrate", "/bin/true"))
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", installed], capture_output=True, text=True, check=True)
        assert "silkrate.service" not in verified.stderr, verified.stderr
        command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", installed]
        rated = subprocess.run(command, capture_output=True, text=True, check=False)
        assert rated.returncode == 0, rated.stdout
    assert "Type=notify\n" in unit and "\nWatchdogSec=" in unit


def check_manifest() -> None:
    objects = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes/silkrate.yaml").read_text())}
    for each in objects.values():
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    assert sorted(objects) == ["ConfigMap", "Service", "StatefulSet"]
    spec = objects["StatefulSet"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert labels == spec["selector"]["matchLabels"] == objects["Service"]["spec"]["selector"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert set(ports.values()) == PORTS
    for port in objects["Service"]["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"]:
        assert container[probe]["exec"]["command"][:2] == ["/usr/bin/silkrate", "health"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    claimed = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
    assert mounted == claimed | {volume["name"] for volume in pod["volumes"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]


def check_composition() -> None:
    folder = DEPLOY / "docker"
    composition = yaml.safe_load((folder / "compose.yaml").read_text())
    services = composition["services"]
    assert (folder / services["silkrate"]["build"]["context"] / services["silkrate"]["build"]["dockerfile"]).exists()
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (folder / source).exists() if source.startswith(".") else source in composition["volumes"], volume
        assert all(network == "default" or network in composition["networks"] for network in service.get("networks", []))
    assert (folder / composition["configs"]["alerts"]["file"]).exists()
    shipped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    composed = yaml.safe_load(composition["configs"]["prometheus"]["content"])
    for config in [shipped, composed]:
        del config["scrape_configs"][0]["static_configs"]
    assert shipped == composed, "they differ in the address alone"
    for path in (DEPLOY / "grafana/provisioning").rglob("*.yaml"):
        assert yaml.safe_load(path.read_text())["apiVersion"] == 1


def check_image() -> None:
    text = (DEPLOY / "docker/Dockerfile").read_text()
    exposed = re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)
    assert {int(port) for port in exposed[1].split()} == PORTS
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE), "a number, which Kubernetes can compare with root"
    assert "--locked" in text and "HEALTHCHECK" in text


def main() -> None:
    check_unit()
    check_manifest()
    check_composition()
    check_image()
    print("the unit, the manifest, the composition and the image name what there is")


if __name__ == "__main__":
    main()
