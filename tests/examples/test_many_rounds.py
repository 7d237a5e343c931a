"""The example suites run many times in parallel, each test after a reset, without a leak and without a flake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browsers import QUIET, find_browser
from tests.examples.test_pytest_suites import SUITES, copy, needs

RUNS = 200
EXTRA = Path(__file__).with_name("many_rounds.py")


def run(suite: str, folder: Path, rounds: int, workers: int) -> subprocess.CompletedProcess[str]:
    """Run each test so many times, on servers that two processes share the work of."""
    copy(suite, folder)
    shutil.copy(EXTRA, folder / "many_rounds.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "many_rounds", "-n", str(workers)]
    options = ["-o", "sickbay_options=--patients 20 --workers 2"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTEST_"))}
    own = {"ROUNDS": str(rounds), "PYTHONPATH": f"{folder}:{inherited.get('PYTHONPATH', '')}"}
    browser = {"CHROMIUM": find_browser() or "", "CHROMIUM_ARGS": " ".join(QUIET)}
    return subprocess.run(
        [*command, *options], cwd=folder, env=inherited | own | browser, capture_output=True, text=True, check=False
    )


@pytest.mark.prove
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes_two_hundred_times_in_parallel(suite: str, tmp_path: Path) -> None:
    needs(suite)
    done = run(suite, tmp_path, RUNS, 4)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
