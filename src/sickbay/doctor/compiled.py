"""Loads the knowledge from one compiled file. A clone compiles it again if its sources have changed.

The wheel has the compiled file without its sources (`tools/build_backend.py`).
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import msgspec

from sickbay.doctor import source
from sickbay.doctor.model import Knowledge

PATH = Path(__file__).parent / "compiled.msgpack"
HASH_BYTES = 32
"""The file begins with the hash of its sources."""
CODE = ("model.py", "phrases.py", "source.py")
"""The code on which the compiled form depends."""


@cache
def knowledge() -> Knowledge:
    """The knowledge, from the compiled file if it belongs to the sources."""
    sources = source.files()
    compiled = _compiled()
    if sources and compiled[:HASH_BYTES] != (expected := digest(sources)):
        compiled = expected + msgspec.msgpack.encode(source.read())
        _keep(compiled)
    return msgspec.msgpack.decode(compiled[HASH_BYTES:], type=Knowledge)


def digest(sources: list[Path]) -> bytes:
    """The hash of the sources and of the code that compiles them."""
    found = hashlib.sha256()
    for path in (*(Path(__file__).parent / name for name in CODE), *sources):
        content = path.read_bytes()
        found.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    return found.digest()


def _compiled() -> bytes:
    try:
        return PATH.read_bytes()
    except FileNotFoundError:
        return b""


def _keep(compiled: bytes) -> None:
    """Writes the file for the next start, unless the folder is read-only. Several processes may do so at once."""
    temporary = PATH.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_bytes(compiled)
        temporary.replace(PATH)
    except OSError:
        temporary.unlink(missing_ok=True)
