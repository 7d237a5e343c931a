"""Reads the texts of a folder, which a wheel stores in one file to save four fifths of the space."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec


class PackedFolder(NamedTuple):
    """A folder of texts. folder: its path in a clone. packed: the file in a wheel, a JSON object of name -> text."""

    folder: Path
    packed: Path

    def list_files(self, suffix: str) -> list[str]:
        """Return the sorted paths of the files with this suffix, relative to the folder."""
        if _is_packed(self.packed):
            return sorted(name for name in _read_packed_file(self.packed) if name.endswith(suffix))
        start = len(f"{self.folder}/")  # a Path for each of five hundred files takes long
        return sorted(
            f"{place}/{name}"[start:] for place, _, names in os.walk(self.folder) for name in names if name.endswith(suffix)
        )

    def read_text(self, name: str) -> str:
        """Return the content of a file. Raises KeyError or FileNotFoundError if there is no such file."""
        if _is_packed(self.packed):
            return _read_packed_file(self.packed)[name]
        with open(f"{self.folder}/{name}", encoding="utf-8") as file:  # the methods of Path take longer than reading
            return file.read()


@cache
def _is_packed(packed: Path) -> bool:
    return packed.is_file()


@lru_cache(maxsize=1)  # a start reads all rules, one after another
def _read_packed_file(packed: Path) -> dict[str, str]:
    return msgspec.json.decode(packed.read_bytes(), type=dict[str, str])
