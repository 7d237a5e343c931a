"""Builds the wheel and the source distribution. The same commit gives the same bytes, whenever and wherever it is built."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

CALL = "import sys; sys.path.insert(0, '{}'); import build_backend; print(build_backend.build_{}(sys.argv[1]))"
BACKEND, PLUGIN_BACKEND = "tools", "."
"""The folders of the build backends, as each pyproject.toml names them."""
PLUGIN = Path("clients") / "python"


class Packages(NamedTuple):
    wheel: Path
    sdist: Path


class Commit(NamedTuple):
    """time: of the commit, in seconds since 1970."""

    revision: str
    time: int


def commit(root: Path) -> Commit:
    """The commit to release. Exits if files differ from it, because a release must be what its tag says."""
    if changed := _run_git(root, "status", "--porcelain").decode():
        sys.exit(f"Commit these changes first, because a release is built from a commit:\n{changed}")
    revision, time = _run_git(root, "log", "-1", "--format=%H %ct").decode().split()
    return Commit(revision, int(time))


def export(root: Path, folder: Path) -> Path:
    """Writes the files of the commit to the folder: without caches, data, and whatever else is in the working tree."""
    with tarfile.open(fileobj=BytesIO(_run_git(root, "archive", "HEAD"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def build(sources: Path, out: Path, time: int) -> Packages:
    """Builds the source distribution, and from its content the wheel, as an installer would that finds no wheel."""
    out.mkdir(parents=True, exist_ok=True)
    sdist = out / _run(CALL.format(BACKEND, "sdist"), sources, out, time)
    return Packages(build_wheel(unpack(sdist, out / "unpacked"), out, time), sdist)


def build_wheel(sources: Path, out: Path, time: int) -> Path:
    return out / _run(CALL.format(BACKEND, "wheel"), sources, out, time)


def build_plugin(sources: Path, out: Path, time: int) -> Packages:
    """Builds pytest-sickbay, as `build` builds Sickbay."""
    out.mkdir(parents=True, exist_ok=True)
    sdist = out / _run(CALL.format(PLUGIN_BACKEND, "sdist"), sources / PLUGIN, out, time)
    return Packages(build_plugin_wheel(unpack(sdist, out / "unpacked"), out, time), sdist)


def build_plugin_wheel(sources: Path, out: Path, time: int) -> Path:
    return out / _run(CALL.format(PLUGIN_BACKEND, "wheel"), sources, out, time)


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpacks the source distribution, and returns the folder with its pyproject.toml."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")


def _run(code: str, sources: Path, out: Path, time: int) -> str:
    """Calls the build backend in its own process, with the time that all files in the package get."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(time)}
    command = [sys.executable, "-c", code, str(out.resolve())]
    return subprocess.run(command, cwd=sources, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def _run_git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout
