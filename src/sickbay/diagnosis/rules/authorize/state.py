"""Rules about `state` and `nonce`, which tie a response to its request; estimates how well a `state` can be guessed."""

import math
import re
from typing import Any

from sickbay.authorization.authorize.parameters import correct_scopes
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import RuleFunctions

REQUIRED_BITS, WARNING_BITS = 122, 64
"""Bits that SMART requires, and bits below which the advice is a warning."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_LOWER = r"(?:[A-Za-z]{1,2}[_\-. ])?[A-Z]?[a-z]{3,}+(?:[_\-. ][A-Za-z]{1,2}(?![A-Za-z])|[_\-. ]?[A-Z]?[a-z]{3,}+)*+"
_UPPER = r"[A-Z]{2,14}(?:[_\-. ][A-Z]{1,14})*"
_WORDS = re.compile(rf"(?:{_LOWER}|{_UPPER})[_\-.]?\d{{0,6}}")
"""Words have at least three letters, because random text often looks like a series of two-letter words."""
_NUMBER = re.compile(r"\d{1,19}|\d{4}-\d\d-\d\d[T ].+")
_ALPHABETS = (
    (re.compile(r"[0-9]+"), 10),
    (re.compile(r"[0-9a-f]+|[0-9A-F]+"), 16),
    (re.compile(r"[a-z]+|[A-Z]+"), 26),
    (re.compile(r"[a-z0-9]+|[A-Z0-9]+"), 36),
    (re.compile(r"[A-Za-z]+"), 52),
    (re.compile(r"[A-Za-z0-9]+"), 62),
    (re.compile(r"[\w\-]+"), 64),
)


def estimate_bits(text: str) -> int:
    """Maximum entropy of the text in bits: length times bits of its alphabet; 0 if it has few different characters."""
    if _UUID.fullmatch(text):
        return REQUIRED_BITS
    if len(set(text)) <= 3:
        return 0
    size = next((size for pattern, size in _ALPHABETS if pattern.fullmatch(text)), 94)
    return int(len(text) * math.log2(size))


def describe_weakness(text: str) -> dict[str, Any] | None:
    """Facts about a value that can be guessed, with `level` warning or info; None if it is random enough."""
    size_in_bits = estimate_bits(text)
    if (is_number := _NUMBER.fullmatch(text)) or _WORDS.fullmatch(text):
        what = "It's a number or a timestamp." if is_number else "It consists of words."
        return _facts_of_strength(text, size_in_bits, "warning", what)
    if size_in_bits >= REQUIRED_BITS:
        return None
    return _facts_of_strength(
        text, size_in_bits, "warning" if size_in_bits < WARNING_BITS else "info", f"It has at most {size_in_bits} bits."
    )


def _facts_of_strength(text: str, size_in_bits: int, level: str, what: str) -> dict[str, Any]:
    return {"received": text, "bits": size_in_bits, "level": level, "what": what, "note": "122 random bits or more"}


FUNCTIONS: RuleFunctions = {
    "state-missing": {"repair": corrections.set_value("state", placeholders.EXAMPLE_STATE)},
    "state-low-entropy": {
        "advises": lambda request, context: describe_weakness(str(request.parameters.get("state"))),
        "repair": corrections.set_value("state", placeholders.EXAMPLE_STATE),
        "severity": lambda facts: facts["level"],
    },
    "state-reused": {
        "advises": corrections.advise_if_sent_before("state"),
        "repair": corrections.set_value("state", placeholders.EXAMPLE_STATE),
    },
    "nonce-reused": {"advises": corrections.advise_if_sent_before("nonce")},
    "nonce-missing": {"advises": lambda request, context: {"received": None} if "openid" in correct_scopes(request) else None},
}
