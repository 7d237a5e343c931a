"""The endpoint at which apps keep their own state: a FHIR door of four interactions on one type."""

from __future__ import annotations

from dataclasses import replace

import orjson

from sickbay.authorization import app_state
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import preconditions
from sickbay.fhir.bundle import Entry, search_url, searchset
from sickbay.fhir.media import negotiate
from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Misrouted, Route
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.refusal import UNKNOWN
from sickbay.operations import app_state as operated
from sickbay.operations.access import AccessResult
from sickbay.operations.app_state import Kept
from sickbay.operations.context import Tenant
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.discovery import MADE, Documents
from sickbay.web.fhir import Scope
from sickbay.web.fhir_answer import Answer, Headers, modified
from sickbay.web.interactions import Interactions

JSON = VERSIONS[app_state.VERSION].json.encode()


class AppStates(Interactions):
    """`base` stays the FHIR base: for it the tokens are good, and by it subjects are named. `home` is where this is."""

    def __init__(self, sandbox: Sandbox, tenant: Tenant, documents: Documents) -> None:
        super().__init__(sandbox, tenant, app_state.VERSION, documents, app_state.PATH)
        self.home = tenant.base + app_state.PATH

    def _open(self, found: Route | Misrouted, path: str, headers: object) -> Answer | None:
        if not isinstance(found, Route):
            return None
        if found.interaction == "preflight":
            return Answer(204, b"", [])
        if found.interaction == "capabilities":
            return Answer(200, orjson.dumps(_statement(self.home)), [(b"content-type", JSON)])
        return self._issue(404, Issue("not-found", f"There is no {path} below {self.home}.")) if not found.type else None

    def _request(self, scope: Scope, headers: dict[str, str], path: str, found: Route | Misrouted, body: str) -> AccessRequest:
        request = super()._request(scope, headers, path, found, body)
        letters = app_state.LETTERS.get(request.interaction, request.letters)
        return replace(request, url=self.home + request.url.removeprefix(self.base), letters=letters, involved=())

    async def perform(self, request: AccessRequest, found: Route | Misrouted, raw: bytes = b"") -> tuple[Answer, AccessResult]:
        """What there is not is told to whoever holds a token, and to nobody else."""
        addressed = (request.id is not None) == (request.interaction in ("update", "delete"))
        if request.type != "Basic" or request.interaction not in app_state.LETTERS or not addressed:
            request = replace(request, interaction="", letters="")
        body = self._read_body(request, raw) if len(raw) <= app_state.LIMIT else UNKNOWN
        answered = await operated.answer(self.sandbox.world, self.tenant, request, body)
        if answered.seen.decision.refusal is not None:
            return self._refused(answered.seen), answered.seen
        return self._said(request, answered.kept), answered.seen

    def _said(self, request: AccessRequest, kept: tuple[Kept, ...]) -> Answer:
        content = self._content(request)
        match request.interaction:
            case "search-type":
                entries = {"match": [Entry("Basic", one.id, one.body) for one in kept]}
                own = search_url(self.home, "Basic", request.parameters.pairs)
                return Answer(200, searchset(self.home, entries, self_url=own, next_url=None, total=len(kept)), content)
            case "create" | "update":
                return self._written(kept[0], request.interaction == "create", content)
            case "delete":
                return Answer(204, b"", [])
            case _:
                return self._missing(request)

    def _missing(self, request: AccessRequest) -> Answer:
        text = f"Below {self.home} one may create, update, delete and search Basic, and nothing else."
        if request.type != "Basic":
            return self._issue(404, Issue("not-supported", text))
        answer = self._issue(405, Issue("not-supported", text))
        return answer._replace(headers=[*answer.headers, (b"allow", b"PUT, DELETE" if request.id else b"GET, POST")])

    def _written(self, one: Kept, created: bool, content: Headers) -> Answer:
        more = [(b"etag", preconditions.etag(one.version_id).encode()), (b"last-modified", modified(one.at))]
        if created:
            more.append((b"location", f"{self.home}/Basic/{one.id}".encode()))
        return Answer(201 if created else 200, one.body, [*content, *more])

    def _content(self, request: AccessRequest) -> Headers:
        type = negotiate(self.version, request.headers.get("accept"), request.parameters.get("_format")).content_type
        return [(b"content-type", (type or VERSIONS[self.version].json).encode())]


def _statement(home: str) -> dict[str, object]:
    interactions = ("create", "update", "delete", "search-type")
    parameters = [{"name": "code", "type": "token"}, {"name": "subject", "type": "reference"}]
    resource = {
        "type": "Basic",
        "supportedProfile": ["http://hl7.org/fhir/smart-app-launch/StructureDefinition/smart-app-state-basic"],
        "interaction": [{"code": one} for one in interactions],
        "versioning": "versioned-update",
        "searchParam": parameters,
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": MADE,
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/smart-app-launch/CapabilityStatement/smart-app-state-server"],
        "implementation": {"description": "What apps keep of their own", "url": home},
        "fhirVersion": VERSIONS[app_state.VERSION].number,
        "format": ["json", "xml"],
        "rest": [{"mode": "server", "resource": [resource]}],
    }
