"""Facts about the values that messages, tokens, cookies and PKCE show."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from itertools import chain, islice

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, make_fact, register_fact, register_fact_with
from sickbay.kernel.english import count
from sickbay.kernel.late_patterns import compile_late

COMPARED_PLACES = 20
"""The maximum number of places that are read at which a message compares two values."""
COMPARED_CHARACTERS = 400
_COMPARING = compile_late(
    r"\b(?:(?P<expected>expect(?:ed|ing))|(?:is not|isn't|was not|are not) (?:the same as|equal to|identical to)"
    r"|(?:differs|differ|different) from|d(?:o|oes|id)(?: not|n't) (?:match|equal))\b",
    re.I,
)
_RECEIVED = compile_late(r"\b(?:got|received|but|actual|found|returned|instead of)\b", re.I)
_NO_VALUE = compile_late(r"[1-5]\d\d|null|empty")
_VALUE = compile_late(r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;()<>\\]{3,200})\\{0,3}(?P<end>[\"'`]?)")


def _find_compared_values(evidence: Evidence) -> Iterator[Values]:
    """The expected and received values that messages name, with the words around them.

    Without "expected", the received one comes before words such as "isn't the same as", in one line, and both are URLs.
    """
    text = evidence.text[:SEARCHED_CHARACTERS]
    for match in islice(_COMPARING.finditer(text), COMPARED_PLACES):
        before = text[max(0, match.start() - COMPARED_CHARACTERS) : match.start()]
        after = text[match.end() : match.end() + COMPARED_CHARACTERS].partition("\n")[0]
        if match["expected"]:
            first, _, second = _RECEIVED.sub("\n", after, count=1).partition("\n")
            expected, received = _values_in_text(first)[-1:], _values_in_text(second)[:1]
        else:
            before = before.rpartition("\n")[2]
            nearest = _values_in_text(after)[:1], _values_in_text(before)[-1:]
            expected, received = ([value for value in values if value.startswith("http")] for values in nearest)
        for pair in zip(expected, received, strict=False):
            yield {"expected": pair[0], "received": pair[1], "about": f"{before}{match[0]}{after}".lower()}


def _values_in_text(text: str) -> list[str]:
    """The words of a text that are values: those in quotation marks, or otherwise with something that isn't a letter."""
    found = list(_VALUE.finditer(text))
    quoted = [match["value"] for match in found if match["quote"] and match["quote"] == match["end"]]
    known = [value for value in quoted if value.lower() != "null"]
    values = (match["value"].strip("[].:") for match in found)
    return known or [value for value in values if not (value.isalpha() or _NO_VALUE.fullmatch(value))]


@register_fact
def server_failed(evidence: Evidence) -> Values | None:
    """The only error responses are those with which a server or gateway reports its own fault: 5xx and its OAuth codes."""
    return make_fact(bool(evidence.codes) and all(_SERVERS_FAULT.fullmatch(code) for code in evidence.codes))


_SERVERS_FAULT = compile_late(r"5\d\d|server_error|temporarily_unavailable")


@register_fact_with("aud")
def audience_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received audience, and they differ by more than a slash at the end."""
    audiences = ({"received": first, "expected": second} for first, second in _read_audiences(evidence) if "[" not in second)
    pairs = (pair for pair in audiences if pair["received"].strip("/ ") != pair["expected"].strip("/ "))
    return _find_difference(evidence, _AUDIENCE, is_slash=False) or next(pairs, None)


@register_fact_with("iss")
def issuer_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received issuer, and they differ by more than a slash at the end."""
    return _find_difference(evidence, _ISSUER, is_slash=False)


@register_fact_with("iss")
def issuer_differs_by_slash(evidence: Evidence) -> Values | None:
    """A message names the expected and the received issuer, which differ only by a slash at the end."""
    return _find_difference(evidence, _ISSUER, is_slash=True)


_AUDIENCES = compile_late(
    r"\baudiences?: ['\"]([^'\"\n]{2,200})['\"]\. did not match: {1,3}[\w.]{1,60}: ['\"]([^'\"\n]{2,200})['\"]",
    re.I,
)


@register_fact_with("aud")
def audience_differs_invisibly(evidence: Evidence) -> Values | None:
    """A message shows the expected and the received audience, and they are equal but for spaces."""
    pairs = _read_audiences(evidence)
    return next(({"value": first.strip()} for first, second in pairs if first.strip() == second.strip()), None)


