"""Computes named facts from the evidence. They confirm or exclude causes, and their values fill the texts.

A fact is a function that returns its values ({} if it has none), or None if it isn't true. Its docstring is its description.
The id of a rule that found a fault in a request is a fact too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, islice
from typing import Any, TypeAlias

from sickbay.doctor.evidence import Evidence
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse

Values: TypeAlias = dict[str, str]
Fact: TypeAlias = Callable[[Evidence], Values | None]
FACTS: dict[str, Fact] = {}
COMPARED_ADDRESSES = 40
"""How many addresses of a text are compared with each other."""


def compute(evidence: Evidence) -> dict[str, Values]:
    """The facts that are true, with their values."""
    found = {name: fact(evidence) for name, fact in FACTS.items()}
    return {name: {} for name in evidence.rules} | {name: values for name, values in found.items() if values is not None}


def _fact(function: Fact) -> Fact:
    FACTS[function.__name__] = function
    return function


def _true(condition: object) -> Values | None:
    return {} if condition else None


@_fact
def authorize_request(evidence: Evidence) -> Values | None:
    """The text has an authorization request."""
    return _true("authorize_url" in evidence.kinds)


@_fact
def token_request(evidence: Evidence) -> Values | None:
    """The text has a token request."""
    return _true("token_request" in evidence.kinds)


@_fact
def fhir_request(evidence: Evidence) -> Values | None:
    """The text has a FHIR request."""
    return _true("fhir_request" in evidence.kinds)


def _grant(evidence: Evidence, name: str) -> Values | None:
    return _true(evidence.sent.get("grant_type") == name or f"grant type {name.replace('_', ' ')}" in " ".join(evidence.words))


@_fact
def redeems_code(evidence: Evidence) -> Values | None:
    """A token request has grant_type=authorization_code."""
    return _grant(evidence, "authorization_code")


@_fact
def refreshes(evidence: Evidence) -> Values | None:
    """A token request has grant_type=refresh_token."""
    return _grant(evidence, "refresh_token")


@_fact
def uses_client_credentials(evidence: Evidence) -> Values | None:
    """A token request has grant_type=client_credentials."""
    return _grant(evidence, "client_credentials")


@_fact
def uses_password(evidence: Evidence) -> Values | None:
    """A token request has grant_type=password."""
    return _grant(evidence, "password")


@_fact
def sends_assertion(evidence: Evidence) -> Values | None:
    """A token request has a client_assertion."""
    return _true("client_assertion" in evidence.sent)


@_fact
def sends_no_secret(evidence: Evidence) -> Values | None:
    """A whole token request has neither a client secret, nor an assertion, nor an Authorization header."""
    return _true(any(_is_bare(request) for request in evidence.requests if request.get("kind") == "token_request"))


def _is_bare(request: Mapping[str, Any]) -> bool:
    names = parse(str(request.get("body") or "")).names()
    headers = {str(name).lower() for name in request.get("headers") or {}}
    return bool(names) and not {"client_secret", "client_assertion"} & {*names} and "authorization" not in headers


@_fact
def sends_no_redirect_uri(evidence: Evidence) -> Values | None:
    """A token request redeems a code and has no redirect_uri."""
    return _true(any("grant_type=authorization_code" in form and "redirect_uri" not in form for form in evidence.forms))


@_fact
def token_body_is_json(evidence: Evidence) -> Values | None:
    """The body of a token request is JSON."""
    is_json = any(form.lstrip().startswith("{") for form in evidence.forms) or _JSON_GRANT.search(evidence.text)
    return _true(is_json or not evidence.rules.isdisjoint(("code-json-body", "code-json-under-form-type")))


_JSON_GRANT = re.compile(r"[{,]\s{0,20}[\"']?grant_type[\"']?\s{0,3}:\s{0,3}[\"']")


@_fact
def token_parameters_in_query(evidence: Evidence) -> Values | None:
    """The parameters of a token request are in its URL."""
    requests = (request for request in evidence.requests if request.get("kind") == "token_request")
    in_query = any("grant_type=" in str(request.get("url", "")) for request in requests)
    return _true(in_query or re.search(r"/token\\?\?(?:grant_type|client_id|code|username)=", evidence.text))


@_fact
def assertion_is_empty(evidence: Evidence) -> Values | None:
    """client_assertion or client_assertion_type is sent without a value."""
    empty = re.search(r"client_assertion(?:_type)?=(?:&|\s|$|[\"'])", evidence.text)
    return _true(empty)


@_fact
def parameter_is_misspelled(evidence: Evidence) -> Values | None:
    """The name of a parameter is a misspelling of client_id, grant_type or redirect_uri."""
    found = _MISSPELLED.search(evidence.text)
    return {"parameter": found["name"]} if found else None


_MISSPELLED = re.compile(
    r"[?&\"'](?P<name>clientid|cliend_id|client-id|granttype|grant-type|grand_types?|redirecturi|redirect-uri|redirect_url|responsetype)=",
    re.I,
)


@_fact
def url_has_line_breaks(evidence: Evidence) -> Values | None:
    """A template string for a URL has line breaks before its parameters."""
    return _true(re.search(r"`[^`\n]{0,200}\n\s{0,40}[?&]?[^`\n]{0,200}client_id=[^`]{0,400}\n", evidence.text))


@_fact
def expected_value_has_blank(evidence: Evidence) -> Values | None:
    """A message shows a configured value with a blank at its beginning or end."""
    return _true(re.search(r"(?:valid|expected)\w{0,30}\W{1,5}['\"] |['\"]\s{0,2}(?:api://|https?://|[0-9a-f-]{36}) ['\"]", evidence.text[:50_000], re.I))


@_fact
def discovery_mixes_http(evidence: Evidence) -> Values | None:
    """A discovery document has endpoints by http:// and an issuer by https://, or the other way round."""
    schemes = {match["scheme"] for match in _ENDPOINT.finditer(evidence.text)}
    return _true(len(schemes) == 2 and '"issuer"' in evidence.text)


