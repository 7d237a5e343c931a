"""Facts about the requests in a text and their scopes, and about whether it has to do with FHIR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import Values, make_fact, register_fact
from sickbay.doctor.pieces.structured import find_options
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse


@register_fact
def aud_is_next_to_authorize(evidence: Evidence) -> Values | None:
    """`aud` of the authorization request is a FHIR base URL on the server of the authorization endpoint."""
    requests = (request for request in evidence.requests if request.get("kind") == "authorize_url")
    return make_fact(any(_is_next_to(evidence.sent.get("aud", ""), str(request.get("url", ""))) for request in requests))


def _is_next_to(aud: str, endpoint: str) -> bool:
    base, other = urls.split(aud), urls.split(endpoint)
    return base.netloc == other.netloc and _FHIR_BASE.search(base.path) is not None


_FHIR_BASE = compile_late(r"/(?:fhir|dstu2|stu3|r4b?|r5)(?:/|$)", re.I)


@register_fact
def sends_no_secret(evidence: Evidence) -> Values | None:
    """A whole token request has neither a client secret, nor an assertion, nor an Authorization header."""
    return make_fact(any(_is_bare(request) for request in evidence.requests if request.get("kind") == "token_request"))


def _is_bare(request: Mapping[str, Any]) -> bool:
    names = parse(str(request.get("body") or "")).names()
    headers = {str(name).lower() for name in request.get("headers") or {}}
    return (
        bool(names)
        and not {"client_secret", "client_assertion", "client_assertion_type"} & {*names}
        and "authorization" not in headers
    )


@register_fact
def sends_no_redirect_uri(evidence: Evidence) -> Values | None:
    """A token request redeems a code and has no redirect_uri."""
    return make_fact(any("grant_type=authorization_code" in form and "redirect_uri" not in form for form in evidence.forms))


@register_fact
def token_body_is_json(evidence: Evidence) -> Values | None:
    """The body of a token request is JSON."""
    written = _has_grant_in_json(evidence.text) and not _has_form_in_code(evidence.text)
    is_json = any(form.lstrip().startswith("{") for form in evidence.forms) or written
    return make_fact(is_json or not evidence.rules.isdisjoint(("code-json-body", "code-json-under-form-type")))


def _has_grant_in_json(text: str) -> bool:
    """Whether an object has grant_type, other than the options of a library."""
    found = _JSON_GRANT.search(text)
    return found is not None and not any(start <= found.start() < end for start, end in find_options(text))


def _has_form_in_code(text: str) -> bool:
    """Whether code makes a form of an object, or makes a Python dictionary and doesn't show how it is sent."""
    starts = (found.end() for found in islice(_DICTIONARY.finditer(text), READ_DICTIONARIES))
    unclear = (text[start : start + DICTIONARY_CHARACTERS].partition(";")[0] for start in starts)
    return bool(_FORM_IN_CODE.search(text)) or any(not _JSON_IN_CODE.search(after) for after in unclear)


READ_DICTIONARIES, DICTIONARY_CHARACTERS = 20, 2000
_DICTIONARY = compile_late(r"^[ \t]{0,20}\w{1,40}[ \t]?=[ \t]?\{", re.M)
_JSON_IN_CODE = compile_late(r"json\s?=|json\.dumps|stringify|application/json|axios")
_FORM_IN_CODE = compile_late(r"URLSearchParams\(|\burlencode\(|PostForm\(|\b(?:qs|querystring)\.stringify|map\[string\]")
_JSON_GRANT = compile_late(r"[{,]\s{0,20}[\"']?grant_type[\"']?\s{0,3}:\s{0,3}[\"']")


@register_fact
def parameter_name_has_blank(evidence: Evidence) -> Values | None:
    """The name of a parameter begins or ends with a space."""
    name = next((name for name in evidence.sent if name != name.strip() and "{" not in name), None)
    found = _NAME_WITH_BLANK.search(evidence.text)
    name = name or (found["name"] if found else None)
    return {"parameter": name.strip()} if name else None


_NAMES = "resource|scope|audience|client_id|client_secret|grant_type|redirect_uri|code|username"
_NAME_WITH_BLANK = compile_late(rf"[\"'](?P<name>(?:{_NAMES}) | (?:{_NAMES}))[\"']\s{{0,3}}:")


@register_fact
def scope_has_commas(evidence: Evidence) -> Values | None:
    """Scopes are separated by commas."""
    named = _WITH_COMMA.search(evidence.text)
    scope = evidence.sent.get("scope", "") or (named["scope"] if named else "")
    return {"scope": scope} if "," in scope else None


_WITH_COMMA = compile_late(
    r"\bscopes?[\"'`]?(?:[=:]| [(\"'`]|\s?[=:]\s?[\"'`])\s?(?P<scope>[\w/.*:-]{1,200},[\w/.*:,-]{1,1000})"
)
