"""An entry of a batch or transaction: the request it contains, and its response.

https://hl7.org/fhir/R4/bundle.html#request
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic
from typing import NamedTuple, TypeAlias

import orjson
from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import lossless_json
from sickbay.fhir.outcome import Issue, add_entry_position, make_outcome
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.transaction import BundleEntryRequest
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.memoize import cache_results
from sickbay.services.access import AccessResult
from sickbay.web import counting
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.request import access_request
from sickbay.web.fhir.response import FhirResponse, issue_response

Perform: TypeAlias = Callable[[FhirBase, AccessRequest, Route | Misrouted, bytes], Awaitable[tuple[FhirResponse, AccessResult]]]
"""Decides on a request and responds to it: base, request, route and body."""

EXPORT_IN_BUNDLE = "An export needs its own requests to start, poll and download it. It can't be an entry of a Bundle."
NESTED = "An entry can't be a batch or transaction itself."
ANSWER = 16_000_000
"""Maximum bytes of the responses to all entries together."""
_RULE_OF_BYTES = f"The responses of a Bundle may have at most {ANSWER:,} bytes together."
TOO_MUCH = f"{_RULE_OF_BYTES} This entry's response was left out. Send it in another Bundle, or ask for less."
NOT_EXECUTED = "This entry wasn't executed. Send it in another Bundle."
AFTER_TOO_MUCH = f"{_RULE_OF_BYTES} {NOT_EXECUTED}"
READ_SECONDS = 10
"""Maximum seconds for the reads, searches and operations of a Bundle together, so that a client can't occupy the server."""
WRITES = frozenset(("create", "update", "patch", "delete"))


class BatchEntry(NamedTuple):
    """sent: the entry as received. request and route: the request it contains."""

    sent: BundleEntryRequest
    request: AccessRequest
    route: Route | Misrouted


class TransactionRefused(Exception):
    """Raised if a transaction is refused as a whole because of one entry. response: for the client."""

    def __init__(self, response: FhirResponse) -> None:
        super().__init__(response.status)
        self.response = response

    def of(self, version: str, entry: BatchEntry) -> TransactionRefused:
        """Add the position of the entry to each issue: a Bundle may have thousands."""
        if not self.response.loggable:
            return self
        body = add_entry_position(version, self.response.body, entry.sent.position)
        return TransactionRefused(structs.replace(self.response, body=body))


def make_batch_entry(base: FhirBase, bundle: AccessRequest, sent: BundleEntryRequest) -> BatchEntry:
    """The entry as a request. Token and Prefer come from the Bundle, the conditions from the entry."""
    json = VERSIONS[base.version].json  # regardless of the Bundle's format
    headers = {name: bundle.headers[name] for name in ("authorization", "prefer") if name in bundle.headers}
    headers |= {"accept": json} | ({"content-type": json} if sent.resource is not None else {}) | dict(sent.headers)
    routed = route(base.version, sent.method, sent.path)
    query = sent.query.encode().decode("latin-1")
    request = access_request(base, sent.method, query, headers, sent.path, routed, _body_text(sent, routed))
    return BatchEntry(sent, request, routed)


def _body_text(sent: BundleEntryRequest, routed: Route | Misrouted) -> str:
    """The body as text, for a patch and for the parameters of an operation."""
    if isinstance(routed, Route) and routed.interaction == "operation" and sent.resource is not None:
        return lossless_json.dumps(sent.resource).decode()
    return sent.patch.decode("utf-8", "replace")


def is_nested(entry: BatchEntry) -> bool:
    return isinstance(entry.route, Route) and entry.route.interaction == "batch"


def is_of_an_export(entry: BatchEntry) -> bool:
    routed = entry.route
    return isinstance(routed, Route) and (routed.operation == "export" or routed.interaction.startswith("export-"))


def drop_body_of_head(entry: BatchEntry, response: FhirResponse) -> FhirResponse:
    return structs.replace(response, body=b"") if entry.sent.method == "HEAD" and not response.loggable else response


def limit_response(version: str, entry: BatchEntry, response: FhirResponse, rest: int) -> FhirResponse:
    """Leave out the result of a read that doesn't fit. The response to a write stays."""
    fits = len(response.body) <= rest or entry.request.interaction in WRITES
    return response if fits else refuse_size(version)


def refuse_size(version: str, text: str = TOO_MUCH) -> FhirResponse:
    counting.ANSWERS_CUT.labels("batch").inc()
    return issue_response(version, 507, Issue("too-costly", text))


class ReadTime:
    """Adds up the time that the reads of a Bundle take."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @property
    def is_over(self) -> bool:
        return self._seconds > READ_SECONDS

    @contextmanager
    def count(self) -> Iterator[None]:
        start = monotonic()
        try:
            yield
        finally:
            self._seconds += monotonic() - start


def refuse_time(version: str) -> FhirResponse:
    text = f"The reads, searches and operations of a Bundle may take at most {READ_SECONDS} s together. {NOT_EXECUTED}"
    return issue_response(version, 507, Issue("too-costly", text))


@cache_results(8)
def _format_instant(last_modified: str) -> str:
    """Cached because a transaction stores all its resources in a few seconds."""
    return parsedate_to_datetime(last_modified).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry_response(version: str, response: FhirResponse, spelled: str = "") -> bytes:
    """One entry of the response Bundle: status, headers, and the resource or the errors (DSTU2 has no place for errors).

    spelled: a url that should have been relative. The entry says so unless it already has an outcome.
    """
    headers = {name.decode(): value.decode() for name, value in response.headers}
    members = {"status": f"{response.status} {HTTPStatus(response.status).phrase}"}
    members |= {name: headers[name] for name in ("location", "etag") if name in headers}
    if "last-modified" in headers:
        members["lastModified"] = _format_instant(headers["last-modified"])
    if spelled and version != "dstu2" and not (response.body and response.loggable):
        advice = Issue("value", f"request.url is {spelled}. Send it relative to the base, such as Patient/1.", "warning")
        members["outcome"] = orjson.Fragment(make_outcome(version, [advice]))  # type: ignore[assignment]
    parts = orjson.dumps(members)
    if not response.body:
        return b'{"response":' + parts + b"}"
    if response.loggable and version != "dstu2":
        return b'{"response":' + parts[:-1] + b',"outcome":' + response.body + b"}}"
    return b'{"resource":' + response.body + b',"response":' + parts + b"}"