_ENDPOINT = re.compile(r"\"(?:issuer|\w{1,40}_endpoint|jwks_uri)\"\s{0,3}:\s{0,3}\"(?P<scheme>https?)://")


@_fact
def has_colon_for_equals(evidence: Evidence) -> Values | None:
    """A query has a colon where the equals sign belongs."""
    return _true("fhir-search-colon-for-equals" in evidence.rules or re.search(r"/[A-Z]\w{3,40}\?[\w-]{2,30}:\d{2,20}(?:$|[\s&])", evidence.text, re.M))


@_fact
def is_operation_outcome(evidence: Evidence) -> Values | None:
    """The text has an OperationOutcome."""
    return _true("operationoutcome" in evidence.words or ("diagnostics" in evidence.words and "severity" in evidence.words))


@_fact
def sends_verifier(evidence: Evidence) -> Values | None:
    """A token request has a code_verifier."""
    return _true("code_verifier" in evidence.sent)


@_fact
def requests_offline_access(evidence: Evidence) -> Values | None:
    """A requested scope is offline_access."""
    return _true("offline_access" in _scopes(evidence))


@_fact
def requests_no_offline_access(evidence: Evidence) -> Values | None:
    """The text has an authorization request whose scope lacks offline_access and online_access."""
    return _true("authorize_url" in evidence.kinds and not {"offline_access", "online_access"} & {*_scopes(evidence)})


@_fact
def requests_no_openid(evidence: Evidence) -> Values | None:
    """The text has an authorization request whose scope lacks openid."""
    return _true("authorize_url" in evidence.kinds and "openid" not in _scopes(evidence))


@_fact
def scope_is_empty(evidence: Evidence) -> Values | None:
    """The parameter scope was sent without a value."""
    return _true("scope" in evidence.sent and not evidence.sent["scope"].strip())


@_fact
def scope_has_commas(evidence: Evidence) -> Values | None:
    """Scopes are separated by commas."""
    scope = evidence.sent.get("scope", "")
    return {"scope": scope} if "," in scope else None


def _scopes(evidence: Evidence) -> list[str]:
    return re.split(r"[\s,+]+", evidence.sent.get("scope", ""))


