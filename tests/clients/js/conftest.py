"""A project that installed the packed @sickbay/testing: the example app, with the other packages of node_modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.browsers import QUIET, find_browser
from tests.conftest import ROOT
from tests.ports import free_port

from sickbay.testing.server import serving
from tools.release import npm

PACKAGE = ROOT / "clients" / "js"
EXAMPLE = ROOT / "examples" / "react-fhirclient"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
COLORS = re.compile(r"\x1b\[[0-9;]*m")
TOOLS = {
    "tsc": "typescript/bin/tsc",
    "vite": "vite/bin/vite.js",
    "vitest": "vitest/vitest.mjs",
    "playwright": "@playwright/test/cli.js",
}


@pytest.fixture(scope="session")
def tarball(node: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm publish` would send."""
    return npm.pack(ROOT, node, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def project(node: Path, tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with the package in its node_modules. Node finds everything else in the folder above."""
    above = tmp_path_factory.mktemp("project")
    (above / "node_modules").symlink_to(node)
    shutil.copytree(EXAMPLE, above / "app", ignore=shutil.ignore_patterns("node_modules", "dist"))
    installed = above / "app" / "node_modules" / "@sickbay"
    with tarfile.open(tarball) as packed:
        packed.extractall(installed, filter="data")
    (installed / "package").rename(installed / "testing")
    return above / "app"


@pytest.fixture
def run(project: Path) -> Run:
    """Runs a JavaScript file of this folder, or a tool, in the project. `python -m sickbay` is the command of Sickbay."""

    def run(*arguments: str | Path, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        first, *rest = map(str, arguments)
        script = [str(project.parent / "node_modules" / TOOLS[first])] if first in TOOLS else [first]
        command = ["node", *script, *rest]
        done = subprocess.run(
            command, cwd=project, env=_environment() | environment, capture_output=True, text=True, timeout=100
        )
        done.stdout, done.stderr = (COLORS.sub("", text) for text in (done.stdout, done.stderr))
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def script(project: Path, run: Run) -> Run:
    """Copies a file of this folder into the project, so that it imports the installed package, and runs it."""

    def script(name: str, *flags: str, **options: str) -> subprocess.CompletedProcess[str]:
        shutil.copy(Path(__file__).parent / name, project / name)
        return run(*flags, name, **options)

    return script


def _environment() -> dict[str, str]:
    hidden = ("NO_COLOR", "SICKBAY_URL", "SICKBAY_ADMIN_TOKEN", "NODE_OPTIONS")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    command = f'"{sys.executable}" -m sickbay'
    return inherited | {"SICKBAY_COMMAND": command, "FORCE_COLOR": "0", "npm_config_update_notifier": "false"}


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, str]]:
    """The environment with which the package finds a Sickbay that runs, instead of starting one."""
    with serving("--ephemeral", "--patients", "2") as live:
        yield {"SICKBAY_URL": live.base}


@pytest.fixture
def browser() -> dict[str, str]:
    """The environment with which the example's Playwright finds the system's Chromium and a free port."""
    path = find_browser()
    if path is None:
        pytest.skip("needs chromium: no chromium on the PATH")
    return {"CHROMIUM": path, "CHROMIUM_ARGS": " ".join(QUIET), "PORT": str(free_port())}
