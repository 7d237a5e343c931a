"""A write as it is asked for, prepared, done and declined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.body import Body
from sickbay.fhir.search.query import Query
from sickbay.services.access import AccessResult
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.storage.interface import ResourceSpace, Step


class WriteRequest(NamedTuple):
    """One write, granted by access. body: of create and update, with the id it will have. query: of a conditional one.

    fresh: the id that a conditional update gives to what it makes, where that was told already; "" for any.
    """

    tenant: Tenant
    version: str
    request: AccessRequest
    seen: AccessResult
    body: Body | None = None
    query: Query | None = None
    change: Callable[[dict[str, Any]], Any] | None = None
    """What a patch does to the resource; None: what the body says. Raises PatchFailed."""
    fresh: str = ""

    @property
    def space(self) -> ResourceSpace:
        return ResourceSpace(self.tenant.name, self.version)

    @property
    def type(self) -> str:
        assert self.request.type is not None
        return self.request.type


class WriteResult(NamedTuple):
    """What is there now. status: 201 created, 200 otherwise, 204 deleted. body: only where the token may read it."""

    status: int
    type: str
    id: str
    version_id: int = 0
    at: int = 0
    body: bytes | None = None


class Prepared(NamedTuple):
    """steps: to be stored at once; none where there was nothing to do."""

    done: WriteResult
    steps: tuple[Step, ...] = ()


class WriteRejected(NamedTuple):
    """decision: where a rule explains it; else the status and the issue. An absent and a hidden resource are declined alike."""

    status: int
    code: str = ""
    text: str = ""
    decision: Decision[AccessRequest, AccessContext] | None = None


Outcome: TypeAlias = WriteResult | WriteRejected