def _read_audiences(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The received and the expected audiences that messages of .NET name, each without "null"."""
    for match in _AUDIENCES.finditer(evidence.text, 0, SEARCHED_CHARACTERS):
        if not any(map(_NO_VALUE.fullmatch, match.groups())):
            yield match[1], match[2]


_AUDIENCE, _ISSUER = compile_late(r"aud"), compile_late(r"\biss\b|issuer")


def _find_difference(evidence: Evidence, about: re.Pattern[str], *, is_slash: bool) -> Values | None:
    for pair in _find_compared_values(evidence):
        expected, received = pair["expected"], pair["received"]
        if expected != received and (expected.rstrip("/") == received.rstrip("/")) == is_slash and about.search(pair["about"]):
            return {"expected": expected, "received": received}
    return None


@register_fact
def iss_and_sub_differ(evidence: Evidence) -> Values | None:
    """The iss and sub of a client assertion differ."""
    pairs = ((each["iss"], each["sub"]) for each in evidence.claims if {"iss", "sub"} <= each.keys() and "nonce" not in each)
    return next(({"expected": str(iss), "received": str(sub)} for iss, sub in pairs if iss != sub), None)


@register_fact
def token_expires_before_it_is_issued(evidence: Evidence) -> Values | None:
    """The exp of a shown token is before its iat or nbf."""
    times = ([str(each.get(name)) for name in ("exp", "iat", "nbf")] for each in evidence.claims)
    pairs = ((exp, start) for exp, *starts in times if exp.isdecimal() for start in starts if start.isdecimal())
    return next(({"first": exp, "second": start} for exp, start in pairs if int(exp) < int(start)), None)


_TIMES = compile_late("|".join(LISTS["patterns_of_times"]), re.I)


@register_fact_with("nbf", "iat", " < ")
def token_is_from_the_future(evidence: Evidence) -> Values | None:
    """A message names the time now and a later time from which a token is valid."""
    for match in _TIMES.finditer(evidence.text, 0, SEARCHED_CHARACTERS):
        now = next(int(match[name]) for name in ("now", "now2", "now3") if match[name])
        claim = next(int(match[name]) for name in ("claim", "claim2", "claim3") if match[name])
        if claim > now:
            return {"value": count(claim - now, "second", "seconds")}
    return None


_CHALLENGE = compile_late(r"code_?challenge(?!_?method)[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?(?P<value>[\w+/.~%=-]{20,140})", re.I)
_LABELLED = compile_late(
    r"\bcode[ _]?(?:verifier|challenge)(?:\*\*)?(?: (?:from|in|of)(?: \w{1,20}){1,5})?(?:\*\*)?:\s{1,3}`{0,3}"
    r"(?P<value>[\w+/=-]{30,140})(?![\w.(])",
    re.I,
)
"""A value alone after its name, as people write it in a report."""
_HEX_DIGITS = re.compile(rb"[0-9a-fA-F]{64}")
_HEX_CODE = compile_late("|".join(LISTS["code_that_hashes_to_hex"]), re.I)
_BASE64_CODE = compile_late(
    r"challenge[^\n]{0,80}(?:\bbase64_encode\(|\bbtoa\(|\bb64encode\(|digest\(['\"]base64['\"]|toString\(['\"]base64['\"]|enc\.Base64\))",
    re.I,
)
_STATEMENT = compile_late(r"[^;\n]{0,200}")
_URL_SAFE = compile_late(r"strtr|replace|translate|rtrim", re.I)


def _sent_challenge(evidence: Evidence) -> str:
    found = _CHALLENGE.search(evidence.text, 0, SEARCHED_CHARACTERS)
    return found["value"] if found else ""


@register_fact_with("challenge")
def challenge_is_of_hex(evidence: Evidence) -> Values | None:
    """code_challenge was computed from the 64 hex digits of the hash instead of its 32 bytes."""
    challenge = _sent_challenge(evidence)
    return make_fact(_is_hex(challenge) or _HEX_CODE.search(evidence.text, 0, SEARCHED_CHARACTERS))


HEX_CHALLENGE_CHARACTERS = 86
"""The length of 64 hex digits in base64url."""


def _is_hex(challenge: str) -> bool:
    digits = challenge.rstrip("=").encode()
    if len(digits) == HEX_CHALLENGE_CHARACTERS:
        digits = urlsafe_b64decode(digits + b"==")
    return _HEX_DIGITS.fullmatch(digits) is not None


@register_fact_with("challenge", "verifier")
def challenge_is_not_url_safe(evidence: Evidence) -> Values | None:
    """code_challenge or code_verifier is in standard Base64, with +, / or = at the end."""
    value = _sent_challenge(evidence)
    is_standard = len(value) in (43, 44) and not {*"+/="}.isdisjoint(value) and "%" not in value
    labelled = (match["value"] for match in _LABELLED.finditer(evidence.text, 0, SEARCHED_CHARACTERS))
    is_standard = is_standard or any(map(_is_standard_base64, labelled))
    return make_fact(is_standard or any(_is_left_standard(evidence.text[:SEARCHED_CHARACTERS])))


def _is_standard_base64(value: str) -> bool:
    """Whether it has +, / or =, and isn't a path or a word."""
    return not {*"+/="}.isdisjoint(value) and any(map(str.isdigit, value)) and value.lower() != value


def _is_left_standard(text: str) -> Iterator[bool]:
    """For each call that encodes a challenge, whether the rest of the statement leaves it as it is."""
    for call in _BASE64_CODE.finditer(text):
        rest = _STATEMENT.match(text, call.end())
        yield rest is None or _URL_SAFE.search(call[0] + rest[0]) is None


@register_fact_with("kid")
def kid_is_not_in_key_set(evidence: Evidence) -> Values | None:
    """The text has a token or its header, and a key set in which no key has its kid."""
    tokens = [piece.values.get("header", piece.values) for piece in evidence.pieces if "jwt" in (piece.kind, piece.subkind[:3])]
    sets = [
        piece.values["keys"] for piece in evidence.pieces if piece.subkind == "jwks" and isinstance(piece.values["keys"], list)
    ]
    known = {str(key["kid"]) for key in chain(*sets) if isinstance(key, dict) and key.get("kid")}
    named = (str(header["kid"]) for header in tokens if isinstance(header, dict) and header.get("kid"))
    return next(({"value": kid} for kid in named if known and kid not in known), None)
