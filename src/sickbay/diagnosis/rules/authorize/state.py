"""Rules about `state` and `nonce`, which tie a response to its request; estimates how well a `state` can be guessed."""

import math
import re
from typing import Any

from sickbay.authorization.authorize.parameters import correct_scopes
from sickbay.authorization.contexts import AuthorizeContext, UrlContext
from sickbay.authorization.requests import AuthorizeRequest, UrlRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.checks import UNKNOWN, Facts

STATE_MISSING = Rule(
    id="state-missing",
    parameter="state",
    title="`state` is missing",
    why="Your app needs `state` to recognise the response to its own request and to reject a forged one. SMART requires it.",
    fix="Generate a random `state` of at least 22 characters, store it in the session, and compare it "
    "when the response arrives.",
    spec=specs.SMART_AUTHORIZE,
    repair=corrections.set_value("state", corrections.EXAMPLE_STATE),
)


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


def bits(text: str) -> int:
    """The most bits that the text can have: its length times the bits of its alphabet; 0 if it has few different characters."""
    if _UUID.fullmatch(text):
        return REQUIRED_BITS
    if len(set(text)) <= 3:
        return 0
    size = next((size for pattern, size in _ALPHABETS if pattern.fullmatch(text)), 94)
    return int(len(text) * math.log2(size))


def weakness(text: str) -> dict[str, Any] | None:
    """Facts about a value that can be guessed, with `level` warning or info; None if it is random enough."""
    size_in_bits = bits(text)
    if _NUMBER.fullmatch(text):
        return _facts(text, size_in_bits, "warning", "It's a number or a timestamp.")
    if _WORDS.fullmatch(text):
        return _facts(text, size_in_bits, "warning", "It consists of words.")
    if size_in_bits >= REQUIRED_BITS:
        return None
    return _facts(
        text, size_in_bits, "warning" if size_in_bits < WARNING_BITS else "info", f"It has at most {size_in_bits} bits."
    )


def _facts(text: str, size_in_bits: int, level: str, what: str) -> dict[str, Any]:
    return {"received": text, "bits": size_in_bits, "level": level, "what": what, "note": "122 random bits or more"}


def _weak(request: AuthorizeRequest | UrlRequest, context: AuthorizeContext | UrlContext) -> Facts | None:
    facts = weakness(str(request.parameters.get("state")))
    return {**facts, "at_most": "info"} if facts and _is_enough(facts["bits"], context) else facts


def _is_enough(bits: int, context: AuthorizeContext | UrlContext) -> bool:
    """Whether `state` is random enough. Only SMART sets a minimum, and a redirect doesn't show which flow it belongs to."""
    return not context.smart if isinstance(context, AuthorizeContext) else context.server is UNKNOWN and bits >= FEW_BITS


FEW_BITS = 48
"""A shorter `state` can be guessed in any flow."""


def _severity(facts: Facts) -> Severity:
    return facts["level"]  # type: ignore[no-any-return]


STATE_LOW_ENTROPY = Rule(
    id="state-low-entropy",
    at=("redirect",),
    severity=_severity,
    advises=_weak,
    sent="state",
    parameter="state",
    title="`state` can be guessed: `{received}`",
    why="{what} SMART requires 122 random bits, because an attacker who guesses `state` can inject a response into your app.",
    fix="Generate a new `state` for each request, for example with `secrets.token_urlsafe(32)` or `crypto.randomUUID()`.",
    spec=specs.SMART_AUTHORIZE,
    repair=corrections.set_value("state", corrections.EXAMPLE_STATE),
)


STATE_REUSED = Rule(
    id="state-reused",
    severity="warning",
    advises=corrections.advise_if_sent_before("state"),
    given="seen",
    parameter="state",
    title="`state` was already used in an earlier request",
    why="If `state` repeats, your app can't tell responses apart, and an attacker can replay an old one.",
    fix="Generate a new random `state` for each request.",
    spec=specs.SMART_AUTHORIZE,
    repair=corrections.set_value("state", corrections.EXAMPLE_STATE),
)


def _no_nonce(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    return {"received": None} if "openid" in correct_scopes(request) else None


NONCE_REUSED = Rule(
    id="nonce-reused",
    severity="warning",
    advises=corrections.advise_if_sent_before("nonce"),
    given="seen",
    parameter="nonce",
    title="`nonce` was already used in an earlier request",
    why="The `nonce` ties an ID token to one sign-in. If it repeats, your app also accepts an old ID token.",
    fix="Generate a new random `nonce` for each request, and compare it with the `nonce` claim of the ID token.",
    spec=Spec("OpenID Connect Core 1.0, 15.5.2", f"{specs.OIDC}#NonceNotes"),
)


NONCE_MISSING = Rule(
    id="nonce-missing",
    severity="info",
    advises=_no_nonce,
    absent="nonce",
    parameter="nonce",
    title="`nonce` is missing, although `openid` is requested",
    why="The server copies `nonce` into the ID token, which ties it to this request. Without it, your "
    "app can't detect a replayed ID token.",
    fix="Send a random `nonce`, and compare it with the `nonce` claim of the ID token.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.1", f"{specs.OIDC}#AuthRequest"),
)