@_fact
def redirect_uri_is_http(evidence: Evidence) -> Values | None:
    """redirect_uri begins with http:// although its host is a public name."""
    named = _HTTP_REDIRECT.search(evidence.text)
    sent = evidence.sent.get("redirect_uri", "") or (named["uri"] if named else "")
    is_public = sent.startswith("http://") and "." in (host := urls.split(sent).hostname) and host not in LOOPBACK
    is_public = is_public and not re.fullmatch(r"[\d.]+|.*\.(?:local|internal|localhost)", host)
    return {"redirect_uri": sent, "expected": f"https{sent[4:]}"} if is_public else None


_HTTP_REDIRECT = re.compile(r"redirect[_ ]?ur[il]\b[^\n]{0,40}?[\s'\"`(=](?P<uri>http://[^\s'\"`,)&]{4,200})", re.I)
LOOPBACK = ("localhost", "127.0.0.1", "::1", "")


@_fact
def code_is_encoded_twice(evidence: Evidence) -> Values | None:
    """The code of a token request is still percent-encoded."""
    return _true(re.search(r"%2[fFbBdD]|%3[dD]", evidence.sent.get("code", "")))


_EXPECTED = re.compile(
    r"\bexpect(?:ed|ing)\b[^\n'\"`<]{0,40}?[:=\s][ \t]?[\"'`(\[]*(?P<expected>[^\s\"'`,;()\[\]]{3,200})"
    r"[^\n]{0,80}?\b(?:got|received|but (?:was|is|got)|actual|found|returned|instead of)\b[^\n'\"`<]{0,40}?[:=\s][ \t]?"
    r"[\"'`(\[]*(?P<received>[^\s\"'`,;()\[\]]{3,200})",
    re.I,
)


def _compared(evidence: Evidence) -> Iterator[Values]:
    """The expected and received values that messages name, with the words before them."""
    for match in islice(_EXPECTED.finditer(evidence.text[:100_000]), 20):
        before = evidence.text[max(0, match.start() - 120) : match.end()].lower()
        yield {"expected": match["expected"].rstrip(".:"), "received": match["received"].rstrip(".:"), "about": before}


@_fact
def audience_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received audience, and they differ."""
    return next((_named(pair) for pair in _compared(evidence) if "aud" in pair["about"] and _differ(pair)), None)


@_fact
def issuer_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received issuer, and they differ."""
    return next((_named(pair) for pair in _compared(evidence) if "iss" in pair["about"] and _differ(pair)), None)


def _named(pair: Mapping[str, str]) -> Values:
    return {name: pair[name] for name in ("expected", "received")}


def _differ(pair: Mapping[str, str]) -> bool:
    """Whether they differ by more than a slash at the end, which is another fact."""
    return pair["expected"].rstrip("/") != pair["received"].rstrip("/")


def _alike(evidence: Evidence, part: Callable[[str], str], rest: Callable[[str], str]) -> Values | None:
    """Two addresses of the text that differ in this part, and are equal in the rest."""
    pairs = combinations(evidence.addresses[:COMPARED_ADDRESSES], 2)
    return next(({"first": a, "second": b} for a, b in pairs if part(a) != part(b) and rest(a) == rest(b)), None)


