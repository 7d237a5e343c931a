"""Files in the cache folder are complete, undamaged and ours, and together they have a limited size."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sickbay.kernel import cache_folder
from sickbay.kernel.cache_folder import CacheFolder, find_folder, is_trusted_folder


@pytest.fixture
def folder(tmp_path: Path) -> CacheFolder:
    return CacheFolder(tmp_path / "cache" / "files", ".bin", limit=1000)


def write(content: bytes) -> Callable[[Path], bool]:
    def make(path: Path) -> bool:
        path.write_bytes(content)
        return True

    return make


def names(folder: CacheFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.iterdir())


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"XDG_CACHE_HOME": "/somewhere"}, "linux", "/somewhere/sickbay"),
        ({"XDG_CACHE_HOME": "/somewhere"}, "darwin", "/somewhere/sickbay"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", "/home/alex/.cache/sickbay"),
        ({"XDG_CACHE_HOME": ""}, "linux", "/home/alex/.cache/sickbay"),
        ({}, "linux", "/home/alex/.cache/sickbay"),
        ({}, "darwin", "/home/alex/Library/Caches/sickbay"),
    ],
)
def test_the_folder_follows_the_conventions_of_the_system(
    environment: dict[str, str], platform: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/alex"))
    assert find_folder(environment, platform) == Path(expected)


def test_what_was_kept_is_found_and_private(folder: CacheFolder) -> None:
    assert folder.find("key") is None
    assert folder.keep("key", write(b"content"))
    found = folder.find("key")
    assert found is not None
    assert found.read_bytes() == b"content"
    assert folder.find("ke") is folder.find("key.1") is None
    assert [stat.S_IMODE(path.stat().st_mode) for path in (found, folder.folder, folder.folder.parent)] == [0o600, 0o700, 0o700]


def test_a_copy_has_the_content_or_nothing(folder: CacheFolder, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    assert not folder.copy("key", target)
    content = os.urandom(3_000_000)
    large = CacheFolder(folder.folder, ".bin")
    assert large.keep("key", write(content))
    assert large.copy("key", target)
    assert target.read_bytes() == content
    spoil(large.find("key"), 2_500_000)
    target.write_bytes(b"")
    assert not large.copy("key", target)
    assert target.read_bytes() == b""


def spoil(path: Path | None, place: int) -> None:
    assert path is not None
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_damaged_file_is_deleted(folder: CacheFolder, place: int) -> None:
    folder.keep("key", write(b"content"))
    spoil(folder.find("key"), place)
    assert folder.find("key") is None
    assert names(folder) == []


@pytest.mark.parametrize("length", [0, 1, 6])
def test_a_truncated_file_is_deleted(folder: CacheFolder, length: int) -> None:
    folder.keep("key", write(b"content"))
    path = folder.find("key")
    assert path is not None
    os.truncate(path, length)
    assert folder.find("key") is None


def test_an_intact_file_is_found_next_to_a_damaged_one(folder: CacheFolder) -> None:
    folder.keep("key", write(b"content"))
    damaged = folder.folder / "key.00000000.bin"
    damaged.write_bytes(b"damaged")
    damaged.chmod(0o600)
    os.utime(damaged, (1 << 32, 1 << 32))
    found = folder.find("key")
    assert found is not None
    assert found.read_bytes() == b"content"
    assert not damaged.exists()


def test_a_new_file_replaces_the_one_with_the_same_key(folder: CacheFolder) -> None:
    folder.keep("key", write(b"content"))
    folder.keep("key.1", write(b"content"))
    folder.keep("key", write(b"another"))
    found = folder.find("key")
    assert found is not None
    assert found.read_bytes() == b"another"
    assert len(names(folder)) == 2


def fail(path: Path) -> bool:
    path.write_bytes(b"half")
    raise OSError("the disk is full")


def refuse(path: Path) -> bool:
    path.write_bytes(b"half")
    return False


@pytest.mark.parametrize("make", [fail, refuse, write(b"x" * 1001)])
def test_nothing_stays_of_a_file_that_could_not_be_made_or_is_too_large(
    folder: CacheFolder, make: Callable[[Path], bool]
) -> None:
    assert not folder.keep("key", make)
    assert names(folder) == []


def test_nothing_is_written_if_the_disk_has_little_space(folder: CacheFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "FREE_BYTES", 1 << 62)
    assert not folder.keep("key", write(b"content"))
    assert names(folder) == []


def test_the_files_that_were_unused_for_the_longest_time_are_deleted(folder: CacheFolder) -> None:
    for number in range(4):
        folder.keep(f"key-{number}", write(bytes([number]) * 300))
        path = folder.find(f"key-{number}")
        if path is not None:
            os.utime(path, (number, number))
    assert folder.find("key-0") is None
    assert folder.find("key-1") is not None  # and so it is the newest one now
    folder.keep("key-4", write(b"4" * 300))
    assert [folder.find(f"key-{number}") is not None for number in range(5)] == [False, True, False, True, True]


def test_an_old_draft_is_deleted_and_a_new_one_stays(folder: CacheFolder) -> None:
    folder.keep("key", write(b"content"))
    old, new = folder.folder / ".old.draft", folder.folder / ".new.draft"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    folder.keep("other", write(b"content"))
    assert not old.exists()
    assert new.exists()


def test_a_folder_that_can_not_be_made_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = CacheFolder(tmp_path / "file" / "cache", ".bin")
    assert not folder.keep("key", write(b"content"))
    assert folder.find("key") is None


def as_another_user(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code as another user; only root can."""
    if os.geteuid() != 0:
        pytest.skip("needs root: to become another user")
    start = "import os, sys; from pathlib import Path; from sickbay.kernel.cache_folder import *\n"
    become = "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    command = [sys.executable, "-c", f"{start}{become}{code}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


