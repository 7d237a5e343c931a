"""The container image, the compose files, the Kubernetes manifests and the systemd unit agree with Sickbay and each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import skip_or_fail
from tools.checks.files import ROOT

from sickbay import __version__
from sickbay.cli.serve_options import ServeOptions

DEPLOY = ROOT / "deploy"
COMPOSE = ("compose.yaml", "deploy/compose-postgres.yaml")
MANIFESTS = ("sickbay.yaml", "single.yaml")
IMAGE = f"sickbay:{__version__}"
USER = 10001
OPTIONS = {f"SICKBAY_{name.upper()}" for name in ServeOptions.__dataclass_fields__}
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "systemd" / "sickbay.service").read_text(encoding="utf-8")
"""Not read with configparser, because keys of a unit may repeat."""


def compose(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))


def manifests(name: str) -> dict[str, Any]:
    """The objects of a manifest by their kind."""
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


def workload(name: str) -> dict[str, Any]:
    objects = manifests(name)
    return dict((objects.get("Deployment") or objects["StatefulSet"])["spec"])


def pod(name: str) -> dict[str, Any]:
    return dict(workload(name)["template"]["spec"])


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["containers"]
    return dict(only)


def variables() -> Iterator[tuple[str, str]]:
    """Each variable that a file sets for Sickbay, with the name of the file."""
    for name in ("Containerfile", *COMPOSE):
        text = (ROOT / name).read_text(encoding="utf-8")
        pattern = r"^(?:ENV| +)\s*(SICKBAY_\w+)=" if name == "Containerfile" else r"^\s+- (SICKBAY_\w+)"
        yield from ((name, variable) for variable in re.findall(pattern, text, re.M))
    for name in MANIFESTS:
        yield from ((name, variable) for variable in manifests(name)["ConfigMap"]["data"])
        yield from ((name, entry["name"]) for entry in container(name)["env"])
    yield from (("sickbay.service", variable) for variable in re.findall(r"^Environment=(SICKBAY_\w+)", UNIT, re.M))


def test_every_variable_is_an_option_of_serve() -> None:
    found = list(variables())
    assert {name for name, _ in found} == {"Containerfile", *COMPOSE, *MANIFESTS, "sickbay.service"}
    assert [pair for pair in found if pair[1] not in OPTIONS] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_publishes_its_ports_on_this_machine_only(name: str) -> None:
    ports = compose(name)["services"]["sickbay"]["ports"]
    assert len(ports) == 2
    assert all(port.startswith("${SICKBAY_PUBLISHED_ADDRESS:-127.0.0.1}:") for port in ports)
    assert all("ports" not in service for key, service in compose(name)["services"].items() if key != "sickbay")


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_locks_the_container_down(name: str) -> None:
    service = compose(name)["services"]["sickbay"]
    assert service["image"] == IMAGE
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_uses_the_same_port_in_the_base_url_and_on_both_sides(name: str) -> None:
    service = compose(name)["services"]["sickbay"]
    settings = dict(entry.partition("=")[::2] for entry in service["environment"])
    port, sample = settings["SICKBAY_PORT"], settings["SICKBAY_SAMPLE_PORT"]
    assert settings["SICKBAY_BASE_URL"].endswith(f":{port}")
    assert [entry.partition("}:")[2] for entry in service["ports"]] == [f"{port}:{port}", f"{sample}:{sample}"]


def test_compose_accepts_the_files(tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        skip_or_fail("compose", "no docker-compose on the PATH")
    for name in COMPOSE:
        command = ["docker-compose", "--file", str(ROOT / name), "config", "--quiet"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "POSTGRES_PASSWORD": "p"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_image_needs_the_admin_token_and_runs_as_an_ordinary_user() -> None:
    assert re.search(r"^ +SICKBAY_REQUIRE_ADMIN_TOKEN=true ", CONTAINERFILE, re.M)
    assert re.findall(r"^USER (.*)$", CONTAINERFILE, re.M) == [f"{USER}:{USER}"]
    assert f"ARG VERSION={__version__}\n" in CONTAINERFILE


def test_the_image_is_built_only_from_files_that_its_context_includes() -> None:
    included = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE, re.M) for source in line.split()}
    assert copied == included
    assert all((ROOT / path).exists() for path in copied)


def test_the_containerfile_names_no_package_without_a_hash() -> None:
    installs = re.findall(r"pip.*? install (.*)", CONTAINERFILE)
    assert len(installs) == 3
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps dist/*.whl" not in line] == []


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_pod_runs_with_the_least_rights(name: str) -> None:
    security = pod(name)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert (security["runAsUser"], security["runAsGroup"]) == (USER, USER)
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(name)["image"] == IMAGE


@pytest.mark.parametrize("name", MANIFESTS)
def test_probes_ask_under_a_name_that_sickbay_answers_to(name: str) -> None:
    probes = {kind: container(name)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {probe["path"] for kind, probe in probes.items() if kind != "readiness"} == {"/healthz"}
    assert probes["readiness"]["path"] == "/readyz"
    assert all(probe["httpHeaders"] == [{"name": "Host", "value": "localhost"}] for probe in probes.values())


@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_sets_no_variable_that_sickbay_would_read(name: str) -> None:
    """A Service named sickbay would set SICKBAY_PORT=tcp://… in every pod."""
    assert pod(name)["enableServiceLinks"] is False


@pytest.mark.parametrize("name", MANIFESTS)
def test_services_and_budgets_select_the_pods(name: str) -> None:
    objects, labels = manifests(name), workload(name)["template"]["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"] == labels == workload(name)["selector"]["matchLabels"]
    if "PodDisruptionBudget" in objects:
        budget = objects["PodDisruptionBudget"]["spec"]
        assert budget["selector"]["matchLabels"] == labels
        assert budget["minAvailable"] < workload(name)["replicas"]


def test_replicas_that_share_a_database_share_the_admin_token() -> None:
    keys = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container("sickbay.yaml")["env"]}
    assert keys == {
        "SICKBAY_DATA": {"name": "sickbay", "key": "database"},
        "SICKBAY_ADMIN_TOKEN": {"name": "sickbay", "key": "admin-token"},
    }


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """Apart from the program, which isn't installed here."""
    if shutil.which("systemd-analyze") is None:
        skip_or_fail("systemd", "no systemd-analyze on the PATH")
    unit = tmp_path / "sickbay.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.M), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_lets_sickbay_open_more_files_than_it_accepts_connections() -> None:
    """Sickbay asks for 1,000 more than --max-connections, which the unit's system call filter refuses."""
    (limit,) = re.findall(r"^LimitNOFILE=(\d+)$", UNIT, re.M)
    assert int(limit) >= ServeOptions.max_connections + 1000
