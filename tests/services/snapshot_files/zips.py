"""Zips that a snapshot's export would never write."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable
from typing import Final

Member = tuple[str, bytes]
RESOURCES: Final = "resources-general-r4.ndjson"


def members(packed: bytes) -> list[Member]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def pack(files: Iterable[Member], mode: int = stat.S_IFREG | 0o600, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members, also with a name twice. mode: of each."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, method
            with_twice(archive, info, content)
    return packed.getvalue()


def with_twice(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: bytes) -> None:
    archive.NameToInfo.pop(info.filename, None)  # otherwise a second member of this name gives a warning
    archive.writestr(info, content)


def in_directory(packed: bytes, name: str, offset: int, value: bytes) -> bytes:
    """Overwrite bytes of a member's entry in the directory."""
    place = packed.rindex(b"PK\x01\x02", 0, packed.rindex(name.encode())) + offset
    return packed[:place] + value + packed[place + len(value) :]


WRONG: Final[dict[str, tuple[Callable[[bytes], bytes], str]]] = {
    "empty": (lambda packed: b"", "isn't a zip"),
    "text": (lambda packed: b"{}" * 100, "isn't a zip"),
    "truncated": (lambda packed: packed[:-1], "has no end"),
    "half": (lambda packed: packed[: len(packed) // 2], "has no end"),
    "more at the end": (lambda packed: packed + b"x", "has no end"),
    "a path upwards": (
        lambda packed: pack([*members(packed), ("../evil.ndjson", b"")]),
        "'../evil.ndjson': a snapshot has no file",
    ),
    "an absolute path": (
        lambda packed: pack([*members(packed), ("/etc/passwd", b"")]),
        "'/etc/passwd': a snapshot has no file",
    ),
    "a backslash": (lambda packed: pack([*members(packed), ("..\\x.ndjson", b"")]), "a snapshot has no file"),
    "a folder": (lambda packed: pack([*members(packed), ("apps.ndjson/", b"")]), "a snapshot has no file"),
    "an unknown file": (lambda packed: pack([*members(packed), ("keys.json", b"{}")]), "'keys.json': a snapshot has no file"),
    "another space": (
        lambda packed: pack([*members(packed), ("resources-x-r4.ndjson", b"")]),
        "resources-x-r4.ndjson: the manifest doesn't name",
    ),
    "a symbolic link": (lambda packed: pack(members(packed), stat.S_IFLNK | 0o777), "isn't a regular file"),
    "a device": (lambda packed: pack(members(packed), stat.S_IFCHR | 0o600), "isn't a regular file"),
    "a name twice": (lambda packed: pack([*members(packed), members(packed)[1]]), "'apps.ndjson': the zip has two files"),
    "another method": (lambda packed: pack(members(packed), method=zipfile.ZIP_BZIP2), "isn't compressed with deflate"),
    "encrypted": (lambda packed: in_directory(packed, "apps.ndjson", 8, b"\x01\x00"), "'apps.ndjson': it is encrypted"),
    "a bomb": (lambda packed: pack([*members(packed)[1:], ("manifest.json", bytes(64_000_001))]), "unpacked, more than 64 MB"),
    "a bomb that lies about its size": (
        lambda packed: in_directory(
            pack([*members(packed)[:1], ("apps.ndjson", bytes(70_000_000))]), "apps.ndjson", 24, struct.pack("<L", 100)
        ),
        "damaged",
    ),
    "many files": (
        lambda packed: pack((f"resources-h{number}-r4.ndjson", b"") for number in range(129)),
        "more than 128 files",
    ),
    "no manifest": (lambda packed: pack(members(packed)[1:]), "has no manifest.json"),
    "another format": (lambda packed: manifest(packed, b'"sickbay-snapshot"', b'"other"'), "manifest.json: `format` must be"),
    "a newer version": (lambda packed: manifest(packed, b'"version": 1', b'"version": 2'), "and the file has version 2"),
    "a wrong type": (lambda packed: manifest(packed, b'"seconds": 0.0', b'"seconds": "0"'), "manifest.json: Expected `float`"),
    "an unknown member": (
        lambda packed: manifest(packed, b'"name"', b'"more": 1, "name"'),
        "manifest.json: Object contains unknown",
    ),
    "no JSON": (lambda packed: manifest(packed, b'"name"', b"name"), "manifest.json: it isn't JSON"),
    "deep JSON": (lambda packed: manifest(packed, b'"policies": {}', b'"policies": ' + b"[" * 100_000), "manifest.json: "),
    "other patients": (
        lambda packed: manifest(packed, b'"patients": ', b'"patients": 1'),
        "needs a data folder with --patients",
    ),
    "another hospital": (lambda packed: manifest(packed, b'"cerner"', b'"riverside"'), "the snapshot needs riverside"),
    "a time after 2199": (lambda packed: manifest(packed, b'"seconds": 0.0', b'"seconds": 1e12'), "from 1970 to 2199"),
    "an infinite time": (lambda packed: manifest(packed, b'"seconds": 0.0', b'"seconds": 1e999'), "manifest.json: "),
    "a long line": (
        lambda packed: put(packed, "users.ndjson", b'{"username": "' + bytes(8_100_001)),
        "users.ndjson, line 1: the line has",
    ),
    "a line that is no user": (lambda packed: put(packed, "users.ndjson", b"{}"), "users.ndjson, line 1: Object missing"),
    "an empty line": (lambda packed: put(packed, "users.ndjson", b"\n"), "users.ndjson, line 1: it isn't JSON"),
    "a password hash": (
        lambda packed: edit(packed, "users.ndjson", b'"password":""', b'"password":"$argon2id$x"'),
        "users.ndjson, line 1: a snapshot's file contains no hashes of passwords",
    ),
    "the hash of a secret": (
        lambda packed: edit(packed, "apps.ndjson", b'"secret_hash":null', b'"secret_hash":"00"'),
        "apps.ndjson, line 1: a snapshot's file contains no hashes of secrets",
    ),
    "an app twice": (lambda packed: twice(packed, "apps.ndjson"), "there are two apps with the ID"),
    "a user twice": (lambda packed: twice(packed, "users.ndjson"), "has two users named"),
    "a character that not every database stores": (
        lambda packed: edit(packed, "users.ndjson", b'"title":"', b'"title":"\\u0000'),
        "users.ndjson, line 1: a string has U+0000",
    ),
    "who wrote it, with U+0000": (
        lambda packed: edit(packed, RESOURCES, b'"who":"', b'"who":"\\u0000'),
        f"{RESOURCES}, line 1: a string has U+0000",
    ),
    "an app that is too large": (
        lambda packed: edit(packed, "apps.ndjson", b'"scope":"', b'"scope":"' + b"patient/Patient.rs " * 4_000),
        "apps.ndjson, line 1: the app is larger than 65,536 bytes",
    ),
    "a user who is no person": (
        lambda packed: edit(packed, "users.ndjson", b'"fhir_user":"', b'"fhir_user":"javascript:'),
        "users.ndjson, line 1: `fhir_user` must be a person's resource",
    ),
    "two users with one `sub`": (
        lambda packed: edit(packed, "users.ndjson", b'"sub":"general-okafor"', b'"sub":"general-reyes"'),
        "users.ndjson, line 2: general has two users with this `sub`",
    ),
    "an unknown member with a long name": (
        lambda packed: edit(packed, "users.ndjson", b'"username"', b'"' + b"x" * 100_000 + b'": 1, "username"'),
        "Object contains unknown field `xxx",
    ),
    "appointments before 1970": (
        lambda packed: edit(packed, "manifest.json", b'"day": "2', b'"day": "1'),
        "manifest.json: `day` and `first` must be from 1970 to 2199",
    ),
    "appointments in 9999": (
        lambda packed: edit(packed, "manifest.json", b'"first": "2', b'"first": "9'),
        "manifest.json: `day` and `first` must be from 1970 to 2199",
    ),
    "a version from the year 287396": (
        lambda packed: edit(packed, RESOURCES, b'"at":', b'"at":9'),
        f"{RESOURCES}, line 1: Expected `int` <= 7258118399999",
    ),
    "a version that was changed at another time": (
        lambda packed: edit(packed, RESOURCES, b'"lastUpdated":"2', b'"lastUpdated":"1'),
        f"{RESOURCES}, line 1: `resource.meta` must have versionId 1 and lastUpdated 20",
    ),
    "an app of no hospital": (
        lambda packed: edit(packed, "apps.ndjson", b'"tenant":"general"', b'"tenant":"nowhere"'),
        "there is no hospital 'nowhere'",
    ),
    "a redirect URI that runs code": (
        lambda packed: edit(packed, "apps.ndjson", b'"redirect_uris":["http', b'"redirect_uris":["javascript:alert(1)","http'),
        "can't be registered here (reg-redirect-uri",
    ),
    "a missing line": (lambda packed: put(packed, RESOURCES, b""), f"{RESOURCES}: it has 0 lines, and the manifest says"),
    "another resource": (lambda packed: edit(packed, RESOURCES, b'"id":"', b'"id":"x'), f"{RESOURCES}, line 1: `resource` is "),
    "another version": (
        lambda packed: edit(packed, RESOURCES, b'"version":1', b'"version":7'),
        f"{RESOURCES}, line 1: `resource.meta`",
    ),
    "a version of a million digits": (
        lambda packed: edit(packed, RESOURCES, b'"version":1', b'"version":' + b"9" * 1_000_000),
        f"{RESOURCES}, line 1: ",
    ),
    "an update of nothing": (
        lambda packed: edit(packed, RESOURCES, b'"create"', b'"update"'),
        "which doesn't exist before it in the file or the sample data",
    ),
    "an unknown interaction": (
        lambda packed: edit(packed, RESOURCES, b'"create"', b'"patch"'),
        f"{RESOURCES}, line 1: Invalid enum",
    ),
}
"""What is done to an export, and what the error says."""


def manifest(packed: bytes, old: bytes, new: bytes) -> bytes:
    return edit(packed, "manifest.json", old, new)


def edit(packed: bytes, name: str, old: bytes, new: bytes) -> bytes:
    content = dict(members(packed))[name]
    assert old in content, (name, old)
    return put(packed, name, content.replace(old, new, 1))


def twice(packed: bytes, name: str) -> bytes:
    content = dict(members(packed))[name]
    return put(packed, name, content + content.partition(b"\n")[0])


def put(packed: bytes, name: str, content: bytes) -> bytes:
    return pack([(other, content if other == name else old) for other, old in members(packed)])
