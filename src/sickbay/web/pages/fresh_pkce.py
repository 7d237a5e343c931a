"""Gives the corrected request on a live page a new PKCE pair. The verifier is only shown, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.diagnosis.fresh_pkce import fill


def with_fresh_pkce(exchange: Mapping[str, Any], verifier: str) -> Mapping[str, Any]:
    """The JSON of an exchange, with the placeholder in `corrected` filled and the verifier as `code_verifier`."""
    corrected = fill(exchange.get("corrected") or {}, verifier)
    return {**exchange, "corrected": corrected, "code_verifier": verifier} if corrected else exchange


def note(exchange: Mapping[str, Any]) -> str:
    """Tells the reader the new verifier; "" if there is none."""
    verifier = exchange.get("code_verifier")
    text = f"code_challenge belongs to this new code_verifier: {verifier}. Keep the verifier for the token request"
    return f"{text}; Sickbay doesn't store it." if verifier else ""
