"""Each example is installed as its README says, from the packages of this tree and the package indexes, and then used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browsers import QUIET, find_browser
from tests.ports import free_port
from tests.source_copies import copy_sources
from tools.checks.files import ROOT
from tools.packages import python_packages

from tools.release import npm

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]
USES = {
    "node-backend-service": "sickbay --version && node --check service.mjs && node keys.mjs",
    "plain-javascript": "sickbay --version",
    "pytest-backend-service": "pytest -q -n 2",
    "pytest-playwright": "pytest -q -n 2",
    "pytest-web-app": "pytest -q -n 2",
    "python-fastapi-authlib": "sickbay --version && CLIENT_ID=a CLIENT_SECRET=b python -c 'import app'",
    "react-fhirclient": "npx vitest run --dir tests && npx vite build && npx playwright test tests/",
}
"""What shows that the installed example works, apart from the servers that its README starts."""
BLOCK = re.compile(r"^```sh\n(.*?)^```$|((?:^    .*\n)+)", re.M | re.S)
INSTALLING = re.compile(r"^(?:pipx|pip|npm) install\b.*$", re.M)


@pytest.fixture(scope="session")
def clone(node: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone after `make packages`."""
    folder = copy_sources(tmp_path_factory.mktemp("clone"), 0o644)
    (folder / "dist").mkdir()
    python_packages(folder, folder / "dist")
    npm.pack(folder, node, folder / "dist")
    return folder


@pytest.fixture(scope="session")
def pipx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the command pipx, installed from the package index."""
    folder = tmp_path_factory.mktemp("pipx")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "pipx"], check=True)
    return folder / "bin"


def commands(example: str) -> list[str]:
    """The commands of the README that install something, as printed."""
    text = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(fenced or re.sub("^    ", "", indented, flags=re.M) for fenced, indented in BLOCK.findall(text))
    return INSTALLING.findall(blocks)


@pytest.mark.parametrize("example", USES)
def test_an_example_is_installed_and_used_as_its_readme_says(example: str, clone: Path, pipx: Path, tmp_path: Path) -> None:
    browser = find_browser()
    if browser is None and example in ("pytest-playwright", "react-fhirclient"):
        pytest.skip("needs chromium: no chromium on the PATH")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTHON", "PYTEST_", "PIPX_"))
    }
    environment = kept | {
        "PATH": f"{tmp_path}/venv/bin:{tmp_path}/bin:{pipx}:{os.environ['PATH']}",
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "CHROMIUM": browser or "",
        "CHROMIUM_ARGS": " ".join(QUIET),
        "PORT": str(free_port()),
    }
    lines = commands(example)
    assert any(line.startswith("pipx install ") for line in lines)
    script = "\n".join(["set -e", *lines, USES[example]])
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone / "examples" / example, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_is_installed_by_this_test() -> None:
    assert set(USES) == {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
