"""Masks secrets in an exchange. A long secret keeps a few characters, so that its owner can recognize it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from sickbay.diagnosis.values import is_no_secret
from sickbay.protocol.parameters import Parameters

SECRET = frozenset(
    (
        "code",
        "client_secret",
        "code_verifier",
        "refresh_token",
        "access_token",
        "id_token",
        "client_assertion",
        "id_token_hint",
        "token",
        "password",
        "launch_code",
        "registration_access_token",
    )
)


PLAIN = re.compile(r"[\w.~-]*", re.A)
"""Texts that look the same in a URL, in a form and unencoded."""
MANY, BRIEF = 100, 200
"""If an exchange has more secrets than MANY, texts longer than BRIEF are masked completely."""
SESSION = 20
"""Minimum length of a cookie that may be a session. The cookie for the theme is shorter."""
OURS = frozenset(("id", "name", "severity", "spec", "stage", "outcome", "checks"))
"""Members with Sickbay's own words, which aren't searched for secrets, so that a short secret doesn't mask parts of them."""


def masked(secret: str) -> str:
    """A mask. For a long secret it has the first 4 characters, so that its owner can recognize it, and the length."""
    shown = secret[:4] if len(secret) >= 32 and PLAIN.fullmatch(secret[:4]) else ""
    return f"{shown}…({len(secret)})" if len(secret) >= 12 else "…"


def length(value: str) -> str:
    """Shown instead of a value that isn't kept."""
    return f"‹{len(value)} character{'' if len(value) == 1 else 's'}›" if value else ""


def secrets(headers: Mapping[str, str], *sent: Parameters, fhir: bool = False) -> set[str]:
    """All secret values of a request. fhir: `code` is a search parameter, not an authorization code."""
    names = SECRET - {"code"} if fhir else SECRET
    values = {value for parameters in sent for name, value in parameters if name in names}
    cookies = {pair.partition("=")[2].strip() for pair in headers.get("cookie", "").split(";")}
    return values | {cookie for cookie in cookies if len(cookie) >= SESSION} | _credentials(headers.get("authorization", ""))


def _credentials(header: str) -> set[str]:
    scheme, _, credentials = header.partition(" ")
    values = {credentials.strip()} if credentials.strip() else set()
    if scheme.lower() == "basic":
        values |= {raw for raw in [credentials.strip().partition(":")[2]] if raw}  # sent without base64
        try:
            pair = base64.b64decode(credentials, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return values
        values.add(pair.partition(":")[2])
    return values


def given(body: Any) -> set[str]:
    """The secret values of a JSON response."""
    if not isinstance(body, dict):
        return set()
    return {value for key, value in body.items() if key in SECRET and isinstance(value, str)}


def forms(secret: str) -> tuple[str, ...]:
    """The secret, and its encodings in a URL or a form if they differ."""
    return (secret,) if PLAIN.fullmatch(secret) else (secret, quote(secret, safe=""), quote_plus(secret))


def mask(value: Any, hidden: Iterable[str]) -> Any:
    """A copy of JSON without any of the `hidden` secrets. If there are very many, long texts are masked completely."""
    pairs: dict[str, str] = {}
    for secret in hidden:
        if len(secret) >= 4 and not is_no_secret(secret):
            for form in forms(secret):
                pairs[form] = masked(secret)
    order = sorted(pairs, key=len, reverse=True)
    return _walk(value, [(form, pairs[form]) for form in order]) if order else value


def _walk(value: Any, pairs: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        if len(pairs) > MANY and len(value) > BRIEF:
            return masked(value)
        for form, shown in pairs:
            value = value.replace(form, shown)
        return value
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_walk(member, pairs) for member in value]
    if isinstance(value, Mapping):
        return {key: member if key in OURS else _walk(member, pairs) for key, member in value.items()}
    return value
