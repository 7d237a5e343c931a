"""Facts about PKCE values: what the length and the characters of a challenge say about how it was computed."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, as_fact, fact

_CHALLENGE = re.compile(r"code_?challenge(?!_?method)[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?(?P<value>[\w+/.~%=-]{20,140})", re.I)
_LABELLED = re.compile(
    r"\bcode[ _]?(?:verifier|challenge)(?:\*\*)?(?: (?:from|in|of)(?: \w{1,20}){1,5})?(?:\*\*)?:\s{1,3}`{0,3}"
    r"(?P<value>[\w+/=-]{30,140})(?![\w.(])",
    re.I,
)
"""A value on its own behind its name, as people write it in a report."""
_HEX_DIGITS = re.compile(rb"[0-9a-fA-F]{64}")
_HEX_CODE = re.compile(
    r"challenge[^\n]{0,120}(?:digest\(['\"]hex|hexdigest|enc\.Hex|bin2hex)|SHA256\([^\n()]{0,60}\)\.toString\(\)[^\n]{0,60}challenge"
    r"|challenge[^\n]{0,30}\bhash\(['\"]sha256['\"], ?[^,()\n]{1,60}\)",
    re.I,
)
_BASE64_CODE = re.compile(
    r"challenge[^\n]{0,80}(?:\bbase64_encode\(|\bbtoa\(|\bb64encode\(|digest\(['\"]base64['\"]|toString\(['\"]base64['\"]|enc\.Base64\))",
    re.I,
)
_STATEMENT = re.compile(r"[^;\n]{0,200}")
_URL_SAFE = re.compile(r"strtr|replace|translate|rtrim", re.I)


def _challenge(evidence: Evidence) -> str:
    found = _CHALLENGE.search(evidence.text, 0, SEARCHED_CHARACTERS)
    return found["value"] if found else ""


@fact
def challenge_is_of_hex(evidence: Evidence) -> Values | None:
    """code_challenge was computed from the 64 hex digits of the hash instead of its 32 bytes."""
    challenge = _challenge(evidence)
    return as_fact(_is_hex(challenge) or _HEX_CODE.search(evidence.text, 0, SEARCHED_CHARACTERS))


HEX_CHALLENGE_CHARACTERS = 86
"""The length of 64 hex digits in base64url."""


def _is_hex(challenge: str) -> bool:
    digits = challenge.rstrip("=").encode()
    if len(digits) == HEX_CHALLENGE_CHARACTERS:
        digits = urlsafe_b64decode(digits + b"==")
    return _HEX_DIGITS.fullmatch(digits) is not None


@fact
def challenge_is_not_url_safe(evidence: Evidence) -> Values | None:
    """code_challenge or code_verifier is in standard Base64, with +, / or = at the end."""
    value = _challenge(evidence)
    is_standard = len(value) in (43, 44) and not {*"+/="}.isdisjoint(value) and "%" not in value
    labelled = (match["value"] for match in _LABELLED.finditer(evidence.text, 0, SEARCHED_CHARACTERS))
    is_standard = is_standard or any(map(_is_standard_base64, labelled))
    return as_fact(is_standard or any(_is_left_standard(evidence.text[:SEARCHED_CHARACTERS])))


def _is_standard_base64(value: str) -> bool:
    """Whether it has +, / or =, and isn't a path or a word."""
    return not {*"+/="}.isdisjoint(value) and any(map(str.isdigit, value)) and value.lower() != value


def _is_left_standard(text: str) -> Iterator[bool]:
    """For each call that encodes a challenge, whether the rest of the statement leaves it as it is."""
    for call in _BASE64_CODE.finditer(text):
        rest = _STATEMENT.match(text, call.end())
        yield rest is None or _URL_SAFE.search(rest[0]) is None
