"""Facts about the requests in a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import Values, as_fact, fact
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse


@fact
def authorize_request(evidence: Evidence) -> Values | None:
    """The text has an authorization request."""
    return as_fact("authorize_url" in evidence.kinds)


@fact
def token_request(evidence: Evidence) -> Values | None:
    """The text has a token request."""
    return as_fact("token_request" in evidence.kinds)


@fact
def fhir_request(evidence: Evidence) -> Values | None:
    """The text has a FHIR request."""
    return as_fact("fhir_request" in evidence.kinds)


def _grant(evidence: Evidence, name: str) -> Values | None:
    said = f"grant type {name.replace('_', ' ')}"
    return as_fact(evidence.sent.get("grant_type") == name or said in " ".join(evidence.words))


@fact
def aud_is_next_to_authorize(evidence: Evidence) -> Values | None:
    """`aud` of the authorization request is a FHIR base URL on the server of the authorization endpoint."""
    requests = (request for request in evidence.requests if request.get("kind") == "authorize_url")
    return as_fact(any(_is_next_to(evidence.sent.get("aud", ""), str(request.get("url", ""))) for request in requests))


def _is_next_to(aud: str, endpoint: str) -> bool:
    base, other = urls.split(aud), urls.split(endpoint)
    return base.netloc == other.netloc and _FHIR_BASE.search(base.path) is not None


_FHIR_BASE = re.compile(r"/(?:fhir|dstu2|stu3|r4b?|r5)(?:/|$)", re.I)


@fact
def redeems_code(evidence: Evidence) -> Values | None:
    """A token request has grant_type=authorization_code."""
    return _grant(evidence, "authorization_code")


@fact
def refreshes(evidence: Evidence) -> Values | None:
    """A token request has grant_type=refresh_token."""
    return _grant(evidence, "refresh_token")


@fact
def uses_client_credentials(evidence: Evidence) -> Values | None:
    """A token request has grant_type=client_credentials."""
    return _grant(evidence, "client_credentials")


@fact
def uses_password(evidence: Evidence) -> Values | None:
    """A token request has grant_type=password."""
    return _grant(evidence, "password")


@fact
def sends_assertion(evidence: Evidence) -> Values | None:
    """A token request has a client_assertion."""
    return as_fact("client_assertion" in evidence.sent)


@fact
def sends_no_secret(evidence: Evidence) -> Values | None:
    """A whole token request has neither a client secret, nor an assertion, nor an Authorization header."""
    return as_fact(any(_is_bare(request) for request in evidence.requests if request.get("kind") == "token_request"))


def _is_bare(request: Mapping[str, Any]) -> bool:
    names = parse(str(request.get("body") or "")).names()
    headers = {str(name).lower() for name in request.get("headers") or {}}
    return (
        bool(names)
        and not {"client_secret", "client_assertion", "client_assertion_type"} & {*names}
        and "authorization" not in headers
    )


@fact
def sends_no_redirect_uri(evidence: Evidence) -> Values | None:
    """A token request redeems a code and has no redirect_uri."""
    return as_fact(any("grant_type=authorization_code" in form and "redirect_uri" not in form for form in evidence.forms))


@fact
def token_body_is_json(evidence: Evidence) -> Values | None:
    """The body of a token request is JSON."""
    written = _JSON_GRANT.search(evidence.text) and not _has_form_in_code(evidence.text)
    is_json = any(form.lstrip().startswith("{") for form in evidence.forms) or written
    return as_fact(is_json or not evidence.rules.isdisjoint(("code-json-body", "code-json-under-form-type")))


def _has_form_in_code(text: str) -> bool:
    """Whether code makes a form of an object, or makes a Python dictionary and doesn't show how it is sent."""
    starts = (found.end() for found in islice(_DICTIONARY.finditer(text), READ_DICTIONARIES))
    unclear = (text[start : start + DICTIONARY_CHARACTERS].partition(";")[0] for start in starts)
    return bool(_FORM_IN_CODE.search(text)) or any(not _JSON_IN_CODE.search(after) for after in unclear)


