"""Files of Sickbay are readable only by their owner, and symbolic links aren't followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sickbay.kernel import private_files
from sickbay.kernel.private_files import Drafts, NotPrivate, check_path, claim, make_file, make_folder, open_file

UMASKS = (0o000, 0o022, 0o077, 0o177)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("mask", UMASKS)
def test_folders_and_files_are_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        make_folder(tmp_path / "a" / "b")
        make_file(tmp_path / "a" / "b" / "c")
        os.close(open_file(tmp_path / "a" / "lock", os.O_RDWR | os.O_CREAT))
        private_files.write_file(tmp_path / "a" / "runtime.json", b"{}")
    assert [mode(tmp_path / name) for name in ("a", "a/b")] == [0o700, 0o700]
    assert [mode(tmp_path / "a" / name) for name in ("b/c", "lock", "runtime.json")] == [0o600] * 3


@pytest.mark.parametrize("mask", UMASKS)
def test_a_file_is_private_from_the_moment_in_which_it_exists(
    tmp_path: Path, mask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fchmod", lambda descriptor, wanted: None)
    with umask(mask):
        make_file(tmp_path / "file")
        with Drafts(tmp_path) as drafts:
            drafts.file("other").write(b"x")
            assert all(not mode(path) & 0o077 for path in tmp_path.iterdir())
    assert not mode(tmp_path / "other") & 0o077


def test_our_files_and_folders_with_open_permissions_become_private(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "data" / "sickbay.db"
    folder.mkdir()
    file.touch()
    folder.chmod(0o777)
    file.chmod(0o666)
    make_file(file)
    assert claim(folder, ("sickbay.db",))
    assert (mode(folder), mode(file)) == (0o700, 0o600)


def test_a_folder_with_other_files_is_unchanged_and_reported_if_others_can_write(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    for wanted, safe in ((0o777, False), (0o755, True)):
        tmp_path.chmod(wanted)
        assert claim(tmp_path, ("sickbay.db",)) is safe
        assert mode(tmp_path) == wanted


def test_no_symbolic_link_is_opened_or_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("theirs")
    link.symlink_to(target)
    for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT):
        with pytest.raises(NotPrivate):
            open_file(link, flags)
    with pytest.raises(NotPrivate), Drafts(tmp_path) as drafts:
        drafts.file("link")
    with pytest.raises(NotPrivate):
        private_files.write_file(link, b"ours")
    assert target.read_text() == "theirs"
    private_files.write_file(target, b"ours")
    assert private_files.read_file(target) == b"ours"


def test_a_link_that_appears_while_the_drafts_are_written_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"

    def write() -> None:
        with Drafts(tmp_path) as drafts:
            drafts.file("first").write(b"x")
            drafts.file("second").write(b"x")
            (tmp_path / "second").symlink_to(target)

    with pytest.raises(NotPrivate):
        write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["second"]
    assert not target.exists()


def test_drafts_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"before")

    def write() -> None:
        with Drafts(tmp_path) as drafts:
            drafts.file("first").write(b"after")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("first", b"before")]


def test_a_folder_that_is_replaced_during_writing_gets_no_files(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    with Drafts(folder) as drafts:
        drafts.file("file").write(b"x")
        folder.rename(tmp_path / "moved")
        folder.symlink_to(elsewhere)
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "moved" / "file").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "..", "/etc/x", "a\0b", "-x", "a\n"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with Drafts(tmp_path) as drafts, pytest.raises(NotPrivate):
        drafts.file(name)


@pytest.mark.parametrize("name", ["my snapshot.zip", "größe 患者.zip", ".hidden", "(1).zip", "a" * 255])
def test_a_file_may_have_any_name_that_the_file_system_allows(tmp_path: Path, name: str) -> None:
    private_files.write_file(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def about(owner: int) -> os.stat_result:
    return os.stat_result((stat.S_IFLNK | 0o777, 0, 0, 1, owner, owner, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("ours", "owner", "own", "trusted"),
    [
        (1000, 1000, True, True),
        (1000, 0, True, True),
        (1000, 1001, False, False),
        (0, 0, True, True),
        (0, 1000, False, True),
    ],
)
def test_a_file_of_another_user_is_not_trusted(
    ours: int, owner: int, own: bool, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: ours)
    assert private_files._is_own(about(owner)) is own
    assert private_files._is_trusted(about(owner)) is trusted


def test_a_path_through_the_link_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    check_path(tmp_path / "link" / "below")
    monkeypatch.setattr(private_files, "_is_own", lambda about: False)
    monkeypatch.setattr(private_files, "_is_trusted", lambda about: True)
    for step in (make_folder, check_path, make_file, Drafts):
        with pytest.raises(NotPrivate, match="another user"):
            step(tmp_path / "link" / "below" if step is not Drafts else tmp_path / "link")
    monkeypatch.setattr(private_files, "_is_trusted", lambda about: False)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        make_folder(tmp_path / "real")
