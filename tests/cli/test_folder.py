"""The data folder: one server at a time, told apart from one that died."""

from __future__ import annotations

import os

import pytest

from sickbay.cli import folder
from sickbay.cli.words import Trouble


def test_the_folder_is_the_one_that_was_given(tmp_path) -> None:
    assert folder.chosen(str(tmp_path)) == tmp_path


def test_without_one_it_is_the_users_own(monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert str(folder.chosen(None)) == "/somewhere/sickbay"


def test_a_database_that_is_not_built_in_is_refused_in_one_sentence() -> None:
    with pytest.raises(Trouble, match="cannot use postgresql://"):
        folder.chosen("postgresql://localhost/sickbay")


def test_a_second_server_is_told_who_the_first_is(tmp_path) -> None:
    with folder.held(tmp_path):
        folder.write(tmp_path / folder.RUNTIME, {"base": "http://localhost:1", "pid": os.getpid()})
        with pytest.raises(Trouble, match=rf"at http://localhost:1 \(process {os.getpid()}\)"), folder.held(tmp_path):
            pass
        assert folder.running(tmp_path)
    assert folder.running(tmp_path) is None


def test_a_server_that_died_is_not_taken_for_running(tmp_path) -> None:
    folder.write(tmp_path / folder.RUNTIME, {"base": "http://localhost:1", "pid": 2**22 + 1})
    assert folder.running(tmp_path) is None
