"""Masks secrets in an exchange, and replaces the masks in a corrected request by named placeholders.

A long secret keeps a few characters, so that its owner can recognize it. A mask that is copied and sent is refused, so a
corrected request says instead what belongs there.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from sickbay.diagnosis.placeholders import PLACEHOLDER_PARAMETER, placeholder_for
from sickbay.diagnosis.values import is_no_secret
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import unicode
from sickbay.protocol.parameters import Parameters

SECRET = frozenset(
    """
    code client_secret code_verifier refresh_token access_token id_token client_assertion id_token_hint token password
    launch_code registration_access_token
    """.split()
)


PLAIN = compile_late(r"[\w.~-]*", re.A)
"""Texts that look the same in a URL, in a form and unencoded."""
MANY_SECRETS, BRIEF_CHARACTERS = 100, 200
"""If an exchange has more secrets than MANY_SECRETS, texts longer than BRIEF_CHARACTERS are masked completely."""
SESSION = 20
"""Minimum length of a cookie that may be a session. The cookie for the theme is shorter."""
UNSEARCHED_MEMBERS = frozenset(("id", "name", "severity", "spec", "stage", "outcome", "checks"))
"""Members with Sickbay's own words, which aren't searched for secrets, so that a short secret doesn't mask parts of them."""


def mask_secret(secret: str) -> str:
    """Returns a mask. For a long secret, it shows the length and the first 4 characters, so that its owner recognizes it."""
    shown = secret[:4] if len(secret) >= 32 and PLAIN.fullmatch(secret[:4]) else ""
    return f"{shown}…({len(secret)})" if len(secret) >= 12 else "…"


def describe_length(value: str) -> str:
    """Shown instead of a value that isn't kept."""
    return f"‹{len(value)} character{'' if len(value) == 1 else 's'}›" if value else ""


def mask_name(name: str) -> str:
    """Shown instead of the name of a parameter that isn't kept."""
    return f"‹name of {len(name)} character{'' if len(name) == 1 else 's'}›"


def describe_name(name: str) -> str:
    """A recorded name for a reader, in words if it is a mask."""
    found = _NAME_MASK.fullmatch(name)
    return f"a parameter whose name isn’t recorded ({found[1]})" if found else name


def collect_secrets(headers: Mapping[str, str], *sent: Parameters, fhir: bool = False) -> set[str]:
    """All secret values of a request. fhir: `code` is a search parameter, not an authorization code."""
    names = SECRET - {"code"} if fhir else SECRET
    values = {value for parameters in sent for name, value in parameters if name in names}
    cookies = {pair.partition("=")[2].strip() for pair in headers.get("cookie", "").split(";")}
    return (
        values
        | {cookie for cookie in cookies if len(cookie) >= SESSION}
        | _credentials_in_header(headers.get("authorization", ""))
    )


def _credentials_in_header(header: str) -> set[str]:
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


def find_secrets(body: Any) -> set[str]:
    """The secret values of a JSON response."""
    if not isinstance(body, dict):
        return set()
    return {value for key, value in body.items() if key in SECRET and isinstance(value, str)}


def list_forms(secret: str) -> tuple[str, ...]:
    """The secret, and its encodings in a URL or a form if they differ."""
    return (secret,) if PLAIN.fullmatch(secret) else (secret, quote(secret, safe=""), quote_plus(secret))


def mask_secrets(value: Any, hidden: Iterable[str]) -> Any:
    """A copy of JSON without any of the `hidden` secrets. If there are very many, long texts are masked completely."""
    pairs: dict[str, str] = {}
    for secret in hidden:
        if len(secret) >= 4 and not is_no_secret(secret):
            for form in list_forms(secret):
                pairs[form] = mask_secret(secret)
    order = sorted(pairs, key=len, reverse=True)
    return _mask_value(value, [(form, pairs[form]) for form in order]) if order else value


def _mask_value(value: Any, pairs: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        if len(pairs) > MANY_SECRETS and len(value) > BRIEF_CHARACTERS:
            return mask_secret(value)
        for form, shown in pairs:
            value = value.replace(form, shown)
        return value
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_mask_value(member, pairs) for member in value]
    if isinstance(value, Mapping):
        return {key: member if key in UNSEARCHED_MEMBERS else _mask_value(member, pairs) for key, member in value.items()}
    return value


_MASK = compile_late(r".{0,4}…(?:\(\d+\))?", re.S)
_LENGTH_MASK = compile_late(r"‹[^‹›]*›")
_NAME_MASK = compile_late(r"‹name of ([0-9]{1,9} characters?)›")


def is_masked(text: str) -> bool:
    """Whether any of the text was replaced by a mask."""
    return "…" in text or "‹" in text


def insert_placeholders(corrected: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a corrected request with a named placeholder for every masked value, such as CODE-FROM-YOUR-REDIRECT."""
    shown = dict(corrected)
    if "url" in shown:
        shown["url"] = name_values_of_url(str(shown["url"]))
    if isinstance(shown.get("headers"), Mapping):
        shown["headers"] = {name: _name_header(str(name), str(value)) for name, value in shown["headers"].items()}
    if isinstance(shown.get("body"), str):
        shown["body"] = _name_body(shown["body"])
    return shown


def _name_value(name: str, value: str) -> str:
    if not is_masked(value):
        return value
    placeholder = placeholder_for(name)
    return placeholder if _MASK.fullmatch(value) else _LENGTH_MASK.sub(placeholder, value).replace("…", placeholder)


def name_values_of_url(url: str) -> str:
    address, mark, query = url.partition("?")
    path = "/".join(_name_value("id", unquote(part)) if is_masked(unquote(part)) else part for part in address.split("/"))
    return f"{path}{mark}{_name_pairs(query)}"


def _name_pairs(raw: str) -> str:
    return "&".join(map(_name_pair, raw.split("&")))


def _name_pair(piece: str) -> str:
    name, equals, value = piece.partition("=")
    if not is_masked(unquote(piece)):
        return piece
    shown = PLACEHOLDER_PARAMETER if is_masked(unquote(name)) else name
    return f"{shown}{equals}{_name_value(unquote(name), unquote(value))}"


def _name_header(name: str, value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    if name.lower() == "authorization" and is_masked(value):
        basic = scheme.lower() == "basic"
        return f"{scheme} {placeholder_for('basic' if basic else 'access_token')}" if credentials else placeholder_for("token")
    return _name_value(name, value)


def _name_body(body: str) -> str:
    if body.startswith("‹"):
        return "YOUR-BODY"
    try:
        document = unicode.loads(body) if body[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        document = None
    if document is not None:
        return body if not is_masked(body) else json.dumps(_name_member("value", document), ensure_ascii=False)
    return _name_pairs(body)


def _name_member(name: str, member: Any) -> Any:
    if isinstance(member, str):
        return _name_value(name, member)
    if isinstance(member, dict):
        named_keys = {key: PLACEHOLDER_PARAMETER if is_masked(key) else key for key in member}
        return {named_keys[key]: _name_member(key, value) for key, value in member.items()}
    return [_name_member(name, item) for item in member] if isinstance(member, list) else member
