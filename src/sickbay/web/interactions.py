"""The FHIR door beyond read and search: writes, versions, history, bundles. What is decided is decided in operations."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

import msgspec

from sickbay.authorization import writes
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import history, operation_parameters, preconditions, search, search_routes, subset
from sickbay.fhir.body import Body
from sickbay.fhir.fault import Fault
from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.query import Query
from sickbay.fhir.routing import Misrouted, Route
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.refusal import UNKNOWN, Unknown
from sickbay.operations import binaries as operated
from sickbay.operations import writing
from sickbay.operations.access import Seen
from sickbay.operations.write_values import Done, Outcome, Wanted
from sickbay.protocol.parameters import parse
from sickbay.storage.store import Stored
from sickbay.web import binaries, bundles, exports, histories, operations
from sickbay.web.fhir import Door, Scope
from sickbay.web.fhir_answer import Answer, Headers, modified, unchanged

WRITING = frozenset(("create", "update", "patch", "delete"))
BODIED = frozenset((*WRITING, "batch", "operation"))
"""What may bring a resource along."""
RESOURCE_LIMIT, BUNDLE_LIMIT = 8_000_000, 24_000_000
"""Bytes."""


class Interactions(Door):
    """A Door that writes too."""

    def perform(self, request: AccessRequest, found: Route | Misrouted, raw: bytes = b"") -> Awaitable[tuple[Answer, Seen]]:
        as_is = request.type == "Binary" and binaries.is_raw(request)
        if as_is or request.interaction == "export-file":
            return self._as_is(as_is, request, found, raw)
        return self._performed(request, found, raw)

    async def _as_is(self, as_is: bool, request: AccessRequest, found: Route | Misrouted, raw: bytes) -> tuple[Answer, Seen]:
        """Where the answer is no resource, Accept says nothing of resources."""
        request = replace(request, headers={**request.headers, "accept": VERSIONS[self.version].json})
        answer, seen = await self._performed(request, found, raw)
        return (binaries.raw(answer) if as_is else answer), seen

    def _stored(self, visibility: Visibility, type: str, id: str) -> Awaitable[Stored | None]:
        if type != "Binary":
            return self.sandbox.world.store.read(self.space, type, id, visibility)
        return operated.read(self.sandbox.world, self.space, id, visibility, self.base)

    async def _version(self, seen: Seen, type: str, id: str, number: int) -> Stored | None:
        if type != "Binary":
            return await self.sandbox.world.store.version(self.space, type, id, number, seen.visibility)
        return await operated.version(self.sandbox.world, self.space, id, number, seen.visibility, self.base)

    def _limit(self, found: Route | Misrouted) -> int:
        if isinstance(found, Misrouted) or found.interaction not in BODIED:
            return super()._limit(found)
        return BUNDLE_LIMIT if found.interaction == "batch" else RESOURCE_LIMIT

    def _request(self, scope: Scope, headers: dict[str, str], path: str, found: Route | Misrouted, body: str) -> AccessRequest:
        """A conditional create searches first, so it needs what a search needs. A HEAD is a GET."""
        request = super()._request(scope, headers, path, found, body)
        if request.interaction == "read":
            return request
        if isinstance(found, Route) and found.interaction == "operation":
            more = operation_parameters.involved(self.version, found, request.parameters.pairs, body)
            return replace(request, involved=(*request.involved, *more))
        conditional = request.interaction == "create" and "if-none-exist" in headers
        return replace(request, letters="cs") if conditional else request

    def _read_body(self, request: AccessRequest, raw: bytes) -> Body | Unknown:
        """Only for whoever shows a token: nobody else has work done for."""
        if request.interaction not in ("create", "update") or "authorization" not in request.headers:
            return UNKNOWN if request.interaction not in ("create", "update") else Body("it was not read", {})
        assert request.type is not None
        id = request.id or (writing.new_id(self.sandbox.world) if request.interaction == "create" else "")
        if request.type == "Binary" and (body := binaries.sent(self, request, id, raw)) is not None:
            return body
        return bodies.read(self.version, request.type, id, raw, self.base, request.headers.get("content-type"))

    def _query(self, request: AccessRequest, found: Route | Misrouted) -> Query | tuple[Fault, ...] | None:
        if request.interaction in history.INTERACTIONS:
            strict = search_routes.strictly(self.tenant.policy.strict_search, request.headers.get("prefer", ""))
            asked = history.parse(request.parameters.pairs, strict)
            part = subset.asked(self.version, request.type, request.parameters.pairs)
            faults = [*(asked if not isinstance(asked, history.Asked) else ())]
            return (*faults, *(part if not isinstance(part, subset.Part) else ())) or None
        if isinstance(found, Route) and found.interaction == "operation":
            lenient = preconditions.handling(request.headers.get("prefer")) == "lenient"
            return operation_parameters.faults(self.version, found, request.parameters.pairs, request.body, lenient) or None
        condition = writes.condition(request)
        if condition is None or request.type is None:
            return super()._query(request, found)
        query = search.parse(
            self.version,
            request.type,
            parse(preconditions.criteria(condition, request.type)).pairs,
            base=self.base,
            strict=True,
        )
        if isinstance(query, Query) and not query.narrows:
            expected = (
                "at least one search parameter"
                if condition or request.interaction == "create"
                else (f"{request.type}?<search parameter>=<value>; or {request.type}/<id>, which needs no condition")
            )
            return (Fault("fhir-search-value-malformed", "condition", condition, expected),)
        return query

    async def _other(
        self, seen: Seen, request: AccessRequest, found: Route, query: Query | None, content: Headers
    ) -> tuple[Answer, Seen]:
        if found.interaction in WRITING:
            body = seen.decision.known.body
            wanted = Wanted(self.tenant, self.version, request, seen, body if isinstance(body, Body) else None, query)
            return self.answered(request, seen, await writing.write(self.sandbox.world, wanted), content)
        if found.interaction == "vread":
            return self._cut(await self._vread(seen, request, found, content), request), seen
        if found.interaction in history.INTERACTIONS:
            return await histories.answer(self, seen, request, content), seen
        if found.interaction == "operation":
            return await operations.answer(self, seen, request, found, content)
        if found.interaction.startswith("export-"):
            return await exports.answer(self, seen, found, content), seen
        if found.interaction == "capabilities":  # of an entry: alone it needs no token
            return Answer(200, self.documents.metadata(self.tenant, self.version), content), seen
        if found.interaction == "batch":
            return await bundles.answer(self, seen, request, content)
        return await super()._other(seen, request, found, query, content)

    as_request = _request
    condition = _query

    def issue(self, status: int, *issues: Issue) -> Answer:
        return self._issue(status, *issues)

    def absent(self, type: str, id: str) -> Answer:
        return self._absent(type, id)

    def refused(self, seen: Seen) -> Answer:
        return self._refused(seen)

    async def searched(self, seen: Seen, query: Query, content: Headers) -> Answer:
        return await self._search(seen.visibility, query, content)

    @staticmethod
    def further(query: Query, cursor: str) -> Query:
        return msgspec.structs.replace(query, cursor=cursor)

    @staticmethod
    def as_patch(request: AccessRequest) -> AccessRequest:
        return replace(request, interaction="patch")

    def failed_if(self, answer: Answer, seen: Seen, only: tuple[int, ...]) -> None:
        """Raises bundles.Failed."""
        if answer.status in only:
            raise bundles.Failed(answer, seen)

    def answered(self, request: AccessRequest, seen: Seen, outcome: Outcome, content: Headers) -> tuple[Answer, Seen]:
        """The answer to a write, and what is to stand in the journal."""
        if isinstance(outcome, Done):
            return self._done(request, outcome, content), seen
        if outcome.decision is None:
            return self._issue(outcome.status, Issue(outcome.code, outcome.text)), seen
        told = seen._replace(decision=outcome.decision)
        return self._refused(told), told

    def _done(self, request: AccessRequest, done: Done, content: Headers) -> Answer:
        if done.status == 204:
            return Answer(204, b"", [(b"etag", preconditions.etag(done.version_id).encode())] if done.version_id else [])
        headers: Headers = [
            (b"etag", preconditions.etag(done.version_id).encode()),
            (b"last-modified", modified(done.at // 1000)),
        ]
        if done.status == 201 or request.id is None:  # which one it is, also where a condition found it
            address = f"{self.base}/{done.type}/{done.id}/_history/{done.version_id}"
            headers.append((b"location", address.encode()))
        wanted = preconditions.wanted(request.headers.get("prefer")) or "representation"
        if wanted == "OperationOutcome":
            said = "created" if done.status == 201 else "saved"
            text = f"{done.type}/{done.id} was {said} as version {done.version_id}."
            told = outcome(self.version, [Issue("informational", text, "information")])
            return Answer(done.status, told, [*content, *headers], kept=True)
        if wanted == "minimal" or done.body is None:
            return Answer(done.status, b"", headers)
        return Answer(done.status, done.body, [*content, *headers])

    async def _vread(self, seen: Seen, request: AccessRequest, found: Route, content: Headers) -> Answer:
        assert found.type is not None
        assert found.id is not None
        number = found.version_id or ""
        known = number.isascii() and number.isdigit() and len(number) < 19 and number[0] != "0"
        stored: Stored | None = None
        if known:
            stored = await self._version(seen, found.type, found.id, int(number))
        if stored is None:
            return self._issue(
                404, Issue("not-found", f"There is no {found.type}/{found.id}/_history/{number} that this token may see.")
            )
        if stored.deleted:
            return self._issue(410, Issue("deleted", f"{found.type}/{found.id} was deleted in version {number}."))
        tag = preconditions.etag(stored.version_id)
        headers: Headers = [(b"etag", tag.encode()), (b"last-modified", modified(stored.at // 1000))]
        if unchanged(request.headers, tag, headers[1][1].decode()):
            return Answer(304, b"", headers)
        return Answer(200, stored.body, [*content, *headers])