FIND = "print(CacheFolder(Path(sys.argv[1]), '.bin').find('key'))"


def test_a_file_of_another_user_is_not_used(folder: CacheFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.keep("key", write(b"content"))
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert folder.find("key") is None
    assert not folder.keep("other", write(b"content"))


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_used(folder: CacheFolder, mode: int) -> None:
    folder.keep("key", write(b"content"))
    path = folder.find("key")
    assert path is not None
    path.chmod(mode)
    assert folder.find("key") is None
    assert path.exists()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(folder: CacheFolder, mode: int) -> None:
    folder.keep("key", write(b"content"))
    folder.folder.chmod(mode)
    assert folder.find("key") is None
    assert not folder.keep("other", write(b"content"))


@pytest.mark.parametrize(("mode", "is_trusted"), [(0o755, True), (0o775, True), (0o1777, True), (0o777, False), (0o707, False)])
def test_a_folder_that_others_can_replace_is_not_used(folder: CacheFolder, mode: int, is_trusted: bool) -> None:
    folder.keep("key", write(b"content"))
    folder.folder.parent.chmod(mode)
    assert is_trusted_folder(folder.folder) is is_trusted
    assert (folder.find("key") is not None) is is_trusted


def test_our_link_to_a_folder_is_followed_and_one_to_a_file_is_not(folder: CacheFolder, tmp_path: Path) -> None:
    folder.keep("key", write(b"content"))
    (tmp_path / "link").symlink_to(folder.folder)
    linked = CacheFolder(tmp_path / "link", ".bin", limit=1000)
    path = linked.find("key")
    assert path is not None
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert linked.find("key") is None


def test_what_root_wrote_for_another_user_is_not_used(tmp_path: Path) -> None:
    """And neither is a folder that another user owns, even by root."""
    place = tmp_path / "shared"
    folder = CacheFolder(place, ".bin")
    folder.keep("key", write(b"content"))
    for path in (*place.parents, place):
        if path.is_relative_to(tmp_path.parents[1]):
            path.chmod(0o755)
    for path in place.iterdir():
        path.chmod(0o644)
    assert folder.find("key") is not None
    assert as_another_user(FIND, place).stdout == "None\n"
    os.chown(place, 65534, 65534)
    assert folder.find("key") is None
