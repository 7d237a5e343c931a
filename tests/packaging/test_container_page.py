"""Runs the commands of docs/container.md for the image and for Compose, with podman in the place of docker."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.ports import free_ports
from tools.checks.files import ROOT

from sickbay import __version__
from tools.release import podman

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
PAGE = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")
STUBS = """
set -eu
healthy() { for _ in $(seq 100); do command podman healthcheck run "$1" >/dev/null 2>&1 && return; sleep 0.2; done; false; }
docker() {
  case "$1 $2" in
    "build -f") [ "$*" = "build -f Containerfile -t sickbay:VERSION ." ] ;;
    "exec "*) healthy "$2"; command podman "$@" ;;
    "compose exec") healthy "${PROJECT}_sickbay_1"; shift; podman-compose "$@" ;;
    "compose "*) shift; podman-compose "$@" ;;
    *) command podman "$@" ;;
  esac
}
"""
"""The fixture has built the image already. A person reads the page more slowly than a container starts."""


def blocks(heading: str) -> str:
    section = re.split(r"^## ", PAGE, flags=re.M)
    text = next(part for part in section if part.startswith(heading))
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S))


@pytest.fixture
def name() -> str:
    """The name of the container and the Compose project, so that the test touches no others."""
    return f"sickbay-page-{os.getpid()}"


def run(heading: str, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    port, sample = free_ports(2)
    (folder / "containers.conf").write_text('[engine]\nruntime = "runc"\n' if podman.HYBRID.is_dir() else "")
    environment = podman.make_environment() | {
        "CONTAINERS_CONF_OVERRIDE": str(folder / "containers.conf"),
        "PROJECT": name,
        "SICKBAY_PUBLISHED_PORT": str(port),
        "SICKBAY_PUBLISHED_SAMPLE_PORT": str(sample),
    }
    script = STUBS.replace("VERSION", __version__) + blocks(heading)
    script = re.sub(r"(--name|exec|stop|rm|--volumes) sickbay\b(?!:)(?= )", rf"\1 {name}", script)
    script = re.sub(r"(--volumes|rm|stop) sickbay$", rf"\1 {name}", script, flags=re.M)
    script = script.replace("compose exec " + name, "compose exec sickbay").replace("sickbay-data", f"{name}-data")
    script = script.replace(":7425:7425", f":{port}:7425").replace(":7426:7426", f":{sample}:7426")
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_commands_for_the_image_work(built_image: str, name: str, tmp_path: Path) -> None:
    try:
        done = run("The image", name, tmp_path)
        assert done.returncode == 0, done.stderr
        assert re.search(r"^[\w-]{43}$", done.stdout, re.M)  # the admin token
        assert "sample-app-general" in done.stdout
        assert "/launch?iss=" in done.stdout or "launch=" in done.stdout
        assert "[state-missing]" in done.stdout
        assert (tmp_path / "secret.toml").read_text().startswith("admin_token = ")
    finally:
        podman.run("rm", "--force", "--ignore", name, check=False)
        podman.run("volume", "rm", "--force", f"{name}-data", check=False)


def test_the_commands_for_compose_work(built_image: str, name: str, tmp_path: Path) -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(text.replace("\nname: sickbay\n", f"\nname: {name}\n"), encoding="utf-8")
    try:
        done = run("Compose", name, tmp_path)
        assert done.returncode == 0, done.stderr
        assert re.search(r"^[\w-]{43}$", done.stdout, re.M)
    finally:
        podman.run("rm", "--force", "--ignore", f"{name}_sickbay_1", check=False)
        podman.run("volume", "rm", "--force", f"{name}_data", check=False)


def test_every_code_block_of_these_sections_is_run() -> None:
    assert set(re.findall(r"^```(\w*)$", PAGE, re.M)) == {"sh", ""}
    assert sum(blocks(heading).count("docker") for heading in ("The image", "Compose")) >= 15
