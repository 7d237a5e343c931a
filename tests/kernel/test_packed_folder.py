"""The files of a folder are read in the same way from a folder and from the archive in a wheel."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from sickbay.kernel.packed_folder import PackedFolder


def test_a_folder_and_its_archive_have_the_same_files(tmp_path: Path) -> None:
    folder, archive = tmp_path / "docs", tmp_path / "docs.zip"
    (folder / "how-to").mkdir(parents=True)
    texts = {"README.md": "# Sickbay", "how-to/ci.md": "ü", "schema.json": "{}"}
    with ZipFile(archive, "w") as packed:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
            packed.writestr(name, text)
    for files in (PackedFolder(folder, tmp_path / "missing.zip"), PackedFolder(tmp_path / "missing", archive)):
        assert files.list_files(".md") == ["README.md", "how-to/ci.md"]
        assert {name: files.read_text(name) for name in files.list_files("")} == texts
        with pytest.raises((KeyError, FileNotFoundError)):
            files.read_bytes("missing.md")
