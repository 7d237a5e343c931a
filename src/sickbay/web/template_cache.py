"""Keeps compiled templates next to their sources, as Python keeps compiled modules in `__pycache__`."""

from __future__ import annotations

import hashlib
import secrets
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import BytecodeCache, __version__
from jinja2.bccache import Bucket

SUFFIX = ".jinja"
DIGEST_BYTES = 32
"""A file begins with the hash of the rest, so that a damaged one isn't used."""


class TemplateCache(BytecodeCache):
    """Follows Python's settings for compiled modules: PYTHONPYCACHEPREFIX and PYTHONDONTWRITEBYTECODE.

    options: what else the compiled form depends on. A file that is missing, damaged or older than its source, or that can't be
    written, costs only the time to compile the template.
    """

    def __init__(self, options: str) -> None:
        self._options = f"{__version__} {options}\n"

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The path of the file; empty if this Python keeps no compiled modules."""
        if filename is None or sys.implementation.cache_tag is None:
            return ""
        return str(Path(cache_from_source(filename)).with_suffix(SUFFIX))

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(self._options + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            content = Path(bucket.key).read_bytes()
            digest, code = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
            if digest == hashlib.sha256(code).digest():
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not bucket.key or sys.dont_write_bytecode:
            return
        path, code = Path(bucket.key), bucket.bytecode_to_string()
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(hashlib.sha256(code).digest() + code)
            draft.replace(path)
        with suppress(OSError):
            draft.unlink()