@_fact
def addresses_differ_by_slash(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by a slash at the end."""
    return _alike(evidence, lambda address: str(address.endswith("/")), lambda address: address.rstrip("/"))


@_fact
def addresses_differ_by_scheme(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by http and https."""
    return _alike(evidence, lambda address: address.partition("://")[0], lambda address: address.partition("://")[2].rstrip("/"))


@_fact
def addresses_differ_by_case(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by upper and lower case."""
    return _alike(evidence, str, str.lower)


_PORT = re.compile(r"(?<=[^/:]):\d{1,5}(?=/|$)")


@_fact
def addresses_differ_by_port(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by the port."""
    return _alike(evidence, lambda address: "".join(_PORT.findall(address)), lambda address: _PORT.sub("", address).rstrip("/"))


@_fact
def mixes_loopback_hosts(evidence: Evidence) -> Values | None:
    """The text has addresses of both localhost and 127.0.0.1."""
    return _true(re.search(r"//localhost\b", evidence.text) and re.search(r"//127\.0\.0\.1\b", evidence.text))


_POSTS = re.compile(r"response_mode[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?form_post|hybrid flow|code id_token|Origin: ?null|^\W{0,4}POST /\S{0,200}callback", re.I | re.M)
_SAME_SITE = re.compile(r"same_?-?site\W{0,6}(?:\w{1,20}\.)?(?P<value>strict|lax)\b", re.I)


@_fact
def cookie_is_strict(evidence: Evidence) -> Values | None:
    """A cookie has SameSite=Strict."""
    return _true(any(match["value"].lower() == "strict" for match in _SAME_SITE.finditer(evidence.text)))


@_fact
def cookie_is_lost_at_post(evidence: Evidence) -> Values | None:
    """A cookie has SameSite=Strict or Lax, and the response arrives by a POST from the other site (form_post)."""
    sign = _SAME_SITE.search(evidence.text)
    return {"value": sign["value"]} if sign and _POSTS.search(evidence.text) else None


_PLACEHOLDER = re.compile(r"\$\{[\w.-]{1,60}\}|\{\{\s{0,3}[\w.-]{1,60}\s{0,3}\}\}")


@_fact
def placeholder_is_left(evidence: Evidence) -> Values | None:
    """A parameter or an address still has a variable such as ${CLIENT_ID} or {{clientId}}."""
    sent = (value for value in (*evidence.sent.values(), *evidence.addresses) if _PLACEHOLDER.search(value))
    return next(({"value": match[0]} for value in sent if (match := _PLACEHOLDER.search(value))), None)


_REFERENCE = re.compile(r"\"reference\"\s{0,3}:\s{0,3}\"(?P<value>https?://[^\"\s]{3,300})\"")


@_fact
def reference_is_absolute(evidence: Evidence) -> Values | None:
    """A resource refers to another one by an absolute URL."""
    found = _REFERENCE.search(evidence.text)
    return {"value": found["value"]} if found else None


@_fact
def iss_and_sub_differ(evidence: Evidence) -> Values | None:
    """The iss and sub of a client assertion differ."""
    return next(
        (
            {"expected": str(claims["iss"]), "received": str(claims["sub"])}
            for claims in evidence.claims
            if "iss" in claims and "sub" in claims and "nonce" not in claims and claims["iss"] != claims["sub"]
        ),
        None,
    )


_KEY_ADDRESS = re.compile(
    r"jwks_?u[a-z]{1,3}\W{1,6}(?P<value>https?://(?:localhost|127\.\d|10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[\w-]+\.(?:local|internal)\b)"
    r"[^\s\"'`<>]{0,200})",
    re.I,
)


@_fact
def keys_are_private(evidence: Evidence) -> Values | None:
    """jwks_uri is an address that a server elsewhere can't reach, such as localhost."""
    found = _KEY_ADDRESS.search(evidence.text)
    return {"value": found["value"]} if found else None


_SCOPE = re.compile(r"\b(?:patient|user|system)/(?:[A-Z]\w{2,40}|\*)\.(?P<letters>read\b|write\b|\*|c?r?u?d?s?\b)")


@_fact
def has_version_1_scopes(evidence: Evidence) -> Values | None:
    """The text has scopes of SMART version 1, such as patient/Patient.read."""
    return _true(any(match["letters"] in ("read", "write", "*") for match in _SCOPE.finditer(evidence.text)))


@_fact
def has_version_2_scopes(evidence: Evidence) -> Values | None:
    """The text has scopes of SMART version 2, such as patient/Patient.rs."""
    return _true(any(match["letters"] not in ("read", "write", "*", "") for match in _SCOPE.finditer(evidence.text)))


@_fact
def is_about_fhir(evidence: Evidence) -> Values | None:
    """The text has a FHIR request, or names FHIR."""
    return _true("fhir_request" in evidence.kinds or "fhir" in evidence.words or '"resourceType"' in evidence.text)
