"""The FHIR door: a plain ASGI function, since routing by a framework would cost more than the read itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from sickbay.authorization.origin import withheld
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import search, subset
from sickbay.fhir.body import Body
from sickbay.fhir.bundle import Kept, search_url, searchset
from sickbay.fhir.fault import Fault
from sickbay.fhir.media import Media, negotiate
from sickbay.fhir.outcome import Issue
from sickbay.fhir.query import Query
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.search_routes import SEARCHES, search_of, strictly
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.budget import HELD, pause
from sickbay.kernel.refusal import UNKNOWN, Unknown
from sickbay.operations.access import AccessResult, access
from sickbay.operations.context import Tenant
from sickbay.operations.journal import Answered, Exchange, Wire
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.storage.store import BadCursor, Page, Space, StaleCursor, Stored
from sickbay.web import counting, cross_origin, unreadable
from sickbay.web.astray import Astray, is_astray
from sickbay.web.discovery import Documents, endpoints
from sickbay.web.doors import headers_of
from sickbay.web.fhir_answer import Answer, Headers, modified, sent, unchanged
from sickbay.web.fhir_refusals import left_out, refused, told
from sickbay.web.representation import cut, parts, shaped
from sickbay.web.wire import (
    QUESTIONS,
    Unreadable,
    check_target,
    check_text,
    check_values,
    over,
    query_of,
    raw_path,
    received,
    sent_length,
    unpacked,
)

Scope = MutableMapping[str, Any]
FORM = "application/x-www-form-urlencoded"
LARGE = 200_000
READING = SEARCHES | {"read"}
OPEN = frozenset(("preflight", "capabilities", "discovery"))
SHAPING = frozenset(("_format", "_pretty"))
GZIP = frozenset(("gzip", "x-gzip"))
BODILESS = frozenset(("GET", "HEAD", "DELETE"))


class Door:
    """Answers what comes to one tenant's base of one version. path: where it stands, if not at the base itself."""

    def __init__(self, sandbox: Sandbox, tenant: Tenant, version: str, documents: Documents, path: str | None = None) -> None:
        self.sandbox, self.tenant, self.version = sandbox, tenant, version
        self.base = tenant.fhir_base(version)
        self.space = Space(tenant.name, version)
        self.documents = documents
        self.path = f"/{tenant.name}{path or tenant.dialect.fhir_path(version)}"
        self.prefix = len(self.path)

    async def __call__(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        headers = headers_of(scope)
        id: str = scope["state"]["exchange"]
        try:
            check_target(scope)
            answer = await self._respond(scope, receive, headers, id)
        except Unreadable as error:
            answer = await unreadable.answered_in_fhir(scope, self.sandbox, self.tenant, self.version, error)
            answer = self._in_its_form(scope, headers, answer)
        lines = await cross_origin.readable(self.sandbox, self.tenant, scope, headers)
        if cross_origin.is_preflight(scope["method"], headers):
            url = f"{self.base}{raw_path(scope)[self.prefix :]}"
            cross_origin.keep_preflight(self.sandbox, self.tenant, id, url, headers, lines)
        await sent(send, scope["method"], answer, lines, id)

    async def _respond(self, scope: Scope, receive: Callable[[], Any], headers: dict[str, str], id: str) -> Answer:
        """Nobody need be known for what is open, which comes in the form that was asked for like all else."""
        path = raw_path(scope)[self.prefix :]
        found = route(self.version, scope["method"], path)
        answer = self._open(found, path, headers)
        if answer is None:
            return await self._answer(scope, receive, headers, id, path, found)
        return self._in_its_form(scope, headers, answer)

    def _in_its_form(self, scope: Scope, headers: Mapping[str, str], answer: Answer) -> Answer:
        """JSON or XML, as the request asks."""
        parameters = query_of(scope)
        media = negotiate(self.version, headers.get("accept"), parameters.get("_format"))
        return shaped(self.version, answer, media, parameters)

    def _open(self, found: Route | Misrouted, path: str, headers: Mapping[str, str]) -> Answer | None:
        """What needs no token. Raises Astray where it is no FHIR request at all."""
        if not isinstance(found, Route):
            if found.status == 404 and is_astray(path, headers):
                raise Astray
            return None
        if found.interaction not in OPEN:
            return None
        if found.interaction == "preflight" or "access-control-request-method" in headers:  # a browser's question
            other = route(self.version, "", path)
            return Answer(204, b"", [*other.allow] if isinstance(other, Misrouted) else [])
        if found.interaction == "capabilities":
            type = negotiate(self.version, None).content_type or ""
            return Answer(200, self.documents.metadata(self.tenant, self.version), [(b"content-type", type.encode())])
        if path == "/.well-known/smart-configuration":
            body = self.documents.smart(self.tenant, self.version)
            return Answer(200, body, [(b"content-type", b"application/json")])
        there = f"{self.base}/.well-known/smart-configuration"
        if "openid" in path:
            there = endpoints(self.tenant)["openid_configuration"]
        return self._issue(404, Issue("not-found", f"There is no {path} below {self.base}; there is {there}."))

    async def _answer(
        self,
        scope: Scope,
        receive: Callable[[], Any],
        headers: dict[str, str],
        id: str,
        path: str,
        found: Route | Misrouted,
    ) -> Answer:
        if not self.sandbox.filling.is_ready(self.space):
            await self.sandbox.filling.ensure(self.space)
        if scope["method"] in BODILESS:
            body, request = "", self._request(scope, headers, path, found, "")
            answer, seen = await self.perform(request, found)
        else:
            taken = await self._taken(scope, receive, headers, path, found)
            if isinstance(taken, Answer):
                return self._in_its_form(scope, headers, taken)
            body, request, answer, seen = taken
        if is_shaped(request, headers):
            media = negotiate(self.version, headers.get("accept"), request.parameters.get("_format"))
            if len(answer.body) > LARGE:
                answer = await self._shaped_on_a_thread(answer, media, request.parameters)
            else:
                answer = shaped(self.version, answer, media, request.parameters)
        return await self._kept(scope, request, headers, body, id, answer, seen)

    async def _shaped_on_a_thread(self, answer: Answer, media: Media, parameters: Parameters) -> Answer:
        size = len(answer.body)
        with HELD.of(size):
            async with self.sandbox.shaping.hold(size):
                return await asyncio.to_thread(shaped, self.version, answer, media, parameters)

    async def _kept(
        self,
        scope: Scope,
        request: AccessRequest,
        headers: dict[str, str],
        body: str,
        id: str,
        answer: Answer,
        seen: AccessResult,
    ) -> Answer:
        """The answer, once it is in the journal."""
        refused = seen.decision.refusal is not None
        if refused:
            scope["state"]["withheld"] = withheld(seen.decision.examination)
        wire = Wire(scope["method"], request.url, headers, body if answer.status >= 400 else "")
        answered = Answered(answer.status, answer.headers, answer.body.decode() if answer.kept else None)
        explanation = seen.decision.explained() if refused else None
        one = Exchange(
            id,
            self.sandbox.world.effects.now(),
            self.tenant.name,
            seen.decision.stage,
            seen.client_id,
            seen.timeline,
            wire,
            answered,
            seen.decision,
            explanation,
        )
        if refused:
            await self.sandbox.journal.write(one)
        else:
            self.sandbox.journal.hold(one)
        return answer

    async def _taken(
        self, scope: Scope, receive: Callable[[], Any], headers: dict[str, str], path: str, found: Route | Misrouted
    ) -> tuple[str, AccessRequest, Answer, AccessResult] | Answer:
        """A request with a body, answered; an Answer alone where its body cannot be taken."""
        limit, length = self._limit(found), sent_length(headers)
        coding = headers.get("content-encoding", "identity").lower()
        if length is None or length > LARGE or coding != "identity":
            early = await self._unread(self._request(scope, headers, path, found, ""), found)
            if early is not None:
                return "", *early
        raw = await received(receive, limit) if (length or 0) <= limit else b""
        if coding != "identity" and len(raw) <= limit:
            plain = await self._decoded(raw, coding, limit)
            if isinstance(plain, Answer):
                return plain
            raw = plain
        if len(raw) > limit or (length or 0) > limit:
            raise over(limit)
        if len(raw) > LARGE:
            check_values(raw)
        if _is_form(headers):
            check_text("form", raw)
        body = raw.decode("utf-8", "replace")
        if "\ufffd" in body and isinstance(found, Route) and found.interaction == "batch" and body.encode() != raw:
            check_text("body", raw)
        request = self._request(scope, headers, path, found, body)
        if len(raw) <= LARGE:
            return body, request, *await self.perform(request, found, raw)
        async with self.sandbox.bodies.hold(len(raw)):
            return body, request, *await self.perform(request, found, raw)

    async def _decoded(self, raw: bytes, coding: str, limit: int) -> bytes | Answer:
        """A body that came compressed (RFC 9110, 8.4 and 15.5.16)."""
        if coding not in GZIP:
            text = f"A body is read as it is or as gzip; this one came as {coding}."
            refused = self._issue(415, Issue("not-supported", text))
            return refused._replace(headers=[*refused.headers, (b"accept-encoding", b"gzip")])
        try:
            return await asyncio.to_thread(unpacked, raw, limit)
        except ValueError as error:
            return self._issue(400, Issue("structure", f"The body came as gzip and cannot be unpacked: {error}."))

    async def _unread(
        self, request: AccessRequest, found: Route | Misrouted
    ) -> tuple[AccessRequest, Answer, AccessResult] | None:
        """The refusal of whoever may not send this at all, before a large body is read; the server drops what still comes."""
        media = negotiate(self.version, request.headers.get("accept"), request.parameters.get("_format"))
        faults = _faults(found, media, None, self.version)
        seen = await access(self.sandbox.world, self.tenant, self.version, request, faults, unread=True)
        refusal = seen.decision.refusal
        return (request, self._refused(seen), seen) if refusal is not None and refusal.status in (401, 403) else None

    def _request(self, scope: Scope, headers: dict[str, str], path: str, found: Route | Misrouted, body: str) -> AccessRequest:
        parameters = query_of(scope)
        if body and _is_form(headers):
            parameters = Parameters((*parameters.pairs, *parse(body).pairs), parameters.raw)
        query = scope["query_string"].decode("latin-1")
        url = f"{self.base}{path}?{query}" if query else f"{self.base}{path}"
        if not isinstance(found, Route):
            return AccessRequest(scope["method"], self.base, path, parameters, headers, url=url, body=body)
        return AccessRequest(
            scope["method"],
            self.base,
            path,
            parameters,
            headers,
            found.type,
            found.id,
            found.interaction,
            found.letters,
            search.named(self.version, found.type, parameters.pairs) if found.interaction in SEARCHES else (),
            url,
            body,
        )

    def perform(
        self, request: AccessRequest, found: Route | Misrouted, raw: bytes = b""
    ) -> Awaitable[tuple[Answer, AccessResult]]:
        """Decide and answer. raw: the body as it came."""
        return self._performed(request, found, raw)

    async def _performed(self, request: AccessRequest, found: Route | Misrouted, raw: bytes) -> tuple[Answer, AccessResult]:
        plain = not request.parameters.pairs
        media = negotiate(self.version, request.headers.get("accept"), None if plain else request.parameters.get("_format"))
        query = None if plain and request.interaction == "read" else self._query(request, found)
        faults = _faults(found, media, query, self.version)
        ignored = query.ignored if isinstance(query, Query) else ()
        body = self._read_body(request, raw) if len(raw) <= LARGE else await asyncio.to_thread(self._read_body, request, raw)
        seen = await access(self.sandbox.world, self.tenant, self.version, request, faults, body, ignored)
        if seen.decision.refusal is not None:
            return self._refused(seen), seen
        if isinstance(found, Misrouted):
            return self._misrouted(found), seen
        content: Headers = [(b"content-type", (media.content_type or "").encode())]
        if found.interaction not in READING:
            return await self._other(seen, request, found, query if isinstance(query, Query) else None, content)
        if isinstance(query, Query):
            return await self._search(seen.visibility, query, content), seen
        assert found.type is not None
        assert found.id is not None
        answer = await self._read(seen.visibility, found.type, found.id, request.headers, content)
        return (answer if plain else self._cut(answer, request)), seen

    def _cut(self, answer: Answer, request: AccessRequest) -> Answer:
        """What is read may be asked for in part."""
        return cut(self.version, request.type or "", answer, request.parameters)

    def _limit(self, found: Route | Misrouted) -> int:
        """Bytes that a body may have."""
        return QUESTIONS

    def _read_body(self, request: AccessRequest, raw: bytes) -> Body | Unknown:
        return UNKNOWN

    async def _other(
        self, seen: AccessResult, request: AccessRequest, found: Route, query: Query | None, content: Headers
    ) -> tuple[Answer, AccessResult]:
        """What is neither read nor search: web/interactions.py."""
        return self._issue(501, Issue("not-supported", f"{found.interaction} is not supported here yet.")), seen

    def _query(self, request: AccessRequest, found: Route | Misrouted) -> Query | tuple[Fault, ...] | None:
        """None where it is no search."""
        if request.parameters.pairs and request.interaction in ("read", "vread"):
            part = subset.asked(self.version, request.type, request.parameters.pairs)
            return None if isinstance(part, subset.Part) else part
        if not isinstance(found, Route):
            return None
        strict = strictly(self.tenant.policy.strict_search, request.headers.get("prefer", ""))
        return search_of(self.version, found, request.parameters.pairs, base=self.base, strict=strict)

    async def _read(self, visibility: Visibility, type: str, id: str, headers: Mapping[str, str], content: Headers) -> Answer:
        stored = await self._stored(visibility, type, id)
        if stored is None:
            return self._absent(type, id)
        if stored.deleted:
            return self._issue(410, Issue("deleted", f"{type}/{id} was deleted."))
        etag = f'W/"{stored.version_id}"'
        more: Headers = [
            (b"etag", etag.encode()),
            (b"last-modified", modified(stored.at // 1000)),
        ]
        conditional = "if-none-match" in headers or "if-modified-since" in headers
        if conditional and unchanged(headers, etag, more[1][1].decode()):
            return Answer(304, b"", more)
        return Answer(200, stored.body, [*content, *more])

    def _stored(self, visibility: Visibility, type: str, id: str) -> Awaitable[Stored | None]:
        return self.sandbox.world.store.read(self.space, type, id, visibility)

    def _absent(self, type: str, id: str) -> Answer:
        """Hidden and never stored are one answer."""
        return self._issue(404, Issue("not-found", f"There is no {type}/{id} that this token may see."))

    async def _search(self, visibility: Visibility, query: Query, content: Headers) -> Answer:
        store = self.sandbox.world.store
        if query.summary == "count" or query.count == 0:
            return self._bundle(query, Page([], [], None, await store.count(self.space, query, visibility)), content)
        try:
            page = await store.search(self.space, query, visibility)
            if query.total == "accurate" and page.total is None:
                page = page._replace(total=await store.count(self.space, query, visibility))
        except StaleCursor:
            text = "What may be seen is not what it was when this page address was made. Begin the search again."
            return self._issue(410, Issue("expired", text))
        except BadCursor:
            text = "This page address was not made for this search. Follow the link `next` as it is."
            return self._issue(400, Issue("value", text))
        if page.next is not None and len(page.matches) < query.count:
            counting.ANSWERS_CUT.labels("page").inc()
        if page.clipped:
            counting.ANSWERS_CUT.labels("include").inc()
        if len(page.matches) + len(page.included) > 200:
            await pause()
        return self._bundle(query, page, content)

    def _bundle(self, query: Query, page: Page, content: Headers) -> Answer:
        own = search_url(self.base, query.path, query.applied)
        following = None if page.next is None else f"{own}{'&' if query.applied else '?'}{search.CURSOR}={page.next}"
        entries: dict[str, Sequence[Kept]] = {
            "match": parts(self.version, query, page.matches),
            "include": parts(self.version, query, page.included, included=True),
            "outcome": left_out(self.version, query, page.clipped),
        }
        return Answer(200, searchset(self.base, entries, self_url=own, next_url=following, total=page.total), content)

    def _misrouted(self, found: Misrouted) -> Answer:
        if found.status == 405:
            answer = self._issue(405, Issue("not-supported", f"Here one may {' or '.join(found.allowed)}."))
            return answer._replace(headers=[*answer.headers, *found.allow])
        return self._issue(found.status, Issue("not-found", f"There is no such address below {self.base}."))

    def _refused(self, seen: AccessResult) -> Answer:
        return refused(self.version, self.base, seen)

    def _issue(self, status: int, *issues: Issue) -> Answer:
        return told(self.version, status, *issues)


def _is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").lower().startswith(FORM)


def is_shaped(request: AccessRequest, headers: Mapping[str, str]) -> bool:
    """Whether anything but compact JSON may be wanted."""
    return "xml" in headers.get("accept", "") or not SHAPING.isdisjoint(request.parameters.sent)


def _faults(found: Route | Misrouted, media: Media, query: Query | tuple[Fault, ...] | None, version: str) -> tuple[Fault, ...]:
    """What is wrong with the address, the representation asked for and the search."""
    faults = query if isinstance(query, tuple) else ()
    if media.content_type is None:
        faults = (Fault("fhir-accept-unsupported", "Accept", media.asked, VERSIONS[version].json), *faults)
    return (found.fault, *faults) if isinstance(found, Misrouted) and found.fault else faults
