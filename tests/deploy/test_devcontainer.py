"""The dev container feature: its install script and the entry point that it writes, run with another prefix."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import httpx2
import pytest
from tests.laws import is_long
from tools.checks.files import ROOT

pytestmark = pytest.mark.timeout(300)  # pip installs Sickbay
FOLDER = ROOT / "deploy" / "devcontainer" / "sickbay"
FEATURE = json.loads((FOLDER / "devcontainer-feature.json").read_text(encoding="utf-8"))


def install(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FOLDER / "install.sh"], env=environment, capture_output=True, text=True, check=False)


def options(**chosen: str) -> dict[str, str]:
    """The options as the tool passes them: in capitals, with their defaults."""
    defaults = {name: str(option["default"]).lower() for name, option in FEATURE["options"].items()}
    return {name.upper(): value for name, value in (defaults | chosen).items()}


def test_the_feature_installs_sickbay_and_starts_it_with_the_container(
    tmp_path: Path, request: pytest.FixtureRequest, checkout: Path
) -> None:
    """Only in `make prove` the environment of Sickbay has its own pip, as the first job of `test_github_action` has."""
    environment = request.getfixturevalue("offline" if is_long() else "quick")
    done = install(
        environment | options(package=str(checkout), serveOptions="--ephemeral --patients 2") | {"PREFIX": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    script = """
        "$PREFIX/share/sickbay/start"
        timeout 60 sh -c 'until grep -q http://localhost "$TMPDIR/sickbay.log"; do sleep 0.1; done'
        grep -o 'http://localhost:[0-9]*' "$TMPDIR/sickbay.log" | head -1
    """
    started = environment | {"PREFIX": str(tmp_path), "TMPDIR": str(tmp_path), "SICKBAY_PORT": "0"}
    process = subprocess.run(["sh", "-ec", script], env=started, capture_output=True, text=True, check=True)
    base = process.stdout.strip()
    try:
        assert httpx2.get(f"{base}/healthz", trust_env=False).status_code == 200
    finally:
        os.kill(int((tmp_path / "sickbay.pid").read_text()), signal.SIGTERM)


def test_without_autostart_the_entry_point_only_runs_the_command(tmp_path: Path, quick: dict[str, str], wheel: str) -> None:
    install(quick | options(package=wheel, autostart="false") | {"PREFIX": str(tmp_path)})
    start = tmp_path / "share" / "sickbay" / "start"
    done = subprocess.run([start, "echo", "the command"], env=quick | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True)
    assert done.stdout == "the command\n"
    assert not (tmp_path / "sickbay.log").exists()


@pytest.mark.parametrize(("missing", "message"), [("PACKAGE", 'Set the option "package"')])
def test_a_missing_option_is_named(missing: str, message: str, offline: dict[str, str], tmp_path: Path) -> None:
    done = install(offline | options() | {"PREFIX": str(tmp_path), missing: ""})
    assert done.returncode == 1
    assert message in done.stderr


def test_the_metadata_has_the_version_and_the_entry_point_of_the_script() -> None:
    assert FEATURE["id"] == FOLDER.name
    assert FEATURE["version"] == re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[0]
    assert FEATURE["entrypoint"] == "/usr/local/share/sickbay/start"
    assert all(option["type"] in ("string", "boolean") and "default" in option for option in FEATURE["options"].values())
