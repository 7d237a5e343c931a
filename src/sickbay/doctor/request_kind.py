"""Determines the kind of a request. One table covers an address, a pasted request, and an exchange in a HAR file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import SplitResult, parse_qs

from msgspec import Struct

from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.doctor.pieces import structured
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls

Origin: TypeAlias = Literal["address", "paste", "file"]
WELL_KNOWN = "/.well-known/smart-configuration"
_ENDPOINTS: Final[Mapping[str, re.Pattern[str]]] = {
    "introspection_request": compile_late(r"/(?:token/)?introspect/?$", re.I),
    "revocation_request": compile_late(r"/(?:token/)?revoke/?$", re.I),
    "userinfo_request": compile_late(r"/userinfo/?$", re.I),
    "token_request": compile_late(r"/(?:oauth2?/)?(?:v\d(?:\.\d)?/)?(?:access_?)?token/?$", re.I),
    "registration_request": compile_late(r"/(?:register|registration|connect/register)/?$", re.I),
}
FHIR_PATH = compile_late(r"/(?:metadata|[A-Z][A-Za-z]{2,40})(?:/[\w.$-]{1,80}){0,4}/?$")
_FETCHED_FHIR = compile_late(
    r"/(?:metadata/?$|[A-Z][A-Za-z]+(?:/[A-Za-z0-9.-]{1,64}(?:(?:/_history|/\$)|/?$)|/_search/?$|/\$|/?$))"
)
"""Stricter, because a browser fetches many other things."""
_ASSET = compile_late(r"\.(?:m?js|css|map|png|svg|ico|gif|jpe?g|webp|woff2?|ttf|html?)$", re.I)
_ERROR_PAGE = compile_late(r"/errors/|urn(?::|%3A|%253A)", re.I)
_LOGOUT = compile_late(r"(?<!/v\d)/(?:logout|signout|end_?session)/?$", re.I)
_WITHOUT_BROWSER = compile_late(r"/(?:device|bc)[/_-]authorize/?$")
"""The endpoints of RFC 8628 and CIBA have other parameters than the authorization endpoint."""
_GRANT_TYPE = compile_late(r"grant_type(?!s)")


class Request(Struct, frozen=True, dict=True):
    """is_fhir: whether a media type or a body shows FHIR."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: str = ""
    is_fhir: bool = False

    @cached_property
    def parts(self) -> SplitResult:
        return urls.split(self.url)

    @cached_property
    def names(self) -> frozenset[str]:
        """The parameters of the query."""
        return frozenset(parse_qs(self.parts.query, keep_blank_values=True))

    @cached_property
    def names_with_fragment(self) -> frozenset[str]:
        """Includes those of the fragment."""
        fragment = self.parts.fragment
        return self.names.union(parse_qs(fragment.partition("?")[2] or fragment, keep_blank_values=True))

    @cached_property
    def endpoint(self) -> str:
        """The kind of request of the endpoint that the path names, or ""."""
        kinds = (kind for kind, path in _ENDPOINTS.items() if path.search(self.parts.path))
        return "" if "response_type=" in self.parts.query else next(kinds, "")

    @property
    def has_token(self) -> bool:
        return any(name.lower() == "authorization" for name in self.headers)


def kind_of(request: Request, origin: Origin = "address") -> str:
    """The kind of input; "" if it can't be examined, or if an exchange of a file isn't part of a launch."""
    return next((kind for origins, kind, is_it in _KINDS if origin in origins and is_it(request)), "")


def client_metadata(body: str) -> dict[str, Any]:
    """The members of a dynamic registration in JSON (RFC 7591 2). {} if the body is something else."""
    is_one = body.lstrip().startswith("{") and ("redirect_uris" in body or "client_name" in body)
    members = structured.parse_loosely(body) if is_one else {}
    return members if isinstance(members, dict) and {"redirect_uris", "client_name"} & members.keys() else {}


def is_fetched_fhir(request: Request) -> bool:
    """Whether a browser fetched FHIR: decided by the path, and by a media type, a token or a body."""
    is_path = _FETCHED_FHIR.search(request.parts.path) and not _ASSET.search(request.parts.path)
    return bool(is_path and (request.is_fhir or request.has_token))


