"""Secrets out of an exchange: of everything secret that was sent or given, a few characters are left to know it again."""

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
"""What is written alike in a URL, in a form and as it is."""
MANY, BRIEF = 100, 200
"""Secrets of one exchange, and characters of a text in which more than so many are looked for one by one."""
SESSION = 20
"""Characters of a cookie that may be a session: the choice of a theme is none."""
OURS = frozenset(("id", "name", "severity", "spec", "stage", "outcome", "checks"))
"""Members whose words are ours: a secret of few letters, sent by mistake, must not eat them."""


def masked(secret: str) -> str:
    """The first characters, by which its owner recognises a long secret, and the length. A short one is not hinted at."""
    shown = secret[:4] if len(secret) >= 32 and PLAIN.fullmatch(secret[:4]) else ""
    return f"{shown}…({len(secret)})" if len(secret) >= 12 else "…"


def length(value: str) -> str:
    """What is shown of a value that is not kept."""
    return f"‹{len(value)} character{'' if len(value) == 1 else 's'}›" if value else ""


def secrets(headers: Mapping[str, str], *sent: Parameters, fhir: bool = False) -> set[str]:
    """Every secret value of a request, in each form in which it may be quoted. fhir: there `code` is what was measured."""
    names = SECRET - {"code"} if fhir else SECRET
    found = {value for parameters in sent for name, value in parameters if name in names}
    cookies = {pair.partition("=")[2].strip() for pair in headers.get("cookie", "").split(";")}
    return found | {one for one in cookies if len(one) >= SESSION} | _credentials(headers.get("authorization", ""))


def _credentials(header: str) -> set[str]:
    scheme, _, credentials = header.partition(" ")
    found = {credentials.strip()} if credentials.strip() else set()
    if scheme.lower() == "basic":
        found |= {raw for raw in [credentials.strip().partition(":")[2]] if raw}  # sent as it is, without base64
        try:
            pair = base64.b64decode(credentials, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return found
        found.add(pair.partition(":")[2])
    return found


def given(body: Any) -> set[str]:
    """The secrets of a JSON answer."""
    if not isinstance(body, dict):
        return set()
    return {value for key, value in body.items() if key in SECRET and isinstance(value, str)}


def forms(secret: str) -> tuple[str, ...]:
    """Itself, and as it may stand in a URL or a form: most need no encoding."""
    return (secret,) if PLAIN.fullmatch(secret) else (secret, quote(secret, safe=""), quote_plus(secret))


def mask(value: Any, hidden: Iterable[str]) -> Any:
    """A copy of JSON in which none of `hidden` stands any more. Where they are very many, nothing of a long text is left."""
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
        return [_walk(one, pairs) for one in value]
    if isinstance(value, Mapping):
        return {key: one if key in OURS else _walk(one, pairs) for key, one in value.items()}
    return value
