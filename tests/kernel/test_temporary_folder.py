"""A temporary folder stays while its process runs, and the next process removes it if its process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sickbay.kernel.temporary_folder import OWNER, TemporaryFolder, find_abandoned_folders, remove_abandoned_folders

PREFIX = "sickbay-example-"
CREATE = f"""
import time
from sickbay.kernel.temporary_folder import TemporaryFolder
folder = TemporaryFolder({PREFIX!r})
(folder.path / "data").write_text("data")
print(folder.path, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_is_swept_after_its_process_was_killed_and_not_before(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CREATE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        remove_abandoned_folders(PREFIX)
        assert (folder / "data").exists()
        process.send_signal(signal.SIGKILL)
    remove_abandoned_folders("another-prefix-")
    assert folder.exists()
    remove_abandoned_folders(PREFIX)
    assert list(place.iterdir()) == []


def test_a_folder_of_this_process_is_not_swept_until_it_is_removed(place: Path) -> None:
    folder = TemporaryFolder(PREFIX)
    remove_abandoned_folders(PREFIX)
    assert folder.path.exists()
    for _ in range(2):
        folder.remove()
    assert list(place.iterdir()) == []


def test_only_the_user_can_open_a_folder() -> None:
    folder = TemporaryFolder(PREFIX)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()


def test_what_has_only_the_name_of_a_folder_stays(place: Path) -> None:
    """A data folder that a user named so, a file, a link to an abandoned folder, and a folder whose lock is a link."""
    elsewhere = place / "elsewhere"
    for folder in (elsewhere, place / f"{PREFIX}data", place / f"{PREFIX}linked-lock"):
        folder.mkdir()
    (elsewhere / OWNER).touch()
    (place / f"{PREFIX}file").touch()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    (place / f"{PREFIX}linked-lock" / OWNER).symlink_to(elsewhere / OWNER)
    before = sorted(place.rglob("*"))
    remove_abandoned_folders(PREFIX)
    assert sorted(place.rglob("*")) == before


def test_a_folder_of_another_user_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place / f"{PREFIX}theirs"
    folder.mkdir()
    (folder / OWNER).touch()
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    remove_abandoned_folders(PREFIX)
    assert folder.exists()


def test_two_processes_do_not_find_the_same_folder(place: Path) -> None:
    folder = place / f"{PREFIX}left"
    folder.mkdir()
    (folder / OWNER).touch()
    assert [(found, list(find_abandoned_folders(PREFIX))) for found in find_abandoned_folders(PREFIX)] == [(folder, [])]


def test_without_a_folder_for_temporary_files_nothing_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    remove_abandoned_folders(PREFIX)
