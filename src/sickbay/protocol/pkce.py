"""Proof Key for Code Exchange (RFC 7636; SMART 2.2): verifier, challenge by the S256 method, and common mistakes in it."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Literal, TypeAlias

Slip: TypeAlias = Literal["not-hashed", "hex", "hex-encoded", "padded", "base64"]

METHOD = "S256"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_verifier(text: str) -> bool:
    """Whether the text has 43 to 128 unreserved characters (4.1)."""
    return _VERIFIER.fullmatch(text) is not None


def make_challenge(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)), without padding."""
    return urlsafe_b64encode(_challenge_digest(verifier)).rstrip(b"=").decode()


def is_match(verifier: str, sent: str) -> bool:
    return hmac.compare_digest(make_challenge(verifier).encode(), sent.encode())


def find_mistake(verifier: str, sent: str) -> Slip | None:
    """Returns the common mistake that turns this verifier into that challenge; None if there is none, or if both match."""
    digest = _challenge_digest(verifier)
    forms: dict[str, Slip] = {
        verifier: "not-hashed",
        digest.hex(): "hex",
        digest.hex().upper(): "hex",
        urlsafe_b64encode(digest.hex().encode()).rstrip(b"=").decode(): "hex-encoded",
        urlsafe_b64encode(digest).decode(): "padded",
        b64encode(digest).decode(): "base64",
        b64encode(digest).rstrip(b"=").decode(): "base64",
    }
    return None if is_match(verifier, sent) else forms.get(sent)


def _challenge_digest(verifier: str) -> bytes:
    return sha256(verifier.encode()).digest()
