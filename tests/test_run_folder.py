"""All temporary files of a run are in one folder, which the next run removes if this one was killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import conftest, run_folder
from tests.conftest import ROOT, skip_or_fail
from tests.postgres import Server

pytest_plugins = ["pytester"]

LONG_TEST = """
import tempfile, time
from pathlib import Path
from sickbay.testing.server import serving

def test_that_is_killed(postgres, tmp_path, tmp_path_factory):
    postgres.address()
    for folder in (tmp_path, tmp_path_factory.mktemp("made"), Path(tempfile.mkdtemp())):
        (folder / "file").write_text("content")
    with serving("--ephemeral", "--patients", "0"):
        Path("ready").touch()
        time.sleep(600)
"""
FOLDERS = """
import pytest
from pathlib import Path

MADE = {}

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    MADE["module"] = tmp_path_factory.mktemp("module")
    yield MADE["module"]
    assert MADE["module"].exists()

@pytest.fixture(scope="session")
def longer(tmp_path_factory):
    MADE["session"] = tmp_path_factory.mktemp("session")

def test_first(folder, longer, tmp_path_factory):
    MADE["call"] = tmp_path_factory.mktemp("call")

def test_second(folder):
    assert [name for name, path in MADE.items() if path.exists()] == ["session", "module"]
"""
NEXT = """
from test_first import MADE

def test_third():
    assert [name for name, path in MADE.items() if path.exists()] == ["session"]

def test_that_fails(tmp_path):
    (tmp_path / "evidence").touch()
    raise AssertionError
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the conftest.py of these tests. It is run without workers, and its temporary files are in `place`."""
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    pytester.makeini(f"[pytest]\npythonpath = . {ROOT} {ROOT / 'src'}\ntmp_path_retention_policy = failed")
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_DEBUG_TEMPROOT"):
        monkeypatch.delenv(variable, raising=False)
    return pytester


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files. Its path is short, as that of a socket has to be, and PostgreSQL's user can enter it."""
    folder = Path(tempfile.mkdtemp(prefix="n-"))
    folder.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    folder.rmdir()


def test_the_next_run_removes_the_files_and_ends_the_processes_of_a_killed_one(
    project: pytest.Pytester, place: Path, postgres: Server
) -> None:
    if not Path("/proc").is_dir():
        skip_or_fail("proc", "only Linux shows the processes of a folder")
    project.makepyfile(LONG_TEST)
    with subprocess.Popen([sys.executable, "-m", "pytest"], cwd=project.path, stdout=subprocess.PIPE) as run:
        while not (project.path / "ready").exists():
            assert run.poll() is None, run.communicate()
            time.sleep(0.05)
        (folder,) = place.iterdir()
        processes = {*run_folder.find_processes(folder)}
        run_folder.sweep()
        assert folder.exists()
        run.send_signal(signal.SIGKILL)
    assert len(processes) > 2  # the database, the server and the process that started it
    run_folder.sweep()
    assert list(place.iterdir()) == [*run_folder.MEMORY.glob(f"{folder.name}-*")] == []
    assert not [number for number in processes if Path(f"/proc/{number}/cwd").exists()]


def test_folders_are_removed_when_their_fixture_or_test_ends_and_those_of_failed_tests_by_the_next_run(
    project: pytest.Pytester, place: Path
) -> None:
    project.makepyfile(test_first=FOLDERS, test_second=NEXT)
    result = project.run(sys.executable, "-m", "pytest")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([f"The folders of the failed tests are in {place}/*"])
    assert [path.name for path in place.rglob("evidence")] == ["evidence"]
    run_folder.sweep()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(("argument", "is_refused"), [("tests", True), (".", True), ("tests/kernel", False)])
def test_a_run_of_all_tests_needs_enough_room(monkeypatch: pytest.MonkeyPatch, argument: str, is_refused: bool) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**12, 10**12, 10**9))
    shortage = run_folder.find_shortage([argument], ROOT / "tests")
    assert (shortage or "").startswith("The tests need") == is_refused
    assert "1.0 GB are free" in (shortage or "1.0 GB are free")


def test_with_too_little_room_a_run_ends_before_its_first_test(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(run_folder, "find_shortage", lambda arguments, tests: "too little room")
    monkeypatch.setattr(conftest, "RUN", True)
    with pytest.raises(pytest.exit.Exception, match="too little room"):
        conftest.pytest_sessionstart(request.session)
