"""Replaces the variables in a request of source code by values that pass every check, so that only what the code
shows is examined.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sickbay.diagnosis import placeholders
from sickbay.diagnosis.values import is_masked
from sickbay.doctor.pieces.structured import encode_form, read_object
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol.parameters import parse

VARIABLE = compile_late(r"\{[^{}]*\}")
DESCRIBED = compile_late(r"basic .{0,200}?(?:[<>\[\](){}$]|base-?64|encoded|credentials)", re.I)
"""A header that says in words or code what is sent, such as `Basic <base64(id:secret)>`."""
_PLACEHOLDERS = ("code", "code_verifier", "code_challenge", "refresh_token", "launch", "client_secret")
_SAFE: dict[str, str] = {
    **{name: placeholders.placeholder_for(name) for name in _PLACEHOLDERS},
    "code_challenge_method": "S256",
    "redirect_uri": "https://app.example.org/callback",
    "aud": "https://ehr.example.org/fhir",
    "state": placeholders.EXAMPLE_STATE,
    "nonce": placeholders.EXAMPLE_NONCE,
    "scope": "openid",
    "response_type": "code",
    "grant_type": "authorization_code",
}
_EXAMINED = ("redirect_uris", "launch_uri", "initiate_login_uri", "scope", "jwks_uri", "token_endpoint_auth_method")
_HOST = "https://ehr.example.org"


def remove_variables(evidence: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The request without variables, and the names of the parameters that had one. Unknown names are left out of it."""
    url, query = _url_without_query(str(evidence["url"])), str(evidence["url"]).partition("?")[2]
    unknown: set[str] = set()
    known_query, known_body = (_fill_form(query, unknown), _substitute_in_body(str(evidence.get("body") or ""), unknown))
    headers = {name: _substitute_in_header(value) for name, value in (evidence.get("headers") or {}).items()}
    if headers != dict(evidence.get("headers") or {}):
        unknown |= {"authorization", "client_id", "client_secret"}
    sent = {**evidence, "url": f"{url}?{known_query}" if known_query else url}
    sent |= ({"headers": headers} if headers else {}) | ({"body": known_body} if known_body else {})
    return sent, frozenset(unknown)


def metadata_without_variables(evidence: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The registration without the examined members that contain a variable, and the names of these members."""
    app = evidence["app"]
    unknown = frozenset(name for name, value in app.items() if name in _EXAMINED and VARIABLE.search(str(value)))
    return {**evidence, "app": {name: value for name, value in app.items() if name not in unknown}}, unknown


def _url_without_query(url: str) -> str:
    """The URL without its query. A variable at its beginning is scheme and host, others are a part of the path."""
    front = url.partition("?")[0]
    front = VARIABLE.sub(_HOST, front, count=1) if front.startswith("{") else front
    return VARIABLE.sub("1", front)


def _fill_form(form: str, unknown: set[str]) -> str:
    pairs = parse(form).pairs
    variables = {name for name, value in pairs if VARIABLE.search(value)}
    if not variables:
        return form
    unknown |= variables
    return encode_form({name: _SAFE.get(name, "x") if name in variables else value for name, value in pairs})


def _substitute_in_body(body: str, unknown: set[str]) -> str:
    """A form, or the members of a JSON object. Anything else stays as it is."""
    if not body.lstrip().startswith(("{", "[", "<")):
        return _fill_form(body, unknown)
    members = read_object(body)
    if not members or "resourceType" in members:
        return body
    variables = {name for name, value in members.items() if isinstance(value, str) and VARIABLE.search(value)}
    unknown |= variables
    return json.dumps({name: _SAFE.get(name, "x") if name in variables else value for name, value in members.items()})


def insert_placeholders(corrected: Mapping[str, Any], pasted: str) -> dict[str, Any]:
    """A corrected request with placeholders instead of the example addresses that stood for variables.

    pasted: what people pasted. An address in it is theirs.
    """
    examples = [name for name in ("redirect_uri", "aud") if _SAFE[name] not in pasted and quote(_SAFE[name], "") not in pasted]
    return {
        name: _insert_placeholders(value, examples) if isinstance(value, str) else value for name, value in corrected.items()
    }


def _insert_placeholders(text: str, names: Sequence[str]) -> str:
    for name in names:
        for form in (_SAFE[name], quote(_SAFE[name], safe="")):
            text = text.replace(form, placeholders.placeholder_for(name))
    return text


def _substitute_in_header(value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    is_cut = scheme.lower() in ("basic", "bearer") and credentials.endswith(("...", "…"))
    if not (is_cut or VARIABLE.search(value) or is_masked(credentials.strip()) or DESCRIBED.match(value)):
        return value
    if scheme.lower() == "basic":
        return f"{scheme} {base64.b64encode(b'client:secret').decode()}"
    return f"{scheme} {placeholders.PLACEHOLDER_TOKEN}" if scheme.lower() == "bearer" else VARIABLE.sub("x", value)
