"""Operations over HTTP: each a function from what it is given to an answer. What there is stands in fhir/operations.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import judging, metas, operation_parameters, preconditions, search, written
from sickbay.fhir.body import Body
from sickbay.fhir.bundle import Kept, search_url, searchset
from sickbay.fhir.lastn import Newest
from sickbay.fhir.operation_parameters import RULE, Given
from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.query import Query
from sickbay.fhir.routing import Route
from sickbay.fhir.search_parameters import resource_types
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.budget import pause
from sickbay.operations import everything, writing
from sickbay.operations.access import AccessResult
from sickbay.operations.write_values import Done, Wanted
from sickbay.storage.store import BadCursor, Stored
from sickbay.web import exports, terminology
from sickbay.web.fhir_answer import Answer, Headers

if TYPE_CHECKING:
    from sickbay.web.interactions import Interactions

PAGE = "This page address was not made for this operation. Follow the link `next` as it is."
SCANNED = 20_000
"""Observations of one request that $lastn looks at, the newest."""
BYTES = 4_000_000
"""Of an answer of $lastn, which has no pages."""


class Call(NamedTuple):
    """An operation that was granted."""

    door: Interactions
    seen: AccessResult
    request: AccessRequest
    found: Route
    given: Given
    content: Headers

    @property
    def type(self) -> str:
        assert self.found.type is not None
        return self.found.type

    async def stored(self, eyes: Visibility | None = None) -> Stored | Answer:
        """The resource of the address, or what is said where it is not there. eyes: where they are not the token's."""
        assert self.found.id is not None
        world, id = self.door.sandbox.world, self.found.id
        kept = await world.store.read(self.door.space, self.type, id, eyes or self.seen.visibility)
        if kept is None:
            return self.door.absent(self.type, id)
        return self.door.issue(410, Issue("deleted", f"{self.type}/{id} was deleted.")) if kept.deleted else kept

    def parameters(self, **parts: Any) -> Answer:
        """Parameters with one part for each value[x] or resource: parameters(return_valueMeta={...})."""
        found = []
        for key, value in parts.items():
            name, _, kind = key.rpartition("_")
            found.append({"name": name, kind: value})
        return Answer(200, written.dumps({"resourceType": "Parameters", "parameter": found}), self.content)


Handler: TypeAlias = Callable[[Call], Awaitable[Answer | tuple[Answer, AccessResult]]]


async def answer(
    door: Interactions, seen: AccessResult, request: AccessRequest, found: Route, content: Headers
) -> tuple[Answer, AccessResult]:
    lenient = preconditions.handling(request.headers.get("prefer")) == "lenient"
    given = operation_parameters.given(door.version, found, request.parameters.pairs, request.body, lenient)
    told = await _HANDLERS[found.operation or ""](Call(door, seen, request, found, given, content))
    return told if isinstance(told[1], AccessResult) else (told, seen)


async def _everything(call: Call) -> Answer:
    given, door = call.given, call.door
    asked = everything.Asked(
        given.listed("_type"),
        given.since("start"),
        given.since("end"),
        given.since("_since"),
        min(max(given.count("_count", search.MAXIMUM_COUNT), 1), search.MAXIMUM_COUNT),
        given.one(search.CURSOR),
    )
    walk = everything.Walk(door.sandbox.world, door.space, call.seen.visibility, asked)
    try:
        if call.found.id is None:
            return _searchset(call, await walk.of_all())
        holder = await call.stored()
        return holder if isinstance(holder, Answer) else _searchset(call, await walk.of_one(holder))
    except BadCursor:
        return door.issue(400, Issue("value", PAGE))


def _searchset(call: Call, found: everything.Found) -> Answer:
    pairs = [pair for pair in call.given.pairs if pair[0] != search.CURSOR]
    path, base = call.request.path.lstrip("/"), call.door.base
    following = search_url(base, path, (*pairs, (search.CURSOR, found.next))) if found.next else None
    total = len(found.matches) if found.next is None and call.given.one(search.CURSOR) is None else None
    entries: dict[str, Sequence[Kept]] = {"match": found.matches, "include": found.included}
    body = searchset(base, entries, self_url=search_url(base, path, tuple(pairs)), next_url=following, total=total)
    return Answer(200, body, call.content)


