"""A release is built from a commit, and only from that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.release import packages

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *IDENTITY, *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "committed.txt").write_text("committed")
    (folder / ".gitignore").write_text("*.db\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin", "--date", "2026-01-02T03:04:05Z")
    return folder


def test_the_commit_has_its_own_time(root: Path) -> None:
    commit = packages.commit(root)
    assert commit.revision == git(root, "rev-parse", "HEAD")
    assert str(commit.time) == git(root, "log", "-1", "--format=%ct")


@pytest.mark.parametrize("name", ["committed.txt", "new.txt"])
def test_a_changed_or_new_file_stops_the_release(root: Path, name: str) -> None:
    (root / name).write_text("changed")
    with pytest.raises(SystemExit, match=name):
        packages.commit(root)


def test_files_that_git_ignores_are_not_exported(root: Path, tmp_path: Path) -> None:
    (root / "sickbay.db").write_text("data")
    packages.commit(root)
    exported = packages.export(root, tmp_path / "exported")
    assert sorted(path.name for path in exported.iterdir()) == [".gitignore", "committed.txt"]
