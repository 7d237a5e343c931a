"""The example suites, each copied to an empty folder and run as its README says; most on one worker in `make test`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browsers import QUIET, find_browser
from tests.conftest import skip_or_fail
from tools.checks.files import ROOT, list_tracked

ON_WORKERS = "pytest-backend-service"
"""The suite that `make test` runs on two workers, as its README says. `make prove` runs all of them that way."""
SUITES = (ON_WORKERS, "pytest-web-app", "pytest-playwright")
ROUNDS = 20


def copy(suite: str, folder: Path) -> Path:
    for path in list_tracked(ROOT):
        if path.parent == ROOT / "examples" / suite:
            shutil.copy(path, folder)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest as a user does, in the folder of the suite."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    settings = {"CHROMIUM": find_browser() or "", "CHROMIUM_ARGS": " ".join(QUIET)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTEST_"))}
    return subprocess.run(command, cwd=folder, env=environment | settings, capture_output=True, text=True, check=False)


def needs(suite: str) -> None:
    if suite == "pytest-playwright" and find_browser() is None:
        skip_or_fail("chromium", "no chromium on the PATH")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(suite: str, tmp_path: Path) -> None:
    needs(suite)
    done = run(copy(suite, tmp_path), *(("-n", "2") if suite == ON_WORKERS else ()))
    assert done.returncode == 0, done.stdout


def test_a_failing_test_shows_the_diagnosis_and_keeps_the_exchanges(tmp_path: Path) -> None:
    folder = copy("pytest-web-app", tmp_path)
    app = folder / "web_app.py"
    app.write_text(app.read_text().replace("scope=SCOPE", 'scope=SCOPE.replace(" ", ",")'))
    done = run(folder, "--sickbay-exchanges", "kept", "-k", "patient_of_the_chart")
    assert done.returncode == 1
    assert "Sickbay refused" in done.stdout
    assert "scope-comma-separated" in done.stdout, done.stdout
    assert {path.suffix for path in (folder / "kept").iterdir()} == {"", ".har", ".html"}  # and rules/


@pytest.mark.parametrize("suite", SUITES)
def test_the_readme_of_a_suite_names_its_tests(suite: str) -> None:
    folder = ROOT / "examples" / suite
    (tests,) = folder.glob("test_*.py")
    names = re.findall(r"^def test_(\w+)", tests.read_text(), re.M)
    rows = re.findall(r"^\| (?!test |-)([^|]+) \|", (folder / "README.md").read_text(), re.M)
    assert len(rows) == len(names)
    for row, name in zip(rows, names, strict=True):
        assert name.startswith(row.lower().replace(" ", "_").replace("'", ""))


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes_twenty_times_in_a_row_on_two_workers(suite: str, tmp_path: Path) -> None:
    needs(suite)
    folder = copy(suite, tmp_path)
    for number in range(ROUNDS):
        done = run(folder, "-n", "2")
        assert done.returncode == 0, f"round {number + 1}:\n{done.stdout}"
