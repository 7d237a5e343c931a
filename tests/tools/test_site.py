"""The documentation's files never replace other files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import site


def test_a_folder_with_other_files_is_kept(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit, match="has other files"):
        site.build(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("a", "b")])
def test_wrong_arguments_write_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, site.__file__, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Usage: tools/site.py FOLDER" in done.stderr
    assert not list(tmp_path.iterdir())
