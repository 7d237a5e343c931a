"""The key in the data folder is made once, is private, and is replaced if someone else could know it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sickbay.cli import admin_key, terminal
from sickbay.cli.output import CommandError
from sickbay.settings import Settings


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_key_is_made_once_and_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = admin_key.ensure(tmp_path)
    finally:
        os.umask(before)
    assert mode(tmp_path / admin_key.FILE) == 0o600
    assert len(key) >= 43
    assert admin_key.ensure(tmp_path) == admin_key.read(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [admin_key.FILE]


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_open_is_replaced(tmp_path: Path, bits: int) -> None:
    first = admin_key.ensure(tmp_path)
    (tmp_path / admin_key.FILE).chmod(bits)
    assert admin_key.ensure(tmp_path) != first
    assert mode(tmp_path / admin_key.FILE) == 0o600


@pytest.mark.parametrize("text", [b"", b"short", b"\xff" * 40, b"with blanks in the middle of it", b"x" * 2000])
def test_a_file_without_a_valid_key_is_replaced(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / admin_key.FILE
    file.write_bytes(text)
    file.chmod(0o600)
    assert admin_key.ensure(tmp_path).encode() != text.strip()


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.write_text("known-to-the-author-of-the-link\n")
    chosen.chmod(0o600)
    (tmp_path / admin_key.FILE).symlink_to(chosen)
    assert admin_key.ensure(tmp_path) != "known-to-the-author-of-the-link"
    assert not (tmp_path / admin_key.FILE).is_symlink()
    assert chosen.read_text() == "known-to-the-author-of-the-link\n"


def test_a_draft_left_by_a_crash_is_replaced_and_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "admin-token.draft").write_text("half")
    assert admin_key.ensure(tmp_path)
    (tmp_path / admin_key.FILE).unlink()
    (tmp_path / admin_key.FILE).mkdir()
    with pytest.raises(CommandError, match="can't be written"):
        admin_key.ensure(tmp_path)
    with pytest.raises(CommandError, match="can't be read"):
        admin_key.read(tmp_path)


def test_without_a_file_there_is_no_key(tmp_path: Path) -> None:
    assert admin_key.read(tmp_path) is None


@pytest.mark.parametrize("shows", [True, False])
def test_the_terminal_says_how_to_administer_and_shows_only_a_generated_key(tmp_path: Path, shows: bool) -> None:
    public = {"base_url": "http://ehr.example.org:7425", "folder": tmp_path, "admin_key": "the-key-of-the-folder"}
    text = terminal.describe_administration(Settings(**public), shows)  # type: ignore[arg-type]
    assert ("#token=the-key-of-the-folder" in text) is shows
    assert "http://ehr.example.org:7425/developer/sign-in" in text
    assert str(tmp_path / "admin-token") in text
    chosen = terminal.describe_administration(Settings(**public, admin_token="chosen-by-the-user"), shows)  # type: ignore[arg-type]
    assert "/developer/sign-in" in chosen
    assert "chosen-by-the-user" not in chosen
    assert "the-key" not in chosen
    local = Settings(folder=tmp_path, admin_key="the-key-of-the-folder")
    assert terminal.describe_administration(local, shows) == (
        f"To administer through a proxy or as another user, use the admin token in {tmp_path / 'admin-token'}."
    )
    assert terminal.describe_administration(Settings(folder=tmp_path, json=True), shows) == ""
    required = Settings(folder=tmp_path, json=True, require_admin_token=True, admin_key="the-key-of-the-folder")
    assert terminal.describe_administration(required, False).startswith("To administer, sign in with the admin token in ")
