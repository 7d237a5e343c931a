"""The corrected request for an agent: Sickbay's own URL, known parameters, and each value percent-encoded.

Everything else that a stranger could have written is replaced by a placeholder in capitals, or left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from sickbay.agents.harmless import is_harmless, is_known_name
from sickbay.agents.untrusted import Untrusted
from sickbay.diagnosis.placeholders import PLACES
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import vocabulary

VALUE_CHARACTERS: Final = 2_000
PARAMETERS: Final = 40
METHODS: Final = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
_CREDENTIALS: Final = re.compile(r"(Bearer|Basic) (\S+)")


def outline(corrected: Mapping[str, Any] | None, own: Collection[str], untrusted: Untrusted) -> dict[str, Any] | None:
    """Returns the corrected request, or None if there is nothing to send. corrected: from an exchange or a diagnosis."""
    if not corrected:
        return None
    if isinstance(corrected.get("app"), dict):
        return {"registration": _outline_registration(corrected["app"], own, untrusted)}
    shown: dict[str, Any] = {}
    left_out = 0
    if isinstance(corrected.get("url"), str):
        address, _, query = corrected["url"].partition("#")[0].partition("?")
        encoded, left_out = _encode_query(query)
        shown["url"] = _own_address_or_placeholder(address, own) + (f"?{encoded}" if encoded else "")
    if isinstance(corrected.get("body"), str) and corrected["body"]:
        encoded, more = _encode_query(corrected["body"]) if "=" in corrected["body"] else ("", 1)
        shown |= {"body": encoded} if encoded else {}
        left_out += more
    if not shown:
        return None
    method = corrected.get("method")
    method = method if method in METHODS else "POST" if "body" in shown else "GET"
    headers = _keep_placeholder_headers(corrected.get("headers"))
    return (
        {"method": method, **shown} | ({"headers": headers} if headers else {}) | ({"left_out": left_out} if left_out else {})
    )


def _own_address_or_placeholder(address: str, own: Collection[str]) -> str:
    """Returns one of Sickbay's URLs (below a FHIR base, with a path of known names), otherwise a placeholder."""
    if address in own:
        return address
    base = next((known for known in sorted(own, key=len, reverse=True) if address.startswith(f"{known}/")), None)
    if base is None:
        return "THE-SAME-ADDRESS"
    return "/".join((base, *map(_segment_or_placeholder, address.removeprefix(f"{base}/").split("/"))))


def _segment_or_placeholder(text: str) -> str:
    plain = unquote(text)
    return plain if plain in vocabulary.TYPES or (plain.startswith(("$", "_")) and is_known_name(plain)) else "ID"


def _encode_query(query: str) -> tuple[str, int]:
    """Returns the parameters with known names, and the number of the others."""
    pairs = list(parse(query))
    kept = [(name, value) for name, value in pairs[:PARAMETERS] if _is_name(name)]
    text = "&".join(f"{name}={quote(value[:VALUE_CHARACTERS], safe='')}" for name, value in kept)
    return text, len(pairs) - len(kept)


def _is_name(name: str) -> bool:
    return name in PLACES or all(is_known_name(part) or part in vocabulary.MODIFIERS for part in re.split("[.:]", name)[:6])


def _keep_placeholder_headers(headers: Any) -> dict[str, str]:
    """Returns the Content-Type, and credentials whose value is a placeholder."""
    sent = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    shown = {name: sent[name] for name in ("content-type", "accept") if is_known_name(sent.get(name, "-"))}
    credentials = _CREDENTIALS.fullmatch(sent.get("authorization", ""))
    if credentials:
        value = credentials[2] if credentials[2] in PLACES else f"YOUR-{credentials[1].upper()}-CREDENTIALS"
        shown["authorization"] = f"{credentials[1]} {value}"
    return shown


def _outline_registration(app: Mapping[str, Any], own: Collection[str], untrusted: Untrusted) -> dict[str, Any]:
    shown, written = {}, {}
    for name, value in app.items():
        if not is_known_name(str(name)):
            continue
        if is_harmless(value, own):
            shown[str(name)] = value
        else:
            shown[str(name)], written[str(name)] = "SEE-UNTRUSTED-REGISTRATION", value
    untrusted.add("registration", written)
    return shown
