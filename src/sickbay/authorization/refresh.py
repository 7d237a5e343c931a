"""Refresh tokens (RFC 6749 6; RFC 9700 4.14.2): an HMAC over family and generation, rotated at each use.

A replay within ten seconds by the same client repeats the identical answer, as two tabs or a lost answer make it; a
later one kills the family. Nothing of it is at rest: the text is made again from the key.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from typing import Literal, TypeAlias

from sickbay.authorization.authorize.reading import misjoined
from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client, Family
from sickbay.kernel.refusal import UNKNOWN, Check, Refusal, check
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import spelling

Decision: TypeAlias = Literal["rotate", "renew", "repeat", "reused"]

REPEAT_WINDOW = 10
"""Seconds in which the generation before the current one repeats its answer."""


def make(key: bytes, family: str, generation: int) -> str:
    """The refresh token of this generation."""
    return f"{family}.{generation}.{_mac(key, 'refresh', family, generation)}"


def access(key: bytes, family: str, generation: int) -> str:
    """The access token that came with this generation: 256 bits, opaque, the same each time it is made."""
    return _mac(key, "access", family, generation)


_SHAPE = re.compile(r"[\w-]+\.\d{1,9}\.[\w-]{43}", re.A)


def is_one(text: str) -> bool:
    """Whether it has the shape of a refresh token, be it good or not."""
    return _SHAPE.fullmatch(text) is not None


def read(key: bytes, text: str) -> tuple[str, int] | None:
    """Family and generation, or None where it is no refresh token of this key."""
    family, _, _mac_sent = text.rpartition(".")
    family, _, number = family.rpartition(".")
    if not family or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    genuine = hmac.compare_digest(make(key, family, int(number)).encode(), text.encode())
    return (family, int(number)) if genuine else None


def _mac(key: bytes, use: str, family: str, generation: int) -> str:
    message = f"{use}\0{family}\0{generation}".encode()
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


def decide(family: Family, generation: int, now: int, rotates: bool = True) -> Decision:
    """What this generation may still do.

    rotate: new generation, both tokens made from it. renew: this tenant does not rotate; the refresh token stays, the
    access token is a random one. repeat: the answer of the current generation once more. reused: kill the family.
    """
    if generation == family.generation:
        return "rotate" if rotates else "renew"
    if generation == family.generation - 1 and 0 <= now - family.rotated_at <= REPEAT_WINDOW:
        return "repeat"
    return "reused"


@check()
def refresh_token_is_sent(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    if request.parameters.get("refresh_token"):
        return None
    return Refusal("refresh-token-missing", "invalid_request", {"received": None})


@check(needs=("family",), after=(refresh_token_is_sent,))
def refresh_token_is_known(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    if known.family is not None:
        return None
    return Refusal("refresh-token-invalid", "invalid_grant", {"reason": "unknown"})


@check(needs=("family",), after=(refresh_token_is_known,))
def refresh_token_is_not_revoked(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    if not _family(known).revoked:
        return None
    return Refusal("refresh-token-invalid", "invalid_grant", {"reason": "revoked"})


@check(needs=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_is_fresh(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    expires, now = _family(known).expires_at, _now(known)
    if expires is None or now < expires:
        return None
    return Refusal("refresh-token-invalid", "invalid_grant", {"reason": "expired", "seconds": now - expires})


@check(needs=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_is_the_current_one(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    family = _family(known)
    generation = family.generation if known.generation is None else known.generation
    if decide(family, generation, _now(known)) != "reused":
        return None
    facts = {"generation": generation, "current": family.generation, "seconds": _now(known) - family.rotated_at}
    return Refusal("refresh-token-reused", "invalid_grant", facts)


@check(needs=("family", "client"), after=(refresh_token_is_known,))
def refresh_token_is_of_this_client(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    client = known.client
    if not isinstance(client, Client) or client.client_id == _family(known).client_id:
        return None
    return Refusal("refresh-client-mismatch", "invalid_grant", {"received": client.client_id})


@check(needs=("family",), after=(refresh_token_is_known,))
def session_goes_on(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    if _family(known).mode != "online" or not known.session_ended:
        return None
    return Refusal("refresh-online-session-ended", "invalid_grant", {"granted": _family(known).scope})


@check()
def scopes_are_separated_by_spaces(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    text = request.parameters.get("scope") or ""
    facts = {"received": text, "expected": " ".join(spelling(text).tokens)}
    return next((Refusal(name, "invalid_scope", facts) for name in misjoined(text)), None)


@check(needs=("family",), after=(refresh_token_is_known, scopes_are_separated_by_spaces))
def scope_is_not_wider(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    granted, asked = _family(known).scope, request.parameters.get("scope") or ""
    wider = tuple(one for one in scopes.split(asked) if not _within(one, granted))
    if not wider:
        return None
    return Refusal("refresh-scope-expanded", "invalid_scope", {"received": asked, "wider": wider, "granted": granted})


def _within(asked: str, granted: str) -> bool:
    """Held as it stands, or covered by what is held."""
    held = scopes.split(granted)
    parsed = scopes.parse(asked)
    if asked in held:
        return True
    if parsed is None or (isinstance(parsed, scopes.ResourceScope) and not parsed.enforceable):
        return False
    return scopes.covered(parsed, scopes.parse_all(held))


def narrowed(family: Family, asked: str | None) -> str:
    """The scope of the next access token: what was asked, else all that was granted (RFC 6749 6)."""
    return " ".join(scopes.split(asked)) if asked else family.scope


def _family(known: TokenKnown) -> Family:
    assert isinstance(known.family, Family)
    return known.family


def _now(known: TokenKnown) -> int:
    assert known.now is not UNKNOWN
    return int(known.now)


CHECKS: tuple[Check[TokenRequest, TokenKnown], ...] = (
    refresh_token_is_sent,
    refresh_token_is_known,
    refresh_token_is_of_this_client,
    refresh_token_is_not_revoked,
    refresh_token_is_fresh,
    refresh_token_is_the_current_one,
    session_goes_on,
    scopes_are_separated_by_spaces,
    scope_is_not_wider,
)