async def _lastn(call: Call) -> Answer:
    """Its other parameters are those of a search on Observation."""
    door, version = call.door, call.door.version
    asked = operation_parameters.newest_search(call.given)
    query = search.parse(version, "Observation", asked, base=door.base, strict=True)
    assert isinstance(query, Query)  # its faults were refused before
    newest, scanned = Newest(operation_parameters.newest(call.given) or 1), 0
    while scanned < SCANNED:
        page = await door.sandbox.world.store.search(door.space, query, call.seen.visibility)
        newest.take(page.matches)
        await pause()
        if sum(len(one.body) for one in newest.kept) > BYTES:
            return door.issue(
                507, Issue("too-costly", f"The answer has more than {BYTES:,} bytes. Narrow it by a code or a date.")
            )
        scanned += len(page.matches)
        if page.next is None:
            break
        query = door.further(query, page.next)
    return _searchset(call, everything.Found(newest.kept, [], None))


async def _docref(call: Call) -> Answer:
    """By the dates of the documents. Nothing is made on demand: what there is, is what is found."""
    given = call.given
    asked = [("patient", given.one("patient") or "")]
    asked += [("date", f"{prefix}{text}") for prefix, name in (("ge", "start"), ("le", "end")) if (text := given.one(name))]
    asked += [("type", text) for text in (given.one("type"), _coded(given.things.get("type"))) if text]
    asked += [(name, text) for name in ("_count", search.CURSOR) if (text := given.one(name))]
    query = search.parse(call.door.version, call.type, asked, base=call.door.base, strict=True)
    if not isinstance(query, Query):
        told = [Issue("value", f"{one.parameter}={one.value} cannot be taken: {one.expected}.", rule=one.rule) for one in query]
        return call.door.issue(400, *told)
    return await call.door.searched(call.seen, query, call.content)


def _coded(thing: Any) -> str | None:
    """A Coding or a CodeableConcept as a token."""
    listed = thing.get("coding", [thing]) if isinstance(thing, dict) else []
    codes = [f"{one.get('system', '')}|{one['code']}" for one in listed if isinstance(one, dict) and one.get("code")]
    return ",".join(codes) or None


async def _validate(call: Call) -> Answer:
    door, given, id = call.door, call.given, call.found.id
    mode = given.one("mode")
    if mode is not None and mode not in judging.MODES:
        text = f"mode is {', '.join(judging.MODES)}; here {mode}."
        return door.issue(400, Issue("value", text, rule=RULE))
    resource = given.things.get("resource")
    if resource is None:
        if id is None:
            return door.issue(400, Issue("required", "There is no resource to be validated.", rule=RULE))
        stored = await call.stored()
        if isinstance(stored, Answer):
            return stored
        resource = written.loads(stored.body)
    body: Body = bodies.of(door.version, call.type, "", resource, door.base)
    issues = judging.judged(door.version, call.type, body, mode, id, given.listed("profile"))
    return Answer(200, outcome(door.version, issues), call.content)


async def _meta(call: Call) -> Answer:
    """Of a resource what it says; of a type, and of the whole server, every label in use among what the token may search."""
    door = call.door
    if call.found.id is None:
        types = (call.found.type,) if call.found.type else resource_types(door.version)
        held = await door.sandbox.world.store.labels(door.space, types, call.seen.visibility)
        return call.parameters(return_valueMeta=metas.of(held.profiles, held.security, held.tags))
    stored = await call.stored()
    if isinstance(stored, Answer):
        return stored
    return call.parameters(return_valueMeta=written.loads(stored.body).get("meta", {}))


async def _change_meta(call: Call) -> tuple[Answer, AccessResult]:
    """A patch of the meta: what holds for writes holds for it."""
    change = metas.adding if call.found.operation == "meta-add" else metas.removing
    meta = call.given.things.get("meta")
    if not isinstance(meta, dict) or not metas.is_one(meta):
        issue = Issue("value", "meta is a Meta with tag, security and profile, as valueMeta.", rule=RULE)
        return call.door.issue(400, issue), call.seen
    request = call.door.as_patch(call.request)
    wanted = Wanted(call.door.tenant, call.door.version, request, call.seen, change=lambda resource: change(resource, meta))
    done = await writing.write(call.door.sandbox.world, wanted)
    answered, seen = call.door.answered(request, call.seen, done, call.content)
    if not isinstance(done, Done):
        return answered, seen
    held = written.loads(done.body).get("meta", {}) if done.body else {}
    return call.parameters(return_valueMeta=held)._replace(headers=[*call.content, *answered.headers]), seen


_HANDLERS: dict[str, Handler] = {
    "everything": _everything,
    "lastn": _lastn,
    "docref": _docref,
    "validate": _validate,
    "meta": _meta,
    "meta-add": _change_meta,
    "meta-delete": _change_meta,
    "export": exports.kick_off,
    "expand": terminology.expand,
    "validate-code": terminology.validate_code,
    "lookup": terminology.lookup,
}
