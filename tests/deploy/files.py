"""Checks the files of `deploy` that no program of the checks runs: the unit, the manifest and the composition.

    python files.py

systemd's own program reads the unit, and the schemas of Kubernetes the manifest. The others are parsed, and what they name is
compared with what there is.
"""

import pathlib
import re
import subprocess
import tempfile
import tomllib

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


def check_manifest_of_replicas() -> None:
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes/silkrate-replicas.yaml").read_text()))
    for each in objects:
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    sets = {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "StatefulSet"}
    services = {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "Service"}
    assert sorted(sets) == sorted(services) == ["etcd", "silkrate"]
    for name, spec in sets.items():
        assert spec["replicas"] == 3 and spec["serviceName"] == name
        labels = spec["template"]["metadata"]["labels"]
        assert labels == spec["selector"]["matchLabels"] == services[name]["selector"]
        pod = spec["template"]["spec"]
        (container,) = pod["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert all(ports[port["targetPort"]] == port["port"] for port in services[name]["ports"])
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        claimed = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
        assert mounted == claimed | {volume["name"] for volume in pod.get("volumes", [])}
        assert container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]
    (settings,) = (each["data"]["silkrate.toml"] for each in objects if each["kind"] == "ConfigMap")
    servers = tomllib.loads(settings)["shared"]["servers"]
    variables = {each["name"]: each.get("value", "") for each in sets["etcd"]["template"]["spec"]["containers"][0]["env"]}
    members = [member.split("=")[1] for member in variables["ETCD_INITIAL_CLUSTER"].split(",")]
    assert [member.replace(":2380", ":2379") for member in members] == servers


def check_composition_of_replicas() -> None:
    folder = DEPLOY / "docker"
    composition = yaml.safe_load((folder / "compose.replicas.yaml").read_text())
    services = composition["services"]
    members = [name for name in services if name.startswith("etcd")]
    for name in members:
        environment = services[name]["environment"]
        assert environment["ETCD_NAME"] == name
        assert f"{name}={environment['ETCD_INITIAL_ADVERTISE_PEER_URLS']}" in environment["ETCD_INITIAL_CLUSTER"].split(",")
    urls = [services[name]["environment"]["ETCD_ADVERTISE_CLIENT_URLS"] for name in members]
    replicas = services["haproxy"]["depends_on"]
    for name in replicas:
        environment = services[name]["environment"]
        assert environment["SILKRATE_SHARED__NODE"] == name
        assert environment["SILKRATE_SHARED__SERVERS"].split(",") == urls
    volumes = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    named = [volume for volume in volumes if not volume.startswith(".")]
    # Each member and each replica has one of its own.
    assert sorted(named) == sorted(composition["volumes"]) == sorted(members + replicas)
    assert all((folder / volume).exists() for volume in volumes if volume.startswith("."))
    # The file of HAProxy, as the container makes it.
    shell, option, command = services["haproxy"]["command"]
    made = command.split(" && ")[0].replace("/shipped.cfg > /tmp/haproxy.cfg", str(DEPLOY / "proxies/haproxy-replicas.cfg"))
    made = subprocess.run([shell, option, made], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^    server (\w+) (\S+)", made, re.MULTILINE)
    assert found == [(name, f"{name}:{port}") for port in (8080, 50051) for name in replicas], found
    checked = re.findall(r" port (\d+)$", made, re.MULTILINE)
    assert checked == ["50051"] * len(replicas) and "127.0.0.1" not in re.sub(r"#.*", "", made), made


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
    check_manifest_of_replicas()
    check_composition_of_replicas()
    check_image()
    print("the unit, the manifests, the compositions and the image name what there is")


if __name__ == "__main__":
    main()
