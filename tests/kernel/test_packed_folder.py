"""The files of a folder are read in the same way from a folder and from the packed file in a wheel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sickbay.kernel.packed_folder import PackedFolder


def test_a_folder_and_its_packed_file_have_the_same_files(tmp_path: Path) -> None:
    folder, packed = tmp_path / "docs", tmp_path / "docs.json"
    (folder / "how-to").mkdir(parents=True)
    texts = {"README.md": "# Sickbay", "how-to/ci.md": "ü", "schema.json": "{}"}
    packed.write_text(json.dumps(texts), encoding="utf-8")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for files in (PackedFolder(folder, tmp_path / "missing.json"), PackedFolder(tmp_path / "missing", packed)):
        assert files.list_files(".md") == ["README.md", "how-to/ci.md"]
        assert {name: files.read_text(name) for name in files.list_files("")} == texts
        with pytest.raises((KeyError, FileNotFoundError)):
            files.read_text("missing.md")
