"""What a transaction locks before it looks: everything that its conditions rest on, all at once and in one order.

Each statement after that sees all that was committed before (READ COMMITTED), and nothing of it can change until the end.
So a condition that holds when it is looked at holds when the transaction commits, and two transactions never wait for each
other in a circle. A name is locked shared by those who use it and exclusively by those who change it:

    everything                  shared by all, exclusive for what clears
    a family of records         shared by whoever puts one, exclusive for whoever revokes it
    a space                     shared by whoever saves, exclusive for fills, copies and great batches
    one resource                shared by whoever refers to it, exclusive for whoever saves or indexes it

Single records need none: their conditions are in the statement that changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from sickbay.storage.interface import Clear, DeleteFamily, Put, Reindex, ResourceSpace, Save, Step
from sickbay.storage.query.saving import targets

MANY = 200
"""More resources than these are locked by their spaces: the server holds all locks in one table."""
EVERYTHING = "everything"


def of_steps(steps: Sequence[Step]) -> str:
    """The statement that takes the locks of these steps."""
    shared, exclusive = {EVERYTHING}, set[str]()
    saves: list[Save | Reindex] = []
    for step in steps:
        match step:
            case Put(record=record) if record.family:
                shared.add(f"family {record.family}")
            case DeleteFamily(family=family):
                exclusive.add(f"family {family}")
            case Clear():
                exclusive.add(EVERYTHING)
            case Save() | Reindex():
                saves.append(step)
    spaces = {_space(one.space) for one in saves}
    changed = {_resource(one.space, one.type, one.id) for one in saves}
    used = {_resource(one.space, *target) for one in saves for target in targets(one.facts)}
    if len(changed | used) > MANY:
        return _statement(shared, exclusive | spaces)
    return _statement(shared | spaces | used, exclusive | changed)


def of_spaces(spaces: Iterable[ResourceSpace]) -> str:
    """For what rewrites whole spaces."""
    return _statement({EVERYTHING}, {_space(one) for one in spaces})


def number(name: str) -> int:
    """64 bits; two names with one number wait for each other, no more."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"sickbay").digest(), "big", signed=True)


def _statement(shared: set[str], exclusive: set[str]) -> str:
    calls = {number(name): "pg_advisory_xact_lock_shared" for name in shared}
    calls |= {number(name): "pg_advisory_xact_lock" for name in exclusive}
    return f"SELECT {', '.join(f'{calls[one]}({one})' for one in sorted(calls))}"


def _space(space: ResourceSpace) -> str:
    return f"space {space.tenant}/{space.version}"


def _resource(space: ResourceSpace, type: str, id: str) -> str:
    return f"resource {space.tenant}/{space.version}/{type}/{id}"
