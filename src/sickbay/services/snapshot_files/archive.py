"""Packs the files of a snapshot into a zip, and unpacks a zip from a stranger within limits.

No name in a zip is used as a path: a zip may have only files that a snapshot has, and they are unpacked in memory.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zlib
from collections.abc import Mapping
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

PACKED_BYTES: Final = 16_000_000
UNPACKED_BYTES: Final = 64_000_000
"""Bytes of all files together."""
MAXIMUM_FILES: Final = 128
REASON_CHARACTERS: Final = 300
"""The longest reason, in characters. Names in a file can be longer."""
LINE_BYTES: Final = 8_100_000
"""A line has one version of a resource, which has at most 8 MB."""
MANIFEST: Final = "manifest.json"
APPS: Final = "apps.ndjson"
USERS: Final = "users.ndjson"
_NAME: Final = re.compile(r"manifest\.json|(?:apps|users|resources-[a-z0-9-]{1,80})\.ndjson")
_DIRECTORY_ENTRY_BYTES: Final = 46 + 100
"""Bytes of a file in the zip's directory: the fixed part, and the longest name that a snapshot has."""
_END: Final = struct.Struct("<4s4H2LH")
"""The end of a zip without a comment: mark, two disks, two numbers of files, size and place of the directory, comment."""
_ZIP64_MARK_FROM_END: Final = 42
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_DAMAGED: Final = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, struct.error)
"""What `zipfile` raises for a damaged zip."""


class BadFile(ValueError):
    """The file can't be imported. The message says where and why, as a sentence without a full stop."""

    def __init__(self, place: str, reason: str) -> None:
        reason = reason if len(reason) <= REASON_CHARACTERS else f"{reason[:REASON_CHARACTERS]}…"
        super().__init__(f"{place}: {reason}" if place else reason)


class FileTooLarge(BadFile):
    """The file is over a limit."""


def resources_name(tenant: str, version: str) -> str:
    return f"resources-{tenant}-{version}.ndjson"


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the zip. The same files give the same bytes. Raises FileTooLarge."""
    size = sum(map(len, files.values()))
    if size > UNPACKED_BYTES:
        raise FileTooLarge(
            "", f"The snapshot has {_format_megabytes(size)}, and a file may have at most {_format_megabytes(UNPACKED_BYTES)}"
        )
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = ZipInfo(name, _DATE)
            info.compress_type, info.external_attr = ZIP_DEFLATED, (stat.S_IFREG | 0o600) << 16
            archive.writestr(info, content)
    if packed.tell() > PACKED_BYTES:
        limit = _format_megabytes(PACKED_BYTES)
        raise FileTooLarge(
            "", f"The snapshot has {_format_megabytes(packed.tell())} as a zip, and a file may have at most {limit}"
        )
    return packed.getvalue()


def unpack(packed: bytes) -> dict[str, bytes]:
    """Return the files by name. Raises BadFile and FileTooLarge, before it decompresses more than the limits."""
    if len(packed) > PACKED_BYTES:
        raise FileTooLarge("", f"The file has {_format_megabytes(len(packed))}, more than {_format_megabytes(PACKED_BYTES)}")
    _check_end(packed)
    try:
        with ZipFile(io.BytesIO(packed)) as archive:
            infos = archive.infolist()
            _check_names(infos)
            return {info.filename: _read_file(archive, info) for info in infos}
    except BadFile:
        raise
    except _DAMAGED as error:
        raise BadFile("", f"The file is damaged: {error}") from None


def _check_end(packed: bytes) -> None:
    """Check the size of the directory, because `zipfile` reads all of it into memory."""
    if len(packed) < _END.size or not packed.startswith(b"PK\x03\x04"):
        raise BadFile("", "The file isn't a zip that `sickbay snapshot export` wrote")
    mark, *_, files, size, _, _ = _END.unpack(packed[-_END.size :])
    if mark != b"PK\x05\x06":
        raise BadFile("", "The zip has no end: it is truncated, or something follows it")
    if packed[-_ZIP64_MARK_FROM_END:].startswith(b"PK\x06\x07"):
        raise BadFile("", "The zip is in the format for large files (zip64), which a snapshot never needs")
    if files > MAXIMUM_FILES or size > MAXIMUM_FILES * _DIRECTORY_ENTRY_BYTES:
        raise FileTooLarge("", f"The zip has more than {MAXIMUM_FILES} files, or very long names")


def _check_names(infos: list[ZipInfo]) -> None:
    """Check the names and attributes in the directory of the zip."""
    known: set[str] = set()
    for info in infos:
        place = repr(info.orig_filename[:100])
        if not _NAME.fullmatch(info.orig_filename):
            raise BadFile(place, "a snapshot has no file with this name")
        if info.filename in known:
            raise BadFile(place, "the zip has two files with this name")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.external_attr & 0x10:
            raise BadFile(place, "it isn't a regular file")
        if info.flag_bits & 1:
            raise BadFile(place, "it is encrypted")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise BadFile(place, "it isn't compressed with deflate")
        known.add(info.filename)
    if len(infos) > MAXIMUM_FILES:
        raise FileTooLarge("", f"The zip has more than {MAXIMUM_FILES} files")
    if (size := sum(info.file_size for info in infos)) > UNPACKED_BYTES:
        raise FileTooLarge("", f"The zip has {_format_megabytes(size)} unpacked, more than {_format_megabytes(UNPACKED_BYTES)}")


def _read_file(archive: ZipFile, info: ZipInfo) -> bytes:
    """Decompress a file. Its size in the directory is the most that is read; a larger one fails its checksum."""
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise BadFile(repr(info.filename), "it is truncated")
    return content


def _format_megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB".replace(".0 MB", " MB")
