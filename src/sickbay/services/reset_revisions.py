"""Which resets this worker knows of. Requests begin with them, and a new one makes the worker forget what it remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sickbay.kernel.memory import ResetScope
from sickbay.storage.interface import Put, Record, Store
from sickbay.storage.resets import RESETS, Revisions, current, key_of

_decode_counts = msgspec.json.Decoder(int | tuple[int, int]).decode


class ResetRevisions(NamedTuple):
    """of: by hospital, and by "" for requests to none, the revisions that must not change while a request runs.

    everything: how many of the resets removed added apps and users too. restores: how many were restores of a snapshot.
    """

    of: dict[str, Revisions]
    everything: int = 0
    restores: int = 0

    @property
    def all(self) -> Revisions:
        """The revisions of all hospitals."""
        return {key: revision for revisions in self.of.values() for key, revision in revisions.items()}


def make_revisions(tenants: Iterable[str]) -> ResetRevisions:
    """The revisions before the first reset."""
    return _revisions_after_reset(dict.fromkeys((RESETS, *map(key_of, tenants)), 0), tenants)


async def read_reset_revisions(store: Store, tenants: Iterable[str]) -> ResetRevisions:
    revisions, everything, restores = {}, 0, 0
    for tenant in (None, *tenants):
        record = await store.get("meta", key_of(tenant))
        revisions[key_of(tenant)] = record.revision if record else 0
        if tenant is None and record is not None:
            counts = _decode_counts(record.value)  # an older Sickbay stored only the first
            everything, restores = (counts, 0) if isinstance(counts, int) else counts
    return _revisions_after_reset(revisions, tenants)._replace(everything=everything, restores=restores)


def _revisions_after_reset(revisions: Revisions, tenants: Iterable[str]) -> ResetRevisions:
    common = {RESETS: revisions[RESETS]}
    return ResetRevisions({"": common, **{name: {**common, key_of(name): revisions[key_of(name)]} for name in tenants}})


def compare_revisions(before: ResetRevisions, now: ResetRevisions) -> list[ResetScope]:
    """The resets between two moments. A restore of a snapshot comes last, because it keeps more."""
    everything = before.everything != now.everything
    resets, restores = now.of[""][RESETS] - before.of[""][RESETS], now.restores - before.restores
    if resets > restores:
        return [ResetScope(None, everything)]
    changed = [ResetScope(name) for name in now.of if name and _count_own_resets(now, name) != _count_own_resets(before, name)]
    return [*changed, *[ResetScope(None, everything, restored=True)] * bool(restores)]


def _count_own_resets(known: ResetRevisions, tenant: str) -> int | None:
    """How often this hospital alone was reset. None: it isn't known."""
    return known.of.get(tenant, {}).get(key_of(tenant))


def is_over(known: ResetRevisions) -> bool:
    """Whether the data was reset since the current request began."""
    began = current().revisions
    if not began or any(began is revisions for revisions in known.of.values()):
        return False
    latest = known.all
    return any(latest.get(key, 0) != revision for key, revision in began.items())


def make_step(known: ResetRevisions, tenant: str | None, everything: bool, *, restores: bool = False) -> Put:
    """What a reset writes so that every worker notices it, and so that earlier requests change nothing any more.

    restores: it is the restore of a snapshot.
    """
    if tenant is not None:
        return Put(Record("meta", key_of(tenant), b"0", tenant))
    value = msgspec.json.encode((known.everything + everything, known.restores + restores))
    return Put(Record("meta", RESETS, value), known.of[""][RESETS])
