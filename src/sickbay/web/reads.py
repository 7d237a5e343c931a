"""The short way of what was asked before: it says what the long way says, in half the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import negotiate
from sickbay.fhir.query import Query
from sickbay.fhir.routing import route
from sickbay.fhir.visibility import Visibility
from sickbay.operations.access import Asked, Seen, again, remember
from sickbay.protocol.headers import Headers as Interned
from sickbay.web.fhir import READING, Scope, is_shaped
from sickbay.web.fhir_answer import Answer, Headers
from sickbay.web.interactions import Interactions


class Wanted(NamedTuple):
    """A read or a search, once it is understood. query: None where it is a read, of type and id."""

    query: Query | None
    type: str
    id: str
    content: Headers


class Reads(Interactions):
    """The door of a FHIR base."""

    async def _respond(self, scope: Scope, receive: Callable[[], Any], headers: dict[str, str], id: str) -> Answer:
        """What was granted before is answered from what is stored now, without deciding on it again."""
        if scope["method"] == "GET":
            world = self.sandbox.world
            found = again(world, self.tenant, _asked(scope, headers))
            if found is not None and self.sandbox.filling.is_ready(self.space):
                answer = await self._answered_again(found.seen.visibility, found.what, headers)
                return await super()._kept(scope, found.seen.decision.request, headers, "", id, answer, found.seen)
            scope["state"]["granted"] = world.holders.granted
        return await super()._respond(scope, receive, headers, id)

    async def _answered_again(self, visibility: Visibility, wanted: Wanted, headers: dict[str, str]) -> Answer:
        query, type, id, content = wanted
        if query is None:
            return await self._read(visibility, type, id, headers, content)
        return await self._search(visibility, query, content)

    async def _kept(
        self, scope: Scope, request: AccessRequest, headers: dict[str, str], body: str, id: str, answer: Answer, seen: Seen
    ) -> Answer:
        granted = scope["state"].get("granted")
        if granted is not None and seen.decision.refusal is None and isinstance(headers, Interned):
            wanted = self._wanted(request, headers)
            if wanted is not None:
                remember(granted, _asked(scope, headers), headers, seen, wanted)
        return await super()._kept(scope, request, headers, body, id, answer, seen)

    def _wanted(self, request: AccessRequest, headers: dict[str, str]) -> Wanted | None:
        """None of what is neither search nor read, is not answered as it is stored, or is too long to be remembered."""
        plain = request.interaction != "read" or not (request.parameters.pairs or request.type == "Binary")
        if request.interaction not in READING or not plain or is_shaped(request, headers):
            return None
        query = None
        if request.interaction != "read":
            asked = self._query(request, route(self.version, "GET", request.path))
            if not isinstance(asked, Query) or not asked.remembered:
                return None
            query = asked
        type = negotiate(self.version, headers.get("accept")).content_type or ""
        return Wanted(query, request.type or "", request.id or "", [(b"content-type", type.encode())])


def _asked(scope: Scope, headers: dict[str, str]) -> Asked:
    return id(headers), scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
