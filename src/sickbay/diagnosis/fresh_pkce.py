"""Gives a corrected request a new PKCE pair, when it is shown (RFC 7636, 4.2). The verifier is only shown, never stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sickbay.authorization import pkce
from sickbay.diagnosis.corrections import PLACEHOLDER_CHALLENGE

_PLACEHOLDER = re.compile(rf"(?<=code_challenge=){PLACEHOLDER_CHALLENGE}(?=[&#\s]|$)")


def fill(corrected: Mapping[str, Any], verifier: str) -> dict[str, Any] | None:
    """A copy of the corrected request with the challenge in its URL and body; None if there is no placeholder in them."""
    parts = {name: corrected[name] for name in ("url", "body") if isinstance(corrected.get(name), str)}
    if not any(_PLACEHOLDER.search(text) for text in parts.values()):
        return None
    challenge = pkce.challenge(verifier)
    return {**corrected, **{name: _PLACEHOLDER.sub(challenge, text) for name, text in parts.items()}}


def with_fresh_pkce(exchange: Mapping[str, Any], verifier: str) -> Mapping[str, Any]:
    """The JSON of an exchange, with the placeholder in `corrected` filled and the verifier as `code_verifier`."""
    corrected = fill(exchange.get("corrected") or {}, verifier)
    return {**exchange, "corrected": corrected, "code_verifier": verifier} if corrected else exchange


def note(exchange: Mapping[str, Any]) -> str:
    """Tells the reader of a page the new verifier; "" if there is none."""
    verifier = exchange.get("code_verifier")
    text = f"code_challenge belongs to this new code_verifier: {verifier}. Keep the verifier for the token request"
    return f"{text}; Sickbay doesn't store it." if verifier else ""
