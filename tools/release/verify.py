"""Installs the wheel into an empty environment and uses it there: without a network, and with one folder to write to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

PROBE = Path(__file__).with_name("probe.py")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def make_environment(folder: Path, requirements: Path) -> Path:
    """A virtual environment that contains exactly the packages of a lock, and no pip."""
    venv.create(folder, with_pip=False)
    _run_pip(folder, "install", "--require-hashes", "--requirement", str(requirements))
    return folder


def install(environment: Path, wheel: Path) -> None:
    """Installs the wheel only. Fails if it needs a package that the lock doesn't have."""
    _run_pip(environment, "install", "--no-deps", "--no-index", str(wheel))
    _run_pip(environment, "check")


def use(environment: Path, folder: Path) -> None:
    """Runs the probe in a sandbox whose only writable folder is the given one, which is empty. Raises CalledProcessError."""
    folder.mkdir()
    probe = shutil.copy(PROBE, environment / "probe.py")  # so that no file of the repository is needed
    python = environment / "bin" / "python"
    subprocess.run([*make_sandbox_command(folder), str(python), "-I", str(probe), str(folder)], check=True)


def make_sandbox_command(folder: Path) -> list[str]:
    """The beginning of a command that has no network but loopback, and a read-only file system except for this folder."""
    if shutil.which("bwrap") is None:
        sys.exit("bwrap is missing (Debian: bubblewrap). It separates the installed Sickbay from the network and the disk.")
    files = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", str(folder), str(folder)]
    settings = ["--clearenv", "--setenv", "HOME", str(folder / "home"), "--chdir", str(folder)]
    return ["bwrap", "--unshare-net", "--unshare-pid", "--die-with-parent", *files, *settings]


def _run_pip(environment: Path, *arguments: str) -> None:
    subprocess.run([*PIP, "--python", str(environment / "bin" / "python"), *arguments], check=True)
