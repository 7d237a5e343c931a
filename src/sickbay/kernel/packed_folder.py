"""Reads the files of a folder, which a wheel stores in one archive to save four fifths of the space."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile


class PackedFolder(NamedTuple):
    """A folder of data files. folder: its path in a clone. archive: the uncompressed archive in a wheel, which compresses
    it."""

    folder: Path
    archive: Path

    def list_files(self, suffix: str) -> list[str]:
        """Return the sorted paths of the files with this suffix, relative to the folder."""
        if _is_packed(self.archive):
            with ZipFile(self.archive) as archive:
                return sorted(name for name in archive.namelist() if name.endswith(suffix))
        files = (path for path in self.folder.rglob(f"*{suffix}") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in files)

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a file. Raises KeyError or FileNotFoundError if there is no such file."""
        if _is_packed(self.archive):
            with ZipFile(self.archive) as archive:
                return archive.read(name)
        return (self.folder / name).read_bytes()

    def read_text(self, name: str) -> str:
        return self.read_bytes(name).decode()


@cache
def _is_packed(archive: Path) -> bool:
    return archive.is_file()
