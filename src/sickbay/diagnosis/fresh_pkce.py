"""Replaces the `code_challenge` placeholder of a corrected request with the challenge of a given verifier (RFC 7636, 4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sickbay.diagnosis.corrections import PLACEHOLDER_CHALLENGE
from sickbay.protocol import pkce

_PLACEHOLDER = re.compile(rf"(?<=code_challenge=){PLACEHOLDER_CHALLENGE}(?=[&#\s]|$)")


def fill(corrected: Mapping[str, Any], verifier: str) -> dict[str, Any] | None:
    """A copy of the corrected request with the challenge in its URL and body; None if there is no placeholder in them."""
    challenge = pkce.challenge(verifier)
    parts = {name: corrected[name] for name in ("url", "body") if isinstance(corrected.get(name), str)}
    filled = {name: _PLACEHOLDER.sub(challenge, text) for name, text in parts.items()}
    return {**corrected, **filled} if filled != parts else None
