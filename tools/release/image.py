"""Builds the container image and uses it as docs/container.md says."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.release import podman

BASE = "python:3.13-slim"
LARGEST = 150_000_000
"""Bytes of the compressed image."""
STAND_IN = Path(__file__).with_name("base-image")
CERTIFICATES = "/etc/ssl/certs"
"""Mounted while building, because a machine may reach the package registry only with its own certificate."""
LOCKED_DOWN = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")
START_SECONDS = 60


def has_base() -> bool:
    """Makes the base image available. Returns False if it is a stand-in made of Debian packages, which isn't for publishing."""
    if podman.run("image", "exists", f"localhost/{BASE}", check=False).returncode == 0:
        return False
    if podman.run("pull", "--quiet", BASE, check=False).returncode == 0:
        return True
    print(f"{BASE} can't be pulled. Making a stand-in from Debian packages.", file=sys.stderr)
    subprocess.run([STAND_IN, BASE], check=True)
    return False


def build(sources: Path, name: str, *, revision: str, epoch: int) -> None:
    version = name.rpartition(":")[2]
    values = {"SOURCE_DATE_EPOCH": epoch, "VERSION": version, "REVISION": revision}
    arguments = [f"--build-arg={key}={value}" for key, value in values.items()]
    where = ["--format=docker", "--network=host", f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", f"--tag={name}"]
    podman.run("build", "--quiet", *podman.list_limits(), *where, *arguments, str(sources), capture=False)


def save(name: str, path: Path) -> int:
    """Writes the compressed image, and returns its size in bytes."""
    with subprocess.Popen(podman.make_command("save", name), stdout=subprocess.PIPE, env=podman.make_environment()) as saving:
        assert saving.stdout
        with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
            shutil.copyfileobj(saving.stdout, packed)
    if saving.returncode:
        raise subprocess.CalledProcessError(saving.returncode, "podman save")
    return path.stat().st_size


def verify(name: str) -> None:
    """Runs the image without a network, a writable file system, or privileges, and stops it. Raises AssertionError."""
    with run_container(name, "--network=none") as container:
        assert check_inside(container, "sickbay", "--version") == name.rpartition(":")[2]
        assert "sample-app-general" in check_inside(container, "sickbay", "apps", "list")
        assert check_inside(container, "id", "-u") != "0"
        podman.run("stop", container)
        assert podman.run("inspect", container, "--format={{.State.ExitCode}}").stdout.strip() == "0"


@contextmanager
def run_container(name: str, *options: str) -> Iterator[str]:
    """A container that is healthy, with the strictest options. It and its data are removed afterwards."""
    container = podman.run("run", "--detach", *LOCKED_DOWN, *options, name).stdout.strip()
    try:
        until = time.monotonic() + START_SECONDS
        while podman.run("healthcheck", "run", container, check=False).returncode:
            if time.monotonic() > until:
                raise TimeoutError(podman.run("logs", container).stdout)
            time.sleep(0.2)
        yield container
    finally:
        podman.run("rm", "--force", "--volumes", container)


def check_inside(container: str, *arguments: str) -> str:
    """The output of a command in the container."""
    return podman.run("exec", container, *arguments).stdout.strip()
