"""The sandbox in which a release is used has no network and one folder to write to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import skip_or_fail

from tools.release import verify

PROGRAM = """
import pathlib, socket, sys
folder, elsewhere = map(pathlib.Path, sys.argv[1:])
(folder / "written").write_text("x")
try:
    (elsewhere / "written").write_text("x")
except OSError as error:
    print("writing:", error.strerror)
print("interfaces:", *sorted(name for _, name in socket.if_nameindex()))
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    print("loopback works")
"""


@pytest.fixture(autouse=True)
def bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        skip_or_fail("bubblewrap", "no bwrap on the PATH")


def test_only_the_folder_can_be_written_and_only_loopback_is_there(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    command = [*verify.make_sandbox_command(folder), sys.executable, "-I", "-c", PROGRAM, str(folder), str(elsewhere)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines() == ["writing: Read-only file system", "interfaces: lo", "loopback works"], done.stderr
    assert list(elsewhere.iterdir()) == []


def test_no_variable_of_the_environment_reaches_the_installed_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SICKBAY_PATIENTS", "7")
    command = [*verify.make_sandbox_command(tmp_path), sys.executable, "-I", "-c", "import os; print(*sorted(os.environ))"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "SICKBAY_PATIENTS" not in done.stdout
    assert "HOME" in done.stdout
