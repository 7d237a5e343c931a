"""create: stores a new resource, unless a condition matches one that exists."""

from __future__ import annotations

from sickbay.services.context import Runtime
from sickbay.services.writing import saving
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest


async def prepare(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps of a create. If a condition matches a resource, nothing is stored."""
    assert write.body is not None
    if write.query is None:
        return saving.save(runtime, write, write.body, 0, "create")
    matches, lock = await saving.find_matches(runtime, write, write.query)
    if isinstance(matches, WriteRejected):
        return matches
    if matches:
        return Prepared(saving.report_unchanged(write, matches[0]))
    prepared = saving.save(runtime, write, write.body, 0, "create")
    return prepared._replace(steps=(lock, *prepared.steps))