def _is_search(request: Request) -> bool:
    """Whether the path ends with a resource type or an operation, so that `code` is a parameter of it."""
    from sickbay.diagnosis.evidence.address import fhir_base_of  # few URLs need its many patterns

    before, _, last = request.parts.path.rpartition("/")
    is_operation = last.lower().startswith(("$", "%24")) or last == "_search"
    is_of_fhir = last in ALL_TYPES or (is_operation and any(part in ALL_TYPES for part in before.split("/")[-2:]))
    is_relative = request.url.startswith("/") and "state" not in request.names
    return is_of_fhir and (is_relative or bool(fhir_base_of(request.url)))


_Row: TypeAlias = tuple[tuple[Origin, ...], str, Callable[[Request], object]]
_PASTED: tuple[Origin, ...] = ("address", "paste")
_KINDS: Final[tuple[_Row, ...]] = (
    (("paste",), "registration", lambda it: client_metadata(it.body)),
    (("paste",), "token_request", lambda it: "grant_type=" in it.url or _GRANT_TYPE.search(it.body)),
    (("file",), "smart_configuration", lambda it: WELL_KNOWN in it.url and it.method == "GET"),
    (("file",), "", lambda it: WELL_KNOWN in it.url or it.parts.path.endswith("/.well-known/openid-configuration")),
    (("file",), "token_request", lambda it: "grant_type=" in it.body),
    (("file",), "token_request", lambda it: it.method != "GET" and it.endpoint == "token_request"),
    *((("paste",), kind, lambda it, kind=kind: it.endpoint == kind) for kind in _ENDPOINTS if kind != "registration_request"),
    (("paste",), "", lambda it: it.endpoint or "/.well-known/" in it.parts.path),
    (("paste",), "fhir_request", lambda it: FHIR_PATH.search(it.parts.path) and it.has_token),
    (_PASTED, "error_page_url", lambda it: _ERROR_PAGE.search(it.parts.path)),
    (_PASTED, "app_state_request", lambda it: "/app-state/Basic" in it.parts.path),
    (_PASTED, "token_request", lambda it: "grant_type" in it.names and "response_type" not in it.names),
    (_PASTED, "logout_request", lambda it: _LOGOUT.search(it.parts.path)),
    (_PASTED, "", lambda it: it.parts.path.endswith("/logout")),  # one of a vendor's own, which has other parameters
    (_PASTED, "redirect_url", lambda it: "error" in it.names and "response_type" not in it.names),
    (_PASTED, "", lambda it: _WITHOUT_BROWSER.search(it.parts.path)),
    (_PASTED, "authorize_url", lambda it: it.names & {"response_type", "redirect_uri", "client_id"}),
    (_PASTED, "authorize_url", lambda it: it.parts.path.endswith("/authorize")),
    (("file",), "authorize_url", lambda it: "response_type" in it.names or it.names >= {"client_id", "redirect_uri"}),
    (("address", "paste", "file"), "launch_url", lambda it: it.names_with_fragment >= {"iss", "launch"}),
    (("file",), "redirect_url", lambda it: it.method == "GET" and "state" in it.names and it.names & {"code", "error"}),
    (_PASTED, "redirect_url", lambda it: it.names_with_fragment & {"code", "error"} and not _is_search(it)),
    (_PASTED, "fhir_request", lambda it: "$" in it.parts.query and it.parts.path.rpartition("/")[2] in ALL_TYPES),
    (_PASTED, "", lambda it: it.names >= {"launch", "scope"}),  # an address of an app that asks for these later
    (_PASTED, "launch_url", lambda it: it.names_with_fragment & {"iss", "launch", "fhirServiceUrl"} or "$" in it.parts.query),
    (("address",), "fhir_request", lambda it: True),
    (("paste",), "fhir_request", lambda it: it.is_fhir or FHIR_PATH.search(it.parts.path)),
    (("file",), "fhir_request", is_fetched_fhir),
    (("file",), "error_page_url", lambda it: it.method == "GET" and _ERROR_PAGE.search(it.parts.path)),
)
"""Where a kind is looked for, and its sign; the first one counts. Parameters come first, because paths differ between vendors.

People paste part of a request. A file has whatever a browser fetched, so a sign of a launch must be clearer there.
"""