READ_DICTIONARIES, DICTIONARY_CHARACTERS = 20, 2000
_DICTIONARY = re.compile(r"^[ \t]{0,20}\w{1,40}[ \t]?=[ \t]?\{", re.M)
_JSON_IN_CODE = re.compile(r"json\s?=|json\.dumps|stringify|application/json|axios")
_FORM_IN_CODE = re.compile(r"URLSearchParams\(|\burlencode\(|PostForm\(|\b(?:qs|querystring)\.stringify|map\[string\]")
_JSON_GRANT = re.compile(r"[{,]\s{0,20}[\"']?grant_type[\"']?\s{0,3}:\s{0,3}[\"']")


@fact
def token_parameters_in_query(evidence: Evidence) -> Values | None:
    """The parameters of a token request are in its URL."""
    requests = (request for request in evidence.requests if request.get("kind") == "token_request")
    in_query = any("grant_type=" in str(request.get("url", "")) for request in requests)
    return as_fact(in_query or re.search(r"/token\\?\?(?:grant_type|client_id|code|username)=", evidence.text))


@fact
def assertion_is_empty(evidence: Evidence) -> Values | None:
    """client_assertion or client_assertion_type is sent without a value."""
    empty = re.search(r"client_assertion(?:_type)?=(?:&|\s|$|[\"'])", evidence.text)
    return as_fact(empty)


@fact
def parameter_is_misspelled(evidence: Evidence) -> Values | None:
    """The name of a parameter is a misspelling of client_id, grant_type or redirect_uri."""
    found = _MISSPELLED.search(evidence.text)
    return {"parameter": found["name"]} if found else None


_MISSPELLED = re.compile(
    r"[?&\"'](?P<name>clientid|cliend_id|client-id|granttype|grant-type|grand_types?|redirecturi|redirect-uri|redirect_url|responsetype)=",
    re.I,
)


@fact
def url_has_line_breaks(evidence: Evidence) -> Values | None:
    """A template string for a URL has line breaks before its parameters."""
    templates = (template.split("\n") for template in evidence.text.split("`")[1::2])
    return as_fact(any("client_id=" in line for lines in templates for line in lines[1:-1]))


@fact
def sends_verifier(evidence: Evidence) -> Values | None:
    """A token request has a code_verifier."""
    return as_fact("code_verifier" in evidence.sent)


@fact
def code_is_encoded_twice(evidence: Evidence) -> Values | None:
    """The code of a token request is still percent-encoded."""
    return as_fact(re.search(r"%2[fFbBdD]|%3[dD]", evidence.sent.get("code", "")))


@fact
def parameter_name_has_blank(evidence: Evidence) -> Values | None:
    """The name of a parameter begins or ends with a blank."""
    name = next((name for name in evidence.sent if name != name.strip() and "{" not in name), None)
    found = _NAME_WITH_BLANK.search(evidence.text)
    name = name or (found["name"] if found else None)
    return {"parameter": name.strip()} if name else None


_NAMES = "resource|scope|audience|client_id|client_secret|grant_type|redirect_uri|code|username"
_NAME_WITH_BLANK = re.compile(rf"[\"'](?P<name>(?:{_NAMES}) | (?:{_NAMES}))[\"']\s{{0,3}}:")


@fact
def requests_no_scope(evidence: Evidence) -> Values | None:
    """A token request with grant_type=client_credentials has no scope."""
    return as_fact(evidence.sent.get("grant_type") == "client_credentials" and "scope" not in evidence.sent)


@fact
def granted_scope_is_empty(evidence: Evidence) -> Values | None:
    """A token response has an empty scope."""
    return as_fact(re.search(r"\"scope\"\s{0,3}:\s{0,3}\"\"", evidence.text))
