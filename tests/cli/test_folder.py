"""The data folder has one server at a time, which is distinguished from a crashed one."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from sickbay.cli import folder
from sickbay.cli.output import CommandError
from sickbay.kernel import private_files


def test_the_folder_is_the_one_of_the_option(tmp_path: Path) -> None:
    assert folder.data_folder(str(tmp_path)) == tmp_path


def test_the_default_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert str(folder.data_folder(None)) == "/somewhere/sickbay"


def test_an_unknown_scheme_is_refused_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="must be a folder or postgresql://…, not mysql://"):
        folder.data_folder("mysql://localhost/sickbay")
    with pytest.raises(CommandError, match="isn't a valid database address"):
        folder.data_folder("postgresql://me:secret@[::/sickbay")


def test_a_database_has_its_own_folder_regardless_of_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    with_one, with_another, other = (
        folder.data_folder(f"postgresql://me:{word}@host/{name}") for word, name in (("a", "x"), ("b", "x"), ("a", "y"))
    )
    assert with_one == with_another != other
    assert str(with_one).startswith("/somewhere/sickbay/postgresql/")


def test_settings_never_show_the_password() -> None:
    settings = folder.read_settings("postgresql://me:secret@host:5433/x?sslmode=require&password=secret")
    assert settings.place == "postgresql://me@host:5433/x"
    assert "secret" not in repr(settings)
    assert "secret" in str(settings.database)


def test_a_second_server_reports_the_first_one(tmp_path: Path) -> None:
    with folder.lock_folder(tmp_path):
        folder.write(tmp_path / folder.RUNTIME, {"base": "http://localhost:1", "pid": os.getpid(), "port": 1})
        with (
            pytest.raises(CommandError, match=rf"at http://localhost:1 \(process {os.getpid()}\)"),
            folder.lock_folder(tmp_path),
        ):
            pass
        assert folder.find_running_server(tmp_path)
    assert folder.find_running_server(tmp_path) is None


def test_a_crashed_server_does_not_count_as_running(tmp_path: Path) -> None:
    folder.write(tmp_path / folder.RUNTIME, {"base": "http://localhost:1", "pid": 2**22 + 1, "port": 1})
    assert folder.find_running_server(tmp_path) is None


def test_a_crashed_server_is_not_confused_with_a_process_that_has_its_pid(tmp_path: Path) -> None:
    with folder.lock_folder(tmp_path):
        pass
    folder.write(tmp_path / folder.RUNTIME, {"base": "http://localhost:1", "pid": os.getpid(), "port": 1})
    assert folder.find_running_server(tmp_path) is None


def test_looking_for_a_server_does_not_keep_one_from_starting(tmp_path: Path) -> None:
    (tmp_path / folder.LOCK).touch()
    with (tmp_path / folder.LOCK).open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.02, looking.close).start()
        with folder.lock_folder(tmp_path):
            pass


@pytest.mark.parametrize("text", ["xx", "[1]", '{"pid": 1}', '{"base": "http://localhost", "pid": "1", "port": 1}'])
def test_an_unreadable_runtime_file_means_that_no_server_runs(tmp_path: Path, text: str) -> None:
    (tmp_path / folder.RUNTIME).write_text(text)
    assert folder.find_running_server(tmp_path) is None


@pytest.mark.parametrize(("name", "verb"), [(".", "opened"), ("new", "created")])
def test_only_a_folder_that_is_missing_is_one_that_cannot_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(private_files, "make_folder", refuse)
    with pytest.raises(CommandError, match=rf"can't be {verb} \(Permission denied\)"):
        folder.create(tmp_path / name)
