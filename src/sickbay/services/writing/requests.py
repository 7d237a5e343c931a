"""The stages of a write: requested, prepared, done or rejected."""

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
    """One write that access control has granted. body: of a create or update, with its id. query: of a conditional write.

    fresh: the id for the resource that a conditional update creates, if it was already announced; "" for any.
    """

    tenant: Tenant
    space: ResourceSpace
    type: str
    request: AccessRequest
    seen: AccessResult
    body: Body | None = None
    query: Query | None = None
    change: Callable[[dict[str, Any]], Any] | None = None
    """What a patch does to the resource; None: use the request body. Raises PatchFailed."""
    fresh: str = ""


class WriteResult(NamedTuple):
    """What is stored now. status: 201 created, 200 otherwise, 204 deleted. body: only if the token can read it."""

    status: int
    type: str
    id: str
    version_id: int = 0
    at: int = 0
    body: bytes | None = None


class Prepared(NamedTuple):
    """steps: to store in one transaction; empty if there is nothing to do."""

    done: WriteResult
    steps: tuple[Step, ...] = ()


class WriteRejected(NamedTuple):
    """decision: if a rule explains the rejection; otherwise status and issue. A missing and a hidden resource look the same."""

    status: int
    code: str = ""
    text: str = ""
    decision: Decision[AccessRequest, AccessContext] | None = None


Outcome: TypeAlias = WriteResult | WriteRejected
