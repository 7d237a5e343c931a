"""Removes tokens, codes and generated secrets of this Sickbay that someone has stored as data, such as in a resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sickbay.authorization.models import Client
from sickbay.authorization.token import refresh
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.services.redaction import live_secrets
from sickbay.services.redaction.live_secrets import KINDS, TOKEN
from sickbay.storage.interface import Record

REMOVED: Final = b"removed-by-export"
MAXIMUM_LOOKED_UP: Final = 1000
"""Texts of the length of a token that are looked up. Any beyond that are removed."""
_RUN: Final = re.compile(rb"(?<![\w-])(?:[\w-]{1,64}\.\d{1,9}\.)?[\w-]{%d}(?![\w-])" % TOKEN)
"""A token, or a refresh token, which has two more parts before it."""


async def remove_secrets(runtime: Runtime, files: Mapping[str, bytes], saved: Iterable[Record]) -> dict[str, bytes]:
    """The files without secrets. saved: the records of the snapshot, whose hashes say what a secret is."""
    known = set((await live_secrets.read_stored_secrets(runtime)).hashes)
    for record in saved:
        if record.kind in KINDS:
            known.add(record.key)
        elif record.kind == "app":
            client = records.parse(Client, record.value)
            known |= {hashed for hashed in (client.secret_hash, client.registration_hash) if hashed}
    runs = {run for content in files.values() for run in _RUN.findall(content)}
    secrets = {run for run in runs if refresh.SHAPE.fullmatch(run.decode())}
    candidates = sorted(run for run in runs - secrets if len(run) == TOKEN)
    secrets.update(candidates[MAXIMUM_LOOKED_UP:])
    for run in candidates[:MAXIMUM_LOOKED_UP]:
        hashed = records.digest(run.decode())
        if hashed in known or any([await runtime.store.get(kind, hashed) is not None for kind in KINDS]):
            secrets.add(run)
    return {name: _RUN.sub(lambda match: REMOVED if match[0] in secrets else match[0], files[name]) for name in files}
