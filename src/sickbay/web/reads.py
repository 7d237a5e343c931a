"""The short way of what apps ask most: a read as JSON, without parameters. It says what the long way says, in fewer steps."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import negotiate
from sickbay.fhir.routing import Misrouted, Route
from sickbay.operations.access import access
from sickbay.protocol.parameters import Parameters
from sickbay.web.fhir import Scope
from sickbay.web.fhir_answer import Answer
from sickbay.web.interactions import Interactions

NONE = Parameters()


class Reads(Interactions):
    """The door of a FHIR base."""

    def _answer(
        self, scope: Scope, receive: Callable[[], Any], headers: dict[str, str], id: str, path: str,
        found: Route | Misrouted,
    ) -> Coroutine[Any, Any, Answer]:  # fmt: skip
        if isinstance(found, Route) and found.interaction == "read" and not scope["query_string"]:
            media = negotiate(self.version, headers.get("accept"))
            json = media.content_type is not None and not media.xml
            if json and found.type != "Binary" and self.sandbox.filling.is_ready(self.space):
                return self._plainly(scope, headers, id, path, found, media.content_type or "")
        return super()._answer(scope, receive, headers, id, path, found)

    async def _plainly(
        self, scope: Scope, headers: dict[str, str], id: str, path: str, found: Route, content_type: str
    ) -> Answer:
        request = AccessRequest(
            scope["method"], self.base, path, NONE, headers, found.type, found.id, "read", found.letters, (),
            self.base + path,
        )  # fmt: skip
        seen = await access(self.sandbox.world, self.tenant, self.version, request)
        if seen.decision.refusal is not None:
            answer = self._refused(seen)
        else:
            answer = await self._read(seen, found, headers, [(b"content-type", content_type.encode())])
        return await self._kept(scope, request, headers, "", id, answer, seen)
