"""Masks the secrets of a pasted exchange wherever it is shown. What is shown isn't stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.protocol import unicode
from sickbay.protocol.parameters import parse
from sickbay.services.journal import masking

SHORTEST = 8
"""A shorter text isn't a real secret, and would mask parts of other words."""


def of_input(evidence: Mapping[str, Any]) -> set[str]:
    """The secrets in an input of diagnose(): in its URL, headers and body, or in the members of a response."""
    url, body = str(evidence.get("url") or ""), str(evidence.get("body") or "")
    headers = {str(name).lower(): str(value) for name, value in _object(evidence.get("headers")).items()}
    sent = [parse(part) for part in url.replace("#", "?").split("?")[1:]]
    found = masking.secrets(headers, *sent, parse(body), fhir=evidence.get("kind") == "fhir_request")
    found |= masking.given(_json(body)) | masking.given(dict(_object(evidence.get("json"))))
    return {secret for secret in found if len(secret) >= SHORTEST}


def hidden(shown: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without the secrets. In `corrected` they are named placeholders, because a mask that is sent is refused."""
    masked = dict(masking.mask(shown, of_input(evidence)))
    if masked.get("corrected"):
        masked["corrected"] = masking.named(masked["corrected"])
    return masked


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _json(text: str) -> Any:
    try:
        return unicode.loads(text) if text[:1] == "{" else None
    except (ValueError, RecursionError):
        return None
