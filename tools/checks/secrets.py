"""Checks that no database, no private key and no path of a developer's machine is committed, by their content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

SQLITE, DATABASES = b"SQLite format 3\0", (".db", ".db-wal", ".db-shm", ".sqlite", ".sqlite3")
PEM = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----\s*(?:[A-Za-z0-9+/=:,-]+\s*){1,4}")
DER = re.compile(rb"\x30\x82..\x02\x01\x00(?:\x02\x82|\x30)", re.S)
"""Matches PKCS 1 and PKCS 8."""
JWK = re.compile(rb"[\"'](?:d|p|q|dp|dq|qi|k)[\"']\s*:\s*[\"']([A-Za-z0-9_-]{8,})[\"']")
"""Matches a private member of a JWK with a value that may be a key (RFC 7518 6.2.2, 6.3.2, 6.4.1)."""
MACHINE_PATH = re.compile(rb"/root/\.[a-z]|/work/(?:main|shared)\b")
"""Matches what a shell or a tool may print into a file."""
PLACEHOLDER = b"TEST-ONLY"
"""Replaces the key in cases of rules about published private keys."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        name, content = path.relative_to(root).as_posix(), path.read_bytes()
        if content.startswith(SQLITE) or path.name.endswith(DATABASES):
            yield f"{name}: is a database; remove it with git rm, and treat its keys as published"
        if PEM.search(content) or DER.match(content):
            yield f"{name}: holds a private key; make keys in the tests"
        if MACHINE_PATH.search(content):
            yield f"{name}: contains a path of the machine that it was written on"
        values = {match[1] for match in JWK.finditer(content)}
        if values - {PLACEHOLDER}:
            yield f"{name}: holds the private members of a JWK; make keys in the tests"
